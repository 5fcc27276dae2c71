package twofactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

func BenchmarkVerify(b *testing.B) {
	clock := twofactortest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	svc, err := twofactor.New(twofactor.Config{
		Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Example", Now: clock.Now,
	})
	require.NoError(b, err)
	ctx := b.Context()
	o, err := svc.Begin(ctx, twofactor.SignIn{UserID: "u1"})
	require.NoError(b, err)
	v := o.(*twofactor.Verified)
	g, err := svc.GrantWithPassword(ctx, v, func(context.Context) error { return nil })
	require.NoError(b, err)
	e, err := svc.Enroll(ctx, v, g.Token, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
	require.NoError(b, err)
	uri, err := e.URI.Encode()
	require.NoError(b, err)
	phone, err := twofactortest.NewPhone(uri)
	require.NoError(b, err)
	c, err := svc.Confirm(ctx, v, g.Token, e.ID, phone.Code(clock.Now()))
	require.NoError(b, err)
	require.Len(b, c.RecoveryCodes, 10)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		clock.Advance(30 * time.Second)
		o, err := svc.Begin(ctx, twofactor.SignIn{UserID: "u1", Enrolled: true})
		if err != nil {
			b.Fatal(err)
		}
		token := o.(*twofactor.Pending).Token()
		code := phone.Code(clock.Now())
		b.StartTimer()
		_, err = svc.Verify(ctx, token, twofactor.Answer{Code: code})
		if err != nil {
			b.Fatal(err)
		}
	}
}
