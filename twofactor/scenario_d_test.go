package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// twoStepUser is a user of product D with an app and backup codes.
func twoStepUser(t *testing.T) (*realm, *member) {
	r := newRealm(t, inMemory, twoStep())
	alice := r.join("alice", "")
	alice.setUp(twofactor.TOTP)
	r.clock.Advance(time.Minute)
	return r, alice
}

func TestScenario_D1_AnyStandardApp(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twoStep())
	alice := r.join("alice", "")
	for _, kind := range []twofactor.Kind{twofactor.SMS, twofactor.Email} {
		_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: kind})
		denied(t, err, twofactor.ReasonPolicy)
	}
	alice.setUp(twofactor.TOTP) // by another library's codes
	first := alice.appCode()
	require.Len(t, first, 6)
	require.NotEqual(t, first, alice.appCode(), "a new one every 30 seconds")
}

func TestScenario_D2_TheDeviceIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	trusted := func(t *testing.T) (*realm, *member) {
		r, alice := twoStepUser(t)
		alice.signIn(twofactor.TOTP) // nothing is ticked
		require.NotEmpty(t, alice.device)
		return r, alice
	}
	t.Run("for as long as browsers keep a cookie", func(t *testing.T) {
		t.Parallel()
		r, alice := trusted(t)
		r.clock.Advance(399 * 24 * time.Hour)
		require.IsType(t, (*twofactor.Verified)(nil), alice.begin())
	})
	t.Run("until sign-out", func(t *testing.T) {
		t.Parallel()
		r, alice := trusted(t)
		require.NoError(t, r.a.SignedOut(r.ctx(), alice.session, alice.device))
		require.IsType(t, (*twofactor.Pending)(nil), alice.begin())
	})
	t.Run("until it is erased", func(t *testing.T) {
		t.Parallel()
		_, alice := trusted(t)
		alice.device = ""
		require.IsType(t, (*twofactor.Pending)(nil), alice.begin())
	})
	t.Run("until the password changes", func(t *testing.T) {
		t.Parallel()
		r, alice := trusted(t)
		require.NoError(t, r.a.PasswordChanged(r.ctx(), "alice"))
		require.IsType(t, (*twofactor.Pending)(nil), alice.begin())
	})
}

func TestScenario_D3_BackupCodesOnceEach(t *testing.T) {
	t.Parallel()
	_, alice := twoStepUser(t)
	require.Len(t, alice.codes, 10)
	for i, code := range alice.codes[:3] {
		require.NoError(t, alice.answer(alice.login(), code))
		require.Equal(t, 9-i, alice.status().RecoveryLeft)
		denied(t, alice.answer(alice.login(), code), twofactor.ReasonAlreadyUsed)
	}
}

func TestScenario_D4_TheKeyIsNeverShownAgain(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twoStep())
	alice := r.join("alice", "")
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP})
	alice.finish(e)
	_, err := r.a.Enrollment(r.ctx(), alice.session, alice.grant, e.ID)
	denied(t, err, twofactor.ReasonExpired)
	next := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP, Replaces: alice.ids[twofactor.TOTP]})
	require.NotEqual(t, e.URI.Key.Secret.Bytes(), next.URI.Key.Secret.Bytes(), "setting up anew makes a new one")
	old := alice.app
	alice.finish(next)
	r.clock.Advance(time.Minute)
	denied(t, alice.answer(alice.login(), old.Code(r.clock.Now())), twofactor.ReasonWrongCode)
}
