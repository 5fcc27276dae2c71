package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// crmUser is a user of product B with an app, whose number has stood for long.
func crmUser(t *testing.T) (*realm, *member) {
	r := newRealm(t, inMemory, crm())
	alice := r.join("alice", aliceMobile)
	r.setProfile("alice", func(p *twofactor.Profile) {
		p.Phone, p.PhoneSince = "0412345678", realmStart.AddDate(0, -1, 0)
		p.VerifiedPhones = []string{aliceMobile}
	})
	alice.setUp(twofactor.TOTP)
	r.clock.Advance(time.Minute)
	return r, alice
}

func TestScenario_B1_SMSGoesToTheProfilesNumber(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, crm())
	bob := r.join("bob", aliceMobile)
	require.Equal(t, []twofactor.Kind{twofactor.TOTP, twofactor.SMS}, bob.status().Kinds, "the app comes first")
	_, err := r.a.Enroll(r.ctx(), bob.session, bob.grant, twofactor.EnrollRequest{
		Kind: twofactor.SMS, Phone: "+61498765432",
	})
	denied(t, err, twofactor.ReasonPolicy)
	require.Empty(t, r.messages(""), "nothing goes to a number that was typed")
	bob.setUp(twofactor.SMS)
	require.Len(t, r.read(aliceMobile), 6)
}

func TestScenario_B2_OneQRCodeForSeveralPhones(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, crm())
	alice, bob := r.join("alice", aliceMobile), r.join("bob", "+61498765432")
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP})
	again, err := r.a.Enrollment(r.ctx(), alice.session, alice.grant, e.ID)
	require.NoError(t, err)
	now := r.clock.Now()
	require.Equal(t, r.scan(e.URI).Code(now), r.scan(again.URI).Code(now), "the same screen, scanned twice")
	other := bob.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP})
	require.NotEqual(t, e.URI.Key.Secret.Bytes(), other.URI.Key.Secret.Bytes(), "each account has its own")
}

func TestScenario_B3_TheCurrentCodeTurnsItOn(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, crm())
	alice := r.join("alice", aliceMobile)
	require.False(t, alice.status().Enabled)
	alice.setUp(twofactor.TOTP)
	require.True(t, alice.status().Enabled)
}

func TestScenario_B4_TheNextSignInAsks(t *testing.T) {
	t.Parallel()
	_, alice := crmUser(t)
	require.IsType(t, (*twofactor.Pending)(nil), alice.begin())
	alice.signIn(twofactor.TOTP)
}

func TestScenario_B5_OnlyTheAppRemembersADevice(t *testing.T) {
	t.Parallel()
	r, alice := crmUser(t)
	alice.setUp(twofactor.SMS)
	r.clock.Advance(time.Minute)
	login := alice.login()
	page := alice.page(login)
	require.True(t, page.Remember)
	for _, m := range page.Methods {
		require.Equal(t, m.Kind == twofactor.TOTP, m.Remember)
	}
	v, err := alice.verify(login, twofactor.Answer{
		Method: alice.ids[twofactor.SMS], Code: alice.sent(login, twofactor.SMS), RememberDevice: true,
	})
	require.NoError(t, err)
	require.Nil(t, v.Made().Device, "never for SMS")

	v, err = alice.verify(alice.login(), twofactor.Answer{
		Method: alice.ids[twofactor.TOTP], Code: alice.appCode(), RememberDevice: true,
	})
	require.NoError(t, err)
	require.WithinDuration(t, r.clock.Now().Add(30*24*time.Hour), v.Made().Device.Expires, 0)
	o := alice.begin()
	require.IsType(t, (*twofactor.Verified)(nil), o)
	require.Equal(t, twofactor.TrustedDevice, o.(*twofactor.Verified).Basis())
	r.clock.Advance(30 * 24 * time.Hour)
	require.IsType(t, (*twofactor.Pending)(nil), alice.begin(), "30 days, however often it was used")
}

func TestScenario_B6_TheLastFourDigitsBringACode(t *testing.T) {
	t.Parallel()
	r, alice := crmUser(t)
	login := alice.login()
	require.True(t, alice.page(login).LostDevice)
	require.NoError(t, r.a.LostDevice(r.ctx(), login, "5678", twofactor.Client{}))
	r.settle()
	v, err := alice.verify(login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: r.read(aliceMobile)})
	require.NoError(t, err)
	require.True(t, v.Recovered())
}

func TestScenario_B7_ThenTheAppIsReplaced(t *testing.T) {
	t.Parallel()
	r, alice := crmUser(t)
	login := alice.login()
	require.NoError(t, r.a.LostDevice(r.ctx(), login, "5678", twofactor.Client{}))
	r.settle()
	_, err := alice.verify(login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: r.read(aliceMobile)})
	require.NoError(t, err)
	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.TOTP]))
	old := alice.app
	alice.setUp(twofactor.TOTP)
	r.clock.Advance(time.Minute)
	denied(t, alice.answer(alice.login(), old.Code(r.clock.Now())), twofactor.ReasonWrongCode)
	alice.signIn(twofactor.TOTP)
}

func TestScenario_B8_TheActivationCodeLivesOneMinute(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, crm())
	alice := r.join("alice", aliceMobile)
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS})
	require.Equal(t, 1, r.sms(aliceMobile), "choosing SMS sends at once")
	require.Equal(t, r.clock.Now().Add(time.Minute), e.Sent.Expires)
	late := r.read(aliceMobile)
	r.clock.Advance(time.Minute + time.Millisecond)
	_, err := r.a.Confirm(r.ctx(), alice.session, alice.grant, e.ID, late)
	denied(t, err, twofactor.ReasonExpired)

	again := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS})
	require.Equal(t, 2, r.sms(aliceMobile), "choosing it again sends a new one")
	r.clock.Advance(time.Minute) // the last moment
	alice.finish(again)
}

func TestScenario_B9_NumbersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"0412345678", "0412 345 678", "+61 412 345 678", "61412345678"} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, inMemory, crm())
			alice := r.join("alice", number)
			e, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.SMS})
			require.NoError(t, err)
			require.Equal(t, 1, r.sms(aliceMobile))
			require.NotContains(t, e.Hint, "5678")
		})
	}
	r := newRealm(t, inMemory, crm())
	alice := r.join("alice", "0412 34")
	_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.SMS})
	var input *twofactor.InputError
	require.ErrorAs(t, err, &input)
	require.Equal(t, "phone", input.Field)
	require.Equal(t, "twofactor: phone: phone: number is too short", err.Error())
	require.Empty(t, r.messages(""), "before anything is sent")
}

func TestScenario_B10_TheSettingsSayWhich(t *testing.T) {
	t.Parallel()
	_, alice := crmUser(t)
	s := alice.status()
	require.True(t, s.Enabled)
	require.Equal(t, twofactor.TOTP, s.Methods[0].Kind)
}

func TestScenario_B11_SupportResets(t *testing.T) {
	t.Parallel()
	r, alice := crmUser(t)
	admin := r.join("admin", "+61498765432")
	v := admin.setUp(twofactor.TOTP).Session
	require.NoError(t, r.a.Reset(r.ctx(), v, "alice", "lost both phones, called back"))
	require.IsType(t, (*twofactor.Verified)(nil), alice.begin())
	require.Equal(t, 1, r.seen(twofactor.EventReset))
	require.Contains(t, r.notices(alice.email), "Example: two-step sign-in was reset")
}
