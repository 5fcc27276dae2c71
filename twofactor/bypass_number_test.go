package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// managed is a product whose users keep their number here, for lost devices too.
func managed() twofactor.Policy {
	return twofactor.Policy{
		Kinds:   []twofactor.Kind{twofactor.TOTP, twofactor.SMS},
		Numbers: twofactor.NumbersManaged, LostDevice: true,
	}
}

// planted is an account without a second factor, and someone else who knows its
// password, is signed in, and has verified a number of their own.
func planted(t testing.TB, p twofactor.Policy) (r *realm, evil, owner *member) {
	t.Helper()
	r = newRealm(t, inMemory, p)
	evil = r.join("alice", aliceMobile)
	evil.verifyPhone(newMobile)
	other := *evil
	other.mobile = aliceMobile
	other.session = other.begin().(twofactor.Session)
	other.grantByPassword()
	return r, evil, &other
}

// What someone with the password planted before there was a second factor opens
// nothing once there is one, however it came there.
func TestBypass_W52_PlantedNumberOpensNothing(t *testing.T) {
	t.Parallel()
	app := func(t *testing.T, _ *realm, owner *member) { owner.setUp(twofactor.TOTP) }
	for name, up := range map[string]func(*testing.T, *realm, *member){
		"the owner sets up an app": app,
		"the owner changes the password and sets up an app": func(t *testing.T, r *realm, owner *member) {
			require.NoError(t, r.a.PasswordChanged(r.ctx(), "alice"))
			require.False(t, owner.status().Phone.Verified)
			owner.session = owner.begin().(twofactor.Session)
			owner.grantByPassword()
			owner.setUp(twofactor.TOTP)
		},
		"the owner sets up the number of the profile": func(t *testing.T, _ *realm, owner *member) {
			owner.setUp(twofactor.SMS)
		},
		"a colleague planted it, whose number the app vouches for": func(t *testing.T, r *realm, owner *member) {
			r.setProfile("alice", func(p *twofactor.Profile) { p.VerifiedPhones = []string{newMobile} })
			owner.setUp(twofactor.TOTP)
		},
		"the app is imported": func(t *testing.T, r *realm, _ *member) {
			secret, err := totp.NewSecret(totp.SHA1)
			require.NoError(t, err)
			keys := []twofactor.ImportedKey{{Key: totp.Key{Secret: secret}}}
			require.NoError(t, r.a.Import(r.ctx(), "alice", twofactor.Import{Keys: keys}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, evil, owner := planted(t, managed())
			before := r.sms(newMobile)
			up(t, r, owner)
			phone := owner.status().Phone
			require.NotNil(t, phone)
			require.False(t, phone.Verified, "it is the profile's again, of which nobody knows anything")
			r.clock.Advance(73 * time.Hour)
			login := evil.login()
			require.NoError(t, r.a.LostDevice(r.ctx(), login, newMobile[len(newMobile)-4:], twofactor.Client{}))
			r.settle()
			require.Equal(t, before, r.sms(newMobile))
		})
	}
}

// Where verified numbers need no code, the owner's second factor is no number that
// someone else has verified.
func TestBypass_W08_PlantedNumberIsNoFactor(t *testing.T) {
	t.Parallel()
	sms := twofactor.EnrollRequest{Kind: twofactor.SMS}
	t.Run("there is no other", func(t *testing.T) {
		t.Parallel()
		r, _, owner := planted(t, hosting())
		_, err := r.a.Enroll(r.ctx(), owner.session, owner.grant, sms)
		denied(t, err, twofactor.ReasonPolicy)
		_, err = r.a.VerifyPhone(r.ctx(), owner.session, owner.grant, "000000")
		denied(t, err, twofactor.ReasonNotUsable)
		owner.verifyPhone(aliceMobile)
		require.Equal(t, "•••78", owner.enroll(sms).Done.Method.Hint)
	})
	t.Run("the app vouches for the owner's", func(t *testing.T) {
		t.Parallel()
		r, _, owner := planted(t, hosting())
		r.setProfile("alice", func(p *twofactor.Profile) { p.VerifiedPhones = []string{aliceMobile, newMobile} })
		require.Equal(t, "•••78", owner.enroll(sms).Done.Method.Hint)
	})
	t.Run("in its own session it is one", func(t *testing.T) {
		t.Parallel()
		_, evil, _ := planted(t, hosting())
		require.NotNil(t, evil.enroll(sms).Done)
	})
	t.Run("and not for long", func(t *testing.T) {
		t.Parallel()
		r, evil, _ := planted(t, hosting())
		r.clock.Advance(15 * time.Minute)
		evil.grantByPassword()
		_, err := r.a.Enroll(r.ctx(), evil.session, evil.grant, sms)
		denied(t, err, twofactor.ReasonPolicy)
		require.False(t, evil.status().Phone.Verified)
	})
}

// A number that became the first factor stays, and so does one that is set beside
// a factor. Each goes with the last of them.
func TestNumberLastsAsLongAsAFactor(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*member) twofactor.Kind{
		"the first factor": func(m *member) twofactor.Kind {
			m.verifyPhone(aliceMobile)
			m.setUp(twofactor.SMS)
			return twofactor.SMS
		},
		"set beside one": func(m *member) twofactor.Kind {
			m.setUp(twofactor.TOTP)
			m.verifyPhone(aliceMobile)
			return twofactor.TOTP
		},
	} {
		for end, gone := range map[string]func(*testing.T, *realm, *member, twofactor.Kind){
			"removed": func(t *testing.T, r *realm, m *member, k twofactor.Kind) {
				m.prove(k)
				require.NoError(t, r.a.Remove(r.ctx(), m.full(), m.grant, m.ids[k]))
			},
			"reset": func(t *testing.T, r *realm, m *member, _ twofactor.Kind) {
				reset := r.node(func(c *twofactor.Config) { c.Policy.Recovery.OnUse = twofactor.ResetFactors })
				_, err := reset.Verify(r.ctx(), m.login(), twofactor.Answer{Code: m.codes[0]})
				require.NoError(t, err)
				require.NoError(t, reset.Drain(r.ctx()))
			},
		} {
			t.Run(name+", "+end, func(t *testing.T) {
				t.Parallel()
				r := newRealm(t, inMemory, managed())
				alice := r.join("alice", "")
				r.clock.Advance(time.Minute)
				kind := set(alice)
				r.clock.Advance(73 * time.Hour)
				require.True(t, alice.status().Phone.Verified)
				before := r.sms(aliceMobile)
				require.NoError(t, r.a.LostDevice(r.ctx(), alice.login(), "5678", twofactor.Client{}))
				r.settle()
				require.Equal(t, before+1, r.sms(aliceMobile))
				gone(t, r, alice, kind)
				require.Nil(t, alice.status().Phone)
			})
		}
	}
}

