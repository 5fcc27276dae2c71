package lockcode_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// another is a wrong PIN, the n-th or one after it, whose Code stands for no
// other one in this window. One Code in 800 does, and counts twice.
func (w *world) another(n int, b lockcode.Binding) lockcode.PIN {
	w.t.Helper()
	rec, step := w.user.record(w.lock), w.clock.now().Unix()/60
	for ; ; n++ {
		p := other(w.t, w.userPIN, n)
		c, err := rec.Encipher(p, b, step)
		require.NoError(w.t, err)
		if looksLikePIN(rec, c, b, step) == 1 {
			return p
		}
	}
}

func TestWrongPIN(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	id := w.user.record(w.lock).DeviceID()
	guess := func(n int) lockcode.Code {
		w.clock.advance(15 * time.Minute)
		c, err := w.user.Code(ctx, w.lock, w.another(n, open("front")), open("front"))
		require.NoError(t, err)
		return c
	}
	for i := range 5 {
		require.Equal(t, i, w.state().Wrong(id))
		require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(guess(i+1), open("front"))))
	}
	// Codes of this device stop, also good ones; the App goes on.
	w.clock.advance(time.Hour)
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(w.code(open("front")), open("front"))))
	require.Equal(t, 5, w.state().Wrong(id))
	err := w.user.Do(ctx, w.lock, other(t, w.userPIN, 1), open("front"))
	require.Equal(t, &lockcode.RefusedError{Reason: lockcode.WrongPIN, TriesLeft: 2, Sealed: true}, err)
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
	require.Zero(t, w.state().Wrong(id))
	w.clock.advance(24 * time.Hour)
	require.NoError(t, w.verify(w.code(open("front")), open("front")))

	// Eight in a row are all that a thief has, over Codes and App together.
	for i := range 3 {
		require.Error(t, w.verify(guess(i+1), open("front")))
	}
	for i := range 5 {
		err := w.user.Do(ctx, w.lock, other(t, w.userPIN, i+1), open("front"))
		require.Equal(t, &lockcode.RefusedError{Reason: lockcode.WrongPIN, TriesLeft: 4 - i, Sealed: true}, err)
	}
	for _, p := range []lockcode.PIN{other(t, w.userPIN, 9), w.userPIN} {
		require.Equal(t, lockcode.DeviceDisabled, reason(t, w.user.Do(ctx, w.lock, p, open("front"))))
	}
	_, err = w.user.Status(ctx, w.lock)
	require.Equal(t, lockcode.DeviceDisabled, reason(t, err))
	require.Equal(t, 1, w.count(lockcode.DeviceBlocked))
	require.Equal(t, lockcode.AlreadyActivated, reason(t, w.user.RequestActivation(ctx, w.lock, "ute")))
}

// twoPINs finds a Code that stands for two wrong PINs in the window. It is
// what a thief with the phone's keys would type, to have two guesses for one.
func twoPINs(t *testing.T, rec lockcode.AppRecord, right lockcode.PIN, b lockcode.Binding, now int64) lockcode.Code {
	t.Helper()
	seen := map[lockcode.Code]lockcode.PIN{}
	for step := now - lockcode.StepsBack; step <= now+lockcode.StepsAhead; step++ {
		for n := range 10_000 {
			p := lockcode.PINFrom(n)
			c, err := rec.Encipher(p, b, step)
			require.NoError(t, err)
			if q, ok := seen[c]; ok && p != right && q != right && looksLikePIN(rec, c, b, now) == 2 {
				return c
			}
			seen[c] = p
		}
	}
	t.Fatal("no Code stands for two PINs")
	return lockcode.Code{}
}

func TestTwoPINsInOneCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec := w.user.record(w.lock)
	c := twoPINs(t, rec, w.userPIN, open("front"), w.clock.now().Unix()/60)
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(c, open("front"))))
	require.Equal(t, 2, w.state().Wrong(rec.DeviceID()))

	// The same sealed, as a Code for another device: still two.
	w.clock.advance(time.Hour)
	c = twoPINs(t, rec, w.userPIN, lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}, w.clock.now().Unix()/60)
	at := w.clock.now().UnixMilli()
	msg, key, err := rec.SealRaw(at, at, lockcode.PIN{}, lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}, []byte(c.Characters()))
	require.NoError(t, err)
	answer, err := w.Do(t.Context(), w.lock, msg)
	require.NoError(t, err)
	why, err := lockcode.OpenSealed(key, answer)
	require.NoError(t, err)
	require.Equal(t, lockcode.WrongPIN, why)
	require.Equal(t, 4, w.state().Wrong(rec.DeviceID()))
}

