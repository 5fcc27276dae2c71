package twofactor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// countJudged reports whether a guess was compared with a code.
func countJudged(err error) bool {
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	return ok && no.Reason == twofactor.ReasonWrongCode
}

// Whatever a code was sent for, five wrong ones end it.
func TestBypass_W22_EveryPathHasALimit(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for i, name := range []string{"login", "other login", "grant", "enroll", "phone", "lost device"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r, alice := pathUser(t, on)
				way := paths(alice)[i]
				require.NoError(t, way.send(alice))
				right := r.read(aliceMobile)
				n := 0
				for guess := range 50 {
					if countJudged(way.enter(alice, otherCode(right, guess))) {
						n++
					}
				}
				require.Equal(t, 5, n)
				require.Error(t, way.enter(alice, right), "it has ended")
			})
		}
	})
}

// All paths pay from one bucket, and nothing refills it: no new code, login, grant
// or enrollment, no other node, and no success.
func TestBypass_W23_NothingRefillsTheBudget(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		alice.browser = ""
		n := 0
		guess := func(way path) {
			if way.send(alice) != nil {
				return
			}
			right := r.read(aliceMobile)
			for g := range 3 {
				if len(right) == 6 && countJudged(way.enter(alice, otherCode(right, g))) {
					n++
				}
			}
		}
		for range 10 {
			ways := paths(alice)
			guess(ways[0])
			guess(ways[1])
			guess(ways[5])
			r.clock.Advance(time.Minute)
		}
		require.Equal(t, 10, n)

		// A success in between gives nothing back but its own price.
		r.clock.Advance(31 * time.Minute)
		_, err := alice.verify(alice.login(), twofactor.Answer{Codes: alice.app.Codes(3, r.clock.Now())})
		require.NoError(t, err)
		alice.browser = ""
		refused := denied(t, alice.answer(alice.login(), otherCode(alice.app.Code(r.clock.Now()), 3)), twofactor.ReasonPaused)
		require.False(t, refused.RetryAt.IsZero())
		before := n
		for range 5 {
			guess(paths(alice)[0])
		}
		require.Equal(t, before, n)
		// Time does: one every six hours.
		r.clock.Advance(12 * time.Hour)
		for range 5 {
			guess(paths(alice)[0])
			r.clock.Advance(time.Minute)
		}
		require.Equal(t, before+2, n)
	})
}

// With one try left, one of 64 guesses at once is answered.
func TestBypass_W24_ParallelGuessesPayEach(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for i, name := range []string{"login", "other login", "grant", "enroll", "phone", "lost device"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for range rounds(t) {
					r, alice := pathUser(t, on, inEachOthersWay)
					way := paths(alice)[i]
					require.NoError(t, way.send(alice))
					right := r.read(aliceMobile)
					for g := range 4 {
						require.True(t, countJudged(way.enter(alice, otherCode(right, g))))
					}
					n := 0
					for _, err := range together(64, func(g int) error { return way.enter(alice, otherCode(right, 10+g)) }) {
						if countJudged(err) {
							n++
						}
					}
					require.Equal(t, 1, n)
				}
			})
		}
	})
}

// When the tries are used up, codes by message are so long that guessing is no
// way in, and the owner still gets in by one.
func TestBypass_W28_EmptyBudgetMakesCodesLong(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		alice.browser = ""
		for range 2 {
			login := alice.login()
			right := alice.sent(login, twofactor.SMS)
			for g := range 5 {
				denied(t, alice.answer(login, otherCode(right, g)), twofactor.ReasonWrongCode)
			}
		}
		r.clock.Advance(31 * time.Minute) // the factor has paused too
		login := alice.login()
		require.Zero(t, alice.page(login).Remaining)
		s, err := alice.send(login, twofactor.SMS)
		require.NoError(t, err)
		require.Equal(t, 10, s.Digits)
		code := r.read(aliceMobile)
		require.Len(t, code, 10)
		denied(t, alice.answer(login, code[:6]), twofactor.ReasonMalformedCode)
		for g := range 4 {
			denied(t, alice.answer(login, otherCode(code, g)), twofactor.ReasonWrongCode)
		}
		require.NoError(t, alice.answer(login, code))
	})
}

// A superseded code costs one try, however many were made since, and says when
// the newest was sent.
func TestSupersededCodeIsChargedOnce(t *testing.T) {
	t.Parallel()
	r, alice := pathUser(t, inMemory)
	login := alice.login()
	first := alice.sent(login, twofactor.SMS)
	for range 2 {
		r.clock.Advance(30 * time.Second)
		alice.sent(login, twofactor.SMS)
	}
	newest := r.read(aliceMobile)
	no := denied(t, alice.answer(login, first), twofactor.ReasonSuperseded)
	require.WithinDuration(t, r.clock.Now(), no.SentAt, 0)
	require.Equal(t, 4, no.Remaining)
	require.Equal(t, 4, alice.page(login).Remaining)
	require.NoError(t, alice.answer(login, newest))
}
