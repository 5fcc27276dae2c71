package twofactor_test

import (
	"errors"
	"fmt"
	"math/rand/v2"

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
	o.tried++
	in := twofactor.SignIn{UserID: "alice", Enrolled: true}
	if known {
		in.KnownBrowser = o.cookie
	}
	outcome, err := o.node().Begin(o.ctx(), in)
	require.NoError(o.t, err)
	login := outcome.(*twofactor.Pending).Login()
	token := outcome.(*twofactor.Pending).Token()
	method := "" // some pages have one box for everything
	if o.rand.IntN(2) == 0 {
		method = login.Methods[0].ID
	}
	typo, three := o.rand.IntN(20) == 0, false
	for range 4 {
		login, err := o.node().Login(o.ctx(), token)
		if err != nil {
			require.ErrorIs(o.t, err, twofactor.ErrRejected)
			return
		}
		three = three || login.Codes == 3
		v, err := o.node().Verify(o.ctx(), token, o.answer(method, login.Codes, typo))
		if err == nil {
			o.in++
			o.cookie = v.Made().KnownBrowser
			if three {
				o.three++
			}
			return
		}
		no, ok := errors.AsType[*twofactor.RejectedError](err)
		require.True(o.t, ok, "%v", err)
		if (login.Codes == 1 || typo) && wasCompared(no.Reason) { // two right ones of three are counted
			o.typos++
		}
		typo = false
	}
}

// answer is what the owner reads off the first phone and types.
func (o *owner) answer(method string, codes int, typo bool) twofactor.Answer {
	a := twofactor.Answer{Method: method}
	if codes == 3 {
		o.clock.Advance(2 * step) // until the third is shown
		a.Codes = o.phones[0].Codes(3, o.clock.Now())
		if typo {
			a.Codes[1] = o.wrong()
		}
		return a
	}
	a.Code = o.phones[0].Code(o.clock.Now())
	if typo {
		a.Code = o.wrong()
	}
	return a
}

// wrong is any code that none of the apps shows about now.
func (o *owner) wrong() string { return wrongCode(o.rand, o.right()) }

// right are the codes that the apps show about now.
func (o *owner) right() map[string]bool {
	codes := make(map[string]bool)
	for _, phone := range o.phones {
		for _, code := range phone.Codes(5, o.clock.Now().Add(2*step)) {
			codes[code] = true
		}
	}
	return codes
}

func wrongCode(r *rand.Rand, right map[string]bool) string {
	for {
		if code := fmt.Sprintf("%06d", r.IntN(1e6)); !right[code] {
			return code
		}
	}
}
