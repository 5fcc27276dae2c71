package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

func TestRemainingAndRetryAt(t *testing.T) {
	t.Parallel()
	t.Run("of the account", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			first := w.clock.Now()
			for n := range 10 {
				require.Equal(t, min(5, 10-n), alice.pendingLogin().Remaining)
				no := refused(t, alice.try(alice.wrongCode(n)), twofactor.ReasonWrongCode)
				require.Equal(t, min(4, 9-n), no.Remaining, "a new login each, so that only one is missing from the five")
				require.Zero(t, no.RetryAt)
				w.clock.Advance(time.Minute)
			}
			w.clock.Advance(time.Hour)
			no := refused(t, alice.try(alice.newCode()), twofactor.ReasonPaused)
			require.Equal(t, first.Add(6*time.Hour), no.RetryAt.UTC())
			require.Zero(t, no.Remaining)
			w.clock.Set(no.RetryAt)
			require.NoError(t, alice.try(alice.newCode()), "at that very second")
		})
	})
	t.Run("of a paused app", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			browser := alice.signIn().Made().KnownBrowser
			for n := range 10 { // from here and there, so that neither budget is empty
				login := alice.login()
				if n%2 == 0 {
					login = alice.loginFrom(browser)
				}
				_, err := alice.answer(login, alice.wrongCode(n))
				refused(t, err, twofactor.ReasonWrongCode)
			}
			end := w.clock.Now().Add(30 * time.Minute)
			require.Equal(t, 1, w.saw(twofactor.EventPaused))
			no := refused(t, alice.try(alice.newCode()), twofactor.ReasonPaused)
			require.Equal(t, end, no.RetryAt.UTC())
			m := alice.status().Methods[0]
			require.False(t, m.Usable)
			require.Equal(t, twofactor.ReasonPaused, m.WhyNot)
			require.Equal(t, end, m.RetryAt.UTC())
			_, err := w.a.Grant(t.Context(), alice.session, twofactor.Answer{Code: alice.newCode()})
			refused(t, err, twofactor.ReasonPaused)

			w.clock.Set(end.Add(-time.Second))
			refused(t, alice.try(alice.phone.Code(w.clock.Now())), twofactor.ReasonPaused)
			w.clock.Set(end)
			require.NoError(t, alice.try(alice.phone.Code(w.clock.Now())))
		})
	})
	t.Run("of another app while one is paused", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			browser := alice.signIn().Made().KnownBrowser
			alice.prove()
			e, tablet := alice.enroll(twofactor.EnrollRequest{Name: "Tablet"})
			_, err := alice.confirm(e, tablet.Code(w.clock.Now()))
			require.NoError(t, err)
			for n := range 10 {
				login := alice.login()
				if n%2 == 0 {
					login = alice.loginFrom(browser)
				}
				_, err := w.a.Verify(t.Context(), login, twofactor.Answer{Method: alice.factor, Code: alice.wrongCode(n)})
				refused(t, err, twofactor.ReasonWrongCode)
			}
			w.clock.Advance(step)
			require.NoError(t, alice.try(tablet.Code(w.clock.Now())), "the other methods stay usable")
			refused(t, alice.try(alice.phone.Code(w.clock.Now())), twofactor.ReasonWrongCode)
		})
	})
}

// NIST SP 800-63B-4, section 3.2.2.
func TestFactorIsDisabledAfterTooManyFailures(t *testing.T) {
	t.Parallel()
	policy := with(twofactor.Policy{MaxFailures: 12})
	fail := func(w *world, alice *person, method string, n int) {
		w.clock.Advance(7 * time.Hour)
		_, err := w.a.Verify(w.ctx(), alice.login(), twofactor.Answer{Method: method, Code: alice.wrongCode(n)})
		refused(w.t, err, twofactor.ReasonWrongCode)
	}
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		for n := range 11 {
			fail(w, alice, alice.factor, n)
		}
		w.clock.Advance(time.Hour)
		alice.signIn() // forgives them
		for n := range 12 {
			require.Zero(t, w.saw(twofactor.EventDisabled))
			fail(w, alice, alice.factor, n)
		}
		require.Equal(t, 1, w.saw(twofactor.EventDisabled))

		w.clock.Advance(1000 * time.Hour) // no time heals it
		refused(t, alice.try(alice.newCode()), twofactor.ReasonNotUsable)
		_, err := w.a.Verify(t.Context(), alice.login(), alice.three())
		refused(t, err, twofactor.ReasonNotUsable)
		_, err = w.a.Grant(t.Context(), alice.session, twofactor.Answer{Code: alice.newCode()})
		refused(t, err, twofactor.ReasonNotUsable)
		require.IsType(t, (*twofactor.Pending)(nil), w.begin("alice"), "and it is still owed")

		v, err := alice.recover(alice.codes[0])
		require.NoError(t, err)
		alice.session, alice.grant = v, v.Made().Grant.Token
		e, phone := alice.enroll(twofactor.EnrollRequest{Replaces: alice.factor})
		c, err := alice.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)
		require.True(t, c.Method.Usable, "bound anew")
	}, policy)
	t.Run("and only the one that was used is forgiven", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			e, tablet := alice.enroll(twofactor.EnrollRequest{Name: "Tablet"})
			_, err := alice.confirm(e, tablet.Code(w.clock.Now()))
			require.NoError(t, err)
			for n := range 12 {
				fail(w, alice, alice.factor, n)
				w.clock.Advance(time.Hour)
				if n < 11 {
					_, err := w.a.Verify(t.Context(), alice.login(), twofactor.Answer{Method: "", Code: tablet.Code(w.clock.Now())})
					require.NoError(t, err)
				}
			}
			require.Equal(t, 1, w.saw(twofactor.EventDisabled))
		}, policy)
	})
}
