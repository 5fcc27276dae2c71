package twofactor_test

import (
	"encoding/base64"
	"math"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

func TestBypass_W28_LockOutAsAWeapon(t *testing.T) {
	t.Parallel()
	t.Run("a stranger without the password", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			before := w.raw("alice")
			token := alice.login()
			box, err := base64.RawURLEncoding.DecodeString(token)
			require.NoError(t, err)
			for i := range 1000 { // all that can be sent without a password
				box[i%len(box)] ^= byte(1 + i/len(box))
				_, err := w.a.Verify(t.Context(), base64.RawURLEncoding.EncodeToString(box), twofactor.Answer{Code: "123456"})
				refused(t, err, twofactor.ReasonLoginEnded)
				box[i%len(box)] ^= byte(1 + i/len(box))
			}
			require.Equal(t, before, w.raw("alice"), "nothing was written")
			alice.signIn()
		})
	})
	t.Run("opening logins", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			first := alice.login()
			before := w.raw("alice")
			for range 2000 / w.stride {
				alice.login() // with the password
			}
			require.Equal(t, before, w.raw("alice"), "nothing was written")
			_, err := alice.answer(first, alice.newCode())
			require.NoError(t, err, "the owner's login from before")
		})
	})
	t.Run("spending every try there is", func(t *testing.T) {
		t.Parallel()
		// Each is a way in that is left to the owner, while the guesser keeps the
		// account's budget empty and the app paused.
		ways := map[string]func(p *person, browser string) error{
			"a browser that passed before": func(p *person, browser string) error {
				p.w.clock.Advance(31 * time.Minute) // until the app is no longer paused
				_, err := p.answer(p.loginFrom(browser), p.newCode())
				return err
			},
			"three codes of the app": func(p *person, _ string) error {
				_, err := p.w.a.Verify(p.w.ctx(), p.login(), p.three())
				return err
			},
			"three codes, while the app is paused and from a browser that passed": func(p *person, browser string) error {
				_, err := p.w.a.Verify(p.w.ctx(), p.loginFrom(browser), p.three())
				return err
			},
			"a recovery code": func(p *person, _ string) error {
				_, err := p.recover(p.codes[0])
				return err
			},
			"a login opened before": nil,
		}
		for name, in := range ways {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				onEachStore(t, func(t *testing.T, w *world) {
					alice := w.enrolled("alice")
					browser := alice.signIn().Made().KnownBrowser
					before := alice.login()
					for n := range 200 {
						alice.try(alice.wrongCode(n))
						alice.recover(slip(alice.codes[n%10]))
						alice.recover("00000-00000-00000-00000-00000")
					}
					require.Equal(t, 3, alice.pendingLogin().Codes, "the page asks for three")
					require.Equal(t, 10, alice.status().RecoveryLeft)
					if in == nil {
						_, err := w.a.Verify(t.Context(), before, alice.three())
						require.NoError(t, err)
						return
					}
					require.NoError(t, in(alice, browser))
				})
			})
		}
	})
	t.Run("filling the lists of a record", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			size := len(w.raw("alice").Data)
			for n := range 300 {
				alice.try(alice.wrongCode(n))
				_, err := w.a.Verify(t.Context(), alice.login(), twofactor.Answer{Codes: []string{"111111", "222222", "333333"}})
				require.ErrorIs(t, err, twofactor.ErrRejected)
			}
			require.Less(t, len(w.raw("alice").Data), size+1000)
			_, err := w.a.Verify(t.Context(), alice.login(), alice.three())
			require.NoError(t, err)
		})
	})
}

// pendingLogin is what the page asks for in a new login.
func (p *person) pendingLogin() *twofactor.Login {
	p.w.t.Helper()
	l, err := p.w.a.Login(p.w.ctx(), p.login())
	require.NoError(p.w.t, err)
	return l
}

func TestBypass_W29_ClocksThatAreWrong(t *testing.T) {
	t.Parallel()
	t.Run("never a yes, and no budget", func(t *testing.T) {
		t.Parallel()
		times := map[string]time.Time{
			"zero":         {},
			"the epoch":    time.Unix(0, 0),
			"before it":    time.Unix(-1, 0),
			"1970":         time.Unix(1_000_000, 0),
			"far past":     time.Unix(math.MinInt64/2, 0),
			"far future":   time.Unix(math.MaxInt64/2, 0),
			"year 10000":   time.Unix(253402300800, 0),
			"end of int64": time.Unix(math.MaxInt64, 999999999),
		}
		for name, at := range times {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				onEachStore(t, func(t *testing.T, w *world) {
					alice := w.enrolled("alice")
					v := alice.signIn()
					alice.prove()
					login, code, before := alice.login(), alice.newCode(), w.raw("alice")
					w.clock.Set(at)
					for name, call := range calls {
						fault(t, call(alice, login, code), name)
					}
					require.Equal(t, before, w.raw("alice"), "nothing was written")
					require.False(t, v.Fresh(at, 5*time.Minute))
				})
			})
		}
	})
	t.Run("two nodes whose clocks differ", func(t *testing.T) {
		t.Parallel()
		for _, apart := range []time.Duration{time.Hour, 24 * time.Hour, 6 * 365 * 24 * time.Hour} {
			t.Run(apart.String(), func(t *testing.T) {
				t.Parallel()
				onEachStore(t, func(t *testing.T, w *world) {
					alice := w.enrolled("alice")
					right := w.clock.Now()
					count := 0
					for n := range 60 {
						w.clock.Set(right.Add(-time.Duration(n%2) * apart))
						if judged(alice.try(alice.wrongCode(n))) {
							count++
						}
					}
					require.Equal(t, 10, count)
				})
			})
		}
	})
	t.Run("a clock that jumps back", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			w.clock.Advance(time.Hour)
			code := alice.newCode()
			require.NoError(t, alice.try(code))
			for back := range 10 {
				w.clock.Advance(-step)
				require.ErrorIs(t, alice.try(alice.phone.Code(w.clock.Now())), twofactor.ErrRejected,
					"a code older than the last accepted, %d steps back", back+1)
			}
		})
	})
}
