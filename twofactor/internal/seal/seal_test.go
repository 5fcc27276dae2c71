package seal_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
	"github.com/stretchr/testify/require"
)

var (
	plaintext = []byte("what leaves the process")
	ad        = []byte("u/alice")
)

// master is a key of which each byte is b.
func master(b byte) []byte { return bytes.Repeat([]byte{b}, seal.KeySize) }

func ring(tb testing.TB, purpose string, masters ...[]byte) *seal.Ring {
	tb.Helper()
	r, err := seal.New(masters, purpose)
	require.NoError(tb, err)
	return r
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	r := ring(t, "record", master(1))
	for name, in := range map[string]struct{ plaintext, ad []byte }{
		"usual":     {plaintext, ad},
		"empty":     {[]byte{}, ad},
		"no ad":     {plaintext, nil},
		"long":      {make([]byte, 100_000), ad},
		"long ad":   {plaintext, make([]byte, 1000)},
		"both none": {[]byte{}, []byte{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := r.Seal(bytes.Clone(in.plaintext), in.ad)
			require.Len(t, box, 1+4+24+len(in.plaintext)+16)
			require.Equal(t, len(box), cap(box), "nothing shares memory with a box")
			roomy := append(make([]byte, 0, len(in.plaintext)+2000), in.plaintext...)
			inRoom, err := r.Open(r.Seal(roomy, in.ad), in.ad)
			require.NoError(t, err)
			require.True(t, bytes.Equal(in.plaintext, inRoom), "sealed in the plaintext's own memory")
			kept := bytes.Clone(box)
			got, err := r.Open(box, in.ad)
			require.NoError(t, err)
			require.Equal(t, in.plaintext, append([]byte{}, got...))
			require.Equal(t, kept, box, "opening changes nothing")
		})
	}
}

// The golden file was sealed once, under the key 01…01. It is never made anew:
// records stay in stores for years.
func TestGoldenBox(t *testing.T) {
	t.Parallel()
	got, err := ring(t, "record", master(1)).Open(golden(t), ad)
	require.NoError(t, err)
	require.Equal(t, plaintext, got)
}

func golden(tb testing.TB) []byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/box1.hex")
	require.NoError(tb, err)
	box, err := hex.DecodeString(strings.TrimSpace(string(text)))
	require.NoError(tb, err)
	return box
}

func TestEveryBitFlipped(t *testing.T) {
	t.Parallel()
	r := ring(t, "record", master(1), master(2))
	box := r.Seal(plaintext, ad)
	for i := range box {
		for bit := range 8 {
			other := bytes.Clone(box)
			other[i] ^= 1 << bit
			got, err := r.Open(other, ad)
			require.Nil(t, got, "byte %d, bit %d", i, bit)
			switch {
			case i == 0:
				require.ErrorIs(t, err, seal.ErrFormat)
			case i < 5:
				require.ErrorIs(t, err, seal.ErrKey)
			default:
				require.ErrorIs(t, err, seal.ErrOpen)
			}
		}
	}
}

// The id of a key is no more than a hint: a box that names another key than the
// one that sealed it doesn't open under either.
func TestOtherKeysID(t *testing.T) {
	t.Parallel()
	both := ring(t, "record", master(1), master(2))
	box := ring(t, "record", master(1)).Seal(plaintext, ad)
	copy(box[1:5], ring(t, "record", master(2)).Seal(nil, nil)[1:5])
	_, err := both.Open(box, ad)
	require.ErrorIs(t, err, seal.ErrOpen)
}

func TestOtherLength(t *testing.T) {
	t.Parallel()
	r := ring(t, "record", master(1))
	box := r.Seal(plaintext, ad)
	for n := range box {
		got, err := r.Open(box[:n], ad)
		require.ErrorIs(t, err, seal.ErrOpen, "%d bytes", n)
		require.Nil(t, got)
	}
	_, err := r.Open(append(box, 0), ad)
	require.ErrorIs(t, err, seal.ErrOpen)
	_, err = r.Open(nil, ad)
	require.ErrorIs(t, err, seal.ErrOpen)
}

