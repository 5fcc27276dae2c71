package twofactor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// An owner signs in every day with an authenticator app, and now and then from a
// browser that was never used before.
type owner struct {
	*simulation
	phones []*twofactortest.Phone
	cookie string // of the known browser

	tried, in, three, typos int
}

// signIn is one attempt: what a person does in front of one page before giving up.
func (o *owner) signIn(known bool) {
	ctx := o.t.Context()
	o.tried++
	in := twofactor.SignIn{UserID: "u1", Enrolled: true}
	if known {
		in.KnownBrowser = o.cookie
	}
	outcome, err := o.node().Begin(ctx, in)
	require.NoError(o.t, err)
	token := outcome.(*twofactor.Pending).Token()
	typo, three := o.rand.IntN(20) == 0, false
	for range 4 {
		login, err := o.node().Login(ctx, token)
		if err != nil {
			require.ErrorIs(o.t, err, twofactor.ErrRejected)
			return
		}
		if login.Codes == 3 && !three {
			o.three++
			three = true
		}
		v, err := o.node().Verify(ctx, token, o.answer(login, typo))
		if err == nil {
			o.in++
			o.cookie = v.Made().KnownBrowser
			return
		}
		no, ok := errors.AsType[*twofactor.RejectedError](err)
		require.True(o.t, ok, "%v", err)
		if login.Codes == 1 && compared(no.Reason) {
			o.typos++
		}
		typo = false
	}
}

// answer is what the owner reads off the first phone and types, with or without
// saying which app it is of.
func (o *owner) answer(login *twofactor.Login, typo bool) twofactor.Answer {
	var a twofactor.Answer
	if o.rand.IntN(2) == 0 {
		a.Method = login.Methods[0].ID
	}
	if login.Codes == 3 {
		o.clock.Advance(time.Minute) // until the third is shown
		a.Codes = o.phones[0].Codes(3, o.clock.Now())
		if typo {
			a.Codes[1] = wrongCode(o.rand, o.right())
		}
		return a
	}
	a.Code = o.phones[0].Code(o.clock.Now())
	if typo {
		a.Code = wrongCode(o.rand, o.right())
	}
	return a
}

// right are all codes that any of the apps shows about now.
func (o *owner) right() map[string]bool {
	codes := make(map[string]bool)
	for _, phone := range o.phones {
		for _, code := range phone.Codes(7, o.clock.Now().Add(90*time.Second)) {
			codes[code] = true
		}
	}
	return codes
}

// wrongCode is any code that is none of the right ones.
func wrongCode(r *rand.Rand, right map[string]bool) string {
	for {
		if code := fmt.Sprintf("%06d", r.IntN(1e6)); !right[code] {
			return code
		}
	}
}

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
