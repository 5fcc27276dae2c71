package totp_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

// windows are all windows that are allowed.
func windows() (all []totp.Window) {
	for back := range 3 {
		for ahead := range 3 {
			all = append(all, totp.Window{Back: back, Ahead: ahead})
		}
	}
	return all
}

// TestW11EqualNeighbours uses the code that two neighbouring steps share, at
// every second at which it can be right under one of them.
func TestW11EqualNeighbours(t *testing.T) {
	t.Parallel()
	k := rfcKey(t)
	pairs := load[totpVectors](t, "totp_rfc6238.json").Neighbours
	require.NotEmpty(t, pairs)
	for _, pair := range pairs {
		require.Equal(t, phone(t, k, pair.Step), phone(t, k, pair.Next))
		newest, err := k.Match(pair.OTP6, unix(pair.Step*30), none, totp.Window{Ahead: 1})
		require.NoError(t, err)
		require.Equal(t, pair.Next, newest)
		for _, w := range windows() {
			for first := pair.Step - 3; first <= pair.Next+3; first++ {
				accepted, last := 0, int64(none)
				for now := first * 30; now < (pair.Next+4)*30; now++ {
					step, err := k.Match(pair.OTP6, unix(now), last, w)
					if err == nil {
						accepted++
					}
					last = step
				}
				if first <= pair.Next+int64(w.Back) {
					require.Equal(t, 1, accepted, "window %v from step %d", w, first)
				} else {
					require.Zero(t, accepted, "window %v from step %d", w, first)
				}
			}
		}
	}
}

// TestW12W13Replay submits the same code at every second of its life and after,
// beginning at every second of its life.
func TestW12W13Replay(t *testing.T) {
	t.Parallel()
	k, step := rfcKey(t), int64(37037036)
	code := phone(t, k, step)
	for _, w := range windows() {
		opens, closes := (step-int64(w.Ahead))*30, (step+int64(w.Back)+1)*30
		for first := opens - 1; first <= closes; first++ {
			last, err := k.Match(code, unix(first), none, w)
			if first < opens || first >= closes {
				require.ErrorIs(t, err, totp.ErrMismatch)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, step, last)
			for later := first; later <= closes+30; later++ {
				_, err := k.Match(code, unix(later), last, w)
				if later < closes+30 { // told apart for one step more
					require.ErrorIs(t, err, totp.ErrUsed)
				} else {
					require.ErrorIs(t, err, totp.ErrMismatch)
				}
			}
		}
	}
}

// TestW13Model submits, at random, codes of steps around the present one, and
// compares every answer with the rule in words: inside the window, not
// negative, and above the last accepted step.
func TestW13Model(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(6238, 4226))
	for _, w := range windows() {
		for range 20 {
			key := make([]byte, 20)
			for i := range key {
				key[i] = byte(rng.Uint32())
			}
			k := totp.Key{Secret: secret(t, string(key))}
			now, last := rng.Int64N(300), int64(none)
			for range 300 {
				now += rng.Int64N(12)
				cur := now / 30
				step := max(cur-4+rng.Int64N(9), 0)
				got, err := k.Match(phone(t, k, step), unix(now), last, w)
				inside := cur-int64(w.Back) <= step && step <= cur+int64(w.Ahead)
				justLeft := step == last && step == cur-int64(w.Back)-1
				switch {
				case justLeft:
					require.ErrorIs(t, err, totp.ErrUsed)
				case !inside:
					require.ErrorIs(t, err, totp.ErrMismatch)
				case step <= last:
					require.ErrorIs(t, err, totp.ErrUsed)
				default:
					require.NoError(t, err)
					require.Equal(t, step, got)
				}
				if err != nil {
					require.Equal(t, last, got)
				}
				last = got
			}
		}
	}
}

func TestW14Spellings(t *testing.T) {
	t.Parallel()
	k, now := rfcKey(t), unix(1111111109)
	for _, code := range []string{
		"081804", " 081804\t", "081 804", "081\u00a0804", "0-8-1-8-0-4", "08\u202f18\u200904", "081\u2013804", "０８１８０４", "٠٨١٨٠٤",
	} {
		last, err := k.Match(code, now, none, totp.Window{})
		require.NoError(t, err, "%q", code)
		_, err = k.Match(code, now, last, totp.Window{})
		require.ErrorIs(t, err, totp.ErrUsed, "%q", code)
	}
}

