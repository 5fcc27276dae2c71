package totp_test

import (
	"math"
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

// three returns the codes of the steps up to newest.
func three(t testing.TB, k totp.Key, newest int64) [3]string {
	t.Helper()
	return [3]string{phone(t, k, newest-2), phone(t, k, newest-1), phone(t, k, newest)}
}

func TestMatchConsecutive(t *testing.T) {
	t.Parallel()
	const cur = 37037036
	k, now := rfcKey(t), unix(cur*30)
	for _, w := range windows() {
		for newest := int64(cur - 5); newest <= cur+5; newest++ {
			for last := newest - 4; last <= newest+1; last++ {
				step, err := k.MatchConsecutive(three(t, k, newest), now, last, w)
				switch {
				case newest < cur-int64(w.Back) || newest > cur+int64(w.Ahead):
					require.ErrorIs(t, err, totp.ErrMismatch)
				case newest-2 <= last:
					require.ErrorIs(t, err, totp.ErrUsed)
				default:
					require.NoError(t, err)
					require.Equal(t, newest, step)
				}
				if err != nil {
					require.Equal(t, last, step)
				}
			}
		}
	}
}

// TestMatchConsecutiveNeedsAll changes each code, and the order.
func TestMatchConsecutiveNeedsAll(t *testing.T) {
	t.Parallel()
	const cur = 37037036
	k, now, w := rfcKey(t), unix(cur*30), totp.Window{Back: 2, Ahead: 2}
	good := three(t, k, cur)
	_, err := k.MatchConsecutive(good, now, none, w)
	require.NoError(t, err)
	for i := range good {
		bad := good
		bad[i] = "000000"
		_, err := k.MatchConsecutive(bad, now, none, w)
		require.ErrorIs(t, err, totp.ErrMismatch, "code %d", i)
	}
	for name, codes := range map[string][3]string{
		"backwards": {good[2], good[1], good[0]},
		"gap":       {phone(t, k, cur-3), good[1], good[2]},
		"one code":  {good[2], good[2], good[2]},
	} {
		_, err := k.MatchConsecutive(codes, now, none, w)
		require.ErrorIs(t, err, totp.ErrMismatch, name)
	}
}

// TestMatchConsecutiveSpends goes from three codes to one and back: neither way
// in accepts what the other has accepted.
func TestMatchConsecutiveSpends(t *testing.T) {
	t.Parallel()
	const cur = 37037036
	k, now, w := rfcKey(t), unix(cur*30), totp.Window{Back: 2, Ahead: 2}
	last, err := k.MatchConsecutive(three(t, k, cur), now, none, w)
	require.NoError(t, err)
	_, err = k.MatchConsecutive(three(t, k, cur), now, last, w)
	require.ErrorIs(t, err, totp.ErrUsed)
	for _, code := range three(t, k, cur) {
		_, err = k.Match(code, now, last, w)
		require.ErrorIs(t, err, totp.ErrUsed)
	}
	last, err = k.Match(phone(t, k, cur-2), now, none, w)
	require.NoError(t, err)
	_, err = k.MatchConsecutive(three(t, k, cur), now, last, w)
	require.ErrorIs(t, err, totp.ErrUsed)
}

func TestMatchConsecutiveExtremes(t *testing.T) {
	t.Parallel()
	k, w := rfcKey(t), totp.Window{Back: 2, Ahead: 2}
	for newest := int64(-3); newest <= 3; newest++ {
		step, err := k.MatchConsecutive(three(t, k, newest), unix(30), math.MinInt64, w)
		if newest < 2 {
			require.ErrorIs(t, err, totp.ErrMismatch, "step %d", newest)
		} else {
			require.NoError(t, err)
			require.Equal(t, newest, step)
		}
	}
	const end = math.MaxInt64 / 30
	step, err := k.MatchConsecutive(three(t, k, end+2), unix(math.MaxInt64), none, w)
	require.NoError(t, err)
	require.Equal(t, int64(end+2), step)
}
