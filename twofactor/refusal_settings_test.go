package twofactor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Each way in which a change of the settings is refused, and that nothing comes of
// it.
func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	everything := func() twofactor.Policy {
		p := everyPath()
		p.Numbers = twofactor.NumbersManaged
		return p
	}
	for name, c := range map[string]struct {
		policy twofactor.Policy
		why    twofactor.Reason
		ask    func(r *realm, alice *member) error
	}{
		"a number where the profile's counts": {twofactor.Policy{}, twofactor.ReasonPolicy, func(r *realm, alice *member) error {
			_, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, aliceMobile)
			return err
		}},
		"a code to a number where the profile's counts": {twofactor.Policy{}, twofactor.ReasonPolicy, func(r *realm, alice *member) error {
			_, err := r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
			return err
		}},
		"a number taken away where the profile's counts": {twofactor.Policy{}, twofactor.ReasonPolicy, func(r *realm, alice *member) error {
			return r.a.DeletePhone(r.ctx(), alice.session, alice.grant)
		}},
		"a code to a number without a grant": {everything(), twofactor.ReasonGrantRequired, func(r *realm, alice *member) error {
			_, err := r.a.SendPhoneCode(r.ctx(), alice.session, "", twofactor.Client{})
			return err
		}},
		"a number proven that nobody set": {everything(), twofactor.ReasonNotUsable, func(r *realm, alice *member) error {
			_, err := r.a.VerifyPhone(r.ctx(), alice.session, alice.grant, "123456")
			return err
		}},
		"a number proven that no code was sent to": {everything(), twofactor.ReasonNotUsable, func(r *realm, alice *member) error {
			_, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, mobile(1, 1))
			require.NoError(r.t, err)
			_, err = r.a.VerifyPhone(r.ctx(), alice.session, alice.grant, "123456")
			return err
		}},
		"a number proven by what is no code": {everything(), twofactor.ReasonMalformedCode, func(r *realm, alice *member) error {
			_, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, mobile(1, 1))
			require.NoError(r.t, err)
			_, err = r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
			require.NoError(r.t, err)
			for range 6 { // which is free
				_, err = r.a.VerifyPhone(r.ctx(), alice.session, alice.grant, "1234567")
				denied(r.t, err, twofactor.ReasonMalformedCode)
			}
			return err
		}},
		"a number taken away that a factor uses": {everything(), twofactor.ReasonPolicy, func(r *realm, alice *member) error {
			alice.setUp(twofactor.SMS)
			return r.a.DeletePhone(r.ctx(), alice.session, alice.grant)
		}},
		"an address that the profile doesn't have": {everything(), twofactor.ReasonNotUsable, func(r *realm, alice *member) error {
			r.setProfile("alice", func(p *twofactor.Profile) { p.Email = "" })
			_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.Email})
			return err
		}},
		"an app in the place of a number": {everything(), twofactor.ReasonNotUsable, func(r *realm, alice *member) error {
			_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{
				Kind: twofactor.TOTP, Account: "alice", Replaces: alice.setUp(twofactor.SMS).Method.ID,
			})
			return err
		}},
		"an eleventh factor": {twofactor.Policy{}, twofactor.ReasonPolicy, func(r *realm, alice *member) error {
			for range 9 {
				alice.setUp(twofactor.TOTP)
			}
			_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
			return err
		}},
		"a code for an app": {everything(), twofactor.ReasonNotUsable, func(r *realm, alice *member) error {
			e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP})
			_, err := r.a.Resend(r.ctx(), alice.session, alice.grant, e.ID, twofactor.Client{})
			return err
		}},
		"a code for an enrollment that isn't there": {everything(), twofactor.ReasonExpired, func(r *realm, alice *member) error {
			_, err := r.a.Resend(r.ctx(), alice.session, alice.grant, "x", twofactor.Client{})
			return err
		}},
		"a code for an enrollment without a grant": {everything(), twofactor.ReasonGrantRequired, func(r *realm, alice *member) error {
			e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.Email})
			r.clock.Advance(time.Minute)
			_, err := r.a.Resend(r.ctx(), alice.session, "", e.ID, twofactor.Client{})
			return err
		}},
		"an enrollment proven that no code was sent for": {everything(), twofactor.ReasonNotUsable, func(r *realm, alice *member) error {
			r.onSend(notSent)
			e, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.Email})
			denied(r.t, err, twofactor.ReasonSendFailed)
			for range 6 { // which is free
				_, err = r.a.Confirm(r.ctx(), alice.session, alice.grant, e.ID, "123456")
				denied(r.t, err, twofactor.ReasonNotUsable)
			}
			return err
		}},
		"recovery codes where there are none": {
			twofactor.Policy{Recovery: twofactor.RecoveryPolicy{None: true}}, twofactor.ReasonPolicy,
			func(r *realm, alice *member) error {
				_, err := r.a.NewRecoveryCodes(r.ctx(), alice.full(), alice.grant)
				return err
			},
		},
		"a device that isn't there": {everything(), twofactor.ReasonNotUsable, func(r *realm, alice *member) error {
			return r.a.RevokeDevice(r.ctx(), alice.full(), alice.grant, "x")
		}},
		"what nobody asks for": {everything(), twofactor.ReasonLoginEnded, func(r *realm, alice *member) error {
			return r.a.SwitchOff(r.ctx(), new(twofactor.Verified), alice.grant)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, inMemory, c.policy)
			alice := r.join("alice", "0412 345 678")
			alice.mobile = aliceMobile
			alice.setUp(twofactor.TOTP)
			denied(t, c.ask(r, alice), c.why)
			require.True(t, alice.status().Enabled)
		})
	}
}

