package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// trustAll lets every kind make a device trusted.
func trustAll() twofactor.Policy {
	return twofactor.Policy{
		Kinds: allKinds, Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Automatic: true, EndsAtSignOut: true},
	}
}

// trusting is a user with an app and mail, on a trusted device, with a fresh proof.
func trusting(t *testing.T, on realserver.Named) (*realm, *member) {
	r := newRealm(t, on, trustAll())
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.Email)
	r.clock.Advance(time.Minute)
	alice.signIn(twofactor.TOTP)
	alice.prove(twofactor.TOTP)
	return r, alice
}

// trustEnds is what ends the trust in a device, and why Explain says that it did.
var trustEnds = map[string]struct {
	why  twofactor.Why
	does func(*testing.T, *realm, *member, *twofactor.SignIn)
}{
	"expired": {twofactor.WhyTrustExpired, func(_ *testing.T, r *realm, _ *member, _ *twofactor.SignIn) {
		r.clock.Advance(30 * 24 * time.Hour)
	}},
	"password changed": {twofactor.WhyUnknownDevice, func(t *testing.T, r *realm, m *member, _ *twofactor.SignIn) {
		require.NoError(t, r.a.PasswordChanged(r.ctx(), m.id))
	}},
	"password changed, not reported": {twofactor.WhyTrustEnded, func(_ *testing.T, _ *realm, _ *member, in *twofactor.SignIn) {
		in.CredentialVersion = "2"
	}},
	"factor added": {twofactor.WhyUnknownDevice, func(_ *testing.T, _ *realm, m *member, _ *twofactor.SignIn) {
		m.setUp(twofactor.SMS)
	}},
	"factor removed": {twofactor.WhyUnknownDevice, func(t *testing.T, r *realm, m *member, _ *twofactor.SignIn) {
		require.NoError(t, r.a.Remove(r.ctx(), m.full(), m.grant, m.ids[twofactor.Email]))
	}},
	"factor replaced": {twofactor.WhyUnknownDevice, func(_ *testing.T, _ *realm, m *member, _ *twofactor.SignIn) {
		m.finish(m.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP, Replaces: m.ids[twofactor.TOTP]}))
	}},
	"disabled": {twofactor.WhyUnknownDevice, func(t *testing.T, r *realm, m *member, _ *twofactor.SignIn) {
		require.NoError(t, r.a.SwitchOff(r.ctx(), m.full(), m.grant))
		require.NoError(t, r.a.SwitchOn(r.ctx(), m.full(), m.grant))
	}},
	"signed out": {twofactor.WhyUnknownDevice, func(t *testing.T, r *realm, m *member, _ *twofactor.SignIn) {
		require.NoError(t, r.a.SignedOut(r.ctx(), m.session, m.device))
	}},
	"recovered": {twofactor.WhyUnknownDevice, func(t *testing.T, r *realm, m *member, _ *twofactor.SignIn) {
		o, err := r.a.Begin(r.ctx(), twofactor.SignIn{UserID: m.id, CredentialVersion: "1"})
		require.NoError(t, err)
		_, err = r.a.Verify(r.ctx(), o.(*twofactor.Pending).Token(), twofactor.Answer{Code: m.codes[0]})
		require.NoError(t, err)
	}},
	"revoked": {twofactor.WhyUnknownDevice, func(t *testing.T, r *realm, m *member, _ *twofactor.SignIn) {
		require.NoError(t, r.a.RevokeDevice(r.ctx(), m.full(), m.grant, m.status().Devices[0].ID))
	}},
	"all revoked": {twofactor.WhyUnknownDevice, func(t *testing.T, r *realm, m *member, _ *twofactor.SignIn) {
		require.NoError(t, r.a.RevokeDevices(r.ctx(), m.full(), m.grant))
	}},
	"other user": {twofactor.WhyUnknownDevice, func(t *testing.T, r *realm, m *member, in *twofactor.SignIn) {
		bob := r.join("bob", "")
		bob.setUp(twofactor.TOTP)
		in.UserID = "bob"
	}},
	"other audience": {twofactor.WhyOtherAudience, func(_ *testing.T, _ *realm, _ *member, in *twofactor.SignIn) {
		in.Audience = "backoffice"
	}},
	"kind trusted no more": {twofactor.WhyTrustEnded, func(_ *testing.T, r *realm, _ *member, _ *twofactor.SignIn) {
		r.a = r.node(func(c *twofactor.Config) {
			c.Policy.Trust = twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.SMS}}
		})
	}},
	"no trust any more": {twofactor.WhyTrustEnded, func(_ *testing.T, r *realm, _ *member, _ *twofactor.SignIn) {
		r.a = r.node(func(c *twofactor.Config) { c.Policy.Trust = twofactor.TrustPolicy{} })
	}},
	"shorter life": {twofactor.WhyTrustExpired, func(_ *testing.T, r *realm, _ *member, _ *twofactor.SignIn) {
		r.a = r.node(func(c *twofactor.Config) { c.Policy.Trust.Life = time.Hour })
		r.clock.Advance(time.Hour)
	}},
	"forged": {twofactor.WhyUnknownDevice, func(_ *testing.T, _ *realm, _ *member, in *twofactor.SignIn) {
		b := []byte(in.TrustedDevice)
		b[len(b)-1] ^= 1
		in.TrustedDevice = string(b)
	}},
	"truncated": {twofactor.WhyUnknownDevice, func(_ *testing.T, _ *realm, _ *member, in *twofactor.SignIn) {
		in.TrustedDevice = in.TrustedDevice[:len(in.TrustedDevice)-1]
	}},
}

