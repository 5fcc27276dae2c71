package twofactortest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
)

// A user sets up an authenticator app and signs in with it: what the test of an
// app does, without the app's pages.
func Example() {
	ctx := context.Background()
	clock := twofactortest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	svc, err := twofactor.New(twofactor.Config{
		Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Example", Now: clock.Now,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	phone, err := setUp(ctx, svc, clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(phone.Issuer(), "lists", phone.Account())

	clock.Advance(30 * time.Second) // the code that set it up is used up
	outcome, err := svc.Begin(ctx, twofactor.SignIn{UserID: "user-1", Enrolled: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	code := phone.Code(clock.Now())
	v, err := svc.Verify(ctx, outcome.(*twofactor.Pending).Token(), twofactor.Answer{Code: code})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("signed in by", v.AMR())
	// Output:
	// Example lists alice
	// signed in by [pwd otp mfa]
}

func setUp(ctx context.Context, svc *twofactor.Service, clock *twofactortest.Clock) (*twofactortest.Phone, error) {
	outcome, err := svc.Begin(ctx, twofactor.SignIn{UserID: "user-1"})
	if err != nil {
		return nil, err
	}
	v := outcome.(*twofactor.Verified) // nothing is asked for yet
	g, err := svc.GrantWithPassword(ctx, v, func(context.Context) error { return nil })
	if err != nil {
		return nil, err
	}
	e, err := svc.Enroll(ctx, v, g.Token, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
	if err != nil {
		return nil, err
	}
	qr, err := e.URI.QR()
	if err != nil {
		return nil, err
	}
	png, err := qr.PNG(300)
	if err != nil {
		return nil, err
	}
	phone, err := twofactortest.ScanPhone(png)
	if err != nil {
		return nil, err
	}
	_, err = svc.Confirm(ctx, v, g.Token, e.ID, phone.Code(clock.Now()))
	return phone, err
}
