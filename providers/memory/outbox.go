package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// OutboxConfig says how an [Outbox] works. The zero value is a good one.
type OutboxConfig struct {
	// Now is the clock for [Delivery.At]. The default is time.Now.
	Now func() time.Time

	// Limit is how many messages are kept; the oldest give way. The default
	// is 1000.
	Limit int

	// Fail, if not nil, is asked before each message is kept, from whichever
	// goroutine sends. What it returns, Send returns too. The message is kept
	// unless that error wraps otpcode.ErrNotSent: after any other error it may
	// have arrived, and so it has here.
	Fail func(ctx context.Context, m otpcode.Message) error
}

// An Outbox is an otpcode.Sender that keeps messages of any channel instead of
// sending them, for tests and demonstrations. It holds codes in the clear.
type Outbox struct {
	cfg OutboxConfig

	mu         sync.Mutex
	deliveries []Delivery
}

var _ otpcode.Sender = (*Outbox)(nil)

// A Delivery is a message that an [Outbox] keeps.
type Delivery struct {
	otpcode.Message
	At time.Time // when it was sent
}

// NewOutbox returns an empty Outbox.
func NewOutbox(cfg OutboxConfig) (*Outbox, error) {
	if cfg.Limit < 0 {
		return nil, errors.New("memory: OutboxConfig.Limit is negative")
	}
	if cfg.Limit == 0 {
		cfg.Limit = 1000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Outbox{cfg: cfg}, nil
}

// Send keeps m. It refuses what no real Sender would take.
func (o *Outbox) Send(ctx context.Context, m otpcode.Message) error {
	if err := outbound.Check(ctx, m, otpcode.SMS, otpcode.Email); err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	var failed error
	if o.cfg.Fail != nil {
		if failed = o.cfg.Fail(ctx, m); errors.Is(failed, otpcode.ErrNotSent) {
			return failed
		}
	}
	now := o.cfg.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.deliveries) >= o.cfg.Limit {
		o.deliveries = slices.Delete(o.deliveries, 0, len(o.deliveries)-o.cfg.Limit+1)
	}
	o.deliveries = append(o.deliveries, Delivery{m, now})
	return failed
}

// Messages returns all messages that are kept, the newest last.
func (o *Outbox) Messages() []Delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.deliveries)
}

// Last returns the newest message to a number or address, and whether there is
// one.
func (o *Outbox) Last(to string) (Delivery, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range slices.Backward(o.deliveries) {
		if d.To == to {
			return d, true
		}
	}
	return Delivery{}, false
}
