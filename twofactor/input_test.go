package twofactor_test

import (
	"context"
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A name that can't be one is told alike wherever it comes in.
func TestImportOfABadName(t *testing.T) {
	t.Parallel()
	store := new(memory.Store)
	w := newWorld(t, store, store)
	secret, err := totp.NewSecret(totp.SHA1)
	require.NoError(t, err)
	err = w.a.Import(w.ctx(), "alice", twofactor.Import{Keys: []twofactor.ImportedKey{{Key: totp.Key{Secret: secret}, Name: "hunter\n"}}})
	in, ok := errors.AsType[*twofactor.InputError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "name", in.Field)
	require.NotContains(t, err.Error(), "hunter")
	require.Empty(t, w.begin("alice").(*twofactor.Verified).Made())
}

// To an app that has an error of its own for a wrong password, the tries are as
// few as to one that returns ErrWrongPassword.
func TestBypass_W22_PasswordWithAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		p := w.newcomer("alice")
		mismatch := errors.New("hash and password differ")
		asked := 0
		for range 20 {
			_, err := w.a.GrantWithPassword(w.ctx(), p.session, func(context.Context) error {
				asked++
				return mismatch
			})
			require.Error(t, err)
			if asked < 10 {
				require.ErrorIs(t, err, mismatch)
				require.NotErrorIs(t, err, twofactor.ErrRejected)
			}
		}
		require.Equal(t, 10, asked)
		_, err := w.a.GrantWithPassword(w.ctx(), p.session, rightPassword)
		refused(t, err, twofactor.ReasonPaused)
	})
}
