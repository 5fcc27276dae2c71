package twofactor_test

import (
	"encoding/base64"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
	"github.com/stretchr/testify/require"
)

// What follows reads and writes the store behind the service's back, with its
// keys: to look at what is kept, and to keep what a service never would.

// storeKey is where a store keeps a user's record.
func storeKey(user string) string { return "u/" + user }

func (w *world) ring(purpose string) *seal.Ring {
	w.t.Helper()
	var masters [][]byte
	for _, k := range w.keys {
		b, err := base64.RawURLEncoding.DecodeString(k.Encode())
		require.NoError(w.t, err)
		masters = append(masters, b)
	}
	r, err := seal.New(masters, purpose)
	require.NoError(w.t, err)
	return r
}

// raw is what the store has of a user.
func (w *world) raw(user string) twofactor.Record {
	w.t.Helper()
	r, err := w.tap.Store.Load(w.ctx(), storeKey(user))
	require.NoError(w.t, err)
	return r
}

// putRaw replaces what the store has of a user.
func (w *world) putRaw(user string, data []byte) {
	w.t.Helper()
	old, err := w.tap.Store.Load(w.ctx(), storeKey(user))
	if err != nil {
		require.ErrorIs(w.t, err, twofactor.ErrNotFound)
	}
	_, err = w.tap.Store.Save(w.ctx(), storeKey(user), old.Version, data)
	require.NoError(w.t, err)
}

// record opens what the store has of a user.
func (w *world) record(user string) *record.Record {
	w.t.Helper()
	plain, err := w.ring("record").Open(w.raw(user).Data, []byte(storeKey(user)))
	require.NoError(w.t, err)
	r, err := record.Decode(plain)
	require.NoError(w.t, err)
	return r
}

// putRecord keeps a record as the service would.
func (w *world) putRecord(user string, r *record.Record) {
	w.t.Helper()
	plain, err := record.Encode(r)
	require.NoError(w.t, err)
	w.putRaw(user, w.ring("record").Seal(plain, []byte(storeKey(user))))
}

// edit changes what the store has of a user.
func (w *world) edit(user string, change func(*record.Record)) {
	w.t.Helper()
	r := w.record(user)
	change(r)
	w.putRecord(user, r)
}
