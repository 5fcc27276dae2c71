package twofactor

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// recovered does what the policy says of a recovery code that was right, and
// ends all trust: whoever had to use one has lost something.
func (t *tx) recovered(spent recovery.Set) (*proof, error) {
	use := &RecoveryUse{Spent: true}
	if err := t.rec.Recovery.Replace(spent); err != nil {
		return nil, err
	}
	switch t.s.policy.Recovery.OnUse {
	case ResetFactors:
		t.unenroll()
		use.Reset = true
	case Replace:
		codes, err := t.newCodes()
		if err != nil {
			return nil, err
		}
		use.Codes = codes
	}
	t.endAll()
	use.Left = t.rec.Recovery.Left
	use.Low = use.Left <= t.s.policy.Recovery.Low
	t.event(Event{Type: EventRecovered})
	if use.Low && !use.Reset {
		t.event(Event{Type: EventRecoveryLow})
	}
	return &proof{amr: []string{"recovery_code"}, recovered: true, recovery: use}, nil
}

// newCodes replaces the user's recovery codes, if the policy has any.
func (t *tx) newCodes() ([]string, error) {
	if t.s.policy.Recovery.None {
		return nil, nil
	}
	set, codes, err := recovery.Generate(t.rec.Key[:], t.s.policy.Recovery.Codes, t.now)
	if err != nil {
		return nil, err
	}
	return codes, t.rec.Recovery.Replace(set)
}

// unenroll removes all second factors, and with them what only makes sense
// beside one: a recovery code without a factor would be a second password.
func (t *tx) unenroll() {
	t.rec.Factors = nil
	t.rec.Enrollments = nil
	t.rec.Preferred = ""
	t.rec.Off = false
	t.rec.Recovery = record.Codes{}
	t.rec.Phone = nil
}

// endAll voids what was begun as well as what was trusted: whoever begins again
// doesn't know who began before.
func (t *tx) endAll() {
	t.endPhone()
	t.rec.Enrollments = nil
	t.endTrust()
}

// endTrust voids pending logins, grants and trusted devices.
func (t *tx) endTrust() {
	t.rec.EndTrust()
	t.rec.Devices = nil
}

// proveImported judges a recovery code that another system hashed slowly. The
// try is paid for and counted first; then the hashes are compared, outside of
// any update and only so many at once, so that wrong codes can't be used to
// keep the processors busy; and then a right one is spent and its price given
// back.
func (s *Service) proveImported(ctx context.Context, p *pending, in input, won func(*tx, *attempt, *proof) error) error {
	var set recovery.Set
	var paid purse
	no := reject(ReasonWrongCode)
	err := s.update(ctx, p.User, true, func(t *tx) error {
		a, over := t.attempt(p, 0)
		if over != nil {
			return t.refuse(over)
		}
		if s.policy.Recovery.None {
			return t.refuse(reject(ReasonNotUsable))
		}
		var err error
		if set, err = t.rec.Recovery.Set(); err != nil {
			return err
		}
		if len(set.Imported) == 0 {
			return t.refuse(reject(ReasonMalformedCode))
		}
		if no := a.purse.pay(t.now, 1); no != nil {
			return t.refuse(no)
		}
		paid = a.purse
		a.Wrong++
		if err := t.keep(a); err != nil {
			return err
		}
		no.Remaining = a.remaining(t)
		return nil
	})
	if err != nil {
		return err
	}
	ref, err := s.matchImported(ctx, set, in.text)
	if errors.Is(err, recovery.ErrUnknown) {
		s.emit(ctx, Event{Type: EventRejected, UserID: p.User, At: s.cfg.Now(), Reason: no.Reason})
		return no
	}
	if err != nil {
		return err
	}
	return s.update(ctx, p.User, true, func(t *tx) error {
		a, over := t.attempt(p, 1)
		if over != nil {
			return t.refuse(over)
		}
		now, err := t.rec.Recovery.Set()
		if err != nil {
			return err
		}
		spent, err := now.SpendImported(ref)
		if errors.Is(err, recovery.ErrSpent) {
			return t.refuse(reject(ReasonAlreadyUsed))
		}
		if err != nil {
			return err
		}
		a.Wrong--
		paid.full = a.purse.full
		paid.back(t.now, 1)
		pr, err := t.recovered(spent)
		if err != nil {
			return err
		}
		t.event(Event{Type: EventVerified})
		return won(t, a, pr)
	})
}

func (s *Service) matchImported(ctx context.Context, set recovery.Set, text string) (recovery.Ref, error) {
	select {
	case s.slow <- struct{}{}:
		defer func() { <-s.slow }()
	case <-ctx.Done():
		return recovery.Ref{}, ctx.Err()
	}
	return set.MatchImported(text)
}
