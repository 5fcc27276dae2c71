package twofactor_test

import (
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// An attacker has the password, and perhaps a cookie that the owner's browser
// got. He knows everything that he is told.
type attacker struct {
	*simulation
	variant variant
	tactics []tactic
	cookies []string

	right    map[string]bool // what he doesn't guess
	retry    time.Time       // when a try comes back, if he was told
	logins   int
	answers  int
	wrong    int // answers that were compared
	compared int // and with how many factors in all
}

// A tactic is one thing to do with a login from one browser. What can be done with
// messages belongs beside these.
type tactic func(a *attacker, cookie string)

// plenty is where the figures of a library that is broken are clear enough.
const plenty = 20_000

// act lets the attacker do all that he can at this time. If it is not 0, the
// owner signs in next on that day.
func (a *attacker) act(day int) {
	if a.compared > plenty || a.variant.saves > 0 && (day == 0 || day%a.variant.saves > 0) {
		return
	}
	a.right, a.retry = nil, time.Time{}
	for _, cookie := range a.cookies {
		for _, try := range a.tactics {
			try(a, cookie)
		}
	}
}

// guess opens login after login, as long as one lets him guess, and spreads his
// guesses over all factors, one by one and at once.
func guess(a *attacker, cookie string) {
	for before := -1; a.compared > before && a.compared <= plenty; {
		before = a.compared
		token, login := a.begin(cookie)
		methods := []string{""}
		for _, m := range login.Methods {
			methods = append(methods, m.ID)
		}
		a.rand.Shuffle(len(methods), func(i, j int) { methods[i], methods[j] = methods[j], methods[i] })
		for _, m := range methods {
			for a.guessOnce(token, m) {
			}
		}
	}
}

// guessOnce reports whether the guess was compared with anything.
func (a *attacker) guessOnce(token, method string) bool {
	login, err := a.node().Login(a.ctx(), token)
	if err != nil || (a.variant.saves > 0 || a.variant.leaves > 0) && login.Remaining <= a.variant.leaves {
		return false
	}
	with := 1
	if method == "" {
		with = 0
		for _, m := range login.Methods {
			if m.Usable {
				with++
			}
		}
	}
	no := a.answer(token, twofactor.Answer{Method: method, Code: a.wrongCode(login.Remaining > 0)})
	if wasCompared(no.Reason) {
		a.wrong++
		a.compared += with
		return true
	}
	if no.RetryAt.After(a.clock.Now()) && (a.retry.IsZero() || no.RetryAt.Before(a.retry)) {
		a.retry = no.RetryAt
	}
	return false
}

// wrongCode is a code that no app shows. To find one takes longer than all the
// rest, so it is done only where a code is compared.
func (a *attacker) wrongCode(matters bool) string {
	if a.right == nil && matters {
		a.right = a.owner.right()
	}
	return wrongCode(a.rand, a.right)
}

// answer is always refused.
func (a *attacker) answer(token string, answer twofactor.Answer) *twofactor.RejectedError {
	a.answers++
	_, err := a.node().Verify(a.ctx(), token, answer)
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	require.True(a.t, ok, "%v", err)
	return no
}

// begin opens a login.
func (a *attacker) begin(cookie string) (string, twofactor.Login) {
	a.logins++
	o, err := a.node().Begin(a.ctx(), twofactor.SignIn{UserID: "alice", Enrolled: true, KnownBrowser: cookie})
	require.NoError(a.t, err)
	p := o.(*twofactor.Pending)
	return p.Token(), p.Login()
}

// guessThree guesses three consecutive codes. That is free, and hopeless: each of
// these tries wins with 3/10¹⁸, and finds two of the three with 9/10¹², which spends
// them and wins nothing.
func guessThree(a *attacker, cookie string) {
	token, _ := a.begin(cookie)
	code := a.wrongCode(false)
	a.answer(token, twofactor.Answer{Codes: []string{code, code, code}})
}

// openLogins opens a thousand logins now and then.
func openLogins(a *attacker, cookie string) {
	if a.rand.IntN(600) > 0 {
		return
	}
	for range 1000 {
		a.begin(cookie)
	}
}
