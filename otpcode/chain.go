package otpcode

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A Link is one Sender of a [Chain].
type Link struct {
	Name   string // Required. For errors: what operators know the Sender by.
	Sender Sender // Required.
}

// A Chain is a Sender that tries others in order until one takes the message.
//
// It goes on to the next only after [ErrNotSent]. It stops at
// [ErrUndeliverable]: who refused the destination or the message may have
// done so for the person's own request to get no more messages, which no other
// route may get around; a Sender that merely cannot reach a destination says
// ErrNotSent. And it stops at every error that leaves open whether the message
// went out, since one person must not get one code twice.
//
// All Senders get the same idempotency key.
type Chain struct {
	links []Link
}

var _ Sender = (*Chain)(nil)

// NewChain returns a Chain of at least one link. Names must differ.
func NewChain(links ...Link) (*Chain, error) {
	names := make(map[string]bool)
	for _, l := range links {
		if l.Name == "" || l.Sender == nil || names[l.Name] {
			return nil, errors.New("otpcode: each link of a chain needs a Sender and a name of its own")
		}
		names[l.Name] = true
	}
	if len(links) == 0 {
		return nil, errors.New("otpcode: a chain needs a Sender")
	}
	return &Chain{links: append([]Link(nil), links...)}, nil
}

// Send implements Sender. Its error names every Sender that failed and wraps
// what the last one said. When the context has ended, no further one is tried.
func (c *Chain) Send(ctx context.Context, m Message) error {
	var failed chainError
	for _, l := range c.links {
		if err := ctx.Err(); err != nil {
			return failed.with("chain", fmt.Errorf("%w: %w", ErrNotSent, err))
		}
		err := l.Sender.Send(ctx, m)
		if err == nil {
			return nil
		}
		failed = failed.with(l.Name, err)
		if !errors.Is(err, ErrNotSent) || errors.Is(err, ErrUndeliverable) {
			break
		}
	}
	return failed
}

// A chainError tells the whole story but wraps only its end. Were the earlier
// errors wrapped too, a message with an unknown outcome would look like one that
// was definitely not sent.
type chainError struct {
	story []string
	last  error
}

func (e chainError) with(name string, err error) chainError {
	return chainError{append(e.story, name+": "+err.Error()), err}
}

func (e chainError) Error() string {
	return "otpcode: no sender took the message: " + strings.Join(e.story, "; ")
}

func (e chainError) Unwrap() error { return e.last }
