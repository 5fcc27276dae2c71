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
	ways    []way
	cookies []string
	saves   bool
	leaves  int

	right    map[string]bool // what he doesn't guess
	retry    time.Time       // when a try comes back, if he was told
	logins   int
	answers  int
	wrong    int // answers that were compared
	compared int // and with how many factors
}

// A way is one thing to try with a login's cookie. Ways through messages that
// are sent belong beside these.
type way func(a *attacker, cookie string)

// plenty is where the figures of a broken library are clear enough.
const plenty = 20_000

// act lets the attacker do all that he can at this time.
func (a *attacker) act(ownerIsNext bool) {
	if a.saves && !ownerIsNext || a.compared > plenty {
		return
	}
	a.right = a.owner.right()
	a.retry = time.Time{}
	for _, cookie := range a.cookies {
		for _, try := range a.ways {
			try(a, cookie)
		}
	}
}

// begin opens a login.
func (a *attacker) begin(cookie string) *twofactor.Pending {
	a.logins++
	o, err := a.node().Begin(a.t.Context(), twofactor.SignIn{UserID: "u1", Enrolled: true, KnownBrowser: cookie})
	require.NoError(a.t, err)
	return o.(*twofactor.Pending)
}

// guess opens login after login, as long as one lets him guess, and spreads his
// guesses over all factors, one by one and at once.
func guess(a *attacker, cookie string) {
	for before := -1; a.compared > before && a.compared <= plenty; {
		before = a.compared
		p := a.begin(cookie)
		methods := []string{""}
		for _, m := range p.Login().Methods {
			methods = append(methods, m.ID)
		}
		a.rand.Shuffle(len(methods), func(i, j int) { methods[i], methods[j] = methods[j], methods[i] })
		for _, m := range methods {
			for a.guessOnce(p.Token(), m) {
			}
		}
	}
}

// guessOnce reports whether the guess was compared with anything.
func (a *attacker) guessOnce(token, method string) bool {
	login, err := a.node().Login(a.t.Context(), token)
	if err != nil || login.Remaining <= a.leaves {
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
	no := a.answer(token, twofactor.Answer{Method: method, Code: wrongCode(a.rand, a.right)})
	if compared(no.Reason) {
		a.wrong++
		a.compared += with
		return true
	}
	if no.RetryAt.After(a.clock.Now()) && (a.retry.IsZero() || no.RetryAt.Before(a.retry)) {
		a.retry = no.RetryAt
	}
	return false
}

// answer is always refused.
func (a *attacker) answer(token string, answer twofactor.Answer) *twofactor.RejectedError {
	a.answers++
	_, err := a.node().Verify(a.t.Context(), token, answer)
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	require.True(a.t, ok, "%v", err)
	return no
}

// guessThree guesses three consecutive codes. That is free, and hopeless: each of
// a million tries a year would win with 3/10¹⁸.
func guessThree(a *attacker, cookie string) {
	var codes []string
	for range 3 {
		codes = append(codes, wrongCode(a.rand, a.right))
	}
	a.answer(a.begin(cookie).Token(), twofactor.Answer{Codes: codes})
}

// openLogins opens a thousand logins now and then.
func openLogins(a *attacker, cookie string) {
	if a.rand.IntN(300) > 0 {
		return
	}
	for range 1000 {
		a.begin(cookie)
	}
}
