package otpcode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// W55: every place of a code has every digit equally often, and so do all pairs
// of the first two, which a biased remainder would shift. Leading zeros stay.
func TestBypass_W55_CodesAreUniform(t *testing.T) {
	t.Parallel()
	for _, digits := range []int{6, 10} {
		const codes = 200_000
		places := make([][10]int, digits)
		var pairs [100]int
		var c otpcode.Challenge
		for range codes {
			next, is, err := c.Issue(key, binding, otpcode.Spec{Digits: digits}, now)
			// Plain comparisons: require is slow in so long a loop.
			if err != nil || len(is.Code) != digits {
				t.Fatal("no code of that length")
			}
			// By chance alone, a reference would repeat about six times here.
			for _, e := range c.Codes {
				if e.Reference == is.Reference {
					t.Fatal("two codes with one reference")
				}
			}
			c = next
			for i := range digits {
				places[i][is.Code[i]-'0']++
			}
			pairs[int(is.Code[0]-'0')*10+int(is.Code[1]-'0')]++
		}
		// Bounds that chance passes about once in ten million runs.
		for i, place := range places {
			require.Less(t, chiSquare(place[:], codes), 52.0, "place %d", i)
		}
		require.Less(t, chiSquare(pairs[:], codes), 190.0)
	}
}

func chiSquare(counts []int, total int) float64 {
	chi, want := 0.0, float64(total)/float64(len(counts))
	for _, n := range counts {
		chi += (float64(n) - want) * (float64(n) - want) / want
	}
	return chi
}

func TestReferences(t *testing.T) {
	t.Parallel()
	letters := make(map[rune]int)
	for range 5000 {
		_, is, err := otpcode.Challenge{}.Issue(key, binding, otpcode.Spec{}, now)
		require.NoError(t, err)
		require.Regexp(t, `^[BCDFGHJKMNPRSTVWXZ]{4}$`, is.Reference)
		for _, c := range is.Reference {
			letters[c]++
		}
	}
	require.Len(t, letters, 18)
}
