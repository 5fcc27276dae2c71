package lockcode_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// Where the clock stands on a day whose key is gone, or out of reach, no Code is
// good: least of all one under the key that comes of no chain value at all.
func TestCodeOfADayWithoutAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec, now := w.user.record(w.lock), w.clock.now()
	scope := lockcode.Scope(w.lock, rec.EpochBytes(), "ute", rec.DeviceID())
	for _, years := range []int{-1, 101} {
		w.clock.t = now.AddDate(years, 0, 0)
		step := w.clock.now().Unix() / 60
		for _, key := range [][]byte{lockcode.DayKey(nil), lockcode.DayKey(rec.ChainValue())} {
			before := w.count(lockcode.CodeGarbage)
			c, err := lockcode.EncipherWith(key, lockcode.TweakOf(scope, open("front"), step), w.userPIN)
			require.NoError(t, err)
			require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(c, open("front"))), years)
			require.Equal(t, before+1, w.count(lockcode.CodeGarbage))
		}
	}
	require.Zero(t, w.opens())
	require.Zero(t, w.state().Wrong(rec.DeviceID()))
	w.clock.t = now
	require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
}

// What was used is remembered for as long as it could be used again, and there is
// an end to the list: then the next one waits.
func TestMoreCodesThanAreRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	door := func(i int) lockcode.Binding {
		b := open(fmt.Sprint("door", i))
		w.grant("ute", b)
		return b
	}
	for i := range lockcode.MaxUsed {
		require.NoError(t, w.verify(w.code(door(i)), door(i)), i)
	}
	more := w.code(door(lockcode.MaxUsed))
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(more, door(lockcode.MaxUsed))))
	require.Equal(t, 1, w.count(lockcode.Refused))
	_, err := w.user.NewDeviceCode(t.Context(), w.lock, w.userPIN)
	require.Equal(t, &lockcode.RefusedError{Reason: lockcode.InvalidCode, Sealed: true}, err)
	require.Zero(t, w.state().Wrong(w.user.record(w.lock).DeviceID()), "the PIN was right")
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(w.code(door(0)), door(0))), "used")
	require.Equal(t, lockcode.MaxUsed, w.opens())
	require.Equal(t, lockcode.MaxUsed, w.count(lockcode.CodeAccepted))
	_, err = w.state().MarshalBinary()
	require.NoError(t, err, "what is too long can't be stored")
	w.clock.advance(4 * time.Minute)
	require.NoError(t, w.verify(w.code(door(0)), door(0)))
}

// A Code for another device that stands for nothing is a try like any other:
// whoever has the keys learns from it what a wrong PIN would have told.
func TestPairingCodeOfNothingIsATry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec, add := w.user.record(w.lock), lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}
	for i := range lockcode.MaxWrong {
		require.Equal(t, lockcode.InvalidCode, w.ask(lockcode.PIN{}, add, []byte(w.junkFor(add).Characters())))
		require.Equal(t, i+1, w.state().Wrong(rec.DeviceID()))
		require.Equal(t, i+1, w.state().WrongToday(rec.DeviceID()))
	}
	require.Equal(t, lockcode.DeviceDisabled, w.ask(lockcode.PIN{}, add, []byte(w.junkFor(add).Characters())))
	require.Zero(t, w.count(lockcode.PairingArmed))
	require.Zero(t, w.state().Pendings())
}
