package lockcode_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// cut runs one operation of a world whose controller loses power at its n-th
// write, before or after the write took place, and comes up again with only
// what its store has. It tells whether the operation got that far.
func cut(t *testing.T, n int, after bool, op func(w *world) error, check func(w *world, err error)) bool {
	t.Helper()
	store := &breakable{}
	config := lockcode.ControllerConfig{}
	w := newWorld(t, func(c *lockcode.ControllerConfig) {
		store.LockKeyStore = c.Store
		c.Store = store
		config = *c
	})
	// The Apps talk to whatever controller runs.
	running := w.Controller
	relay := relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) { return running.Do(ctx, lock, msg) })
	for _, p := range []*phone{w.owner, w.user} {
		a, err := lockcode.NewApp(lockcode.AppConfig{Keys: p.keys, Relay: relay, Now: w.clock.now})
		require.NoError(t, err)
		p.App = a
	}
	w.grant("uwe", open("front"), lockcode.Binding{Purpose: lockcode.Activate})
	store.calls, store.failAt, store.after = 0, n, after
	err := op(w)
	reached := store.failAt == 0 && store.calls >= n
	store.failAt = 0
	again, newErr := lockcode.NewController(config)
	require.NoError(t, newErr)
	running, w.Controller = again, again
	check(w, err)
	return reached
}

// everyWrite cuts an operation at each of its writes, on either side.
func everyWrite(t *testing.T, op func(w *world) error, check func(w *world, err error)) {
	t.Helper()
	for _, after := range []bool{false, true} {
		n := 1
		for cut(t, n, after, op, check) {
			n++
		}
		require.Greater(t, n, 1, "it writes nothing")
	}
}

