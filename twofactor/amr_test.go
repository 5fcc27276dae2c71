package twofactor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Each way in says what it was, and no more than that: only what the user has can
// be a second factor, and no code that is read and typed resists phishing (NIST
// SP 800-63B-4, sections 2.2.1 and 3.2.5).
func TestAMROfEachWay(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]func(r *realm, m *member) *twofactor.Verified{
		"pwd":         func(r *realm, _ *member) *twofactor.Verified { return r.join("bob", "").full() },
		"pwd otp mfa": func(_ *realm, m *member) *twofactor.Verified { return m.signIn(twofactor.TOTP) },
		"pwd sms mfa": func(_ *realm, m *member) *twofactor.Verified { return m.signIn(twofactor.SMS) },
		"pwd otp mfa ": func(r *realm, m *member) *twofactor.Verified {
			m.prove(twofactor.TOTP)
			m.setUp(twofactor.Email)
			r.clock.Advance(time.Minute)
			return m.signIn(twofactor.Email)
		},
		"pwd recovery_code": func(r *realm, m *member) *twofactor.Verified {
			v, err := m.verify(m.login(), twofactor.Answer{Code: m.codes[0]})
			require.NoError(r.t, err)
			return v
		},
		"pwd lost_device sms": func(r *realm, m *member) *twofactor.Verified {
			login := m.login()
			require.NoError(r.t, r.a.LostDevice(r.ctx(), login, "5678", twofactor.Client{}))
			r.settle()
			v, err := m.verify(login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: r.read(aliceMobile)})
			require.NoError(r.t, err)
			return v
		},
		"pwd trusted_device": func(_ *realm, m *member) *twofactor.Verified {
			m.signIn(twofactor.TOTP)
			return m.begin().(*twofactor.Verified)
		},
		"pwd ": func(r *realm, m *member) *twofactor.Verified {
			m.prove(twofactor.TOTP)
			require.NoError(r.t, r.a.SwitchOff(r.ctx(), m.full(), m.grant))
			return m.begin().(*twofactor.Verified)
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r, alice := pathUser(t, func(c *twofactor.Config) {
				c.Policy.Trust = twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Automatic: true}
			})
			v := in(r, alice)
			require.Equal(t, strings.Fields(want), v.AMR())
			require.Equal(t, strings.Contains(want, "mfa"), v.Fresh(r.clock.Now(), time.Minute))
			require.WithinDuration(t, r.clock.Now(), v.At(), 0)
		})
	}
}
