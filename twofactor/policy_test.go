package twofactor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// contradictions are policies that New refuses, and what it says of them.
var contradictions = map[string]twofactor.Policy{
	`"fax" is no kind of second factor`: {Kinds: []twofactor.Kind{"fax"}},
	`kind "sms" is there twice`:         {Kinds: []twofactor.Kind{twofactor.SMS, twofactor.SMS}},
	"email must stay as backup, but email is not an allowed kind": {
		Backup: twofactor.Email,
	},
	"totp must stay as backup, but only one method is allowed at a time": {
		Backup: twofactor.TOTP, OneAtATime: true,
	},
	"a window is set for totp, but totp is not an allowed kind": {
		Kinds: []twofactor.Kind{twofactor.SMS}, TOTPWindow: new(totp.Window{Back: 1}),
	},
	"verified numbers suffice, but sms is not an allowed kind": {VerifiedNumbersSuffice: true},
	"verified numbers suffice, but numbers come from the form": {
		Kinds: []twofactor.Kind{twofactor.SMS}, VerifiedNumbersSuffice: true, Numbers: twofactor.NumbersFromForm,
	},
	`"fax" is no source of numbers`:                           {Numbers: "fax"},
	"numbers come from somewhere, but nothing is sent by sms": {Numbers: twofactor.NumbersFromForm},
	"a lost device needs the number of the profile, but numbers come from the form": {
		Kinds: []twofactor.Kind{twofactor.SMS}, LostDevice: true, Numbers: twofactor.NumbersFromForm,
	},
	"codes by sms have a life, but none are sent":  {SMSLife: time.Minute},
	"codes by mail have a life, but none are sent": {EmailLife: time.Minute},
	"codes have a length, but none are sent":       {Digits: 8},
	"codes by message have 6 to 10 digits":         {Kinds: []twofactor.Kind{twofactor.SMS}, Digits: 5},
	"a code by message is good for 30 seconds to 10m0s": {
		Kinds: []twofactor.Kind{twofactor.SMS}, SMSLife: 10*time.Minute + time.Second,
	},
	"codes are sent unasked, but no kind is one by message": {SendUnasked: true},
	"no kind may make a device trusted, but something is said about trusted devices": {
		Trust: twofactor.TrustPolicy{Automatic: true},
	},
	"sms may make a device trusted, but sms is not an allowed kind": {
		Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.SMS}},
	},
	"totp is there twice among the kinds that make a device trusted": {
		Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.TOTP}},
	},
	"trust in a device lasts from a minute to 9600h0m0s": {
		Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Life: 401 * 24 * time.Hour},
	},
	"a user has 1 to 20 trusted devices": {
		Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Max: 21},
	},
	"there are no recovery codes, but something is said about them": {
		Recovery: twofactor.RecoveryPolicy{None: true, Codes: 1},
	},
	"a set has 1 to 16 recovery codes":                    {Recovery: twofactor.RecoveryPolicy{Codes: 17}},
	`"burn" is nothing that using a recovery code can do`: {Recovery: twofactor.RecoveryPolicy{OnUse: "burn"}},
	"the low-water mark is not within the set":            {Recovery: twofactor.RecoveryPolicy{Codes: 2, Low: 3}},
	"a recovered session can only enroll, but there is no way of recovery": {
		RecoveredEnrollOnly: true, Recovery: twofactor.RecoveryPolicy{None: true},
	},
	`"spam" is nothing that email can be for`: {EmailPurpose: "spam"},
	"email is for recovery only, but email is not an allowed kind": {
		EmailPurpose: twofactor.EmailRecoveryOnly,
	},
	"email is for recovery only, but no other kind is allowed": {
		Kinds: []twofactor.Kind{twofactor.Email}, EmailPurpose: twofactor.EmailRecoveryOnly,
	},
	"email is for recovery only, but may make a device trusted": {
		Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}, EmailPurpose: twofactor.EmailRecoveryOnly,
		Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.Email}},
	},
	"MaxFailures is negative":                        {MaxFailures: -1},
	"EnrollmentLife is not between 1 and 15 minutes": {EnrollmentLife: time.Hour},
}

// A policy that contradicts itself is refused, and told which two things don't go
// together.
func TestPolicyContradictions(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, everyPath())
	for want, p := range contradictions {
		cfg := r.config
		cfg.Policy = p
		_, err := twofactor.New(cfg)
		require.EqualError(t, err, "twofactor: Config.Policy: "+want)
		require.Empty(t, p.Warnings())
	}
}