func TestPowerCutAtEveryWrite(t *testing.T) {
	t.Parallel()
	t.Run("a Code is used once", func(t *testing.T) {
		t.Parallel()
		var c lockcode.Code
		everyWrite(t, func(w *world) error {
			c = w.code(open("front"))
			return w.verify(c, open("front"))
		}, func(w *world, err error) {
			first := w.opens()
			if err != nil {
				require.Zero(t, first, "it opened and said no")
			}
			_ = w.verify(c, open("front"))
			require.LessOrEqual(t, w.opens(), 1, "a second use")
			w.clock.advance(2 * time.Minute)
			require.NoError(t, w.verify(w.code(open("back")), open("back")))
		})
	})
	t.Run("a guess is paid for", func(t *testing.T) {
		t.Parallel()
		everyWrite(t, func(w *world) error { return w.verify(w.junk(), open("front")) }, func(w *world, err error) {
			require.Error(t, err)
			_, _, spent, _ := w.state().Peek("ute")
			looked := w.count(lockcode.CodeGarbage)
			require.GreaterOrEqual(t, spent, looked, "a free guess")
		})
	})
	t.Run("a wrong PIN is counted", func(t *testing.T) {
		t.Parallel()
		everyWrite(t, func(w *world) error {
			return w.user.Do(t.Context(), w.lock, other(t, w.userPIN, 1), open("front"))
		}, func(w *world, err error) {
			require.Error(t, err)
			wrong := w.state().Wrong(w.user.record(w.lock).DeviceID())
			told := 0
			if r := reason(t, err); r == lockcode.WrongPIN {
				told = 1
			}
			require.GreaterOrEqual(t, wrong, told, "a free guess")
			require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
		})
	})
	t.Run("a request is used once", func(t *testing.T) {
		t.Parallel()
		var msg []byte
		everyWrite(t, func(w *world) error {
			at := w.clock.now().UnixMilli() + 1
			m, _, err := w.user.record(w.lock).SealRaw(at, at, w.userPIN, open("front"), nil)
			require.NoError(t, err)
			msg = m
			_, err = w.Do(t.Context(), w.lock, msg)
			return err
		}, func(w *world, _ error) {
			_, err := w.Do(t.Context(), w.lock, msg)
			require.NoError(t, err)
			require.LessOrEqual(t, w.opens(), 1)
		})
	})
	t.Run("an activation tries are spent", func(t *testing.T) {
		t.Parallel()
		everyWrite(t, func(w *world) error {
			p := newPhone(t, "uwe", w.clock, relayFunc(func(ctx context.Context, l string, m []byte) ([]byte, error) { return w.Do(ctx, l, m) }))
			if err := p.RequestActivation(t.Context(), w.lock, "uwe"); err != nil {
				return err
			}
			return p.Activate(t.Context(), w.lock, "uwe", other(t, pin(t, w.inbox["uwe"]), 1))
		}, func(w *world, err error) {
			require.Error(t, err)
			guesses := w.count(lockcode.ActivationWrong)
			// With what is left, three in all.
			for range 5 {
				p := newPhone(t, "uwe", w.clock, w.Controller)
				_ = p.Activate(t.Context(), w.lock, "uwe", other(t, pin(t, w.inbox["uwe"]+"0000"[len(w.inbox["uwe"]):]), 2))
			}
			require.LessOrEqual(t, w.count(lockcode.ActivationWrong), 3, "after %d", guesses)
		})
	})
	t.Run("no device is half activated", func(t *testing.T) {
		t.Parallel()
		var p *phone
		everyWrite(t, func(w *world) error {
			p = newPhone(t, "uwe", w.clock, relayFunc(func(ctx context.Context, l string, m []byte) ([]byte, error) { return w.Do(ctx, l, m) }))
			if err := p.RequestActivation(t.Context(), w.lock, "uwe"); err != nil {
				return err
			}
			return p.Activate(t.Context(), w.lock, "uwe", pin(t, w.inbox["uwe"]))
		}, func(w *world, err error) {
			if err != nil {
				// Not activated means: another PIN, and all is well.
				w.clock.advance(time.Minute)
				p.activate(w.site)
			}
			own := pin(t, w.inbox["uwe"])
			require.NoError(t, p.Do(t.Context(), w.lock, own, open("front")))
			devices, _, _, _ := w.state().Peek("uwe")
			require.Equal(t, 1, devices)
		})
	})
	t.Run("a PIN is the old or the new one", func(t *testing.T) {
		t.Parallel()
		everyWrite(t, func(w *world) error {
			return w.user.ChangePIN(t.Context(), w.lock, w.userPIN, chosen(t, w.userPIN))
		}, func(w *world, err error) {
			old := w.user.Do(t.Context(), w.lock, w.userPIN, open("front"))
			fresh := w.user.Do(t.Context(), w.lock, chosen(t, w.userPIN), open("front"))
			require.True(t, (old == nil) != (fresh == nil))
			if err == nil {
				require.NoError(t, fresh)
			}
		})
	})
	t.Run("a hardware reset is whole", func(t *testing.T) {
		t.Parallel()
		everyWrite(t, func(w *world) error { return w.HardwareReset(t.Context()) }, func(w *world, err error) {
			devices, _, _, _ := w.state().Peek("ute")
			if err == nil {
				require.Zero(t, devices)
			}
			require.NoError(t, w.HardwareReset(t.Context()))
			w.owner.activate(w.site)
		})
	})
}

// A store that swallows the transaction's error, or never runs it, is broken;
// it must not open a door all the same.
func TestStoreThatLies(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(f func(*lockcode.LockState) error) error{
		"never runs it": func(func(*lockcode.LockState) error) error { return nil },
		"runs it on nothing": func(f func(*lockcode.LockState) error) error {
			return f(new(lockcode.LockState))
		},
		"loses its error": func(f func(*lockcode.LockState) error) error {
			_ = f(new(lockcode.LockState))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *lockcode.ControllerConfig) { c.InsecureKeepActivationPIN = true })
			c := w.code(open("front"))
			broken, err := lockcode.NewController(lockcode.ControllerConfig{
				LockID: w.lock, PINs: w.site, Rights: w.site, Doors: w.site, Now: w.clock.now,
				Store: storeFunc(func(_ context.Context, f func(*lockcode.LockState) error) error { return lie(f) }),
			})
			require.NoError(t, err)
			require.Error(t, broken.VerifyCode(t.Context(), "ute", c, open("front")))
			require.Zero(t, w.opens())
		})
	}
}

type storeFunc func(ctx context.Context, f func(*lockcode.LockState) error) error

func (f storeFunc) Update(ctx context.Context, g func(*lockcode.LockState) error) error {
	return f(ctx, g)
}
