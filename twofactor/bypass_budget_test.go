package twofactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// judged reports whether a refusal told something about the code.
func judged(err error) bool {
	switch reason(err) {
	case string(twofactor.ReasonWrongCode), string(twofactor.ReasonAlreadyUsed), "yes":
		return true
	}
	return false
}

// secondApp sets up another authenticator app.
func (p *person) secondApp() {
	p.w.t.Helper()
	e, phone := p.enroll(twofactor.EnrollRequest{Name: "second"})
	c, err := p.confirm(e, phone.Code(p.w.clock.Now()))
	require.NoError(p.w.t, err)
	p.session = c.Session
}

// migrated is a user who came from another system, with apps of some lengths
// and recovery codes that it hashed.
func (w *world) migrated(id string, recoveryCodes []string, digits ...int) *person {
	w.t.Helper()
	in := w.imported(recoveryCodes, digits...)
	require.NoError(w.t, w.a.Import(w.ctx(), id, in))
	return &person{w: w, id: id, phone: scan(w, totp.URI{Issuer: "Example", Account: id, Key: in.Keys[0].Key})}
}

// imported is what another system knows of such a user.
func (w *world) imported(recoveryCodes []string, digits ...int) (in twofactor.Import) {
	w.t.Helper()
	for _, n := range digits {
		secret, err := totp.NewSecret(totp.SHA1)
		require.NoError(w.t, err)
		in.Keys = append(in.Keys, twofactor.ImportedKey{Key: totp.Key{Secret: secret, Digits: n}})
	}
	for _, code := range recoveryCodes {
		hash, err := bcrypt.GenerateFromPassword([]byte(code), bcrypt.MinCost)
		require.NoError(w.t, err)
		in.RecoveryHashes = append(in.RecoveryHashes, hash)
	}
	return in
}

// A guessable is a place that takes guesses.
type guessable struct {
	name  string
	most  int // guesses that may be answered; two apps want two tries to be there, so that one is left
	setup func(*world) *person
	guess func(p *person, n int) error
}

var guessed = []guessable{
	{"sign-in", 10, (*world).alice, func(p *person, n int) error { return p.try(p.wrongCode(n)) }},
	{"sign-in, naming the method", 10, (*world).alice, func(p *person, n int) error {
		_, err := p.w.a.Verify(p.w.ctx(), p.login(), twofactor.Answer{Method: p.factor, Code: p.wrongCode(n)})
		return err
	}},
	{"sign-in with two apps", 5, func(w *world) *person {
		p := w.alice()
		p.secondApp()
		return p
	}, func(p *person, n int) error { return p.try(p.wrongCode(n)) }},
	{"sign-in with two apps of different length", 9, func(w *world) *person { return w.migrated("alice", nil, 6, 8) },
		func(p *person, n int) error { return p.try(p.wrongCode(n)) }},
	{"sign-in with two apps of different length, the longer first", 9, func(w *world) *person {
		p := w.migrated("alice", nil, 8, 6)
		return p
	}, func(p *person, n int) error { return p.try(p.wrongCode(n)) }},
	{"a fresh proof", 10, (*world).alice, func(p *person, n int) error {
		if n%5 == 0 {
			p.w.clock.Advance(11 * time.Minute) // a session's proof in the making ends with five, for ten minutes
		}
		_, err := p.w.a.Grant(p.w.ctx(), p.session, twofactor.Answer{Code: p.wrongCode(n)})
		return err
	}},
	{"confirmation of a first app", 10, func(w *world) *person { return w.newcomer("alice") }, func(p *person, n int) error {
		e, phone := p.enroll(twofactor.EnrollRequest{})
		guesser := &person{w: p.w, phone: phone}
		_, err := p.confirm(e, guesser.wrongCode(n))
		return err
	}},
	{"a recovery code that another system hashed", 10, func(w *world) *person { return w.migrated("alice", []string{"abcd-efgh"}, 6) },
		func(p *person, n int) error {
			_, err := p.recover(p.wrongCode(n) + "-old")
			return err
		}},
}

// renew gets a grant by the password as long as there is no factor.
func (p *person) renew() {
	if p.factor != "" || p.session == nil {
		return
	}
	g, err := p.w.a.GrantWithPassword(p.w.ctx(), p.session, rightPassword)
	require.NoError(p.w.t, err)
	p.grant = g.Token
}

func (w *world) alice() *person { return w.enrolled("alice") }

func TestBypass_W22_EveryWayHasALimit(t *testing.T) {
	t.Parallel()
	for _, place := range guessed {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				p := place.setup(w)
				count := 0
				for n := range 60 {
					if n%20 == 19 {
						w.clock.Advance(31 * time.Minute) // or the pause of an app would hide what is meant
						p.renew()
					}
					if err := place.guess(p, n); judged(err) {
						count++
					}
				}
				require.Equal(t, place.most, count)
			})
		})
	}
	t.Run("one login", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			login := alice.login()
			for n := range 5 {
				_, err := alice.answer(login, alice.wrongCode(n))
				no := refused(t, err, twofactor.ReasonWrongCode)
				require.Equal(t, 4-n, no.Remaining)
			}
			_, err := alice.answer(login, alice.newCode())
			refused(t, err, twofactor.ReasonLoginEnded, "not even the right one")
		})
	})
	t.Run("one enrollment", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			p := w.newcomer("alice")
			e, phone := p.enroll(twofactor.EnrollRequest{})
			p.phone = phone
			for n := range 5 {
				_, err := p.confirm(e, p.wrongCode(n))
				no := refused(t, err, twofactor.ReasonWrongCode)
				require.Equal(t, 4-n, no.Remaining)
			}
			_, err := p.confirm(e, p.newCode())
			refused(t, err, twofactor.ReasonExpired)
		})
	})
	t.Run("the password", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			p := w.newcomer("alice")
			asked := 0
			for range 60 {
				_, err := w.a.GrantWithPassword(w.ctx(), p.session, func(ctx context.Context) error {
					asked++
					return wrongPassword(ctx)
				})
				require.ErrorIs(t, err, twofactor.ErrRejected)
			}
			require.Equal(t, 10, asked)
			_, err := w.a.GrantWithPassword(w.ctx(), p.session, rightPassword)
			no := refused(t, err, twofactor.ReasonPaused)
			require.Equal(t, w.clock.Now().Add(6*time.Hour), no.RetryAt.UTC())
		})
	})
	t.Run("all of them draw on one", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			p := w.enrolled("alice")
			count := 0
			for n := range 30 {
				for _, i := range []int{0, 1, 6} { // two at the sign-in, one at the confirmation
					if judged(guessed[i].guess(p, n)) {
						count++
					}
				}
			}
			require.Equal(t, 10, count)
		})
	})
}
