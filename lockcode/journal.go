package lockcode

import (
	"errors"
	"time"
)

// A journal collects the events of one call, and hands them to the Auditor
// when the call's last transaction is over.
type journal struct {
	c      *Controller
	at     time.Time
	now    int64 // the same in milliseconds; a call sees one time only
	events []Event
}

func (c *Controller) journal() *journal {
	at := c.cfg.Now()
	return &journal{c: c, at: at, now: millis(at)}
}

func (j *journal) add(kind EventKind, userID string, device []byte, b Binding) {
	e := Event{Time: j.at, Kind: kind, UserID: userID, Binding: b}
	copy(e.Device[:], device)
	j.events = append(j.events, e)
}

// close emits what was collected and hands err on. A fault is an event too.
func (j *journal) close(err error) error {
	if err != nil && !errors.Is(err, ErrRefused) && !errors.Is(err, errMessage) {
		j.add(Fault, "", nil, Binding{})
	}
	if a := j.c.cfg.Audit; a != nil {
		for _, e := range j.events {
			a.Event(e)
		}
	}
	j.events = nil
	return err
}
