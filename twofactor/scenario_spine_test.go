package twofactor_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// The products whose stories are told here, as far as an authenticator app and
// recovery codes go.
var (
	appOfA = with(twofactor.Policy{Recovery: twofactor.RecoveryPolicy{Codes: 1, OnUse: twofactor.ResetFactors}})
	appOfB = with(twofactor.Policy{})
	appOfD = with(twofactor.Policy{Recovery: twofactor.RecoveryPolicy{Codes: 10}})
)

// photograph is what a phone's camera makes of the QR code on the page.
func photograph(t *testing.T, u totp.URI) *twofactortest.Phone {
	t.Helper()
	qr, err := u.QR()
	require.NoError(t, err)
	picture, err := qr.PNG(400)
	require.NoError(t, err)
	phone, err := twofactortest.ScanPhone(picture)
	require.NoError(t, err)
	return phone
}

// typed is a phone into which somebody typed the key beside the QR code.
func typed(t *testing.T, groups string) *twofactortest.Phone {
	t.Helper()
	phone, err := twofactortest.NewPhone("otpauth://totp/typed?secret=" + strings.ReplaceAll(groups, " ", ""))
	require.NoError(t, err)
	return phone
}

func TestScenario_A3_AuthenticatorApp(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*testing.T, *twofactor.Enrollment) *twofactortest.Phone{
		"scanned": func(t *testing.T, e *twofactor.Enrollment) *twofactortest.Phone { return photograph(t, e.URI) },
		"typed": func(t *testing.T, e *twofactor.Enrollment) *twofactortest.Phone {
			return typed(t, e.URI.Key.Secret.Groups())
		},
	}
	for name, learn := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				alice := w.newcomer("alice") // signed in, and has entered the password once more
				e, err := w.a.Enroll(t.Context(), alice.session, alice.grant, twofactor.EnrollRequest{
					Kind: twofactor.TOTP, Account: "alice@example.com",
				})
				require.NoError(t, err)
				phone := learn(t, e)
				require.Empty(t, alice.status().Methods, "not registered until the code is entered")

				w.clock.Advance(20 * time.Second) // to look for the phone
				c, err := alice.confirm(e, phone.Code(w.clock.Now()))
				require.NoError(t, err)
				require.Equal(t, twofactor.TOTP, c.Method.Kind)

				w.clock.Advance(24 * time.Hour)
				alice.phone = phone
				require.Equal(t, twofactor.Proved, alice.signIn().Basis())
			}, appOfA)
		})
	}
}

func TestScenario_A7_RecoveryCodeShownOnce(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.newcomer("alice")
		e, phone := alice.enroll(twofactor.EnrollRequest{})
		c, err := alice.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)
		require.Len(t, c.RecoveryCodes, 1, "the last step of the registration hands out one")
		code := c.RecoveryCodes[0]

		// Whatever she looks at from now on, it isn't there again.
		alice.session, alice.phone, alice.factor = c.Session, phone, c.Method.ID
		again, err := alice.confirm(e, phone.Code(w.clock.Now()))
		require.Error(t, err)
		require.Nil(t, again)
		v := alice.signIn()
		for _, page := range []any{alice.status(), alice.pendingLogin(), v.Made()} {
			text, err := json.Marshal(page)
			require.NoError(t, err)
			require.NotContains(t, string(text), code)
		}

		// Another app is not a first registration: the code she has stays.
		alice.prove()
		e, tablet := alice.enroll(twofactor.EnrollRequest{Name: "Tablet"})
		c, err = alice.confirm(e, tablet.Code(w.clock.Now()))
		require.NoError(t, err)
		require.Empty(t, c.RecoveryCodes)

		_, err = alice.recover(code)
		require.NoError(t, err)
	}, appOfA)
}

func TestScenario_A8_ConfirmationNamesTheMethod(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.newcomer("alice")
		e, phone := alice.enroll(twofactor.EnrollRequest{Name: "My phone"})
		c, err := alice.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)
		require.Equal(t, twofactor.Method{
			ID: c.Method.ID, Kind: twofactor.TOTP, Name: "My phone", Added: c.Method.Added,
			Usable: true, Removable: true, Digits: 6,
		}, c.Method)
		require.Equal(t, w.clock.Now(), c.Method.Added.UTC())
		require.Equal(t, []twofactor.Method{c.Method}, alice.status().Methods, "and so does the settings page")
	}, appOfA)
}

func TestScenario_B1_SixDigitsByApp(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		require.Equal(t, []twofactor.Kind{twofactor.TOTP}, alice.status().Kinds, "what the settings page offers")
		require.Len(t, alice.phone.Code(w.clock.Now()), 6)
		login := alice.pendingLogin()
		require.Equal(t, 6, login.Methods[0].Digits, "what the page asks for")
		require.Equal(t, twofactor.TOTP, login.Methods[0].Kind)
		require.Equal(t, alice.factor, login.Preferred)
		v := alice.signIn()
		require.Equal(t, []string{"pwd", "otp", "mfa"}, v.AMR())
	}, appOfB)
}

