package lockcode_test

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// looksLikePIN counts, for one Code, the steps of the window at which it
// deciphers to some PIN of a device.
func looksLikePIN(rec lockcode.AppRecord, c lockcode.Code, b lockcode.Binding, step int64) (n int) {
	for s := step - lockcode.StepsBack; s <= step+lockcode.StepsAhead; s++ {
		if _, ok := rec.Decipher(c, b, s); ok {
			n++
		}
	}
	return n
}

// Garbage is taken for a wrong PIN with 5 x 10^4 / 2^25 = 0.149 %.
func TestGarbageTakenForWrongPIN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec, step := w.user.record(w.lock), w.clock.now().Unix()/60
	rng := rand.New(rand.NewPCG(11, 12))
	n, hits := 10_000, 0
	if os.Getenv("LATCHKEY_LONG") != "" {
		n = 200_000
	}
	for range n {
		hits += min(1, looksLikePIN(rec, lockcode.CodeFrom(rng.Uint32()), open("front"), step))
	}
	want := 5e4 / lockcode.Size * float64(n)
	t.Logf("%d of %d, %.3f %%; expected %.1f", hits, n, 100*float64(hits)/float64(n), want)
	require.InDelta(t, want, hits, 6*math.Sqrt(want))
}

// Codes that stand for two PINs in the window: expected 29.8 of 33.5 million.
// They are found from the PINs' side: five sets of 10^4 Codes each.
func TestHowManyCodesStandForTwoPINs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec, step := w.user.record(w.lock), w.clock.now().Unix()/60
	rounds := 1
	if os.Getenv("LATCHKEY_LONG") != "" {
		rounds = 20
	}
	total := 0
	for r := range rounds {
		seen := map[lockcode.Code]int{}
		for s := step - lockcode.StepsBack; s <= step+lockcode.StepsAhead; s++ {
			for n := range 10_000 {
				c, err := rec.Encipher(lockcode.PINFrom(n), open(string(rune('a'+r))), s)
				require.NoError(t, err)
				seen[c]++
			}
		}
		for _, n := range seen {
			if n > 1 {
				total++
			}
		}
	}
	want := 10.0 * 1e8 / lockcode.Size * float64(rounds) // pairs of steps x pairs of PINs / 2^25
	t.Logf("%d in %d windows; expected %.1f", total, rounds, want)
	require.InDelta(t, want, total, 6*math.Sqrt(want))
}

// Guess odds by simulation: with all values of the block as candidates, the
// share that opens is 5 in 2^25 for one device. A subset of a fixed stride is
// enough to see the right order; LATCHKEY_LONG=1 looks at all of them.
func TestGuessOdds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec, step := w.user.record(w.lock), w.clock.now().Unix()/60
	stride := uint32(1 << 12)
	if os.Getenv("LATCHKEY_LONG") != "" {
		stride = 8
	}
	// The five Codes that open are known; they and the stride's values are tried.
	right := map[lockcode.Code]bool{}
	for s := step - lockcode.StepsBack; s <= step+lockcode.StepsAhead; s++ {
		c, err := rec.Encipher(w.userPIN, open("front"), s)
		require.NoError(t, err)
		right[c] = true
	}
	require.Len(t, right, 5)
	opens := func(c lockcode.Code) bool {
		for s := step - lockcode.StepsBack; s <= step+lockcode.StepsAhead; s++ {
			if p, ok := rec.Decipher(c, open("front"), s); ok && p == w.userPIN {
				return true
			}
		}
		return false
	}
	tried, hits := 0, 0
	for n := uint32(0); n < lockcode.Size; n += stride {
		c := lockcode.CodeFrom(n)
		tried++
		if opens(c) {
			require.True(t, right[c])
			hits++
		}
	}
	for c := range right {
		require.True(t, opens(c))
	}
	t.Logf("%d of %d by chance; per try 1 in %.0f", hits, tried, float64(lockcode.Size)/5)
	require.LessOrEqual(t, hits, 5)
}

// TestYearOfGuessing drives the real controller through a year of constant
// attack on one user and counts the guesses that it looks at. With 5 in 2^25
// per guess that is the attacker's yearly chance.
func TestYearOfGuessing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.t = w.clock.t.Truncate(24 * time.Hour)
	days := 10
	if os.Getenv("LATCHKEY_LONG") != "" {
		days = 365
	}
	for range days * 24 * 6 {
		c := w.junk()
		_ = w.verify(c, open("front"))
		_ = w.verify(c, open("front"))
		w.clock.advance(10 * time.Minute)
	}
	looked := w.count(lockcode.CodeGarbage) + w.count(lockcode.CodeWrongPIN)
	perDay := float64(looked) / float64(days)
	year := 1 - math.Pow(1-5.0/lockcode.Size, perDay*365)
	t.Logf("%.2f guesses a day, %.3f %% a year", perDay, 100*year)
	require.LessOrEqual(t, perDay, 20.0)
	require.Less(t, year, 0.0012)
	// The owner of the phone is not kept out meanwhile.
	require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
}
