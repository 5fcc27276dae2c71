package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/internal/budget"
	"github.com/stretchr/testify/require"
)

// tries is the bucket that the service has.
var tries = budget.Bucket{Size: 10, Refill: 6 * time.Hour}

// inAYear is how many tries a bucket gives somebody who takes each of them as
// soon as it is there.
func inAYear(b budget.Bucket) int {
	now := time.Unix(1_800_000_000, 0)
	end := now.Add(year)
	var full int64
	n := 0
	for now.Before(end) {
		next, ok := b.Take(full, now, 1)
		if !ok {
			now = b.Next(full, now, 1)
			continue
		}
		full = next
		n++
	}
	return n
}

// Only the first three rows can be had: the window is a setting, the bucket is
// not. The others show why it is as it is. They are computed, from a bucket that
// is drained for a year, and not simulated.
func TestSimulationTable(t *testing.T) {
	t.Parallel()
	small := budget.Bucket{Size: 5, Refill: 6 * time.Hour}
	large := budget.Bucket{Size: 100, Refill: 6 * time.Hour}
	slow := budget.Bucket{Size: 10, Refill: 24 * time.Hour}
	quick := budget.Bucket{Size: 10, Refill: time.Hour}
	minutes := budget.Bucket{Size: 5, Refill: time.Minute}
	t.Logf("%-7s %4s %-8s %7s  %9s  %s", "window", "size", "refill", "tries", "in", "with a known browser's cookie")
	for _, row := range []struct {
		window totp.Window
		bucket budget.Bucket
	}{
		{totp.Window{Back: 1, Ahead: 1}, tries},
		{totp.Window{Back: 1}, tries},
		{totp.Window{}, tries},
		{totp.Window{Back: 1, Ahead: 1}, small},
		{totp.Window{Back: 1, Ahead: 1}, large},
		{totp.Window{Back: 1, Ahead: 1}, slow},
		{totp.Window{Back: 1, Ahead: 1}, quick},
		{totp.Window{Back: 1, Ahead: 1}, minutes},
	} {
		n := inAYear(row.bucket)
		require.Equal(t, row.bucket.Size+int((year-1)/row.bucket.Refill), n)
		t.Logf("%d and %d %4d %-8v %7d  %7.2f %%  %7.2f %%", row.window.Back, row.window.Ahead,
			row.bucket.Size, row.bucket.Refill, n, 100*chance(n, row.window), 100*chance(2*n, row.window))
	}
}
