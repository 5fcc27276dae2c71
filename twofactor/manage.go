package twofactor

import (
	"context"
	"crypto/subtle"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// Rename gives a factor another name.
func (s *Service) Rename(ctx context.Context, ses *Verified, grant, method, name string) error {
	if !utf8Name(name) {
		return errName()
	}
	return s.change(ctx, ses, grant, func(t *tx) error {
		f := t.rec.Factor(method)
		if f == nil {
			return t.refuse(reject(ReasonNotUsable))
		}
		f.Name = name
		return nil
	})
}

// Remove takes a factor away. The last one takes the recovery codes with it.
func (s *Service) Remove(ctx context.Context, ses *Verified, grant, method string) error {
	return s.change(ctx, ses, grant, func(t *tx) error {
		f := t.rec.Factor(method)
		if f == nil {
			return t.refuse(reject(ReasonNotUsable))
		}
		if !s.removable(t.rec, f) {
			return t.refuse(reject(ReasonPolicy))
		}
		t.event(Event{Type: EventRemoved, Kind: Kind(f.Kind), Method: f.ID})
		t.rec.Factors = slices.DeleteFunc(t.rec.Factors, func(f record.Factor) bool { return f.ID == method })
		if t.rec.Preferred == method {
			t.rec.Preferred = ""
		}
		if t.second() == 0 {
			t.unenroll() // and what only helps back to a second factor
		}
		t.changed(ses, grant)
		return nil
	})
}

// removable reports whether the policy can do without the factor.
func (s *Service) removable(rec *record.Record, f *record.Factor) bool {
	same, second := 0, 0
	for i := range rec.Factors {
		if rec.Factors[i].Kind == f.Kind {
			same++
		}
		if !s.forRecovery(Kind(rec.Factors[i].Kind)) {
			second++
		}
	}
	if s.policy.Required && second == 1 && !s.forRecovery(Kind(f.Kind)) {
		return false
	}
	return Kind(f.Kind) != s.policy.Backup || same > 1
}

// SwitchOff lets the user sign in without a second factor, and keeps the factors
// for [Service.SwitchOn]. It takes at least one factor.
func (s *Service) SwitchOff(ctx context.Context, ses *Verified, grant string) error {
	if s.policy.Required {
		return reject(ReasonPolicy)
	}
	return s.change(ctx, ses, grant, func(t *tx) error {
		if len(t.rec.Factors) == 0 {
			// Or whoever has the password today switches off what its owner sets
			// up tomorrow.
			return t.refuse(reject(ReasonEnrollmentRequired))
		}
		t.rec.Off = true
		t.event(Event{Type: EventSwitchedOff})
		t.changed(ses, grant)
		return nil
	})
}

// SwitchOn asks for a second factor again. It takes no new set-up, but at least
// one factor.
func (s *Service) SwitchOn(ctx context.Context, ses *Verified, grant string) error {
	return s.change(ctx, ses, grant, func(t *tx) error {
		if len(t.rec.Factors) == 0 {
			return t.refuse(reject(ReasonEnrollmentRequired))
		}
		t.rec.Off = false
		t.event(Event{Type: EventSwitchedOn})
		t.changed(ses, grant)
		return nil
	})
}

// NewRecoveryCodes replaces the user's recovery codes. They are shown once. There
// are none before there is a factor: they would be waiting for it.
func (s *Service) NewRecoveryCodes(ctx context.Context, ses *Verified, grant string) ([]string, error) {
	var codes []string
	err := s.change(ctx, ses, grant, func(t *tx) error {
		if len(t.rec.Factors) == 0 || s.policy.Recovery.None {
			return t.refuse(reject(ReasonPolicy))
		}
		t.event(Event{Type: EventNewCodes})
		var err error
		codes, err = t.newCodes()
		return err
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// changed ends trust after a change of the factors, but not the grant that the
// change was made with. That gets no longer life: nothing was proven.
func (t *tx) changed(ses Session, grant string) {
	held := t.held(ses, grant)
	t.endTrust()
	t.hold(held, new(Grant))
}

// held returns what is kept of a session's grant.
func (t *tx) held(ses Session, grant string) []record.Grant {
	hash := hashGrant(ses.state().ID, grant)
	return slices.DeleteFunc(slices.Clone(t.rec.Grants), func(g record.Grant) bool {
		return subtle.ConstantTimeCompare(g.Hash[:], hash[:]) != 1
	})
}

// hold puts back what held returned, now that trust has ended.
func (t *tx) hold(held []record.Grant, out *Grant) {
	for _, g := range held {
		g.Epoch = t.rec.Epoch
		out.Expires = time.Unix(g.Expires, 0)
		t.rec.Grants = append(t.rec.Grants, g)
	}
}
