package twofactor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

const aliceMobile = "+61412345678"

// accessUser is a user of product A who has turned 2FA on with an app and with
// mail, and has seen the recovery code.
func accessUser(t *testing.T) (*realm, *member) {
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.Email)
	r.clock.Advance(time.Minute)
	return r, alice
}

func TestScenario_A1_AppSMSAndEmailAreSecondFactors(t *testing.T) {
	t.Parallel()
	for _, kind := range []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, inMemory, accessPlatform())
			alice := r.join("alice", aliceMobile)
			alice.finish(alice.enroll(twofactor.EnrollRequest{Kind: kind, Phone: phoneFor(kind)}))
			r.clock.Advance(time.Minute)
			v := alice.signIn(kind)
			require.Equal(t, twofactor.Proved, v.Basis())
			require.Contains(t, v.AMR(), "mfa")
		})
	}
}

// phoneFor is the number that the user types where a kind needs one.
func phoneFor(k twofactor.Kind) string {
	if k == twofactor.SMS {
		return "0412 345 678"
	}
	return ""
}

func TestScenario_A2_ThePasswordIsEnteredAgainFirst(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", aliceMobile)
	_, err := r.a.Enroll(r.ctx(), alice.session, "", twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
	denied(t, err, twofactor.ReasonGrantRequired)
	alice.grantByPassword()
	alice.setUp(twofactor.TOTP)
}

func TestScenario_A3_TheAppIsRegisteredByScanningOrTyping(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", aliceMobile)
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP})
	scanned := r.scan(e.URI)
	typed := e.URI
	typed.Issuer, typed.Account = "typed", "by hand" // the key is all that counts
	require.Equal(t, r.scan(typed).Code(r.clock.Now()), scanned.Code(r.clock.Now()))

	_, err := r.a.Confirm(r.ctx(), alice.session, alice.grant, e.ID, otherCode(scanned.Code(r.clock.Now()), 1))
	denied(t, err, twofactor.ReasonWrongCode)
	require.Empty(t, alice.status().Methods)
	alice.finish(e)
	require.Len(t, alice.status().Methods, 1)
}

func TestScenario_A4_EmailFollowsAsBackup(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", aliceMobile)
	c := alice.setUp(twofactor.TOTP)
	require.Equal(t, twofactor.Email, c.Next)
	require.Equal(t, twofactor.Email, alice.status().Next)
	c = alice.setUp(twofactor.Email)
	require.Empty(t, c.Next)
	require.Empty(t, alice.status().Next)
}

func TestScenario_A5_TheNumberIsProvenFirst(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", aliceMobile)
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: "0412 345 678"})
	require.Len(t, r.read(aliceMobile), 6)
	require.Empty(t, alice.status().Methods)
	require.IsType(t, (*twofactor.Verified)(nil), alice.begin(), "an unproven number is asked for nothing")
	alice.finish(e)
	require.Equal(t, twofactor.SMS, alice.status().Methods[0].Kind)
}

func TestScenario_A6_TheMailAddressIsTheProfiles(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", aliceMobile)
	_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{
		Kind: twofactor.Email, Phone: "mallory@example.net",
	})
	denied(t, err, twofactor.ReasonPolicy)
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.Email})
	require.Len(t, r.messages(""), 1)
	require.Equal(t, "alice@example.com", r.messages("")[0].To)
	require.Len(t, r.read(alice.email), 6)
	alice.finish(e)
}

func TestScenario_A7_TheRecoveryCodeIsShownOnceAtTheEnd(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", aliceMobile)
	require.Empty(t, alice.setUp(twofactor.TOTP).RecoveryCodes, "the set-up is not complete yet")
	require.Len(t, alice.setUp(twofactor.Email).RecoveryCodes, 1)
	require.Empty(t, alice.finish(alice.enroll(twofactor.EnrollRequest{
		Kind: twofactor.SMS, Phone: aliceMobile,
	})).RecoveryCodes, "it was the first set-up's")
	require.Equal(t, 1, alice.status().RecoveryLeft)
}