// A mail address is one that mail can go to, and the error doesn't repeat it.
func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 180) + ".example.com"
	for _, address := range []string{long, "\xff@example.com", "Alice <alice@example.com>", "alice", "a@example.com\nBcc: b@example.com"} {
		r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.Email}})
		alice := r.join("alice", "")
		r.setProfile("alice", func(p *twofactor.Profile) { p.Email = address })
		_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.Email})
		typo, ok := errors.AsType[*twofactor.InputError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "email", typo.Field)
		require.ErrorIs(t, err, typo.Err)
		require.NotContains(t, err.Error(), address)
		require.Empty(t, r.messages(""))
	}
}

// An enrollment can't be proven any more where its kind has lost its sender.
func TestEnrollmentWithoutItsSender(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}})
	alice := r.join("alice", "")
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.Email})
	r.a = r.node(with(twofactor.Policy{}), func(c *twofactor.Config) { c.Messaging = twofactor.Messaging{} })
	_, err := r.a.Confirm(r.ctx(), alice.session, alice.grant, e.ID, r.read(alice.email))
	denied(t, err, twofactor.ReasonPolicy)
	_, err = r.a.Enrollment(r.ctx(), alice.session, alice.grant, e.ID)
	denied(t, err, twofactor.ReasonPolicy)
	_, err = r.a.Resend(r.ctx(), alice.session, alice.grant, e.ID, twofactor.Client{})
	denied(t, err, twofactor.ReasonPolicy)
	require.Empty(t, alice.status().Methods)
}

// A service that lacks what its policy needs doesn't start.
func TestMessagingThatIsMissing(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{})
	all := r.config.Messaging
	for want, c := range map[string]struct {
		kind   twofactor.Kind
		change func(*twofactor.Messaging)
	}{
		"a sender for SMS is required by the policy":                   {twofactor.SMS, func(m *twofactor.Messaging) { m.SMS = nil }},
		"a sender for mail is required by the policy":                  {twofactor.Email, func(m *twofactor.Messaging) { m.Email = nil }},
		"the field Phones is required to send anything by SMS":         {twofactor.SMS, func(m *twofactor.Messaging) { m.Phones = nil }},
		"the fields Texts and Directory are required to send anything": {twofactor.Email, func(m *twofactor.Messaging) { m.Texts = nil }},
		"the field Countries is required to send codes by SMS":         {twofactor.SMS, func(m *twofactor.Messaging) { m.Countries = nil }},
		"twofactor: GuardConfig.Countries: a country is":               {twofactor.SMS, func(m *twofactor.Messaging) { m.Countries = []string{"Australia"} }},
	} {
		cfg := r.config
		cfg.Messaging, cfg.Policy = all, twofactor.Policy{Kinds: []twofactor.Kind{c.kind}}
		c.change(&cfg.Messaging)
		_, err := twofactor.New(cfg)
		require.ErrorContains(t, err, want)
	}
}
