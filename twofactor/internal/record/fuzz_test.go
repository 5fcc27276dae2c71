package record_test

import (
	"bytes"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// Nothing makes Decode panic or take much memory, and what it accepts is the
// one encoding of what it returns, as another implementation sees it too.
func FuzzDecode(f *testing.F) {
	for _, r := range []*record.Record{record.New(), typical(f), full(f)} {
		data, err := record.Encode(r)
		require.NoError(f, err)
		f.Add(data)
	}
	for _, text := range []string{
		with(), with("05 f5"), with("06 81 a3" + goodID + secret), with("06 81 a3" + goodID + to),
		with("09 9840"), with("0e 3b7fffffffffffffff"), with("0f a0"), "a0", "bf ff", "d9d9f7 a0",
	} {
		f.Add(parseHex(f, text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		var r *record.Record
		var err error
		used := memory(func() { r, err = record.Decode(data) })
		require.Equal(t, before, data, "the input was changed")
		require.LessOrEqual(t, used, uint64(32<<10+256*len(data)))
		if err != nil {
			require.ErrorIs(t, err, record.ErrInvalid)
			return
		}
		again, err := record.Encode(r)
		require.NoError(t, err)
		require.Equal(t, before, again)
		require.Equal(t, r, reference(t, before))
		_, err = r.Recovery.Set()
		if err != nil {
			require.ErrorIs(t, err, record.ErrInvalid)
		}
	})
}
