package twofactor

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/otpcode"
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
	Devices      []Device
	EmailHint    string // the masked address of the profile, or empty
	Phone        *Phone // the number of the profile, or nil; for which session it counts, see SetPhone
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
	Digits    int  // of its codes
	Remember  bool // a proof by it can make the device trusted
	Recovery  bool // it is no second factor, but a way back in without one: see EmailPurpose
}

// Status returns what there is of a user's second factor. It changes nothing,
// and tells no secret. The device that holds the token, if it is one of the
// user's, is marked as the current one.
func (s *Service) Status(ctx context.Context, user, device string) (*Status, error) {
	t, err := s.view(ctx, user, false)
	if err != nil {
		return nil, err
	}
	p, err := s.profile(ctx, user)
	if err != nil {
		return nil, err
	}
	rec, now := t.rec, t.now
	out := &Status{
		Enabled: s.asked(rec), Required: s.policy.Required, Preferred: rec.Preferred,
		RecoveryLeft: rec.Recovery.Left, Kinds: slices.Clone(s.policy.Kinds), OneAtATime: s.policy.OneAtATime,
	}
	if len(rec.Factors) > 0 {
		out.Next = t.next()
		out.RecoveryLow = !s.policy.Recovery.None && out.RecoveryLeft <= s.policy.Recovery.Low
	}
	for i := range rec.Factors {
		out.Methods = append(out.Methods, s.status(rec, &rec.Factors[i], now))
	}
	out.Devices = t.devices(device)
	if p.Email != "" {
		out.EmailHint = otpcode.MaskEmail(p.Email)
	}
	if phone, err := t.phone(p, t.shown()); err == nil {
		out.Phone = s.showPhone(phone, false)
	}
	return out, nil
}

// devices lists the trusted devices whose trust hasn't ended.
func (t *tx) devices(token string) []Device {
	// Whose token it is doesn't hang on epoch and password.
	current, _ := t.rec.Devices.Check(token, devicetrust.Binding{User: t.user}, t.now)
	var out []Device
	for _, d := range t.rec.Devices.Prune(binary.BigEndian.Uint64(t.rec.Epoch[:]), t.now) {
		out = append(out, Device{
			ID: d.ID, Name: d.Name, Created: time.Unix(d.Created, 0), LastUsed: time.Unix(max(d.LastUsed, d.Created), 0),
			Expires: time.Unix(d.Expires, 0), Current: d.ID == current.ID,
		})
	}
	return out
}

func (s *Service) status(rec *record.Record, f *record.Factor, now time.Time) Method {
	m := Method{
		ID: f.ID, Kind: Kind(f.Kind), Name: f.Name, Added: time.Unix(f.Added, 0),
		Usable: true, Removable: s.removable(rec, f), Digits: s.policy.Digits,
		Remember: slices.Contains(s.policy.Trust.Kinds, Kind(f.Kind)), Recovery: s.recovers(rec, f),
	}
	if f.TOTP != nil {
		m.Digits = f.TOTP.Digits
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
