package lockcode_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

func TestCodeRoundTripAndReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.code(open("front"))
	require.NoError(t, w.verify(c, open("front")))
	require.Equal(t, 1, w.opens())
	// In the same minute, and in every later one of its life.
	for range 30 {
		require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(c, open("front"))))
		w.clock.advance(10 * time.Minute / 30)
	}
	require.Equal(t, 1, w.opens())
	require.Positive(t, w.count(lockcode.CodeReplayed))

	// A used Code leaves others alone, of another door and of a later minute.
	require.NoError(t, w.verify(w.code(open("back")), open("back")))
	w.clock.advance(40 * time.Minute)
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
}

func TestEarlierCodeAfterLaterOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	early := w.code(open("front"))
	w.clock.advance(time.Minute)
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(early, open("front"))))
}

func TestRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Two controllers on one store are two processes of one box; the bucket
	// would hide a second use, so each round has its own minute.
	second, err := lockcode.NewController(lockcode.ControllerConfig{
		LockID: w.lock, Store: w.keys, PINs: w.site, Rights: w.site, Doors: w.site, Now: w.clock.now,
	})
	require.NoError(t, err)
	for round := range 20 {
		c := w.code(open("front"))
		var yes atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				who := w.Controller
				if i%2 == 1 {
					who = second
				}
				if who.VerifyCode(t.Context(), "ute", c, open("front")) == nil {
					yes.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, yes.Load())
		require.Equal(t, round+1, w.opens())
		w.clock.advance(24 * time.Hour)
	}
}

// TestWindow makes a Code at every fifth second around the controller's time:
// three minutes back and one ahead, counted in whole minutes, and no more.
func TestWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.advance(time.Hour)
	lockTime := w.clock.now()
	minute := func(at time.Time) int64 { return at.Unix() / 60 }
	for ahead := -360; ahead <= 180; ahead += 5 {
		made := lockTime.Add(time.Duration(ahead) * time.Second)
		rec := w.user.record(w.lock)
		c, err := rec.Encipher(w.userPIN, open(fmt.Sprint("door", ahead)), minute(made))
		require.NoError(t, err)
		w.grant("ute", open(fmt.Sprint("door", ahead)))
		err = w.verify(c, open(fmt.Sprint("door", ahead)))
		off := minute(made) - minute(lockTime)
		// Once a later Code was accepted, earlier minutes stay open as far as
		// the window of that one reaches.
		if off >= -lockcode.StepsBack && off <= lockcode.StepsAhead {
			require.NoError(t, err, "%d s", ahead)
		} else {
			require.Equal(t, lockcode.InvalidCode, reason(t, err), "%d s", ahead)
		}
		// The budget is not what this is about.
		require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
		if err != nil {
			w.clock.advance(24 * time.Hour)
			lockTime = w.clock.now()
		}
	}
}

// TestBinding tries a Code of every binding under every other one.
func TestBinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := []lockcode.Binding{open("front"), open("back"), office("front"), office("back"), reset("ute"), reset("olga"),
		{Purpose: lockcode.AddDevice, Target: "olga"}}
	for _, b := range all {
		w.grant("olga", b)
	}
	for _, made := range all {
		for _, used := range all {
			if made == used && made.Purpose != lockcode.AddDevice {
				continue
			}
			c, err := w.owner.record(w.lock).Encipher(w.ownerPIN, made, w.clock.now().Unix()/60)
			require.NoError(t, err)
			require.Equal(t, lockcode.InvalidCode, reason(t, w.VerifyCode(t.Context(), "olga", c, used)), "%v as %v", made, used)
			w.clock.advance(2 * time.Hour)
		}
	}
	require.Zero(t, w.opens())
	devices, _, _, _ := w.state().Peek("ute")
	require.Equal(t, 1, devices)
	require.Zero(t, w.count(lockcode.CodeAccepted))
}

func TestAnyDoorTakesDoorsAndNoPurposeOutOfCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *lockcode.ControllerConfig) { c.InsecureAllowAnyDoor = true })
	c := w.code(open("any"))
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(c, office("front"))))
	require.NoError(t, w.verify(c, open("back")))
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(c, open("front"))), "one use for all doors")
	require.Equal(t, []string{"ute open door back"}, w.opened)
}

// TestScopes moves one record to another lock, epoch, user and device, keys
// and all: a Code must not follow it.
func TestScopes(t *testing.T) {
	t.Parallel()
	var d1, d2 lockcode.DeviceID
	d2[0] = 1
	e1, e2 := make([]byte, 16), append(make([]byte, 15), 1)
	isk := make([]byte, 64)
	scopes := [][]byte{
		lockcode.Scope("lock", e1, "user", d1), lockcode.Scope("lock2", e1, "user", d1), lockcode.Scope("lock", e2, "user", d1),
		lockcode.Scope("lock", e1, "user2", d1), lockcode.Scope("lock", e1, "user", d2),
	}
	seen := map[string]bool{}
	for _, s := range scopes {
		keys, err := lockcode.DeriveKeys(isk, s)
		require.NoError(t, err)
		chain, request, print := keys.Parts()
		tw := lockcode.TweakOf(s, open("front"), 1)
		for _, v := range []string{string(chain), string(request), string(print[:]), string(tw[:])} {
			require.False(t, seen[v])
			seen[v] = true
		}
	}
	require.Len(t, seen, 4*len(scopes))

	// And through the controller: the same person, the same PIN, another user.
	w := newWorld(t)
	w.grant("olga", open("front"))
	require.Equal(t, lockcode.InvalidCode, reason(t, w.VerifyCode(t.Context(), "olga", w.code(open("front")), open("front"))))
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
}

func TestTypingErrorsCostNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, s := range []string{"", "ABCD", "ABCDEF", "ABCU1", "\u212aBCDE", strings.Repeat("A", 400)} {
		_, err := lockcode.ParseCode(s)
		require.ErrorIs(t, err, lockcode.ErrMalformedCode)
	}
	c := w.code(open("front"))
	typed := strings.ToLower(c.Characters()[:2] + " - " + c.Characters()[2:])
	typed = strings.NewReplacer("0", "o", "1", "l").Replace(typed)
	again, err := lockcode.ParseCode(typed)
	require.NoError(t, err)
	require.Equal(t, c, again)
	require.NoError(t, w.verify(again, open("front")))
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(lockcode.Code{}, open("front"))))
	_, fails, _, lockFails := w.state().Peek("ute")
	require.Zero(t, fails)
	require.Zero(t, lockFails)
}