func TestOtherPlace(t *testing.T) {
	t.Parallel()
	r := ring(t, "record", master(1))
	box := r.Seal(plaintext, ad)
	for _, other := range []string{"u/alicf", "u/alic", "u/alice ", "U/alice", ""} {
		_, err := r.Open(box, []byte(other))
		require.ErrorIs(t, err, seal.ErrOpen, "%q", other)
	}
	for _, purpose := range []string{"token", "Record", "record ", ""} {
		_, err := ring(t, purpose, master(1)).Open(box, ad)
		require.ErrorIs(t, err, seal.ErrKey, "%q", purpose)
	}
	_, err := ring(t, "record", master(2)).Open(box, ad)
	require.ErrorIs(t, err, seal.ErrKey)
}

// A new key is rolled out to open first, then to seal, and then the old one goes.
func TestRotation(t *testing.T) {
	t.Parallel()
	before := ring(t, "record", master(1))
	both := ring(t, "record", master(1), master(2))
	moved := ring(t, "record", master(2), master(1))
	after := ring(t, "record", master(2))

	old := before.Seal(plaintext, ad)
	for _, r := range []*seal.Ring{before, both, moved} {
		got, err := r.Open(old, ad)
		require.NoError(t, err)
		require.Equal(t, plaintext, got)
	}
	require.True(t, before.Current(old))
	require.True(t, both.Current(old), "the first key seals")
	require.False(t, moved.Current(old))
	_, err := after.Open(old, ad)
	require.ErrorIs(t, err, seal.ErrKey)

	anew := moved.Seal(plaintext, ad)
	require.True(t, moved.Current(anew))
	require.False(t, both.Current(anew))
	for _, r := range []*seal.Ring{both, moved, after} {
		_, err := r.Open(anew, ad)
		require.NoError(t, err)
	}
	_, err = before.Open(anew, ad)
	require.ErrorIs(t, err, seal.ErrKey)
}

func TestCurrentOfAnythingElse(t *testing.T) {
	t.Parallel()
	r := ring(t, "record", master(1))
	box := r.Seal(nil, ad)
	require.True(t, r.Current(box))
	for n := range box {
		require.False(t, r.Current(box[:n]), "%d bytes", n)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	for name, masters := range map[string][][]byte{
		"none":              {},
		"nil":               {nil},
		"short":             {master(1)[1:]},
		"long":              {append(master(1), 1)},
		"all zero":          {master(0)},
		"all zero, as last": {master(1), master(0)},
		"twice":             {master(1), master(2), master(1)},
		"short, as last":    {master(1), {1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := seal.New(masters, "record")
			require.Error(t, err)
			require.Nil(t, r)
			require.NotContains(t, err.Error(), "\x01")
		})
	}
	_, err := seal.New([][]byte{append(make([]byte, 31), 1)}, "record")
	require.NoError(t, err, "one bit that is set makes it a key")
}

// Two boxes under one nonce would give away what they differ in, and the key of
// the tag with it.
func TestNonceIsNewEachTime(t *testing.T) {
	t.Parallel()
	r := ring(t, "record", master(1))
	const n = 20_000
	seen := make(map[[24]byte]bool, n)
	var ones [24 * 8]int
	for range n {
		nonce := [24]byte(r.Seal(nil, ad)[5:])
		require.False(t, seen[nonce])
		seen[nonce] = true
		for bit := range ones {
			ones[bit] += int(nonce[bit/8] >> (bit % 8) & 1)
		}
	}
	for bit, k := range ones {
		// Eight standard deviations, which chance doesn't reach.
		require.InDelta(t, n/2, k, 8*71, "bit %d of the nonce is not random", bit)
	}
}

func FuzzOpen(f *testing.F) {
	r := ring(f, "record", master(1), master(2))
	box := golden(f) // the same in every process
	f.Add(box, ad)
	f.Add(box[:45], ad)
	f.Add(box[:29], []byte{})
	f.Add([]byte{1}, ad)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, other, place []byte) {
		kept := bytes.Clone(other)
		got, err := r.Open(other, place)
		require.Equal(t, kept, other)
		if bytes.Equal(other, box) && bytes.Equal(place, ad) {
			require.NoError(t, err)
			return
		}
		require.Error(t, err, "a box that nobody sealed")
		require.Nil(t, got)
		r.Current(other)

		again, err := r.Open(r.Seal(bytes.Clone(other), place), place)
		require.NoError(t, err)
		require.True(t, bytes.Equal(other, again))
	})
}
