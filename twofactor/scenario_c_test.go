package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// hostingUser is a user of product C with a session and no number yet.
func hostingUser(t *testing.T) (*realm, *member) {
	r := newRealm(t, inMemory, hosting())
	alice := r.join("alice", "")
	alice.mobile = aliceMobile
	return r, alice
}

// verifyPhone saves a number and proves it.
func (m *member) verifyPhone(number string) {
	m.r.t.Helper()
	p, err := m.r.a.SetPhone(m.r.ctx(), m.session, m.grant, number)
	require.NoError(m.r.t, err)
	m.mobile = p.Number
	_, err = m.r.a.SendPhoneCode(m.r.ctx(), m.session, m.grant, twofactor.Client{})
	require.NoError(m.r.t, err)
	_, err = m.r.a.VerifyPhone(m.r.ctx(), m.session, m.grant, m.r.read(p.Number))
	require.NoError(m.r.t, err)
}

func TestScenario_C1_OneMethodAtATime(t *testing.T) {
	t.Parallel()
	r, alice := hostingUser(t)
	alice.verifyPhone("0412 345 678")
	done := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS}).Done
	alice.took(done)
	_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
	denied(t, err, twofactor.ReasonPolicy)
	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, done.Method.ID))
	alice.setUp(twofactor.TOTP)
	require.Len(t, alice.status().Methods, 1)
}

func TestScenario_C2_SaveVerifyEnable(t *testing.T) {
	t.Parallel()
	r, alice := hostingUser(t)
	enable := func() error {
		_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.SMS})
		return err
	}
	denied(t, enable(), twofactor.ReasonNotUsable, "there is no number")
	p, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, "0412 345 678")
	require.NoError(t, err)
	require.Equal(t, aliceMobile, p.Number, "shown back before anything is sent")
	require.False(t, p.Verified)
	denied(t, enable(), twofactor.ReasonPolicy, "it is not verified")
	_, err = r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
	require.NoError(t, err)
	_, err = r.a.VerifyPhone(r.ctx(), alice.session, alice.grant, r.read(aliceMobile))
	require.NoError(t, err)
	require.False(t, alice.status().Enabled, "verified is not enabled")
	require.NoError(t, enable())
	require.True(t, alice.status().Enabled)
}

func TestScenario_C3_TheNumberIsChangedAndDeleted(t *testing.T) {
	t.Parallel()
	r, alice := hostingUser(t)
	alice.verifyPhone(aliceMobile)
	require.True(t, alice.status().Phone.Verified)
	p, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, "0498 765 432")
	require.NoError(t, err)
	require.False(t, p.Verified)
	require.False(t, alice.status().Phone.Verified)
	require.NoError(t, r.a.DeletePhone(r.ctx(), alice.session, alice.grant))
	require.Nil(t, alice.status().Phone)
}

func TestScenario_C4_ANumberThatAPersonOfTheAccountHasVerified(t *testing.T) {
	t.Parallel()
	r, alice := hostingUser(t)
	r.setProfile("alice", func(p *twofactor.Profile) { p.VerifiedPhones = []string{"+61412000111"} })
	p, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, "0412 000 111")
	require.NoError(t, err)
	require.True(t, p.Verified, "the app says so")
	done := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS}).Done
	require.NotNil(t, done, "enabled at once")
	require.Empty(t, r.messages("+61412000111"))
}

func TestScenario_C5_TheAppIsActiveOnlyAfterItsCode(t *testing.T) {
	t.Parallel()
	_, alice := hostingUser(t)
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP})
	require.False(t, alice.status().Enabled)
	alice.finish(e)
	require.True(t, alice.status().Enabled)
}

func TestScenario_C6_EverySignInAsks(t *testing.T) {
	t.Parallel()
	r, alice := hostingUser(t)
	alice.setUp(twofactor.TOTP)
	r.clock.Advance(time.Minute)
	for range 3 {
		alice.signIn(twofactor.TOTP)
	}
}

func TestScenario_C7_TheCodeGoesOutByItself(t *testing.T) {
	t.Parallel()
	r, alice := hostingUser(t)
	alice.verifyPhone(aliceMobile)
	alice.took(alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS}).Done)
	before := r.sms(aliceMobile)

	pending := alice.begin().(*twofactor.Pending)
	require.Equal(t, before, r.sms(aliceMobile), "the password alone sends nothing")
	now := pending.Login().SendNow
	require.Equal(t, alice.ids[twofactor.SMS], now)
	_, err := r.a.Send(r.ctx(), pending.Token(), now, twofactor.Client{})
	require.NoError(t, err)
	require.Equal(t, before+1, r.sms(aliceMobile))
	require.Empty(t, alice.page(pending.Token()).SendNow, "reloading the page sends no second one")
	require.NoError(t, alice.answer(pending.Token(), r.read(aliceMobile)))
}
