package twofactor_test

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// phoneOf is a phone with a secret of any kind.
func phoneOf(t testing.TB, secret []byte) *twofactortest.Phone {
	t.Helper()
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	phone, err := twofactortest.NewPhone("otpauth://totp/Example:alice?secret=" + text)
	require.NoError(t, err)
	return phone
}

func TestBypass_W05_WeakSecrets(t *testing.T) {
	t.Parallel()
	weak := map[string][]byte{
		"empty":          {},
		"one byte":       {7},
		"80 bits":        []byte("1234567890"),
		"15 bytes":       []byte("123456789012345"),
		"zeros":          make([]byte, 20),
		"a blank column": bytes.Repeat([]byte{' '}, 20),
	}
	for name, secret := range weak {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := totp.SecretFromBytes(secret)
			require.ErrorIs(t, err, totp.ErrSecret, "on the way in")

			// Whatever wrote it: out of the record it comes no more easily.
			onEachStore(t, func(t *testing.T, w *world) {
				alice := w.enrolled("alice")
				alice.phone = phoneOf(t, secret)
				w.edit("alice", func(r *record.Record) { r.Factors[0].TOTP.Secret = secret })
				fault(t, alice.try(alice.newCode()))
				_, err := w.a.Verify(w.ctx(), alice.login(), twofactor.Answer{Codes: alice.phone.Codes(3, w.clock.Now())})
				fault(t, err)
				_, err = w.a.Grant(w.ctx(), alice.session, twofactor.Answer{Code: alice.newCode()})
				fault(t, err)
			})
			onEachStore(t, func(t *testing.T, w *world) {
				bob := w.newcomer("bob")
				e, _ := bob.enroll(twofactor.EnrollRequest{})
				w.edit("bob", func(r *record.Record) { r.Enrollments[0].Factor.TOTP.Secret = secret })
				_, err := bob.confirm(e, phoneOf(t, secret).Code(w.clock.Now()))
				fault(t, err)
				require.Empty(t, bob.status().Methods)
			})
		})
	}
	t.Run("imported", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			fault(t, w.a.Import(w.ctx(), "carol", twofactor.Import{Keys: []twofactor.ImportedKey{{}}}))
			require.Empty(t, (&person{w: w, id: "carol"}).status().Methods)
		})
	})
}

func TestBypass_W06_ProofForAnotherPurpose(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		alice.signIn()

		// What let alice in is no fresh proof, and the other way round.
		used := alice.phone.Code(w.clock.Now())
		_, err := w.a.Grant(w.ctx(), alice.session, twofactor.Answer{Code: used})
		refused(t, err, twofactor.ReasonAlreadyUsed)
		alice.prove()
		refused(t, alice.try(alice.phone.Code(w.clock.Now())), twofactor.ReasonAlreadyUsed)

		// A recovery code gets its owner in. It is no fresh proof, however it is given.
		for _, a := range []twofactor.Answer{
			{Code: alice.codes[0]},
			{Code: alice.codes[0], Method: twofactor.MethodRecovery},
			{Code: alice.codes[0], Method: alice.factor},
		} {
			_, err = w.a.Grant(w.ctx(), alice.session, a)
			require.ErrorIs(t, err, twofactor.ErrRejected)
		}
		require.Equal(t, 10, alice.status().RecoveryLeft)

		// The app that counts proves nothing for one that doesn't yet.
		e, fresh := alice.enroll(twofactor.EnrollRequest{})
		_, err = alice.confirm(e, alice.newCode())
		refused(t, err, twofactor.ReasonWrongCode)
		_, err = alice.confirm(e, alice.codes[0])
		refused(t, err, twofactor.ReasonMalformedCode)

		// And the one that doesn't yet lets nobody in.
		refused(t, alice.try(fresh.Code(w.clock.Now())), twofactor.ReasonWrongCode)
		_, err = w.a.Grant(w.ctx(), alice.session, twofactor.Answer{Code: fresh.Code(w.clock.Now())})
		refused(t, err, twofactor.ReasonWrongCode)
	})
	t.Run("tokens", func(t *testing.T) {
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			pending := alice.login()
			v := alice.signIn()
			alice.prove()
			tokens := map[string]string{
				"pending": pending, "session": v.Token(), "browser": v.Made().KnownBrowser, "grant": alice.grant,
			}
			for name, token := range tokens {
				if name != "session" {
					_, err := w.a.Resume(token)
					refused(t, err, twofactor.ReasonLoginEnded, name)
				}
				if name != "pending" {
					_, err := w.a.Verify(w.ctx(), token, twofactor.Answer{Code: alice.newCode()})
					refused(t, err, twofactor.ReasonLoginEnded, name)
				}
				if name != "grant" {
					err := w.a.Remove(w.ctx(), v, token, alice.factor)
					refused(t, err, twofactor.ReasonGrantRequired, name)
				}
			}
		})
	})
}

