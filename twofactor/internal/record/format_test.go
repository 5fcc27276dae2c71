package record_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
	"github.com/stretchr/testify/require"
)

// The golden file is what stores hold. It is never written anew: a record in
// another form would be a format of its own, with a file of its own beside it.
func TestGoldenFormat1(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/format1.hex")
	require.NoError(t, err)
	golden, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	require.NoError(t, err)

	r, err := record.Decode(golden)
	require.NoError(t, err)
	require.Equal(t, full(t), r)
	again, err := record.Encode(r)
	require.NoError(t, err)
	require.Equal(t, golden, again)

	set, err := r.Recovery.Set()
	require.NoError(t, err)
	require.Equal(t, r.Recovery.Left, set.Left())
	require.EqualValues(t, now-5e5, set.Codes[3].SpentAt)
}

// A store holds one such record for each user.
func TestSizeOfTypicalRecord(t *testing.T) {
	t.Parallel()
	plain, err := record.Encode(typical(t))
	require.NoError(t, err)
	master := make([]byte, seal.KeySize)
	master[0] = 1
	ring, err := seal.New([][]byte{master}, "record")
	require.NoError(t, err)
	box := ring.Seal(plain, []byte("u/1"))
	t.Logf("%d bytes, sealed %d", len(plain), len(box))
	require.LessOrEqual(t, len(box), 2000)
}

func BenchmarkEncode(b *testing.B) {
	r := typical(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := record.Encode(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data, err := record.Encode(typical(b))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := record.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
