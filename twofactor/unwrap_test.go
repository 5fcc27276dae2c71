package twofactor_test

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A vault stands for a key management service: it opens what it has wrapped.
type vault map[string][]byte

func (v vault) Unwrap(_ context.Context, wrapped []byte) ([]byte, error) {
	key, ok := v[string(wrapped)]
	if !ok {
		return nil, errVault
	}
	return key, nil
}

var errVault = errors.New("access denied")

// A key that is in the clear nowhere but in a key management service does what
// any other does (OWASP ASVS 13.3.1).
func TestUnwrapKey(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		plain, err := base64.RawURLEncoding.DecodeString(w.keys[0].Encode())
		require.NoError(t, err)
		v := vault{"ours": plain, "short": plain[:31], "long": append(plain, 0), "empty": nil}
		key, err := twofactor.UnwrapKey(t.Context(), v, []byte("ours"))
		require.NoError(t, err)
		require.Equal(t, w.keys[0].Encode(), key.Encode())

		alice := w.enrolled("alice")
		w.a = w.node(w.tap, func(c *twofactor.Config) { c.Keys = []twofactor.Key{key} })
		alice.signIn()

		_, err = twofactor.UnwrapKey(t.Context(), v, []byte("another"))
		require.ErrorIs(t, err, errVault)
		for _, wrapped := range []string{"short", "long", "empty"} {
			key, err := twofactor.UnwrapKey(t.Context(), v, []byte(wrapped))
			require.ErrorContains(t, err, "wrong length", wrapped)
			require.Zero(t, key)
		}
	})
}