// Each product's policy is told what is risky about it, and the strict one
// nothing.
func TestPolicyWarnings(t *testing.T) {
	t.Parallel()
	require.Empty(t, twofactor.Strict().Warnings())
	for name, product := range map[string]struct {
		policy twofactor.Policy
		want   []string
	}{
		"access platform": {accessPlatform(), []string{"same mailbox", "removes the second factors", "nobody has to"}},
		"crm":             {crm(), []string{"four digits", "trusted device stands in", "nobody has to"}},
		"hosting":         {hosting(), []string{"someone else has verified", "nobody has to"}},
		"two-step":        {twoStep(), []string{"more than 30 days", "without the user's asking", "nobody has to"}},
		"SMS alone":       {twofactor.Policy{Kinds: []twofactor.Kind{twofactor.SMS}}, []string{"SMS is the only"}},
		"mail alone":      {twofactor.Policy{Kinds: []twofactor.Kind{twofactor.Email}}, []string{"mail is the only", "same mailbox"}},
		"no way back": {
			twofactor.Policy{Recovery: twofactor.RecoveryPolicy{None: true}}, []string{"no way back in but an administrator"},
		},
		"quick to disable": {twofactor.Policy{MaxFailures: 3}, []string{"a few slips disable a factor"}},
		"wide window":      {twofactor.Policy{TOTPWindow: &totp.Window{Back: 2, Ahead: 1}}, []string{"more than 90 seconds"}},
		"trust by SMS": {
			twofactor.Policy{
				Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS},
				Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.SMS}},
			}, []string{"reads one message once"},
		},
	} {
		all := strings.Join(product.policy.Warnings(), "\n")
		for _, want := range product.want {
			require.Contains(t, all, want, name)
		}
	}
	recovery := twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}, EmailPurpose: twofactor.EmailRecoveryOnly,
	}
	require.NotContains(t, strings.Join(recovery.Warnings(), "\n"), "mailbox")
}

// The strict policy, from set-up to recovery.
func TestStrictPolicy(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Strict())
	alice := &member{r: r, id: "alice", email: "alice@example.com", ids: make(map[twofactor.Kind]string)}
	r.setProfile("alice", func(p *twofactor.Profile) { p.Email = alice.email })
	alice.session = alice.begin().(*twofactor.EnrollmentOnly) // required
	alice.grantByPassword()
	for _, kind := range []twofactor.Kind{twofactor.SMS, twofactor.Email} {
		_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: kind})
		denied(t, err, twofactor.ReasonPolicy)
	}
	alice.setUp(twofactor.TOTP)
	denied(t, r.a.SwitchOff(r.ctx(), alice.full(), alice.grant), twofactor.ReasonPolicy)
	denied(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.TOTP]), twofactor.ReasonPolicy)

	v, err := alice.verify(alice.login(), twofactor.Answer{Code: alice.appCode(), RememberDevice: true})
	require.NoError(t, err)
	require.Nil(t, v.Made().Device)
	late := alice.appCode()
	r.clock.Advance(30 * time.Second)
	denied(t, alice.answer(alice.login(), late), twofactor.ReasonWrongCode, "30 seconds and no more")

	_, err = alice.verify(alice.login(), twofactor.Answer{Code: alice.codes[0]})
	no := denied(t, err, twofactor.ReasonEnrollmentRequired)
	require.Len(t, no.Enrollment.Made().Recovery.Codes, 10, "a new set is issued")
}

// With mail for recovery only, an address is set up beside a second factor, is
// never one, and brings its owner back in like a recovery code.
func TestEmailForRecoveryOnly(t *testing.T) {
	t.Parallel()
	policy := twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}, EmailPurpose: twofactor.EmailRecoveryOnly,
	}
	r := newRealm(t, inMemory, policy)
	alice := r.join("alice", "")
	_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.Email})
	denied(t, err, twofactor.ReasonPolicy, "there is nothing to come back to")
	e, err := r.a.Explain(r.ctx(), twofactor.SignIn{UserID: "alice"})
	require.NoError(t, err)
	require.Equal(t, twofactor.WhyNotEnrolled, e.Kinds[twofactor.Email])

	alice.setUp(twofactor.TOTP)
	require.Nil(t, alice.setUp(twofactor.Email).Session, "the session rests on what it did before")
	r.clock.Advance(time.Minute)
	login := alice.login()
	page := alice.page(login)
	require.Equal(t, alice.ids[twofactor.TOTP], page.Preferred)
	require.Len(t, page.Methods, 2)
	require.False(t, page.Methods[0].Recovery)
	require.True(t, page.Methods[1].Recovery)

	_, err = r.a.SendForGrant(r.ctx(), alice.session, alice.ids[twofactor.Email], twofactor.Client{})
	denied(t, err, twofactor.ReasonNotUsable, "it is no fresh proof")

	v, err := alice.verify(login, twofactor.Answer{Code: alice.sent(login, twofactor.Email)})
	require.NoError(t, err)
	require.True(t, v.Recovered())
	require.NotContains(t, v.AMR(), "mfa")
	require.NotNil(t, v.Made().Grant)
	require.False(t, v.Fresh(r.clock.Now(), time.Hour))
	require.Contains(t, r.notices(alice.email), mailUsed)

	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.TOTP]))
	require.Empty(t, alice.status().Methods, "an address alone would be a second password reset")
	require.IsType(t, (*twofactor.Verified)(nil), alice.begin())
}

// Under a policy that takes mail as a factor no more, an address still asks for
// its code, and leads to setting up another factor.
func TestEmailForRecoveryOnlyFromNowOn(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}})
	alice := r.join("alice", "")
	alice.setUp(twofactor.Email)
	r.clock.Advance(time.Minute)
	r.a = r.node(func(c *twofactor.Config) { c.Policy.EmailPurpose = twofactor.EmailRecoveryOnly })
	login := alice.login()
	require.False(t, alice.page(login).Methods[0].Recovery)
	_, err := alice.verify(login, twofactor.Answer{Code: alice.sent(login, twofactor.Email)})
	denied(t, err, twofactor.ReasonEnrollmentRequired)
}
