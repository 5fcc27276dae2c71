package lockcode_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

func TestRatchetMonths(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	for _, days := range []int{1, 2, 30, 200, 800, 1, 0} {
		w.clock.advance(time.Duration(days)*24*time.Hour + 10*time.Minute)
		require.NoError(t, w.verify(w.code(open("front")), open("front")), "after %d days", days)
		require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
		require.NoError(t, w.verify(w.code(open("back")), open("back")))
	}
	// Only one side moves for months: the phone by sealed answers, then the
	// controller by Codes of a phone that hears nothing.
	for range 100 {
		w.clock.advance(36 * time.Hour)
		require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
	}
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
	for range 100 {
		w.clock.advance(36 * time.Hour)
		require.NoError(t, w.verify(w.code(open("front")), open("front")))
	}
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
	// Around midnight, to both sides of it.
	w.clock.t = w.clock.t.Truncate(24 * time.Hour).Add(48*time.Hour - 30*time.Second)
	c := w.code(open("front"))
	w.clock.advance(time.Minute)
	require.NoError(t, w.verify(c, open("front")))
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
}

// Three clocks that are wrong.
func TestClocks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	t.Run("the lock's is set back", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		kept := w.code(open("front"))
		used := w.code(open("back"))
		require.NoError(t, w.verify(used, open("back")))
		before := w.clock.now()
		w.clock.advance(10 * time.Minute)
		require.NoError(t, w.verify(w.code(office("front")), office("front")))
		w.clock.t = before
		require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(kept, open("front"))), "revived")
		require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(used, open("back"))), "used again")
		require.Equal(t, 2, w.opens())
	})
	t.Run("the lock's is set back on a user of the App", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		kept, before := w.code(open("front")), w.clock.now()
		for range 30 {
			w.clock.advance(24 * time.Hour)
			require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
		}
		w.clock.t = before.Add(time.Minute)
		require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(kept, open("front"))), "revived")
		require.Equal(t, 30, w.opens())
	})
	t.Run("a Code from before an opening in the App", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		c := w.code(open("back"))
		w.clock.advance(3 * time.Minute)
		require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
		require.NoError(t, w.verify(c, open("back")), "within its three minutes")
		// An App whose clock is behind, though within two minutes.
		w.clock.advance(time.Hour)
		slow := w.clock.now().Add(-119 * time.Second).UnixMilli()
		msg, _, err := w.user.record(w.lock).SealRaw(w.clock.now().UnixMilli(), slow, w.userPIN, open("front"), nil)
		require.NoError(t, err)
		step := slow/60_000 - 1
		c, err = w.user.record(w.lock).Encipher(w.userPIN, open("back"), step)
		require.NoError(t, err)
		w.send(msg)
		require.NoError(t, w.verify(c, open("back")))
	})
	t.Run("the lock's runs away and returns", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		phoneTime := w.clock.now()
		w.clock.advance(400 * 24 * time.Hour)
		require.Error(t, w.verify(w.junk(), open("front")))
		w.clock.t = phoneTime.Add(time.Hour)
		require.NoError(t, w.verify(w.code(open("front")), open("front")))
		require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
	})
	t.Run("the lock's was ahead at the activation", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, "lock-1")
		right := s.clock.now()
		s.clock.t = right.AddDate(2, 0, 0)
		s.grant("olga", open("front"))
		require.NoError(t, s.HardwareReset(ctx))
		phoneClock := &clock{t: right}
		p := newPhone(t, "olga", phoneClock, s.Controller)
		own := p.activate(s)
		require.NoError(t, p.ConfirmConfig(ctx, s.lock, own, s.config))
		s.clock.t = right
		_, err := p.Status(ctx, s.lock) // learns the new offset
		require.NoError(t, err)
		c, err := p.Code(ctx, s.lock, own, open("front"))
		require.NoError(t, err)
		require.NoError(t, s.VerifyCode(ctx, "olga", c, open("front")))
	})
	t.Run("the phone's is hours off", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		for _, off := range []time.Duration{7 * time.Hour, -9 * time.Hour, 3 * 24 * time.Hour, -40 * time.Hour} {
			w.clock.advance(time.Hour)
			wrong := &clock{t: w.clock.now().Add(off)}
			a, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Relay: w.Controller, Now: wrong.now})
			require.NoError(t, err)
			// The first request is too early or late; the answer says so,
			// sealed, and the App asks again by itself.
			require.NoError(t, a.Do(ctx, w.lock, w.userPIN, open("front")))
			c, err := a.Code(ctx, w.lock, w.userPIN, open("front"))
			require.NoError(t, err)
			require.NoError(t, w.verify(c, open("front")))
		}
	})
	t.Run("a slow answer teaches no time", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, "lock-1")
		slow := &clock{t: s.clock.now()}
		delay := time.Duration(0)
		w := settle(t, s, relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
			answer, err := s.Do(ctx, lock, msg)
			slow.advance(delay)
			return answer, err
		}))
		a, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Relay: relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
			answer, err := s.Do(ctx, lock, msg)
			slow.advance(delay)
			return answer, err
		}), Now: slow.now})
		require.NoError(t, err)
		delay = 5 * time.Minute // the relay holds the answer back
		_, err = a.Status(ctx, w.lock)
		require.NoError(t, err)
		w.clock.advance(delay)
		delay = 0
		c, err := a.Code(ctx, w.lock, w.userPIN, open("front"))
		require.NoError(t, err)
		require.NoError(t, w.verify(c, open("front")))
	})
}
