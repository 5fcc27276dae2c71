package twofactor_test

import (
	"bytes"
	"context"
	"iter"
	"sync"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A breakage is how a call of the store goes wrong.
type breakage int

const (
	loses    breakage = iota // it fails and does nothing
	lies                     // it does what it is asked and says that it failed
	differs                  // a save says that someone else was first
	repeats                  // a save says so because its driver came twice
	lags                     // a save fails, and takes place when the next one is on its way
	hangs                    // the request ends before
	vanishes                 // the request ends after
)

// A shaky store does its calls from some on as a plan says.
type shaky struct {
	twofactor.Store
	mu     sync.Mutex
	next   []breakage
	skip   int
	cancel func()
	late   func() // the save that lags
}

func (h *history) makeTrouble(cancel func()) {
	h.rt.Helper()
	switch h.draw(5, "which") {
	case 0:
		h.r.onSend(h.swallow)
	case 1:
		h.r.onSend(unknown)
	case 2:
		cancel()
	default:
		plan := make([]breakage, 1+h.draw(5, "how often"))
		for i := range plan {
			plan[i] = breakage(h.draw(7, "breakage"))
		}
		h.shaky.plan(plan, cancel, h.draw(8, "from call"))
	}
}

func (s *shaky) plan(next []breakage, cancel func(), skip int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.cancel, s.skip, s.late = next, cancel, skip, nil
}

// arrive lets the save that lags take place.
func (s *shaky) arrive(next func()) {
	s.mu.Lock()
	late := s.late
	s.late = next
	s.mu.Unlock()
	if late != nil {
		late()
	}
}

func (s *shaky) due() (breakage, bool, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) == 0 {
		return 0, false, nil
	}
	if s.skip > 0 {
		s.skip--
		return 0, false, nil
	}
	b := s.next[0]
	s.next = s.next[1:]
	return b, true, s.cancel
}

func (s *shaky) Load(ctx context.Context, key string) (twofactor.Record, error) {
	b, due, cancel := s.due()
	if due && b == hangs {
		cancel()
	}
	rec, err := s.Store.Load(ctx, key)
	if due && b == vanishes {
		cancel()
	}
	if due && b < hangs {
		return twofactor.Record{}, errStore
	}
	return rec, err
}

func (s *shaky) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	b, due, cancel := s.due()
	s.arrive(nil)
	if due && b == hangs {
		cancel()
	}
	if due && b == lags {
		data = bytes.Clone(data)
		s.arrive(func() { _, _ = s.Store.Save(context.WithoutCancel(ctx), key, old, data) })
	}
	if due && (b == loses || b == lags) {
		return "", errStore
	}
	if due && b == differs {
		return "", twofactor.ErrConflict
	}
	v, err := s.Store.Save(ctx, key, old, data)
	if due && b == vanishes {
		cancel()
	}
	if due && b == lies {
		return "", errStore
	}
	if due && b == repeats {
		return "", twofactor.ErrConflict
	}
	return v, err
}

func (s *shaky) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if b, due, _ := s.due(); due {
		if b == lies {
			_ = s.Store.Delete(ctx, key, old)
		}
		return errStore
	}
	return s.Store.Delete(ctx, key, old)
}

// Keys implements twofactor.Lister.
func (s *shaky) Keys(ctx context.Context) iter.Seq2[string, error] {
	return s.Store.(*meter).Store.(twofactor.Lister).Keys(ctx)
}