// A change of the password ends the code that is on its way to a number.
func TestBypass_W37_PhoneCodeEndsWithThePassword(t *testing.T) {
	t.Parallel()
	r, alice := pathUser(t, inMemory)
	_, err := r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
	require.NoError(t, err)
	code := r.read(aliceMobile)
	require.NoError(t, r.a.PasswordChanged(r.ctx(), "alice"))
	alice.prove(twofactor.TOTP)
	_, err = r.a.VerifyPhone(r.ctx(), alice.session, alice.grant, code)
	denied(t, err, twofactor.ReasonNotUsable)
}

// A number that a user typed counts only while the policy has users type it.
func TestBypass_W07_TypedNumberUnderAnotherPolicy(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, managed())
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.TOTP)
	alice.verifyPhone(newMobile)
	r.setProfile("alice", func(p *twofactor.Profile) { p.PhoneSince = realmStart.AddDate(0, -1, 0) })
	r.clock.Advance(73 * time.Hour)
	alice.prove(twofactor.TOTP)
	r.a = r.node(func(c *twofactor.Config) { c.Policy.Numbers = twofactor.NumbersFromProfile })
	typed, profiles := r.sms(newMobile), r.sms(aliceMobile)
	alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS})
	require.Equal(t, profiles+1, r.sms(aliceMobile))
	require.False(t, alice.status().Phone.Verified)
	require.NoError(t, r.a.LostDevice(r.ctx(), alice.login(), newMobile[len(newMobile)-4:], twofactor.Client{}))
	r.settle()
	require.Equal(t, typed, r.sms(newMobile))
	_, err := r.a.VerifyPhone(r.ctx(), alice.session, alice.grant, "000000")
	denied(t, err, twofactor.ReasonPolicy)
}
