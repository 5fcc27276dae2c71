package twofactor_test

import (
	"context"
	"testing"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// newcomer returns a session of a user without a record.
func newcomer(t *testing.T) (*twofactor.Service, *twofactor.Verified) {
	t.Helper()
	svc, err := twofactor.New(twofactor.Config{
		Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Example",
	})
	require.NoError(t, err)
	out, err := svc.Begin(t.Context(), twofactor.SignIn{UserID: "new"})
	require.NoError(t, err)
	return svc, out.(*twofactor.Verified)
}

// A user who never had anything to do with second factors has no record. What
// their session asks for is refused like anybody's, and is no fault.
func TestSessionWithoutRecordIsRefused(t *testing.T) {
	t.Parallel()
	svc, ses := newcomer(t)
	for name, ask := range map[string]func(context.Context) error{
		"Grant": func(ctx context.Context) error {
			_, err := svc.Grant(ctx, ses, twofactor.Answer{Code: "123456"})
			return err
		},
		"SendForGrant": func(ctx context.Context) error {
			_, err := svc.SendForGrant(ctx, ses, "x", twofactor.Client{})
			return err
		},
		"Resend": func(ctx context.Context) error {
			_, err := svc.Resend(ctx, ses, "x", "x", twofactor.Client{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, ask(t.Context()), twofactor.ErrRejected)
		})
	}
}
