package twofactor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// A session has the id of the login that it came from. What it proves wrongly
// later doesn't open that login again.
func TestWrongProofLeavesTheLoginEnded(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		login := alice.login()
		v, err := alice.answer(login, alice.newCode())
		require.NoError(t, err)
		_, err = w.a.Grant(t.Context(), v, twofactor.Answer{Code: alice.wrongCode(1)})
		refused(t, err, twofactor.ReasonWrongCode)
		_, err = alice.answer(login, alice.newCode())
		refused(t, err, twofactor.ReasonLoginEnded)
	})
}

// A right proof forgives the session it was given in, and no other.
func TestProofForgivesItsOwnSession(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		one := alice.signIn()
		two := alice.signIn()
		for n := range 5 {
			_, err := w.a.Grant(t.Context(), one, twofactor.Answer{Code: alice.wrongCode(n)})
			refused(t, err, twofactor.ReasonWrongCode)
		}
		_, err := w.a.Grant(t.Context(), two, twofactor.Answer{Code: alice.newCode()})
		require.NoError(t, err)
		_, err = w.a.Grant(t.Context(), one, twofactor.Answer{Code: alice.newCode()})
		refused(t, err, twofactor.ReasonLoginEnded)
	})
}

// A factor that is paused, disabled or of a kind that no longer counts isn't
// judged when it is named, either.
func TestNamedFactorThatIsNotUsable(t *testing.T) {
	t.Parallel()
	t.Run("paused", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			browser := alice.signIn().Made().KnownBrowser
			for n := range 10 {
				refused(t, alice.try(alice.wrongCode(n)), twofactor.ReasonWrongCode)
			}
			a := twofactor.Answer{Method: alice.factor, Code: alice.newCode()}
			_, err := w.a.Verify(t.Context(), alice.loginFrom(browser), a)
			no := refused(t, err, twofactor.ReasonPaused)
			require.WithinDuration(t, w.clock.Now().Add(30*time.Minute-step), no.RetryAt, 0)
		})
	})
	t.Run("disabled", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			for n := range 3 {
				refused(t, alice.try(alice.wrongCode(n)), twofactor.ReasonWrongCode)
			}
			_, err := w.a.Verify(t.Context(), alice.login(), twofactor.Answer{Method: alice.factor, Code: alice.newCode()})
			refused(t, err, twofactor.ReasonNotUsable)
		}, with(twofactor.Policy{MaxFailures: 3}))
	})
	t.Run("of a kind that no longer counts", func(t *testing.T) {
		t.Parallel()
		r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS}})
		alice := r.join("alice", "0412 345 678")
		alice.mobile = aliceMobile
		alice.setUp(twofactor.TOTP)
		alice.setUp(twofactor.SMS)
		r.clock.Advance(time.Minute)
		login := alice.login()
		code := alice.sent(login, twofactor.SMS)
		r.a = r.node(with(twofactor.Policy{}))
		denied(t, alice.answer(login, code), twofactor.ReasonNotUsable)
		_, err := alice.send(alice.login(), twofactor.SMS)
		denied(t, err, twofactor.ReasonNotUsable)
		alice.signIn(twofactor.TOTP)
	})
}

// A factor that codes are sent for is no part of what digits without a name are
// compared with, and so makes them no dearer.
func TestUnnamedDigitsCostWhatTheyAreComparedWith(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}})
	alice := r.join("alice", "")
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.Email)
	for n := range 9 {
		denied(t, alice.answer(alice.login(), otherCode(alice.appCode(), n)), twofactor.ReasonWrongCode)
	}
	require.NoError(t, alice.answer(alice.login(), alice.appCode()), "with the last try")
}

// Three codes are those of an app, and of no other kind.
func TestThreeCodesOfNoApp(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.Email}})
	alice := r.join("alice", "")
	alice.setUp(twofactor.Email)
	_, err := alice.verify(alice.login(), twofactor.Answer{Codes: []string{"111111", "222222", "333333"}})
	denied(t, err, twofactor.ReasonNotUsable)
}

// Recovery codes are judged without a try, and then cost the login none.
func TestRecoveryCodesWithoutATry(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice, eve := w.enrolled("alice"), w.enrolled("eve")
		alice.emptyBudget()
		login := alice.login()
		for n := range 7 {
			_, err := alice.answer(login, eve.codes[n])
			refused(t, err, twofactor.ReasonWrongCode)
		}
		_, err := alice.answer(login, alice.codes[0])
		require.NoError(t, err)
	})
}

