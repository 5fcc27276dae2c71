package cpace_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// Section 9.9 of the draft: a scalar is for one run. With the same password,
// channel and session id, each run has another share and ends in another key.
func TestFreshScalarEachRun(t *testing.T) {
	t.Parallel()
	shares, keys := make(map[string]bool), make(map[[64]byte]bool)
	peer, err := cpace.New([]byte("1234"), []byte("ci"), []byte("sid"))
	require.NoError(t, err)
	for range 100 {
		p, err := cpace.New([]byte("1234"), []byte("ci"), []byte("sid"))
		require.NoError(t, err)
		k, err := p.Initiator(nil, peer.Share(), nil)
		require.NoError(t, err)
		shares[string(p.Share())], keys[k.ISK] = true, true
	}
	require.Len(t, shares, 100)
	require.Len(t, keys, 100)
}
