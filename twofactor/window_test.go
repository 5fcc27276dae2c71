package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Without a word in the policy, a code is good from 30 seconds before it is shown
// to 30 seconds after: who reads it in its first second has a minute to type it
// (RFC 6238, section 5.2).
func TestDefaultWindow(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		for late := -75 * time.Second; late <= 105*time.Second; late += 15 * time.Second {
			alice := w.enrolled("alice " + late.String())
			w.clock.Set(w.clock.Now().Truncate(step).Add(10 * step))
			code := alice.phone.Code(w.clock.Now())
			w.clock.Advance(late)
			if late >= -30*time.Second && late < 60*time.Second {
				require.NoError(t, alice.try(code), "%v after it was shown", late)
			} else {
				refused(t, alice.try(code), twofactor.ReasonWrongCode, "%v after it was shown", late)
			}
		}
	})
}

// What an app was set up with elsewhere stays with its key: another app of the
// same user has another period, length and hash (RFC 6238, section 3, R4).
func TestImportedKeysKeepTheirForm(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		var in twofactor.Import
		for _, k := range []totp.Key{{}, {Algorithm: totp.SHA256, Digits: 8, Period: 60}, {Algorithm: totp.SHA512, Period: 120}} {
			var err error
			k.Secret, err = totp.NewSecret(k.Algorithm)
			require.NoError(t, err)
			in.Keys = append(in.Keys, twofactor.ImportedKey{Key: k})
		}
		require.NoError(t, w.a.Import(t.Context(), "alice", in))
		for i, k := range in.Keys {
			alice := &person{w: w, id: "alice", phone: scan(w, totp.URI{Issuer: "Example", Account: "alice", Key: k.Key})}
			w.clock.Advance(time.Hour)
			require.NoError(t, alice.try(alice.phone.Code(w.clock.Now())), "app %d", i)
			k.Key.Period = 30 + 15*i
			if i > 0 {
				w.clock.Advance(time.Hour)
				other := scan(w, totp.URI{Issuer: "Example", Account: "alice", Key: k.Key})
				require.Error(t, alice.try(other.Code(w.clock.Now())), "app %d in steps of %d s", i, k.Key.Period)
			}
		}
	})
}

// A step that takes more than 31 bits, or 32, comes back from the store as it
// went there (RFC 6238, section 4.2).
func TestStepsOfLaterCenturies(t *testing.T) {
	t.Parallel()
	for _, year := range []int{2039, 2107, 4100, 8999} {
		onEachStore(t, func(t *testing.T, w *world) {
			w.clock.Set(time.Date(year, 2, 3, 4, 5, 6, 0, time.UTC))
			alice := w.enrolled("alice")
			code := alice.newCode()
			require.NoError(t, alice.try(code))
			refused(t, alice.try(code), twofactor.ReasonAlreadyUsed)
			require.Equal(t, w.clock.Now().Unix()/30, w.record("alice").Factors[0].TOTP.Last)
			alice.signIn()
		})
	}
}

// Codes by message are as long as the policy says.
func TestDigitsOfThePolicy(t *testing.T) {
	t.Parallel()
	r := newRealm(t, twofactor.Policy{Kinds: allKinds, Digits: 8})
	alice := r.join("alice", aliceMobile)
	for _, kind := range []twofactor.Kind{twofactor.SMS, twofactor.Email} {
		alice.setUp(kind)
		r.clock.Advance(time.Minute)
		login := alice.login()
		s, err := alice.send(login, kind)
		require.NoError(t, err)
		require.Equal(t, 8, s.Digits)
		code := r.read(alice.to(kind))
		require.Len(t, code, 8)
		denied(t, alice.answer(login, code[:6]), twofactor.ReasonMalformedCode)
		require.NoError(t, alice.answer(login, code))
		alice.prove(kind)
	}
}
