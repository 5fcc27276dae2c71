package twofactor

import (
	"context"
	"time"
)

// A Login is what can be asked of a user whose login is pending.
type Login struct {
	Methods   []Method
	Preferred string    // the id of the method to show first
	Codes     int       // how many consecutive codes of the app to ask for: 1, or 3 when one may be refused
	Recovery  bool      // a recovery code can be used
	Expires   time.Time // when the password has to be entered again
	Remaining int       // wrong codes that are left

	// SendNow is the id of the method to send a code for unasked, or empty. It is
	// empty once a code was sent, so that reloading a page sends nothing.
	SendNow string

	// Sent is the code that was last sent in this login, asked for or not, while
	// it is good; otherwise it is nil. Whether it is Uncertain is not kept.
	Sent *Sent

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
	t, err := s.view(ctx, p.User, true)
	if err != nil {
		return nil, err
	}
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
		Codes: 1, Recovery: t.rec.Recovery.Left > 0 && !t.s.policy.Recovery.None,
		Expires: time.Unix(p.Expires, 0), Remaining: a.remaining(t),
	}
	level := a.purse.level(t.now)
	paused, apps := false, 0
	for i := range t.rec.Factors {
		f := &t.rec.Factors[i]
		if !t.s.allowed(f) && !t.s.outdated(t.rec) && !t.s.recovers(t.rec, f) {
			continue
		}
		m := t.s.status(t.rec, f, t.now)
		if f.Address != nil && level == 0 {
			m.Digits = longCode
		}
		if _, ok := t.s.method(m.Kind).(unlocker); ok {
			if m.Usable {
				apps++
			}
			paused = paused || m.WhyNot == ReasonPaused
		}
		out.Methods = append(out.Methods, m)
		out.Remember = out.Remember || m.Remember && !t.s.policy.Trust.Automatic
		if !m.Recovery && (f.ID == t.rec.Preferred || out.Preferred == "") {
			out.Preferred = f.ID
		}
	}
	if paused || level < max(1, apps) {
		// One code would be refused, or it would be if it were to be compared with
		// all apps. Whoever has the password can bring that about at any time, just
		// before the owner comes; three codes are accepted all the same.
		out.Codes = 3
	}
	if only := out.only(); t.s.policy.SendUnasked && only != nil && only.Usable && only.Kind != TOTP && a.sent(only.ID) == nil {
		out.SendNow = only.ID
	}
	out.LostDevice = t.s.policy.LostDevice
	out.Sent = t.lastSent(a)
	return out
}

// lastSent tells about the code that was last sent in an attempt. A lost-device
// request is not told of: there may have been nobody to send it to.
func (t *tx) lastSent(a *attempt) *Sent {
	f, sent := t.rec.Factor(a.Last), a.sent(a.Last)
	if f == nil || sent == nil {
		return nil
	}
	newest, ok := sent.Latest()
	expires := time.UnixMilli(newest.Expires)
	m := t.s.method(Kind(f.Kind))
	if !ok || m == nil || !t.now.Before(expires) {
		return nil
	}
	return &Sent{
		Method: f.ID, Hint: m.hint(f), Reference: newest.Reference, Digits: newest.Digits,
		Expires: expires, ResendAt: time.UnixMilli(newest.Sent).Add(resendPause),
	}
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
