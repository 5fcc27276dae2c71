package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Whatever bytes a slot has, reading and writing it again keeps the counters that
// are not full, and the bytes never grow.
func FuzzSlot(f *testing.F) {
	line := make([]byte, 20)
	line[0], line[12] = 1, 0x7f
	f.Add([]byte(nil))
	f.Add(line)
	f.Add(append(line, line...)) // one counter twice
	f.Add(line[:19])
	f.Fuzz(func(t *testing.T, data []byte) {
		slot, err := twofactor.DecodeSlot(data)
		if err != nil {
			require.True(t, len(data)%20 != 0 || len(data) > 64<<10)
			return
		}
		now := time.Unix(1_800_000_000, 0)
		again := twofactor.EncodeSlot(slot, now)
		require.LessOrEqual(t, len(again), len(data))
		back, err := twofactor.DecodeSlot(again)
		require.NoError(t, err)
		for tag, full := range slot {
			kept, ok := back[tag]
			require.Equal(t, full > now.Unix(), ok)
			if ok {
				require.Equal(t, full, kept)
			}
		}
	})
}
