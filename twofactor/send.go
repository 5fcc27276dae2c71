package twofactor

import (
	"context"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor/internal/budget"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

const (
	sendsPerLogin = 5                // messages in one login or enrollment
	resendPause   = 30 * time.Second // between two of them
	sendTime      = 30 * time.Second // for a sender, whatever becomes of its request
)

// failedSends bounds how often one user's requests reach a gateway that refuses
// them.
var failedSends = budget.Bucket{Size: 5, Refill: resendPause}

// Sent tells about a code that is on its way.
type Sent struct {
	Method    string // the factor's id
	Hint      string // the masked number or address
	Reference string // letters that stand in the message as well
	Digits    int
	Expires   time.Time
	ResendAt  time.Time // from when on another one can be sent

	// Uncertain says that the sender can't tell whether the message went out. If
	// it arrives, its code is good, and the one before is not.
	Uncertain bool
}

// A target is where a code goes and what it is good for, as one round of an
// update knows it. Its pointers lead into that round's record.
type target struct {
	method string
	kind   Kind
	to     string
	hint   string
	proven bool
	known  bool
	digits int
	code   otpcode.CodeKind
	bind   otpcode.Binding
	sent   *otpcode.Challenge
	sends  *int
	ends   int64 // Unix time at which the count ends, with what it counts for
	keep   func() error
	undo   func(t *tx, reference string) // in whatever record there is by then
}

// An aim finds the target in a record.
type aim func(*tx) (*target, error)

// Send sends a code for a factor of a pending login. Another one kills the one
// before. Showing or reloading a page sends nothing: this does.
func (s *Service) Send(ctx context.Context, token, method string, from Client) (*Sent, error) {
	p, err := s.openPending(token)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, p.User, true, from, s.aimAt(p, method, otpcode.CodeSignIn))
}

// SendForGrant sends a code for a factor, to be given to [Service.Grant].
func (s *Service) SendForGrant(ctx context.Context, ses Session, method string, from Client) (*Sent, error) {
	p, err := s.grantAttempt(ctx, ses)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, p.User, true, from, s.aimAt(p, method, otpcode.CodeConfirm))
}

// aimAt aims at a factor that codes are sent for, within an attempt.
func (s *Service) aimAt(p *pending, method string, code otpcode.CodeKind) aim {
	return func(t *tx) (*target, error) {
		a, over := t.attempt(p, 0)
		if over != nil {
			return nil, over
		}
		f := t.rec.Factor(method)
		if f == nil || f.Address == nil {
			return nil, reject(ReasonNotUsable)
		}
		if no := t.usable(a, f); no != nil {
			return nil, no
		}
		a.Last = f.ID
		digits := s.policy.Digits
		if a.purse.level(t.now) == 0 {
			digits = longCode // there is nothing left to pay a guess with
		}
		return &target{
			method: f.ID, kind: Kind(f.Kind), to: f.Address.To, hint: s.method(Kind(f.Kind)).hint(f),
			proven: true, known: p.Known, digits: digits, code: code, bind: a.binding(t, f),
			sent: a.challenge(f.ID), sends: &a.Sends, ends: a.Expires, keep: func() error { return t.keep(a) },
			undo: func(t *tx, reference string) { t.unsend(p, f.ID, reference) },
		}, nil
	}
}

// challenge returns the place for what is sent for a factor.
func (a *attempt) challenge(factor string) *otpcode.Challenge {
	if c := a.sent(factor); c != nil {
		return c
	}
	a.Codes = append(a.Codes, record.Code{Factor: factor})
	return &a.Codes[len(a.Codes)-1].Challenge
}

// unsend leaves an attempt as if a code had never been made in it. One that is
// left with nothing goes as well, or a gateway that is down would let someone
// fill the list.
func (t *tx) unsend(p *pending, factor, reference string) {
	i := slices.IndexFunc(t.rec.Attempts, func(a record.Attempt) bool { return a.ID == p.ID && a.Purpose == p.purpose })
	if i < 0 {
		return
	}
	a := &t.rec.Attempts[i]
	a.Sends = max(0, a.Sends-1)
	for j := range a.Codes {
		if c := &a.Codes[j]; c.Factor == factor {
			c.Challenge = c.Challenge.Abandon(reference)
		}
	}
	a.Codes = slices.DeleteFunc(a.Codes, func(c record.Code) bool { return len(c.Challenge.Codes) == 0 })
	a.Last = ""
	var newest int64
	for j := range a.Codes {
		c := &a.Codes[j]
		if sent := c.Challenge.Codes[len(c.Challenge.Codes)-1].Sent; sent > newest && c.Factor != MethodLostDevice {
			a.Last, newest = c.Factor, sent
		}
	}
	if a.Wrong == 0 && len(a.Codes) == 0 && !a.Ended {
		t.rec.Attempts = slices.Delete(t.rec.Attempts, i, i+1)
	}
}
