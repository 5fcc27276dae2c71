package twofactor_test

import (
	"context"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// many is how many requests a race sends at once, half of them to each node.
func many(on realserver.Named) int {
	if on.Name == "memory" {
		return 1000
	}
	return 64
}

// race sends n requests at the same moment and counts what they were told.
func (w *world) race(n int, request func(node *twofactor.Service, i int) error) map[string]int {
	told := make([]string, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	for i := range n {
		node := w.a
		if i%2 == 1 {
			node = w.b
		}
		done.Go(func() {
			ready.Done()
			<-start
			told[i] = reason(request(node, i))
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	count := make(map[string]int)
	for _, r := range told {
		count[r]++
	}
	return count
}

// onEachInRounds repeats a race in a new world each time, with this many requests
// at once.
func onEachInRounds(t *testing.T, test func(t *testing.T, w *world, many int)) {
	t.Helper()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for range rounds(t) {
			a, b := on.Part(t)
			test(t, newWorld(t, crossing{a}, crossing{b}), many(on))
		}
	})
}

// crossing is a store that lets everybody else go first between a load and what
// comes of it, so that even on a busy machine all requests of a race meet.
type crossing struct{ twofactor.Store }

func (c crossing) Load(ctx context.Context, key string) (twofactor.Record, error) {
	rec, err := c.Store.Load(ctx, key)
	runtime.Gosched()
	return rec, err
}

// logins opens n pending logins.
func (p *person) logins(n int) []string {
	p.w.t.Helper()
	out := make([]string, n)
	for i := range out {
		out[i] = p.login()
	}
	return out
}

func TestBypass_W15_OneCodeManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("in one login", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			alice := w.enrolled("alice")
			login, code := alice.login(), alice.newCode()
			told := w.race(many, func(node *twofactor.Service, _ int) error {
				_, err := node.Verify(t.Context(), login, twofactor.Answer{Code: code})
				return err
			})
			require.Equal(t, 1, told["yes"], "%v", told)
			require.Zero(t, told["fault"], "%v", told)
		})
	})
	t.Run("in logins of their own", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			alice := w.enrolled("alice")
			logins, code := alice.logins(many), alice.newCode()
			told := w.race(many, func(node *twofactor.Service, i int) error {
				_, err := node.Verify(t.Context(), logins[i], twofactor.Answer{Code: code})
				return err
			})
			require.Equal(t, 1, told["yes"], "%v", told)
			require.Zero(t, told["fault"], "%v", told)
		})
	})
	t.Run("for a grant and a login", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			alice := w.enrolled("alice")
			alice.signIn()
			logins, code := alice.logins(many), alice.newCode()
			told := w.race(many, func(node *twofactor.Service, i int) (err error) {
				if i%4 < 2 {
					_, err = node.Grant(t.Context(), alice.session, twofactor.Answer{Code: code})
				} else {
					_, err = node.Verify(t.Context(), logins[i], twofactor.Answer{Code: code})
				}
				return err
			})
			require.Equal(t, 1, told["yes"], "%v", told)
		})
	})
	t.Run("three codes together", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			alice := w.enrolled("alice")
			logins, three := alice.logins(many), alice.three()
			told := w.race(many, func(node *twofactor.Service, i int) error {
				_, err := node.Verify(t.Context(), logins[i], three)
				return err
			})
			require.Equal(t, 1, told["yes"], "%v", told)
		})
	})
}

func TestBypass_W17_OneRecoveryCodeManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	onEachInRounds(t, func(t *testing.T, w *world, many int) {
		alice := w.enrolled("alice")
		logins := alice.logins(many)
		told := w.race(many, func(node *twofactor.Service, i int) error {
			_, err := node.Verify(t.Context(), logins[i], twofactor.Answer{Code: alice.codes[0]})
			return err
		})
		require.Equal(t, 1, told["yes"], "%v", told)
		require.Zero(t, told["fault"], "%v", told)
		require.Equal(t, 9, alice.status().RecoveryLeft)
	})
	t.Run("hashed by another system", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			alice := w.migrated("alice", []string{"abcd-efgh", "ijkl-mnop"}, 6)
			logins := alice.logins(min(many, 100))
			told := w.race(len(logins), func(node *twofactor.Service, i int) error {
				_, err := node.Verify(t.Context(), logins[i], twofactor.Answer{Method: twofactor.MethodRecovery, Code: "abcd-efgh"})
				return err
			})
			require.Equal(t, 1, told["yes"], "%v", told)
			require.Equal(t, 1, alice.status().RecoveryLeft)
		})
	})
}

