package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

func TestRecordsComeUnderTheNewKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "records.db")
	db, store, err := open(file)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, store.EnsureSchema(t.Context()))

	old, next := twofactor.NewKey(), twofactor.NewKey()
	before, err := twofactor.New(twofactor.Config{Store: store, Keys: []twofactor.Key{old}, Issuer: "Example"})
	require.NoError(t, err)
	for _, user := range []string{"u1", "u2", "u3"} {
		secret, err := totp.NewSecret(totp.SHA1)
		require.NoError(t, err)
		require.NoError(t, before.Import(t.Context(), user, twofactor.Import{
			Keys: []twofactor.ImportedKey{{Key: totp.Key{Secret: secret}}},
		}))
	}

	keys := func(keys ...twofactor.Key) string {
		var text strings.Builder
		for _, k := range keys {
			text.WriteString(k.Encode() + "\n")
		}
		name := filepath.Join(folder, "keys.txt")
		require.NoError(t, os.WriteFile(name, []byte(text.String()), 0o600))
		return name
	}
	var out bytes.Buffer
	stopped, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, run(stopped, file, keys(next, old), &out), context.Canceled)
	require.Contains(t, out.String(), "stopped after 0 records")

	out.Reset()
	require.NoError(t, run(t.Context(), file, keys(next, old), &out))
	require.Contains(t, out.String(), "3 records: 3 brought under the new key, 0 left, 0 unreadable")
	require.Contains(t, out.String(), "3 users, 3 with a second factor (app 3, SMS 0, mail 0), 0 recovery codes left, 3 without one")

	out.Reset()
	require.NoError(t, run(t.Context(), file, keys(next, old), &out))
	require.Contains(t, out.String(), "3 records: 0 brought", "a second run has nothing to do")

	after, err := twofactor.New(twofactor.Config{Store: store, Keys: []twofactor.Key{next}, Issuer: "Example"})
	require.NoError(t, err)
	o, err := after.Begin(t.Context(), twofactor.SignIn{UserID: "u2", Enrolled: true})
	require.NoError(t, err, "the old key is not needed any more")
	require.IsType(t, (*twofactor.Pending)(nil), o)

	out.Reset()
	require.Error(t, run(t.Context(), file, keys(old), &out), "a key that is gone is told")
	require.Contains(t, out.String(), "3 unreadable")
}
