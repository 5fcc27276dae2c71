package twofactor_test

import (
	"encoding/base64"
	"errors"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
	"github.com/stretchr/testify/require"
)

// ring is what seals the realm's records.
func (r *realm) ring() *seal.Ring {
	r.t.Helper()
	var masters [][]byte
	for _, k := range r.config.Keys {
		b, err := base64.RawURLEncoding.DecodeString(k.Encode())
		require.NoError(r.t, err)
		masters = append(masters, b)
	}
	ring, err := seal.New(masters, "record")
	require.NoError(r.t, err)
	return ring
}

// peek is what the store has of a user, which is an empty record if there is none.
func (r *realm) peek(user string) (*record.Record, twofactor.Version) {
	r.t.Helper()
	stored, err := r.store.Store.Load(r.ctx(), "u/"+user)
	if errors.Is(err, twofactor.ErrNotFound) {
		return new(record.Record), ""
	}
	require.NoError(r.t, err)
	plain, err := r.ring().Open(stored.Data, []byte("u/"+user))
	require.NoError(r.t, err)
	rec, err := record.Decode(plain)
	require.NoError(r.t, err)
	return rec, stored.Version
}

// tamper changes what the store has of a user behind the service's back, with its
// keys.
func (r *realm) tamper(user string, change func(*record.Record)) {
	r.t.Helper()
	r.settle() // a notice that goes out behind a request writes too
	rec, version := r.peek(user)
	change(rec)
	plain, err := record.Encode(rec)
	require.NoError(r.t, err)
	_, err = r.store.Store.Save(r.ctx(), "u/"+user, version, r.ring().Seal(plain, []byte("u/"+user)))
	require.NoError(r.t, err)
}
