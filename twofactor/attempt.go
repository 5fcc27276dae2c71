package twofactor

import (
	"slices"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// What an attempt is for. A code for one purpose is none for another.
const (
	forLogin uint8 = iota + 1
	forGrant
)

var purposes = map[uint8]string{forLogin: "login", forGrant: "grant"}

// An attempt is one pending login, or one fresh proof in the making. It is a
// copy: only keep puts it into the record.
type attempt struct {
	record.Attempt
	purse  purse
	stored bool
}

// attempt returns the attempt that p stands for, as the record knows it, or
// says that it is over. Of its wrong codes, prepaid are still to be judged.
func (t *tx) attempt(p *pending, prepaid int) (*attempt, *RejectedError) {
	if p.User != t.user || p.Expires <= t.now.Unix() || p.Epoch != t.rec.Epoch {
		return nil, reject(ReasonLoginEnded)
	}
	a := &attempt{
		Attempt: record.Attempt{ID: p.ID, Purpose: p.purpose, Expires: p.Expires},
		purse:   t.purse(p.Known),
	}
	i := slices.IndexFunc(t.rec.Attempts, func(r record.Attempt) bool {
		return r.ID == p.ID && r.Purpose == p.purpose
	})
	if i >= 0 {
		a.Attempt, a.stored = t.rec.Attempts[i], true
	}
	if a.Ended || a.Wrong-prepaid >= triesPerLogin {
		return nil, reject(ReasonLoginEnded)
	}
	return a, nil
}

// keep puts the attempt into the record. The default limits of what is sent allow
// fewer attempts than there is room for. Only those that ended well make room,
// since their owner needs them no more; and for one that ends well, the oldest
// does: it goes with its codes, so that nothing in it can be guessed any more.
func (t *tx) keep(a *attempt) error {
	i := slices.IndexFunc(t.rec.Attempts, func(r record.Attempt) bool {
		return r.ID == a.ID && r.Purpose == a.Purpose
	})
	if i >= 0 {
		t.rec.Attempts[i] = a.Attempt
		return nil
	}
	if len(t.rec.Attempts) >= record.MaxAttempts {
		i := slices.IndexFunc(t.rec.Attempts, func(r record.Attempt) bool { return r.Ended })
		switch {
		case i >= 0:
		case a.Ended:
			i = 0
		case a.Sends == 0:
			return nil // what it cost stands in the budgets; only its own count is lost
		default:
			return t.refuse(reject(ReasonLoginEnded))
		}
		t.rec.Attempts = slices.Delete(t.rec.Attempts, i, i+1)
	}
	t.rec.Attempts = append(t.rec.Attempts, a.Attempt)
	a.stored = true
	return nil
}

// sent returns what was sent for a factor in this attempt, or nil.
func (a *attempt) sent(factor string) *otpcode.Challenge {
	for i := range a.Codes {
		if a.Codes[i].Factor == factor {
			return &a.Codes[i].Challenge
		}
	}
	return nil
}

// guessFree reports whether digits are a guess at a code so long that it needs no
// account budget. Shorter ones are no code at all, or guesses at one before it,
// which is good again if the long one turns out not to have been sent.
func guessFree(sent *otpcode.Challenge, digits string) bool {
	if sent == nil {
		return false
	}
	newest, ok := sent.Latest()
	return ok && newest.Digits >= longCode && (len(digits) == newest.Digits ||
		!slices.ContainsFunc(sent.Codes, func(e otpcode.Entry) bool { return e.Digits == len(digits) }))
}

// binding ties a code to this attempt.
func (a *attempt) binding(t *tx, f *record.Factor) otpcode.Binding {
	return bind(t.user, purposes[a.Purpose], string(a.ID[:]), f)
}

// bind ties a code to all that it is good for. A factor that needs no code sent
// has no destination.
func bind(user, purpose, login string, f *record.Factor) otpcode.Binding {
	b := otpcode.Binding{User: user, Purpose: purpose, Login: login, Factor: f.ID}
	if f.Address != nil {
		b.Destination = f.Address.To
	}
	return b
}

// remaining is how many wrong codes are left.
func (a *attempt) remaining(t *tx) int {
	return max(0, min(triesPerLogin-a.Wrong, a.purse.level(t.now)))
}
