package budget_test

import (
	"math"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/budget"
	"github.com/stretchr/testify/require"
)

var account = budget.Bucket{Size: 10, Refill: 6 * time.Hour}

func TestBucketEmptiesAndRefills(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var full int64
	for left := 10; left > 0; left-- {
		require.Equal(t, left, account.Level(full, now))
		var ok bool
		full, ok = account.Take(full, now, 1)
		require.True(t, ok)
	}
	_, ok := account.Take(full, now, 1)
	require.False(t, ok, "the eleventh try")
	require.Equal(t, now.Add(6*time.Hour), account.Next(full, now, 1))

	require.Equal(t, 0, account.Level(full, now.Add(6*time.Hour-time.Second)))
	require.Equal(t, 1, account.Level(full, now.Add(6*time.Hour)))
	require.Equal(t, 10, account.Level(full, now.Add(60*time.Hour)))
	require.Equal(t, 10, account.Level(full, now.Add(600*time.Hour)), "never more than its size")
}

func TestBackGivesNoMoreThanWasTaken(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	full, _ := account.Take(0, now, 3)
	full, _ = account.Take(full, now, 1)
	full = account.Back(full, now, 1)
	require.Equal(t, 7, account.Level(full, now))
	require.Equal(t, 10, account.Level(account.Back(full, now, 99), now))
}

func TestTakeIsAllOrNothing(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	full, _ := account.Take(0, now, 9)
	again, ok := account.Take(full, now, 2)
	require.False(t, ok)
	require.Equal(t, full, again)
	_, ok = account.Take(full, now, -1)
	require.False(t, ok, "a negative price would fill the bucket")
}

func TestBypass_W29_ClockExtremes(t *testing.T) {
	t.Parallel()
	ends := []int64{math.MinInt64 / 2, -1 << 40, -1, 0, 1, 1 << 31, 1 << 32, 253402300799, math.MaxInt64 / 2}
	for _, at := range ends {
		for _, state := range append(ends, math.MinInt64, math.MaxInt64) {
			now := time.Unix(at, 0)
			level := account.Level(state, now)
			require.GreaterOrEqual(t, level, 0, "now %d state %d", at, state)
			require.LessOrEqual(t, level, 10, "now %d state %d", at, state)
			after, ok := account.Take(state, now, 1)
			require.Equal(t, level > 0, ok, "now %d state %d", at, state)
			if ok {
				require.Equal(t, level-1, account.Level(after, now), "now %d state %d", at, state)
			}
		}
	}
}

func TestTwoClocksNeverRefill(t *testing.T) {
	t.Parallel()
	right := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	behind := time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	var full int64
	answered := 0
	for range 100 {
		for _, now := range []time.Time{right, behind} {
			var ok bool
			if full, ok = account.Take(full, now, 1); ok {
				answered++
			}
		}
	}
	require.Equal(t, 10, answered)
}