func TestBypass_W24_ParallelGuessesOverrunTheBudget(t *testing.T) {
	t.Parallel()
	guess := func(t *testing.T, w *world, alice *person, logins []string) map[string]int {
		wrong := make([]string, len(logins))
		for i := range wrong {
			wrong[i] = alice.wrongCode(i)
		}
		return w.race(len(logins), func(node *twofactor.Service, i int) error {
			_, err := node.Verify(t.Context(), logins[i], twofactor.Answer{Code: wrong[i]})
			return err
		})
	}
	t.Run("the account's ten", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			alice := w.enrolled("alice")
			told := guess(t, w, alice, alice.logins(many))
			require.Equal(t, map[string]int{"wrong_code": 10, "paused": many - 10}, told)
		})
	})
	t.Run("the login's five", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			alice := w.enrolled("alice")
			login := alice.login()
			logins := make([]string, many)
			for i := range logins {
				logins[i] = login
			}
			told := guess(t, w, alice, logins)
			require.Equal(t, map[string]int{"wrong_code": 5, "login_ended": many - 5}, told)
		})
	})
	t.Run("with one left", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			alice := w.enrolled("alice")
			for n := range 9 {
				refused(t, alice.try(alice.wrongCode(n)), twofactor.ReasonWrongCode)
			}
			logins := alice.logins(min(many, 100))
			told := guess(t, w, alice, logins)
			require.Equal(t, map[string]int{"wrong_code": 1, "paused": len(logins) - 1}, told)
		})
	})
	t.Run("the enrollment's five", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			p := w.newcomer("alice")
			e, phone := p.enroll(twofactor.EnrollRequest{})
			p.phone = phone
			wrong := make([]string, many)
			for i := range wrong {
				wrong[i] = p.wrongCode(i)
			}
			told := w.race(many, func(node *twofactor.Service, i int) error {
				_, err := node.Confirm(t.Context(), p.session, p.grant, e.ID, wrong[i])
				return err
			})
			require.Equal(t, map[string]int{"wrong_code": 5, "expired": many - 5}, told)
		})
	})
	t.Run("the password's ten", func(t *testing.T) {
		t.Parallel()
		onEachInRounds(t, func(t *testing.T, w *world, many int) {
			p := w.newcomer("alice")
			var asked atomic.Int64
			told := w.race(many, func(node *twofactor.Service, _ int) error {
				_, err := node.GrantWithPassword(t.Context(), p.session, func(ctx context.Context) error {
					asked.Add(1)
					return wrongPassword(ctx)
				})
				return err
			})
			require.Equal(t, map[string]int{"wrong_code": 10, "paused": many - 10}, told)
			require.EqualValues(t, 10, asked.Load())
		})
	})
}

func TestRaceConfirmOnce(t *testing.T) {
	t.Parallel()
	onEachInRounds(t, func(t *testing.T, w *world, many int) {
		p := w.newcomer("alice")
		e, phone := p.enroll(twofactor.EnrollRequest{})
		code := phone.Code(w.clock.Now())
		var sets sync.Map
		told := w.race(many, func(node *twofactor.Service, i int) error {
			c, err := node.Confirm(t.Context(), p.session, p.grant, e.ID, code)
			if err == nil {
				sets.Store(i, c.RecoveryCodes)
			}
			return err
		})
		require.Equal(t, map[string]int{"yes": 1, "expired": many - 1}, told)
		require.Len(t, p.status().Methods, 1)
		for _, codes := range maps.Collect(sets.Range) {
			p.phone = phone
			_, err := p.recover(codes.([]string)[0])
			require.NoError(t, err, "the codes that were shown are those that were kept")
		}
	})
}

func TestRaceGrantOnce(t *testing.T) {
	t.Parallel()
	onEachInRounds(t, func(t *testing.T, w *world, many int) {
		alice := w.enrolled("alice")
		alice.signIn()
		code := alice.newCode()
		var token atomic.Value
		told := w.race(many, func(node *twofactor.Service, _ int) error {
			g, err := node.Grant(t.Context(), alice.session, twofactor.Answer{Code: code})
			if err == nil {
				token.Store(g.Token)
			}
			return err
		})
		require.Equal(t, 1, told["yes"], "%v", told)
		require.NoError(t, w.b.Rename(t.Context(), alice.in(), token.Load().(string), alice.factor, "Phone"))
	})
}
