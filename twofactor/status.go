package twofactor

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// Status is what a settings page shows.
type Status struct {
	Enabled      bool // a sign-in asks for a second factor
	Required     bool // the policy asks for one
	Methods      []Method
	Preferred    string // the id of the method used last
	RecoveryLeft int
	RecoveryLow  bool
	Next         Kind // what the policy still asks for, or empty
	Kinds        []Kind
	OneAtATime   bool
}

// A Method is one of a user's factors, as its owner may see it.
type Method struct {
	ID        string
	Kind      Kind
	Name      string
	Hint      string // a masked number or address
	Added     time.Time
	LastUsed  time.Time // zero if never
	Usable    bool
	WhyNot    Reason    // if it isn't usable
	RetryAt   time.Time // if waiting helps
	Removable bool
}

// Status returns what there is of a user's second factor. It changes nothing,
// and tells no secret.
func (s *Service) Status(ctx context.Context, user string) (*Status, error) {
	now, err := s.now()
	if err != nil {
		return nil, err
	}
	rec, _, err := s.load(ctx, user, false)
	if err != nil {
		return nil, err
	}
	t := &tx{s: s, user: user, rec: rec, now: now}
	out := &Status{
		Enabled: s.asked(rec), Required: s.policy.Required, Preferred: rec.Preferred,
		RecoveryLeft: rec.Recovery.Left, Kinds: s.policy.Kinds, OneAtATime: s.policy.OneAtATime,
	}
	if len(rec.Factors) > 0 {
		out.Next = t.next()
		out.RecoveryLow = !s.policy.Recovery.None && out.RecoveryLeft <= s.policy.Recovery.Low
	}
	for i := range rec.Factors {
		out.Methods = append(out.Methods, s.status(rec, &rec.Factors[i], now))
	}
	return out, nil
}

func (s *Service) status(rec *record.Record, f *record.Factor, now time.Time) Method {
	m := Method{
		ID: f.ID, Kind: Kind(f.Kind), Name: f.Name, Added: time.Unix(f.Added, 0),
		Usable: true, Removable: s.removable(rec, f),
	}
	if f.LastUsed > 0 {
		m.LastUsed = time.Unix(f.LastUsed, 0)
	}
	if k := s.method(m.Kind); k != nil {
		m.Hint = k.hint(f)
	}
	if no := s.usable(rec, f, now); no != nil {
		m.Usable, m.WhyNot, m.RetryAt = false, no.Reason, no.RetryAt
	}
	return m
}

// A Login is what can be asked of a user whose login is pending.
type Login struct {
	Methods   []Method
	Preferred string    // the id of the method to show first
	Codes     int       // how many consecutive codes of the app to ask for: 1, or 3 when the tries are used up
	Recovery  bool      // a recovery code can be used
	Expires   time.Time // when the password has to be entered again
	Remaining int       // wrong codes that are left
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
	for i := range t.rec.Factors {
		f := &t.rec.Factors[i]
		if !t.s.allowed(f) && !t.s.outdated(t.rec) {
			continue
		}
		m := t.s.status(t.rec, f, t.now)
		out.Methods = append(out.Methods, m)
		if f.ID == t.rec.Preferred || out.Preferred == "" {
			out.Preferred = f.ID
		}
	}
	if a.purse.level(t.now) == 0 {
		out.Codes = 3
	}
	return out
}
