package twofactor_test

import (
	"context"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

func TestBypass_W40_AFaultAtEveryCall(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, on realserver.Named) {
				for at := 1; ; at += stride(on) {
					reached := false
					on.Bubble(t, func(t *testing.T, on realserver.Named) {
						a, b := on.Part(t)
						reached = newStory(newWorld(t, a, b)).tell(t, at, f)
					})
					if !reached {
						require.Greater(t, at, 15, "the story goes on")
						break
					}
				}
			})
		})
	}
}

// A record that someone else changes each time is given up, and nothing has
// come of it.
func TestBypass_W40_ConflictsWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, on realserver.Named) {
				on.Bubble(t, func(t *testing.T, on realserver.Named) {
					a, b := on.Part(t)
					w := newWorld(t, a, b)
					p, login, code := w.ready("alice")
					before, saves := w.raw("alice"), 0
					w.tap.onSave = func(context.Context, string, twofactor.Version, []byte) (twofactor.Version, error) {
						saves++
						return "", twofactor.ErrConflict
					}
					err := call(p, login, code)
					if saves == 0 {
						require.NoError(t, err, "it writes nothing")
						return
					}
					refused(t, err, twofactor.ReasonConflict)
					require.Less(t, saves, 100)
					require.Equal(t, before, w.raw("alice"))
					w.tap.onSave = nil
					require.NoError(t, call(p, login, code), "and then it works")
				})
			})
		})
	}
}

// A replica that is behind shows a code as unused. The write that would accept
// it is refused, and then the contract has the store show what is there.
func TestBypass_W39_LaggingReplica(t *testing.T) {
	t.Parallel()
	again := map[string]func(p *person, login, code string) error{
		"the same code": func(p *person, login, code string) error {
			_, err := p.answer(login, code)
			return err
		},
		"as a fresh proof": func(p *person, _, code string) error {
			_, err := p.w.a.Grant(p.w.ctx(), p.session, twofactor.Answer{Code: code})
			return err
		},
		"among three": func(p *person, login, _ string) error {
			_, err := p.w.a.Verify(p.w.ctx(), login, twofactor.Answer{Codes: p.phone.Codes(3, p.w.clock.Now())})
			return err
		},
	}
	for name, try := range again {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				alice := w.enrolled("alice")
				alice.signIn()
				w.clock.Advance(3 * step)
				login, code, old := alice.login(), alice.newCode(), w.raw("alice")
				require.NoError(t, alice.try(code))
				behind := true
				w.tap.onLoad = func(ctx context.Context, key string) (twofactor.Record, error) {
					if behind {
						return old, nil
					}
					return w.tap.Store.Load(ctx, key)
				}
				w.tap.onSave = func(ctx context.Context, key string, v twofactor.Version, data []byte) (twofactor.Version, error) {
					next, err := w.tap.Store.Save(ctx, key, v, data)
					behind = behind && err == nil
					return next, err
				}
				refused(t, try(alice, login, code), twofactor.ReasonAlreadyUsed)
			})
		})
	}
}

// What an administrator or the app does is not lost by a fault either: done
// again, it is done.
func TestFaultsAroundResetAndDelete(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, on realserver.Named) {
				for at := 1; at <= 4; at += stride(on) {
					on.Bubble(t, func(t *testing.T, on realserver.Named) {
						a, b := on.Part(t)
						w := newWorld(t, a, b)
						w.enrolled("alice")
						w.enrolled("bob")
						admin, bob := w.enrolled("admin").signIn(), w.raw("bob")
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						calls := 0
						f(w.tap, func() bool { calls++; return calls == at }, cancel)
						until := func(act func(context.Context) error) {
							for err := act(ctx); err != nil; err = act(t.Context()) {
								require.Less(t, calls, 20, "it never works")
							}
						}
						until(func(ctx context.Context) error { return w.a.Reset(ctx, admin, "alice", "lost") })
						require.Empty(t, w.record("alice").Factors)
						until(func(ctx context.Context) error { return w.a.Delete(ctx, "alice") })
						if name != "load finds nothing" { // which Delete has to believe
							_, err := w.tap.Store.Load(t.Context(), storeKey("alice"))
							require.ErrorIs(t, err, twofactor.ErrNotFound)
						}
						require.Equal(t, bob, w.raw("bob"))
					})
				}
			})
		})
	}
}
