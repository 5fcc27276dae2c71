package crockford_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode/internal/crockford"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for x := uint32(0); x < 1<<25; x += 997 {
		back, err := crockford.Decode(crockford.Encode(x))
		require.NoError(t, err)
		require.Equal(t, x, back)
	}
	require.Equal(t, "00000", crockford.Encode(0))
	require.Equal(t, "0000Z", crockford.Encode(31))
	require.Equal(t, "ZZZZZ", crockford.Encode(1<<25-1))
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in, want string
	}{
		{"as written", "A7K2Q", "A7K2Q"},
		{"lower case", "a7k2q", "A7K2Q"},
		{"O is zero, I and L are one", "OoIiL", "00111"},
		{"small l", "l0000", "10000"},
		{"spaces and hyphens", " A7-K2 q\r\n", "A7K2Q"},
		{"U is no character", "UUUUU", ""},
		{"four", "A7K2", ""},
		{"six", "A7K2QQ", ""},
		{"empty", "", ""},
		{"only hyphens", "-----", ""},
		{"Kelvin sign", "A7\u212a2Q", ""},
		{"full-width digits", "\uff11\uff12\uff13\uff14\uff15", ""},
		{"NUL", "A7K2\x00Q", ""},
		{"underscore", "A7_K2Q", ""},
		{"padding", "A7K2Q===", ""},
		{"far too long", "A7K2Q" + strings.Repeat(" ", 100), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x, err := crockford.Decode(tt.in)
			if tt.want == "" {
				require.ErrorIs(t, err, crockford.ErrMalformed)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, crockford.Encode(x))
		})
	}
}

// The rows of the RFC 4648 edge cases whose trouble is a character, not a
// length, are refused here for the same reason: nothing is guessed but what
// Crockford's alphabet defines.
func TestBase32Edge(t *testing.T) {
	t.Parallel()
	var file struct {
		Edge []struct {
			Input, Why string
			OK         bool
		}
	}
	b, err := os.ReadFile("testdata/base32_edge.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &file))
	used := 0
	for _, row := range file.Edge {
		for _, trouble := range []string{"underscore", "KELVIN", "NUL", "full-width", "padding inside", "only padding", "too many pad"} {
			if strings.Contains(row.Why, trouble) {
				require.False(t, row.OK)
				_, err := crockford.Decode(row.Input)
				require.Error(t, err, row.Why)
				used++
			}
		}
	}
	require.Equal(t, 7, used)
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"A7K2Q", "a7-k2q", "OIL00", "", "\u212a0000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := crockford.Decode(s)
		if err != nil {
			return
		}
		if back, err := crockford.Decode(crockford.Encode(x)); err != nil || back != x {
			t.Fatalf("%d came back as %d, %v", x, back, err)
		}
	})
}