func TestScenario_B2_OneScreenTwoPhones(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice, bob := w.newcomer("alice@example.com"), w.newcomer("bob@example.com")
		e, private := alice.enroll(twofactor.EnrollRequest{})
		other, _ := bob.enroll(twofactor.EnrollRequest{})
		require.NotEqual(t, e.URI.Key.Secret.Base32(), other.URI.Key.Secret.Base32(), "unique to the account")
		qr, err := e.URI.QR()
		require.NoError(t, err)
		require.Contains(t, qr.AltText(), "alice@example.com at Example")

		// She opens the same screen again and scans it with the office's phone too.
		shown, err := w.b.Enrollment(t.Context(), alice.session, alice.grant, e.ID)
		require.NoError(t, err)
		office := photograph(t, shown.URI)
		require.Equal(t, private.Code(w.clock.Now()), office.Code(w.clock.Now()))

		_, err = alice.confirm(e, private.Code(w.clock.Now()))
		require.NoError(t, err)
		require.Len(t, alice.status().Methods, 1, "two phones, but one method")
		for _, phone := range []*twofactortest.Phone{office, private, office} {
			w.clock.Advance(time.Hour)
			require.NoError(t, alice.try(phone.Code(w.clock.Now())))
		}
		refused(t, alice.try(private.Code(w.clock.Now())), twofactor.ReasonAlreadyUsed, "the same code from the other phone")
	}, appOfB)
}

func TestScenario_B3_TheCodeTurnsItOn(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.newcomer("alice")
		e, phone := alice.enroll(twofactor.EnrollRequest{})
		require.False(t, alice.status().Enabled)
		alice.phone = phone
		_, err := alice.confirm(e, alice.wrongCode(1))
		refused(t, err, twofactor.ReasonWrongCode)
		require.False(t, alice.status().Enabled)
		_, err = alice.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)
		require.True(t, alice.status().Enabled)
	}, appOfB)
}

func TestScenario_B4_NextSignInAsks(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		require.IsType(t, (*twofactor.Verified)(nil), w.begin("alice"), "before")
		alice := w.enrolled("alice")
		pending := w.begin("alice").(*twofactor.Pending)
		_, err := alice.answer(pending.Token(), alice.wrongCode(1))
		refused(t, err, twofactor.ReasonWrongCode)
		v, err := alice.answer(pending.Token(), alice.newCode())
		require.NoError(t, err)
		require.Equal(t, "alice", v.UserID())
		require.True(t, v.Fresh(w.clock.Now(), time.Minute))
		require.IsType(t, (*twofactor.Pending)(nil), w.begin("alice"), "and every time after")
	}, appOfB)
}

func TestScenario_D1_WhatEveryAppCanRead(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.newcomer("alice")
		e, _ := alice.enroll(twofactor.EnrollRequest{})
		text, err := e.URI.Encode()
		require.NoError(t, err)
		// What every app can read, even those that ignore all but the secret.
		require.Contains(t, text, "algorithm=SHA1&digits=6&period=30")
		phone := typed(t, e.URI.Key.Secret.Base32())
		_, err = alice.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)

		before := phone.Code(w.clock.Now())
		w.clock.Advance(30 * time.Second)
		after := phone.Code(w.clock.Now())
		require.NotEqual(t, before, after, "a new code every 30 seconds")
		refused(t, alice.try(before), twofactor.ReasonAlreadyUsed)
		require.NoError(t, alice.try(after))

		_, err = w.a.Enroll(t.Context(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.SMS})
		refused(t, err, twofactor.ReasonPolicy, "and nothing but apps")
	}, appOfD)
}

func TestScenario_D3_BackupCodes(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice") // made at set-up
		require.Len(t, alice.codes, 10)
		file := recovery.Text("Example", "alice@example.com", alice.codes, w.clock.Now())

		// A year later she has lost the phone and finds the file.
		w.clock.Advance(365 * 24 * time.Hour)
		found := 0
		for line := range strings.Lines(file) {
			_, code, ok := strings.Cut(strings.TrimSpace(line), ".  ")
			if !ok {
				continue
			}
			found++
			v, err := alice.answer(alice.login(), code) // into the box for the app's code
			require.NoError(t, err)
			require.True(t, v.Recovered())
			require.Equal(t, 10-found, v.Made().Recovery.Left)
			require.Equal(t, 10-found <= 3, v.Made().Recovery.Low)
			refused(t, alice.try(code), twofactor.ReasonAlreadyUsed, "each one once")
			w.clock.Advance(6 * time.Hour)
		}
		require.Equal(t, 10, found)
		require.False(t, alice.pendingLogin().Recovery, "there are none left to offer")
	}, appOfD)
}

func TestScenario_D4_KeyIsNeverShownAgain(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.newcomer("alice")
		e, phone := alice.enroll(twofactor.EnrollRequest{})
		c, err := alice.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)
		alice.session, alice.phone, alice.factor = c.Session, phone, c.Method.ID

		_, err = w.a.Enrollment(t.Context(), alice.session, alice.grant, e.ID)
		refused(t, err, twofactor.ReasonExpired)
		_, err = w.a.Enrollment(t.Context(), alice.session, alice.grant, c.Method.ID)
		refused(t, err, twofactor.ReasonExpired)
		explained, err := w.a.Explain(t.Context(), twofactor.SignIn{UserID: "alice"})
		require.NoError(t, err)
		key := make(secrets)
		for _, form := range forms(e.URI.Key.Secret.Bytes()) {
			key["the key as "+form] = form
		}
		for _, page := range []any{c, alice.status(), alice.pendingLogin(), explained, alice.signIn().Made()} {
			text, err := json.Marshal(page)
			require.NoError(t, err)
			key.absent(t, "a page", string(text))
		}

		// Whoever lost it sets up anew, with another one, and the old is void.
		alice.prove()
		again, next := alice.enroll(twofactor.EnrollRequest{Replaces: alice.factor})
		require.NotEqual(t, e.URI.Key.Secret.Base32(), again.URI.Key.Secret.Base32())
		_, err = alice.confirm(again, next.Code(w.clock.Now()))
		require.NoError(t, err)
		refused(t, alice.try(alice.newCode()), twofactor.ReasonWrongCode)
		require.NoError(t, alice.try(next.Code(w.clock.Now())))
	}, appOfD)
}
