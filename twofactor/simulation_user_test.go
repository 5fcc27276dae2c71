package twofactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// simEnroll sets up authenticator apps for user u1 and returns them with the
// user's recovery codes.
func simEnroll(tb testing.TB, svc *twofactor.Service, clock *twofactortest.Clock, apps int) (phones []*twofactortest.Phone, codes []string) {
	tb.Helper()
	ctx := tb.Context()
	o, err := svc.Begin(ctx, twofactor.SignIn{UserID: "u1"})
	require.NoError(tb, err)
	var ses twofactor.Session = o.(*twofactor.Verified)
	g, err := svc.GrantWithPassword(ctx, ses, func(context.Context) error { return nil })
	require.NoError(tb, err)
	for range apps {
		e, err := svc.Enroll(ctx, ses, g.Token, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
		require.NoError(tb, err)
		uri, err := e.URI.Encode()
		require.NoError(tb, err)
		phone, err := twofactortest.NewPhone(uri)
		require.NoError(tb, err)
		c, err := svc.Confirm(ctx, ses, g.Token, e.ID, phone.Code(clock.Now()))
		require.NoError(tb, err)
		phones, ses, g = append(phones, phone), c.Session, &c.Grant
		codes = append(codes, c.RecoveryCodes...)
	}
	clock.Advance(time.Minute)
	return phones, codes
}