func TestMatchMalformed(t *testing.T) {
	t.Parallel()
	k, now := rfcKey(t), unix(1111111109)
	for name, code := range map[string]string{
		"empty": "", "blank": "   ", "short": "81804", "long": "0081804", "eight": "07081804",
		"letter": "O81804", "sign": "+81804", "dot": "081.804", "hidden": "081\u200b804", "overlong": strings.Repeat(" ", 80) + "081804",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last, err := k.Match(code, now, 7, totp.Window{Back: 1, Ahead: 1})
			require.ErrorIs(t, err, totp.ErrMalformed)
			require.EqualValues(t, 7, last)
			_, err = k.MatchConsecutive([3]string{"081804", code, "081804"}, now, 7, totp.Window{})
			require.ErrorIs(t, err, totp.ErrMalformed)
		})
	}
}

func TestMatchFaults(t *testing.T) {
	t.Parallel()
	good := rfcKey(t)
	for name, k := range map[string]totp.Key{
		"no secret":      {},
		"algorithm":      {Secret: good.Secret, Algorithm: 3},
		"five digits":    {Secret: good.Secret, Digits: 5},
		"nine digits":    {Secret: good.Secret, Digits: 9},
		"negative":       {Secret: good.Secret, Digits: -6},
		"short period":   {Secret: good.Secret, Period: 4},
		"long period":    {Secret: good.Secret, Period: 121},
		"no such period": {Secret: good.Secret, Period: -30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, k.Validate(), totp.ErrKey)
			last, err := k.Match("081804", unix(1111111109), 5, totp.Window{})
			require.ErrorIs(t, err, totp.ErrKey)
			require.EqualValues(t, 5, last)
			last, err = k.MatchConsecutive([3]string{"081804", "081804", "081804"}, unix(1111111109), 5, totp.Window{})
			require.ErrorIs(t, err, totp.ErrKey)
			require.EqualValues(t, 5, last)
		})
	}
	for _, w := range []totp.Window{{Back: -1}, {Back: 3}, {Ahead: -1}, {Ahead: 3}, {Back: math.MaxInt, Ahead: math.MinInt}} {
		require.ErrorIs(t, w.Validate(), totp.ErrWindow)
		_, err := good.Match("081804", unix(1111111109), none, w)
		require.ErrorIs(t, err, totp.ErrWindow)
		_, err = good.MatchConsecutive([3]string{"081804", "081804", "081804"}, unix(1111111109), none, w)
		require.ErrorIs(t, err, totp.ErrWindow)
	}
	for _, w := range windows() {
		require.NoError(t, w.Validate())
	}
}

// TestW29Extremes goes to the ends of time, where a step that wraps would be
// matched.
func TestW29Extremes(t *testing.T) {
	t.Parallel()
	wide := totp.Window{Back: 2, Ahead: 2}
	for _, period := range []int{5, 30, 120} {
		k := rfcKey(t)
		k.Period = period
		p := int64(period)
		for name, tt := range map[string]struct {
			now  time.Time
			step int64 // the present step
		}{
			"epoch":            {unix(0), 0},
			"just before":      {unix(-1), -1},
			"a step before":    {unix(-p), -1},
			"two steps before": {unix(-p - 1), -2},
			"1900":             {time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), -2208988800 / p},
			"year 10000":       {unix(253402300800), 253402300800 / p},
			"last second":      {unix(math.MaxInt64), math.MaxInt64 / p},
			"first second":     {unix(math.MinInt64), math.MinInt64/p - 1},
		} {
			for offset := int64(-4); offset <= 4; offset++ {
				step := tt.step + offset
				got, err := k.Match(phone(t, k, step), tt.now, none, wide)
				if step >= 0 && -2 <= offset && offset <= 2 {
					require.NoError(t, err, "%s %+d", name, offset)
					require.Equal(t, step, got)
				} else {
					require.ErrorIs(t, err, totp.ErrMismatch, "%s %+d", name, offset)
				}
			}
		}
	}
	k, code := rfcKey(t), "081804"
	_, err := k.Match(code, unix(1111111109), math.MaxInt64, wide)
	require.ErrorIs(t, err, totp.ErrUsed)
	_, err = k.Match(code, unix(1111111109), math.MinInt64, wide)
	require.NoError(t, err)
	_, err = k.Match(code, time.Time{}, none, wide)
	require.ErrorIs(t, err, totp.ErrMismatch)
	_, err = k.Match("094451", unix(0), math.MinInt64, wide)
	require.ErrorIs(t, err, totp.ErrMismatch, "step -1 must not be tried as 2^64-1")
}
