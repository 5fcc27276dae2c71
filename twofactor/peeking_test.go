package twofactor_test

import (
	"encoding/base64"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
	"github.com/stretchr/testify/require"
)

// tamper changes what the store has of a user behind the service's back, with its
// keys.
func (r *realm) tamper(user string, change func(*record.Record)) {
	r.t.Helper()
	var masters [][]byte
	for _, k := range r.config.Keys {
		b, err := base64.RawURLEncoding.DecodeString(k.Encode())
		require.NoError(r.t, err)
		masters = append(masters, b)
	}
	ring, err := seal.New(masters, "record")
	require.NoError(r.t, err)
	key := "u/" + user
	stored, err := r.store.Store.Load(r.ctx(), key)
	require.NoError(r.t, err)
	plain, err := ring.Open(stored.Data, []byte(key))
	require.NoError(r.t, err)
	rec, err := record.Decode(plain)
	require.NoError(r.t, err)
	change(rec)
	plain, err = record.Encode(rec)
	require.NoError(r.t, err)
	_, err = r.store.Store.Save(r.ctx(), key, stored.Version, ring.Seal(plain, []byte(key)))
	require.NoError(r.t, err)
}