// Whatever ends the trust in a device, the next sign-in on it asks; on both nodes,
// and whatever the cookie says.
func TestBypass_W42_WhatEndsTrust(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for name, end := range trustEnds {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r, alice := trusting(t, on)
				in := twofactor.SignIn{UserID: "alice", TrustedDevice: alice.device, CredentialVersion: "1"}
				require.Equal(t, "in", asked(t, r, r.a, alice, in))
				end.does(t, r, alice, &in)
				o, err := r.a.Begin(r.ctx(), in)
				require.NoError(t, err)
				require.IsType(t, (*twofactor.Pending)(nil), o)
				e, err := r.a.Explain(r.ctx(), in)
				require.NoError(t, err)
				require.Equal(t, end.why, e.Trust)
				if name == "kind trusted no more" || name == "no trust any more" || name == "shorter life" {
					return // node b has the old policy
				}
				o, err = r.b.Begin(r.ctx(), in)
				require.NoError(t, err)
				require.IsType(t, (*twofactor.Pending)(nil), o)
			})
		}
	})
}

// A token with any one character changed, and any part of one, is no trust and no
// fault.
func TestBypass_W41_TokenForged(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := trusting(t, on)
		try := func(token string) {
			o, err := r.a.Begin(r.ctx(), twofactor.SignIn{UserID: "alice", TrustedDevice: token, CredentialVersion: "1"})
			require.NoError(t, err)
			require.IsType(t, (*twofactor.Pending)(nil), o, token)
		}
		for i := range alice.device {
			try(alice.device[:i])
			b := []byte(alice.device)
			if b[i]++; b[i] > 'z' {
				b[i] = 'A'
			}
			try(string(b))
		}
		try(alice.device + "A")
		require.IsType(t, (*twofactor.Verified)(nil), alice.begin(), "it is good still")
	})
}

// Two users of one browser: whose token it isn't is asked, and the token stays.
func TestBypass_W43_OneBrowserTwoUsers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := trusting(t, on)
		bob := r.join("bob", "")
		bob.setUp(twofactor.TOTP)
		r.clock.Advance(time.Minute)
		bob.device = alice.device
		require.IsType(t, (*twofactor.Pending)(nil), bob.begin())
		require.NoError(t, r.a.SignedOut(r.ctx(), bob.session, alice.device))
		require.IsType(t, (*twofactor.Verified)(nil), alice.begin())
	})
}

