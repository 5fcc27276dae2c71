package twofactor

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// touchEvery is how often the last use of a trusted device is noted. Noting
// each would make a write of every sign-in.
const touchEvery = 24 * time.Hour

// trusted returns the device whose token stands in for the second factor, or
// the reason why none does.
func (s *Service) trusted(in SignIn, rec *record.Record, now time.Time) (devicetrust.Device, error) {
	b := trustBinding(in.UserID, in.Audience, rec.Epoch, digest(in.CredentialVersion))
	d, err := rec.Devices.Check(in.TrustedDevice, b, now)
	if err != nil {
		return d, err
	}
	// What the policy says now counts, not what it said when trust was made.
	policy := s.policy.Trust
	if !slices.ContainsFunc(d.Methods, func(m string) bool { return slices.Contains(policy.Kinds, Kind(m)) }) {
		return d, devicetrust.ErrStale
	}
	if !time.Unix(d.Created, 0).Add(policy.Life).After(now) {
		return d, devicetrust.ErrExpired
	}
	return d, nil
}

// trust makes the device trusted that a proof was given on, where the policy
// lets this proof do so and the user, or the policy, asks for it.
func (t *tx) trust(p *pending, pr *proof, a Answer) (*DeviceTrust, error) {
	policy := t.s.policy.Trust
	if pr.recovered || !slices.Contains(policy.Kinds, pr.kind) || !(a.RememberDevice || policy.Automatic) {
		return nil, nil
	}
	b := trustBinding(t.user, p.Audience, t.rec.Epoch, p.Credential)
	g := devicetrust.Grant{Life: policy.Life, Name: a.DeviceName, Methods: []string{string(pr.kind)}}
	d, token, err := devicetrust.Mint(b, g, t.now)
	if err != nil {
		return nil, err
	}
	if t.rec.Devices, err = t.rec.Devices.Add(d, policy.Max, devicetrust.ReplaceOldest, t.now); err != nil {
		return nil, err
	}
	t.event(Event{Type: EventTrustMade, Kind: pr.kind, Method: pr.method})
	return &DeviceTrust{ID: d.ID, Token: token, Expires: time.Unix(d.Expires, 0)}, nil
}

func trustBinding(user, audience string, epoch [8]byte, credential [16]byte) devicetrust.Binding {
	return devicetrust.Binding{
		User: user, Audience: audienceOr(audience), Epoch: binary.BigEndian.Uint64(epoch[:]),
		Credential: base64.RawStdEncoding.EncodeToString(credential[:]),
	}
}

func audienceOr(audience string) string {
	if audience == "" {
		return "web"
	}
	return audience
}

// touch notes that a trusted device was used. It is no part of the verdict,
// which rests on what was loaded, and may fail.
func (s *Service) touch(ctx context.Context, user string, d devicetrust.Device, now time.Time) {
	if now.Sub(time.Unix(max(d.LastUsed, d.Created), 0)) < touchEvery {
		return
	}
	_ = s.update(ctx, user, true, func(t *tx) error {
		t.rec.Devices = t.rec.Devices.Touch(d.ID, t.now)
		return nil
	})
}

// A Device is a device that is not asked for the second factor.
type Device struct {
	ID       string
	Name     string
	Created  time.Time
	LastUsed time.Time // to the day
	Expires  time.Time
	Current  bool // the device that asks
}

// RevokeDevice ends the trust in one device.
func (s *Service) RevokeDevice(ctx context.Context, ses *Verified, grant, id string) error {
	return s.change(ctx, ses, grant, func(t *tx) error {
		devices, err := t.rec.Devices.Revoke(id)
		if err != nil {
			return t.refuse(reject(ReasonNotUsable))
		}
		t.rec.Devices = devices
		t.event(Event{Type: EventTrustRevoked})
		return nil
	})
}

// RevokeDevices ends the trust in all of the user's devices.
func (s *Service) RevokeDevices(ctx context.Context, ses *Verified, grant string) error {
	return s.change(ctx, ses, grant, func(t *tx) error {
		t.rec.Devices = nil
		t.event(Event{Type: EventTrustRevoked})
		return nil
	})
}

// EndsTrustAtSignOut reports whether the policy ends the trust in a device when
// its user signs out. Then the device's token is to be deleted there even if the
// session had run out before, and [Service.SignedOut] has nobody to work for.
func (s *Service) EndsTrustAtSignOut() bool { return s.policy.Trust.EndsAtSignOut }

// SignedOut tells that a session has ended. Its grants end with it, and where
// the policy says so, the trust in the device that holds the token, if it is
// this user's.
func (s *Service) SignedOut(ctx context.Context, ses Session, device string) error {
	user := ses.UserID()
	return unlessMissing(unlessRejected(s.update(ctx, user, true, func(t *tx) error {
		had := len(t.rec.Grants)
		t.rec.Grants = slices.DeleteFunc(t.rec.Grants, func(g record.Grant) bool { return g.Session == ses.state().ID })
		if s.policy.Trust.EndsAtSignOut && device != "" {
			// The device is found by its token's secret, whatever else has changed.
			d, _ := t.rec.Devices.Check(device, devicetrust.Binding{User: user, Audience: audienceOr("")}, t.now)
			if devices, err := t.rec.Devices.Revoke(d.ID); err == nil {
				t.rec.Devices = devices
				t.event(Event{Type: EventTrustRevoked})
				return nil
			}
		}
		if had == len(t.rec.Grants) {
			return t.refuse(reject(ReasonLoginEnded)) // nothing to end
		}
		return nil
	})))
}
