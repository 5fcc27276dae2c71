package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Explain says for every kind why it can't be set up now.
func TestExplainKinds(t *testing.T) {
	t.Parallel()
	managed := hosting()
	managed.VerifiedNumbersSuffice = true
	for name, c := range map[string]struct {
		policy twofactor.Policy
		change func(*twofactor.Profile)
		setUp  bool // the app
		want   map[twofactor.Kind]twofactor.Why
	}{
		"app alone": {twofactor.Policy{}, nil, false, map[twofactor.Kind]twofactor.Why{
			twofactor.TOTP: twofactor.WhyNone, twofactor.SMS: twofactor.WhyNotAllowed, twofactor.Email: twofactor.WhyNotAllowed,
		}},
		"one at a time": {hosting(), nil, true, map[twofactor.Kind]twofactor.Why{
			twofactor.TOTP: twofactor.WhyOneAtATime, twofactor.SMS: twofactor.WhyOneAtATime, twofactor.Email: twofactor.WhyNotAllowed,
		}},
		"empty profile": {twofactor.Policy{Kinds: allKinds}, func(p *twofactor.Profile) { p.Email, p.Phone = "", "" }, false, map[twofactor.Kind]twofactor.Why{
			twofactor.TOTP: twofactor.WhyNone, twofactor.SMS: twofactor.WhyNoPhone, twofactor.Email: twofactor.WhyNoEmail,
		}},
		"number not verified": {managed, nil, false, map[twofactor.Kind]twofactor.Why{
			twofactor.TOTP: twofactor.WhyNone, twofactor.SMS: twofactor.WhyUnverified, twofactor.Email: twofactor.WhyNotAllowed,
		}},
		"number verified": {managed, func(p *twofactor.Profile) { p.VerifiedPhones = []string{aliceMobile} }, false, map[twofactor.Kind]twofactor.Why{
			twofactor.TOTP: twofactor.WhyNone, twofactor.SMS: twofactor.WhyNone, twofactor.Email: twofactor.WhyNotAllowed,
		}},
		"numbers from the form": {accessPlatform(), func(p *twofactor.Profile) { p.Phone = "" }, false, map[twofactor.Kind]twofactor.Why{
			twofactor.TOTP: twofactor.WhyNone, twofactor.SMS: twofactor.WhyNone, twofactor.Email: twofactor.WhyNone,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, inMemory, c.policy)
			alice := r.join("alice", aliceMobile)
			if c.setUp {
				alice.setUp(twofactor.TOTP)
			}
			if c.change != nil {
				r.setProfile("alice", c.change)
			}
			e, err := r.a.Explain(r.ctx(), twofactor.SignIn{UserID: "alice"})
			require.NoError(t, err)
			require.Equal(t, c.want, e.Kinds)
		})
	}
}

// Explain and the settings name what the policy still asks for.
func TestExplainMissing(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", "")
	alice.setUp(twofactor.TOTP)
	e, err := r.a.Explain(r.ctx(), twofactor.SignIn{UserID: "alice"})
	require.NoError(t, err)
	require.Equal(t, []twofactor.Kind{twofactor.Email}, e.Missing)
	require.Equal(t, twofactor.Email, alice.status().Next)
}

// A factor of a kind that has no sender any more can't be used, is said to be so,
// and leaves the recovery code as the way in.
func TestNoSenderAnyMore(t *testing.T) {
	t.Parallel()
	r, alice := pathUser(t, inMemory)
	enrollment := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS})
	r.clock.Advance(time.Minute)
	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.TOTP]))
	r.a = r.node(func(c *twofactor.Config) {
		c.Policy = twofactor.Policy{}
		c.Messaging.SMS, c.Messaging.Phones = nil, nil
	})
	login := alice.login()
	page := alice.page(login)
	require.Len(t, page.Methods, 1)
	require.False(t, page.Methods[0].Usable)
	require.True(t, page.Recovery)
	_, err := alice.send(login, twofactor.SMS)
	denied(t, err, twofactor.ReasonNotUsable)
	_, err = r.a.Resend(r.ctx(), alice.session, alice.grant, enrollment.ID, twofactor.Client{})
	denied(t, err, twofactor.ReasonPolicy)
	_, err = r.a.Enrollment(r.ctx(), alice.session, alice.grant, enrollment.ID)
	denied(t, err, twofactor.ReasonPolicy)
	require.Nil(t, alice.status().Phone)
	e, err := r.a.Explain(r.ctx(), twofactor.SignIn{UserID: "alice"})
	require.NoError(t, err)
	require.Equal(t, twofactor.WhyOutdated, e.Why)
	require.Equal(t, twofactor.ReasonNotUsable, e.Methods[0].WhyNot)
	require.Equal(t, []twofactor.Kind{twofactor.TOTP}, e.Missing)
	_, err = alice.verify(login, twofactor.Answer{Code: alice.codes[0]})
	denied(t, err, twofactor.ReasonEnrollmentRequired)
}

// What the app says of a number holds for as long as it says so.
func TestAppsWordIsNotKept(t *testing.T) {
	t.Parallel()
	r, alice := hostingUser(t)
	r.setProfile("alice", func(p *twofactor.Profile) { p.VerifiedPhones = []string{aliceMobile} })
	for range 2 { // set, and set again
		_, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, aliceMobile)
		require.NoError(t, err)
	}
	_, err := r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
	require.NoError(t, err)
	require.True(t, alice.status().Phone.Verified)
	r.setProfile("alice", func(p *twofactor.Profile) { p.VerifiedPhones = nil })
	require.False(t, alice.status().Phone.Verified)
	_, err = r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.SMS})
	denied(t, err, twofactor.ReasonPolicy)
}