// Only a proof that the policy names makes a device trusted.
func TestBypass_W44_WhoMintsTrust(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for _, c := range []struct {
			by   string
			want bool
		}{{"totp", true}, {"sms", false}, {"email", false}, {"recovery", false}, {"lost device", false}} {
			t.Run(c.by, func(t *testing.T) {
				t.Parallel()
				r, alice := pathUser(t, on, func(cfg *twofactor.Config) {
					cfg.Policy.Trust.Kinds = []twofactor.Kind{twofactor.TOTP}
					if c.by == "lost device" {
						cfg.Policy.Trust.Kinds = []twofactor.Kind{twofactor.SMS} // and yet
					}
				})
				alice.setUp(twofactor.Email)
				r.clock.Advance(time.Minute)
				login := alice.login()
				a := twofactor.Answer{RememberDevice: true}
				switch c.by {
				case "totp":
					a.Code = alice.appCode()
				case "recovery":
					a.Code = alice.codes[0]
				case "lost device":
					require.NoError(t, r.a.LostDevice(r.ctx(), login, "5678", twofactor.Client{}))
					r.settle()
					a.Method, a.Code = twofactor.MethodLostDevice, r.read(aliceMobile)
				default:
					a.Code = alice.sent(login, twofactor.Kind(c.by))
				}
				v, err := alice.verify(login, a)
				require.NoError(t, err)
				require.Equal(t, c.want, v.Made().Device != nil)
			})
		}
	})
}

// Many sign-ins with one token at once are all good, and the device stays trusted.
func TestBypass_W45_OneTokenManyRequests(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := trusting(t, on)
		r.clock.Advance(48 * time.Hour) // its use is to be noted
		for range 3 {
			n := yeses(64, func(i int) error {
				o, err := []*twofactor.Service{r.a, r.b}[i%2].Begin(r.ctx(), twofactor.SignIn{
					UserID: "alice", TrustedDevice: alice.device, CredentialVersion: "1",
				})
				if _, ok := o.(*twofactor.Verified); !ok {
					return errStore
				}
				return err
			})
			require.Equal(t, 64, n)
		}
		d := alice.status().Devices
		require.Len(t, d, 1)
		require.WithinDuration(t, r.clock.Now(), d[0].LastUsed, 0)
	})
}

// A device that is revoked while sign-ins use it is revoked when that is answered,
// and noting its use doesn't bring it back.
func TestBypass_W42_RevokedWhileInUse(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for range 3 {
			r, alice := trusting(t, on)
			r.clock.Advance(2 * time.Minute)
			id := alice.status().Devices[0].ID
			r.clock.Advance(48 * time.Hour)
			token := alice.device
			alice.device = ""
			alice.signIn(twofactor.TOTP)
			alice.prove(twofactor.TOTP)
			together(32, func(i int) error {
				if i == 16 {
					return r.a.RevokeDevice(r.ctx(), alice.full(), alice.grant, id)
				}
				_, err := r.b.Begin(r.ctx(), twofactor.SignIn{UserID: "alice", TrustedDevice: token, CredentialVersion: "1"})
				return err
			})
			o, err := r.b.Begin(r.ctx(), twofactor.SignIn{UserID: "alice", TrustedDevice: token, CredentialVersion: "1"})
			require.NoError(t, err)
			require.IsType(t, (*twofactor.Pending)(nil), o)
		}
	})
}

// A password that is changed while a code is being verified ends what comes of it:
// either the login is over, or the trust it made is.
func TestBypass_W42_PasswordChangedWhileVerifying(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for range 20 {
			r, alice := trusting(t, on)
			alice.device = ""
			login, code := alice.login(), alice.appCode()
			var v *twofactor.Verified
			together(2, func(i int) (err error) {
				if i == 0 {
					return r.b.PasswordChanged(r.ctx(), "alice")
				}
				v, err = r.a.Verify(r.ctx(), login, twofactor.Answer{Code: code})
				return err
			})
			if v == nil {
				continue
			}
			o, err := r.a.Begin(r.ctx(), twofactor.SignIn{
				UserID: "alice", TrustedDevice: v.Made().Device.Token, CredentialVersion: "1",
			})
			require.NoError(t, err)
			require.IsType(t, (*twofactor.Pending)(nil), o)
		}
	})
}

// Two requests that each remove one of two backups leave one.
func TestBypass_W36_LastBackupRemovedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for range 5 {
			r := newRealm(t, on, accessPlatform(), inEachOthersWay)
			alice := r.join("alice", "")
			alice.setUp(twofactor.TOTP)
			alice.setUp(twofactor.Email)
			first := alice.ids[twofactor.Email]
			r.clock.Advance(time.Minute)
			alice.setUp(twofactor.Email)
			ids := []string{first, alice.ids[twofactor.Email]}
			n := yeses(2, func(i int) error {
				return []*twofactor.Service{r.a, r.b}[i].Remove(r.ctx(), alice.full(), alice.grant, ids[i])
			})
			require.Equal(t, 1, n)
			require.Len(t, alice.status().Methods, 2)
		}
	})
}