// A slip of the pen costs a try where there are codes of another system: it may be
// one of those. What can't be any code costs nothing.
func TestSlipBesideImportedCodes(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		eve := w.enrolled("eve")
		alice := w.migrated("alice", []string{"abcd-efgh"}, 6)
		login := alice.login()
		for i, method := range []string{"", twofactor.MethodRecovery} {
			_, err := w.a.Verify(t.Context(), login, twofactor.Answer{Method: method, Code: slip(eve.codes[0])})
			require.Equal(t, 4-i, refused(t, err, twofactor.ReasonWrongCode).Remaining)
		}
		before := w.raw("alice")
		_, err := w.a.Verify(t.Context(), login, twofactor.Answer{
			Method: twofactor.MethodRecovery, Codes: []string{"111111", "222222", "333333"},
		})
		refused(t, err, twofactor.ReasonMalformedCode)
		require.Equal(t, before, w.raw("alice"))

		v, err := w.a.Verify(t.Context(), login, twofactor.Answer{Method: twofactor.MethodRecovery, Code: "abcd-efgh"})
		require.NoError(t, err)
		require.Equal(t, "alice", v.UserID())
		require.True(t, v.Recovered())
		require.NotNil(t, v.Made().Grant)
	})
}

// A login that ends while a slow code is compared ends for it too, and of two who
// type the same one, one is in.
func TestImportedCodeThatComesTooLate(t *testing.T) {
	t.Parallel()
	late := func(t *testing.T, w *world, meanwhile func(alice *person, login string)) error {
		alice := w.migrated("alice", []string{"abcd-efgh"}, 6)
		login, saves := alice.login(), 0
		w.tap.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
			v, err := w.tap.Store.Save(ctx, key, old, data)
			if saves++; saves == 1 { // it is paid for, and compared next
				meanwhile(alice, login)
			}
			return v, err
		}
		_, err := w.a.Verify(t.Context(), login, twofactor.Answer{Method: twofactor.MethodRecovery, Code: "abcd-efgh"})
		return err
	}
	onEachStore(t, func(t *testing.T, w *world) {
		refused(t, late(t, w, func(_ *person, login string) { require.NoError(t, w.b.Cancel(t.Context(), login)) }), twofactor.ReasonLoginEnded)
		require.Equal(t, 1, w.record("alice").Recovery.Left)
	})
	onEachStore(t, func(t *testing.T, w *world) {
		err := late(t, w, func(alice *person, _ string) {
			w.edit("alice", func(r *record.Record) { r.Recovery = record.Codes{} }) // spent by someone else
		})
		refused(t, err, twofactor.ReasonAlreadyUsed)
	})
}

// The clock may pass a login's end between the look at its token and the look at
// its record.
func TestLoginThatEndsInBetween(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		login := alice.login()
		first := true
		now := w.node(w.tap, func(c *twofactor.Config) {
			c.Now = func() time.Time {
				if first {
					first = false
					return w.clock.Now()
				}
				return w.clock.Now().Add(10 * time.Minute)
			}
		})
		_, err := now.Verify(t.Context(), login, twofactor.Answer{Codes: alice.phone.Codes(3, w.clock.Now().Add(10*time.Minute))})
		refused(t, err, twofactor.ReasonLoginEnded)
	})
}

// A request that is over and whose write didn't take place isn't done after all.
func TestNothingIsDoneForARequestThatIsOver(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		login, before, saves := alice.login(), w.raw("alice"), 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w.tap.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
			if saves++; saves == 1 {
				cancel()
				return "", errors.New("closed")
			}
			return w.tap.Store.Save(ctx, key, old, data)
		}
		_, err := w.a.Verify(ctx, login, twofactor.Answer{Code: alice.newCode()})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, saves)
		require.Equal(t, before, w.raw("alice"))
	})
}

// What ends nothing writes nothing.
func TestEndingNothingWritesNothing(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		v := alice.signIn()
		before := w.raw("alice")
		require.NoError(t, w.a.Cancel(t.Context(), alice.login()))
		require.NoError(t, w.a.SignedOut(t.Context(), v, ""))
		require.Equal(t, before, w.raw("alice"))
		require.Zero(t, w.saw(twofactor.EventTrustRefused), "no device was shown")
	})
}