// The eighth try is one PIN: a Code in which the right PIN stands beside
// another one would be two.
func TestLastTryIsOnePIN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 7 {
		require.Error(t, w.user.Do(t.Context(), w.lock, other(t, w.userPIN, i+1), open("front")))
	}
	rec, b := w.user.record(w.lock), lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}
	var c lockcode.Code
	for found := false; !found; w.clock.advance(time.Minute) {
		now := w.clock.now().Unix() / 60
		for s := now - 1; s <= now+1 && !found; s++ {
			var err error
			c, err = rec.Encipher(w.userPIN, b, s)
			require.NoError(t, err)
			for other := now - 1; other <= now+1 && !found; other++ {
				_, isPIN := rec.Decipher(c, b, other)
				found = isPIN && other != s
			}
		}
	}
	at := w.clock.now().UnixMilli()
	msg, key, err := rec.SealRaw(at, at, lockcode.PIN{}, b, []byte(c.Characters()))
	require.NoError(t, err)
	answer, err := w.Do(t.Context(), w.lock, msg)
	require.NoError(t, err)
	why, err := lockcode.OpenSealed(key, answer)
	require.NoError(t, err)
	require.Equal(t, lockcode.WrongPIN, why)
	require.Zero(t, w.count(lockcode.PairingArmed))
	require.Equal(t, 1, w.count(lockcode.DeviceBlocked))
}

// Garbage looks like a wrong PIN with 0.149 % only, so nobody without the key
// can disable somebody else's device.
func TestGarbageIsNotWrongPIN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(1, 2))
	garbage := 0
	rec := w.user.record(w.lock)
	for garbage < 200 {
		c := lockcode.CodeFrom(rng.Uint32())
		if looksLikePIN(rec, c, open("front"), w.clock.now().Unix()/60) > 1 {
			continue // it would count twice
		}
		require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(c, open("front"))))
		garbage++
		w.clock.advance(2 * time.Hour)
	}
	require.Equal(t, garbage, w.count(lockcode.CodeGarbage)+w.count(lockcode.CodeWrongPIN))
	require.LessOrEqual(t, w.state().Wrong(rec.DeviceID()), 4) // five by chance: 1e-5
	require.GreaterOrEqual(t, w.count(lockcode.CodeGarbage), 196)
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
}

// Right PINs of the user end a row of wrong ones and give a copy of the phone's
// keys no more than ten guesses a day. The phone goes on the day after.
func TestWrongPINsOfADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.user.record(w.lock).DeviceID()
	guesses := 0
	day := func() (looked int) {
		for i := range 40 {
			w.clock.advance(time.Second)
			guesses++
			switch why := w.ask(other(t, w.userPIN, guesses), open("front"), nil); why {
			case lockcode.WrongPIN:
				looked++
			default:
				require.Equal(t, lockcode.DeviceDisabled, why)
			}
			if i%3 == 2 {
				_ = w.ask(w.userPIN, open("front"), nil)
			}
		}
		return looked
	}
	require.Equal(t, 10, day())
	require.Positive(t, w.count(lockcode.DeviceBlocked))
	require.Less(t, w.state().Wrong(id), lockcode.MaxWrong)
	_, err := w.user.Status(t.Context(), w.lock)
	require.NoError(t, err, "the App can still ask how things stand")
	require.Error(t, w.verify(w.code(open("back")), open("back")), "nor do Codes go on")
	today := w.clock.now()
	w.clock.t = today.AddDate(0, 0, -2)
	require.Zero(t, day(), "a clock set back begins no new day")
	w.clock.t = today.AddDate(0, 0, 1)
	require.Zero(t, w.ask(w.userPIN, open("front"), nil))
	require.Equal(t, 10, day())

	// A payment of yesterday is not one of today: here the PIN turns out right
	// after midnight, and what was tried since still counts.
	v, h := newHooked(t)
	rec := v.user.record(v.lock)
	v.clock.t = v.clock.now().Truncate(24 * time.Hour).Add(24*time.Hour - time.Second)
	at := v.clock.now().UnixMilli()
	late, _, err := rec.SealRaw(100, at, v.userPIN, open("front"), nil)
	require.NoError(t, err)
	h.then = func() {
		v.clock.advance(2 * time.Second)
		wrong, _, err := rec.SealRaw(101, at, other(t, v.userPIN, 1), open("front"), nil)
		require.NoError(t, err)
		v.send(wrong)
	}
	v.send(late)
	require.Equal(t, 1, v.state().WrongToday(rec.DeviceID()))
	require.Equal(t, 1, v.opens())
}
