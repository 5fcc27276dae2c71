package twofactor

import (
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/budget"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// The guess budgets, one inside the other. What they add up to over a year is
// in the package's documentation, with the command that computes it.
const (
	triesPerLogin = 5                // wrong codes that end a pending login
	rowPerFactor  = 10               // wrong codes in a row that pause a factor
	factorPause   = 30 * time.Minute // PCI DSS 8.3.4: at most 10, at least 30 minutes
	unfinishedRow = 3                // wrong codes in a row that the owner is told of
	noticePause   = 24 * time.Hour   // between two such notices
	longCode      = 10               // digits of a code that needs no account budget
)

// tries is the bucket of an account, and of its known browsers. Nothing but
// time refills it: no new code, login, node or restart, and no success of
// anybody's, since the owner's daily success would refill it for a guesser.
var tries = budget.Bucket{Size: 10, Refill: 6 * time.Hour}

// A purse is the bucket that an attempt pays from, and what it paid last.
type purse struct {
	full          *int64
	before, after int64 // the bucket before the payment and after it
	price         int
}

// purse returns the account's bucket, or that of the known browsers, so that
// someone who guesses elsewhere can't starve the owner.
func (t *tx) purse(known bool) purse {
	if known {
		return purse{full: &t.rec.Budgets.Known}
	}
	return purse{full: &t.rec.Budgets.Account}
}

func (p purse) level(now time.Time) int { return tries.Level(*p.full, now) }

// pay takes n tries before anything is compared.
func (p *purse) pay(now time.Time, n int) *RejectedError {
	full, ok := tries.Take(*p.full, now, n)
	if !ok {
		return &RejectedError{Reason: ReasonPaused, RetryAt: tries.Next(*p.full, now, n)}
	}
	p.before, p.after, p.price = *p.full, full, n
	*p.full = full
	return nil
}

// back gives the price of a right answer back, and no more than that. If nobody
// else has paid meanwhile, the bucket is as it was before: one that is counted
// anew on a node whose clock is ahead would be empty for all others.
func (p *purse) back(now time.Time, n int) {
	if n == p.price && *p.full == p.after {
		*p.full = p.before
		return
	}
	*p.full = tries.Back(*p.full, now, n)
}

// missed counts a wrong code against a factor. It is not for guesses that were
// free: a pause or an end for what can't win would only keep the owner out.
func (t *tx) missed(f *record.Factor) {
	f.Fails++
	f.Row++
	if f.Row >= rowPerFactor {
		f.Row = 0
		f.PausedUntil = t.now.Add(factorPause).Unix()
		t.event(Event{Type: EventPaused, Kind: Kind(f.Kind), Method: f.ID})
	}
	if limit := t.s.policy.MaxFailures; limit > 0 && f.Fails >= limit && !f.Disabled {
		f.Disabled = true
		t.event(Event{Type: EventDisabled, Kind: Kind(f.Kind), Method: f.ID})
	}
}

// hit notes a right code. It forgives the factor that was used and no other
// (NIST SP 800-63B-4, section 3.2.2).
func (t *tx) hit(f *record.Factor) {
	f.Row, f.Fails, f.PausedUntil = 0, 0, 0
	f.LastUsed = t.now.Unix()
	if !t.s.recovers(t.rec, f) {
		t.rec.Preferred = f.ID
	}
}

// unfinished tells the owner, now and then, that someone had the password and
// not the second factor.
func (t *tx) unfinished(a *attempt) {
	row := slices.ContainsFunc(t.rec.Factors, func(f record.Factor) bool { return f.Fails >= unfinishedRow })
	if !row && a.Wrong < triesPerLogin {
		return
	}
	if t.now.Unix()-t.rec.Noticed < int64(noticePause/time.Second) {
		return
	}
	t.rec.Noticed = t.now.Unix()
	t.event(Event{Type: EventUnfinished})
}
