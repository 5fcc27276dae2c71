package lockcode_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// junk is a Code that the user's device can't have made in this window.
func (w *world) junk() lockcode.Code { return w.junkFor(open("front")) }

func (w *world) junkFor(b lockcode.Binding) lockcode.Code {
	w.t.Helper()
	rec, step := w.user.record(w.lock), w.clock.now().Unix()/60
next:
	for {
		c := lockcode.CodeFrom(rand.Uint32())
		for s := step - lockcode.StepsBack; s <= step+lockcode.StepsAhead; s++ {
			if _, ok := rec.Decipher(c, b, s); ok {
				continue next
			}
		}
		return c
	}
}

// TestThrottleAndDoS: five guesses in a burst and one back every ten minutes.
// Garbage stops a user's Codes for a while, and never the App.
func TestThrottleAndDoS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		require.Error(t, w.verify(w.junk(), open("front")))
	}
	require.Equal(t, 5, w.count(lockcode.CodeGarbage))
	good := w.code(open("front"))
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(good, open("front"))))
	require.Equal(t, 1, w.count(lockcode.CodeThrottled), "it was looked at without payment")
	require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))

	w.clock.advance(10 * time.Minute)
	require.NoError(t, w.verify(w.code(open("back")), open("back")))
	require.NoError(t, w.verify(w.code(open("front")), open("front")), "success is free")
	require.Error(t, w.verify(w.junk(), open("front")))
	require.Error(t, w.verify(w.junk(), open("front")))
	require.Equal(t, 6, w.count(lockcode.CodeGarbage), "one token, one guess")
}

func TestUnknownUserCostsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 300 {
		require.Equal(t, lockcode.InvalidCode, reason(t, w.VerifyCode(t.Context(), "nobody", w.junk(), open("front"))))
	}
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
}

// A breakable store fails at the n-th write from now, either before anything
// is stored or after it.
type breakable struct {
	lockcode.LockKeyStore
	failAt int // 1 is the next call, 0 none
	after  bool
	calls  int
}

var errDisk = errors.New("disk full")

func (b *breakable) Update(ctx context.Context, f func(*lockcode.LockState) error) error {
	b.calls++
	if b.failAt == 0 {
		return b.LockKeyStore.Update(ctx, f)
	}
	b.failAt--
	if b.failAt > 0 {
		return b.LockKeyStore.Update(ctx, f)
	}
	if b.after {
		_ = b.LockKeyStore.Update(ctx, f)
		return errDisk
	}
	// As with a real disk, the transaction runs and is then lost.
	_ = b.LockKeyStore.Update(ctx, func(s *lockcode.LockState) error {
		_ = f(s.Clone())
		return nil
	})
	return errDisk
}

// TestGuessesPerDayAndPayFirst counts the guesses that are looked at in a day
// of constant attack: 20 for a user, 100 for a lock. A disk that is full, or
// a power cut at any write, gives none for free.
func TestGuessesPerDayAndPayFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 24 * 12 {
		require.Error(t, w.verify(w.junk(), open("front")))
		w.clock.advance(5 * time.Minute)
	}
	// The attack began at 10:00:30 and ran over midnight: two days' counts.
	require.LessOrEqual(t, w.count(lockcode.CodeGarbage), 2*20)
	require.Greater(t, w.count(lockcode.CodeGarbage), 30)

	store := &breakable{}
	w = newWorld(t, func(c *lockcode.ControllerConfig) {
		store.LockKeyStore = c.Store
		c.Store = store
	})
	looked := 0
	for range 40 {
		store.failAt, store.after = 1, false
		good := w.code(open("front"))
		err := w.verify(good, open("front"))
		require.ErrorIs(t, err, errDisk)
		looked += w.count(lockcode.CodeAccepted) + w.count(lockcode.CodeGarbage)
	}
	require.Zero(t, looked, "a full disk is a free guess")
	require.Zero(t, w.opens())

	// Power fails after the payment, over and over: the payments stand.
	for range 40 {
		store.failAt = 2
		require.Error(t, w.verify(w.junk(), open("front")))
	}
	store.failAt = 0
	_, fails, spent, lockFails := w.state().Peek("ute")
	require.Equal(t, []int{5, 5, 5}, []int{fails, spent, lockFails})
}

func TestLockDayCap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := []string{"u1", "u2", "u3", "u4", "u5", "u6"}
	for _, u := range users {
		w.grant(u, lockcode.Binding{Purpose: lockcode.Activate})
		newPhone(t, u, w.clock, w.Controller).activate(w.site)
	}
	// All of the users at once, through one day.
	w.clock.advance(14*time.Hour + 5*time.Minute) // just past midnight
	w.events = nil
	for range 23 * 6 {
		for _, u := range users {
			require.Error(t, w.VerifyCode(t.Context(), u, w.junk(), open("front")))
		}
		w.clock.advance(10 * time.Minute)
	}
	looked := w.count(lockcode.CodeGarbage) + w.count(lockcode.CodeWrongPIN)
	require.LessOrEqual(t, looked, 101) // a Code may stand for two PINs by chance
	require.GreaterOrEqual(t, looked, 100)
}

// A controller that loses its time at each power cut must not begin a new day
// of guesses each time.
func TestClockGoingBackRefillsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.clock.now()
	require.Error(t, w.verify(w.junk(), open("front")))
	for range 50 {
		w.clock.t = time.Unix(0, 0)
		_ = w.verify(lockcode.CodeFrom(rand.Uint32()), open("front"))
		w.clock.t = good
		_ = w.verify(w.junk(), open("front"))
	}
	require.Equal(t, 5, w.count(lockcode.CodeGarbage)+w.count(lockcode.CodeWrongPIN))

	// One that ran ahead for a moment is healed by a right PIN in the App.
	w.clock.t = good.AddDate(10, 0, 0)
	_ = w.verify(w.junk(), open("front"))
	for range 4 {
		_ = w.verify(w.junk(), open("front"))
	}
	w.clock.t = good.Add(time.Hour)
	require.Error(t, w.verify(w.code(open("front")), open("front")))
	require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
	w.clock.advance(10 * time.Minute)
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
}