func TestScenario_A8_TheConfirmationNamesTheMethod(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, accessPlatform())
	alice := r.join("alice", aliceMobile)
	require.Equal(t, twofactor.TOTP, alice.setUp(twofactor.TOTP).Method.Kind)
	m := alice.setUp(twofactor.Email).Method
	require.Equal(t, twofactor.Email, m.Kind)
	require.Equal(t, "a•••@e•••.com", m.Hint)
}

func TestScenario_A9_EverySignInAsksForTheCode(t *testing.T) {
	t.Parallel()
	_, alice := accessUser(t)
	for range 3 {
		alice.signIn(twofactor.TOTP)
	}
	require.IsType(t, (*twofactor.Pending)(nil), alice.begin())
}

func TestScenario_A10_ResendKillsTheOldCode(t *testing.T) {
	t.Parallel()
	r, alice := accessUser(t)
	alice.finish(alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: aliceMobile}))
	r.clock.Advance(time.Minute)
	login := alice.login()
	first := alice.sent(login, twofactor.SMS)
	r.clock.Advance(30 * time.Second)
	second := alice.sent(login, twofactor.SMS)
	no := denied(t, alice.answer(login, first), twofactor.ReasonSuperseded)
	require.Equal(t, r.clock.Now(), no.SentAt)
	require.NoError(t, alice.answer(login, second))

	login = alice.login()
	alice.sent(login, twofactor.SMS)
	_, err := alice.verify(login, twofactor.Answer{Code: alice.codes[0]})
	require.NoError(t, err, "or the recovery code instead")
}

func TestScenario_A11_TheRecoveryCodeResets(t *testing.T) {
	t.Parallel()
	r, alice := accessUser(t)
	old := alice.codes[0]
	v, err := alice.verify(alice.login(), twofactor.Answer{Code: old})
	require.NoError(t, err)
	require.True(t, v.Made().Recovery.Reset)
	require.IsType(t, (*twofactor.Verified)(nil), alice.begin(), "2FA is off, and nothing is forced")

	require.NotNil(t, v.Made().Grant)
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.Email)
	require.NotEqual(t, old, alice.codes[0])
	r.clock.Advance(time.Minute)
	denied(t, alice.answer(alice.login(), old), twofactor.ReasonWrongCode)
}

func TestScenario_A12_EachMethodCanBeRemovedButEmail(t *testing.T) {
	t.Parallel()
	r, alice := accessUser(t)
	for _, m := range alice.status().Methods {
		require.Equal(t, m.Kind != twofactor.Email, m.Removable, m.Kind)
	}
	denied(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.Email]), twofactor.ReasonPolicy)
	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.TOTP]))
	require.Len(t, alice.status().Methods, 1)
	alice.signIn(twofactor.Email)
}

func TestScenario_A13_OffAndOnWithoutRegisteringAnew(t *testing.T) {
	t.Parallel()
	r, alice := accessUser(t)
	require.NoError(t, r.a.SwitchOff(r.ctx(), alice.full(), alice.grant))
	require.False(t, alice.status().Enabled)
	o := alice.begin()
	require.IsType(t, (*twofactor.Verified)(nil), o)
	require.Equal(t, twofactor.SwitchedOff, o.(*twofactor.Verified).Basis())

	alice.prove(twofactor.TOTP)
	require.NoError(t, r.a.SwitchOn(r.ctx(), alice.full(), alice.grant))
	require.Len(t, alice.status().Methods, 2)
	alice.signIn(twofactor.TOTP)
}

func TestScenario_A14_AllThreeAtOnceAndAChoice(t *testing.T) {
	t.Parallel()
	r, alice := accessUser(t)
	alice.finish(alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: aliceMobile}))
	r.clock.Advance(time.Minute)
	page := alice.page(alice.login())
	var kinds []string
	for _, m := range page.Methods {
		kinds = append(kinds, string(m.Kind))
	}
	require.Equal(t, "totp email sms", strings.Join(kinds, " "))
	for _, kind := range []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email} {
		alice.signIn(kind)
	}
}