func TestBypass_W08_SuccessOfOneFactorConfirmsAnother(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		first, phone1 := alice.enroll(twofactor.EnrollRequest{Name: "first"})
		second, phone2 := alice.enroll(twofactor.EnrollRequest{Name: "second"})

		alice.signIn()
		alice.prove()
		require.Len(t, alice.status().Methods, 1, "after a sign-in and a fresh proof with the old one")

		_, err := alice.confirm(first, phone2.Code(w.clock.Now()))
		refused(t, err, twofactor.ReasonWrongCode)
		_, err = alice.confirm(second, phone1.Code(w.clock.Now()))
		refused(t, err, twofactor.ReasonWrongCode)
		_, err = alice.confirm(second, alice.newCode())
		refused(t, err, twofactor.ReasonWrongCode)

		c, err := alice.confirm(second, phone2.Code(w.clock.Now()))
		require.NoError(t, err)
		require.Equal(t, "second", c.Method.Name)
		require.Len(t, alice.status().Methods, 2)
		refused(t, alice.try(phone1.Code(w.clock.Now())), twofactor.ReasonWrongCode, "the other one is as unproven as before")
	})
}

// The two steps after 1771837200 have the same code under this secret: once in
// a million times it happens.
const twinStep = 59061240

var twinSecret = []byte("12345678901234567890")

func TestBypass_W11_ReplayByTheNeighboringStep(t *testing.T) {
	t.Parallel()
	for _, window := range []totp.Window{{}, {Back: 1}, {Ahead: 1}, {Back: 1, Ahead: 1}, {Back: 2, Ahead: 2}} {
		t.Run(fmt.Sprintf("%+v", window), func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) { replayTwin(t, w, window, 0) }, with(twofactor.Policy{TOTPWindow: &window}))
			onEachStore(t, func(t *testing.T, w *world) { replayTwin(t, w, window, 1) }, with(twofactor.Policy{TOTPWindow: &window}))
		})
	}
}

// replayTwin gives the code in the first of the two steps, or in the second, and
// then again for as long as either is in the window.
func replayTwin(t *testing.T, w *world, window totp.Window, given int64) {
	w.clock.Set(time.Unix((twinStep-10)*30, 0))
	secret, err := totp.SecretFromBytes(twinSecret)
	require.NoError(t, err)
	require.NoError(t, w.a.Import(w.ctx(), "alice", twofactor.Import{
		Keys: []twofactor.ImportedKey{{Key: totp.Key{Secret: secret}}},
	}))
	alice := &person{w: w, id: "alice", phone: phoneOf(t, twinSecret)}
	first, second := time.Unix(twinStep*30, 0), time.Unix((twinStep+1)*30, 0)
	twin := alice.phone.Code(first)
	require.Equal(t, twin, alice.phone.Code(second))

	w.clock.Set(first.Add(time.Duration(given) * step))
	require.NoError(t, alice.try(twin))
	end := second.Add(time.Duration(1+window.Back) * step)
	for at := w.clock.Now(); at.Before(end); at = at.Add(15 * time.Second) {
		w.clock.Set(at)
		refused(t, alice.try(twin), twofactor.ReasonAlreadyUsed, "at %v", at)
	}
}
