package record_test

import (
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// Tokens lie in browsers and session stores: they are read as they were written
// by whatever release.
func TestTokens(t *testing.T) {
	t.Parallel()
	id, epoch := [16]byte{1, 2}, [8]byte{3}
	type token interface {
		Encode() ([]byte, error)
		Decode([]byte) error
	}
	for name, c := range map[string]struct {
		full, none token
		fields     map[int]any
	}{
		"pending": {
			&record.Pending{ID: id, User: "alice", Epoch: epoch, Credential: id, Expires: 1e9, Known: true, Audience: "shop"},
			new(record.Pending),
			map[int]any{1: id[:], 2: "alice", 3: epoch[:], 4: id[:], 5: 1_000_000_000, 6: true, 7: "shop"},
		},
		"session": {
			&record.Session{
				ID: id, User: "alice", Basis: "proved", AMR: []string{"pwd", "otp"}, At: 1e9,
				Limited: true, Recovered: true, Enrolled: true, Credential: id, Known: true,
			},
			new(record.Session),
			map[int]any{
				1: id[:], 2: "alice", 3: "proved", 4: []string{"pwd", "otp"}, 5: 1_000_000_000,
				6: true, 7: true, 8: true, 9: id[:], 10: true,
			},
		},
		"browser": {
			&record.Browser{User: "alice", Record: id, Expires: 1e9},
			new(record.Browser),
			map[int]any{1: "alice", 2: id[:], 3: 1_000_000_000},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mode, err := cbor.CoreDetEncOptions().EncMode()
			require.NoError(t, err)
			want, err := mode.Marshal(c.fields)
			require.NoError(t, err)
			data, err := c.full.Encode()
			require.NoError(t, err)
			require.Equal(t, want, data)
			require.NoError(t, c.none.Decode(data))
			require.Equal(t, c.full, c.none)

			c.fields[11] = "a rule that this release doesn't know"
			more, err := mode.Marshal(c.fields)
			require.NoError(t, err)
			require.ErrorIs(t, c.none.Decode(more), record.ErrInvalid)
			require.ErrorIs(t, c.none.Decode(append(data, 0)), record.ErrInvalid)
			for n := range data {
				require.Error(t, c.none.Decode(data[:n]))
			}
		})
	}
}
