package twofactor

import (
	"context"
	"time"
)

// A Login is what can be asked of a user whose login is pending.
type Login struct {
	Methods   []Method
	Preferred string    // the id of the method to show first
	Codes     int       // how many consecutive codes of the app to ask for: 1, or 3 when the tries are used up
	Recovery  bool      // a recovery code can be used
	Expires   time.Time // when the password has to be entered again
	Remaining int       // wrong codes that are left

	// SendNow is the id of the method to send a code for unasked, or empty. It is
	// empty once a code was sent, so that reloading a page sends nothing.
	SendNow string

	// LostDevice says that [Service.LostDevice] is there for a user who has none
	// of the methods at hand.
	LostDevice bool

	// Remember says that the user can ask for trust in the device, with the
	// methods that say so too.
	Remember bool
}

// Login returns what can be asked of the user of a pending login. It writes
// nothing and sends nothing.
func (s *Service) Login(ctx context.Context, token string) (*Login, error) {
	p, err := s.openPending(token)
	if err != nil {
		return nil, err
	}
	now, err := s.now()
	if err != nil {
		return nil, err
	}
	rec, _, err := s.load(ctx, p.User, true)
	if err != nil {
		return nil, err
	}
	rec.Prune(now.Unix())
	t := &tx{s: s, user: p.User, rec: rec, now: now}
	a, over := t.attempt(p, 0)
	if over != nil {
		return nil, over
	}
	out := t.describe(p, a)
	return &out, nil
}

// describe tells what can be asked of the user in an attempt.
func (t *tx) describe(p *pending, a *attempt) Login {
	out := Login{
		Codes: 1, Recovery: t.rec.Recovery.Left > 0,
		Expires: time.Unix(p.Expires, 0), Remaining: a.remaining(t),
	}
	empty := a.purse.level(t.now) == 0
	if empty {
		out.Codes = 3
	}
	for i := range t.rec.Factors {
		f := &t.rec.Factors[i]
		if !t.s.allowed(f) && !t.s.outdated(t.rec) && !t.s.recovers(t.rec, f) {
			continue
		}
		m := t.s.status(t.rec, f, t.now)
		if f.Address != nil && empty {
			m.Digits = longCode
		}
		out.Methods = append(out.Methods, m)
		out.Remember = out.Remember || m.Remember && !t.s.policy.Trust.Automatic
		if !m.Recovery && (f.ID == t.rec.Preferred || out.Preferred == "") {
			out.Preferred = f.ID
		}
	}
	if only := out.only(); t.s.policy.SendUnasked && only != nil && only.Usable && only.Kind != TOTP && a.sent(only.ID) == nil {
		out.SendNow = only.ID
	}
	out.LostDevice = t.s.policy.LostDevice
	return out
}

// only returns the user's only second factor, or nil.
func (l *Login) only() *Method {
	var only *Method
	for i := range l.Methods {
		if m := &l.Methods[i]; !m.Recovery {
			if only != nil {
				return nil
			}
			only = m
		}
	}
	return only
}
