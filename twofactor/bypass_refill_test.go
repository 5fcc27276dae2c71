package twofactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// three gives three codes of the app, for which no budget is needed.
func (p *person) three() twofactor.Answer {
	p.w.clock.Advance(3 * step)
	return twofactor.Answer{Codes: p.phone.Codes(3, p.w.clock.Now())}
}

func TestBypass_W23_WhatDoesNotRefillTheBudget(t *testing.T) {
	t.Parallel()
	// Each gets an account without a try left, does what might bring one back, and
	// guesses once more.
	attempts := []struct {
		name string
		do   func(t *testing.T, p *person) error
	}{
		{"a new login", func(t *testing.T, p *person) error { return p.try(p.wrongCode(50)) }},
		{"a hundred new logins", func(t *testing.T, p *person) error {
			for range 100 {
				p.login()
			}
			return p.try(p.wrongCode(50))
		}},
		{"another node", func(t *testing.T, p *person) error {
			_, err := p.w.b.Verify(p.w.ctx(), p.login(), twofactor.Answer{Code: p.wrongCode(50)})
			return err
		}},
		{"a restart", func(t *testing.T, p *person) error {
			p.w.a = p.w.node(p.w.tap)
			return p.try(p.wrongCode(50))
		}},
		{"a login that is canceled", func(t *testing.T, p *person) error {
			login := p.login()
			_, err := p.answer(login, p.wrongCode(50))
			refused(t, err, twofactor.ReasonPaused)
			require.NoError(t, p.w.a.Cancel(p.w.ctx(), login))
			return p.try(p.wrongCode(50))
		}},
		{"a new password", func(t *testing.T, p *person) error {
			require.NoError(t, p.w.a.PasswordChanged(p.w.ctx(), p.id))
			return p.try(p.wrongCode(50))
		}},
		{"a success", func(t *testing.T, p *person) error {
			_, err := p.w.a.Verify(p.w.ctx(), p.login(), p.three())
			require.NoError(t, err)
			return p.try(p.wrongCode(50))
		}},
		{"a recovery", func(t *testing.T, p *person) error {
			_, err := p.recover(p.codes[0])
			require.NoError(t, err)
			return p.try(p.wrongCode(50))
		}},
		{"new recovery codes", func(t *testing.T, p *person) error {
			p.proveWithThree(t)
			_, err := p.w.a.NewRecoveryCodes(p.w.ctx(), p.in(), p.grant)
			require.NoError(t, err)
			return p.try(p.wrongCode(50))
		}},
		{"switching off and on", func(t *testing.T, p *person) error {
			p.proveWithThree(t)
			require.NoError(t, p.w.a.SwitchOff(p.w.ctx(), p.in(), p.grant))
			require.NoError(t, p.w.a.SwitchOn(p.w.ctx(), p.in(), p.grant))
			return p.try(p.wrongCode(50))
		}},
		{"removing and setting up anew", func(t *testing.T, p *person) error {
			p.proveWithThree(t)
			require.NoError(t, p.w.a.Remove(p.w.ctx(), p.in(), p.grant, p.factor))
			e, phone := p.enroll(twofactor.EnrollRequest{})
			_, err := p.confirm(e, phone.Code(p.w.clock.Now()))
			return err // the confirmation itself draws on it
		}},
		{"a cookie that somebody made up", func(t *testing.T, p *person) error {
			_, err := p.answer(p.loginFrom("AAAA"), p.wrongCode(50))
			return err
		}},
		{"six hours less a second", func(t *testing.T, p *person) error {
			p.w.clock.Advance(6*time.Hour - 31*time.Minute - time.Second)
			return p.try(p.wrongCode(50))
		}},
	}
	for _, attempt := range attempts {
		t.Run(attempt.name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				alice := w.enrolled("alice")
				empty := w.clock.Now().Add(6 * time.Hour)
				alice.emptyBudget()
				no := refused(t, attempt.do(t, alice), twofactor.ReasonPaused)
				require.Equal(t, empty, no.RetryAt.UTC())
			})
		})
	}
	t.Run("but time does", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			alice.emptyBudget()
			for range 3 {
				w.clock.Advance(6 * time.Hour)
				refused(t, alice.try(alice.wrongCode(50)), twofactor.ReasonWrongCode)
				refused(t, alice.try(alice.wrongCode(51)), twofactor.ReasonPaused)
			}
		})
	})
}

func (p *person) proveWithThree(t *testing.T) {
	t.Helper()
	g, err := p.w.a.Grant(p.w.ctx(), p.session, p.three())
	require.NoError(t, err)
	p.grant = g.Token
}

func TestBypass_W25_CountRolledBackByTheCaller(t *testing.T) {
	t.Parallel()
	counted := func(t *testing.T, alice *person, guess func(n int)) {
		for n := range 10 {
			guess(n)
			require.Equal(t, n+1, alice.w.record("alice").Factors[0].Fails)
		}
		refused(t, alice.try(alice.newCode()), twofactor.ReasonPaused)
	}
	t.Run("the request is canceled as soon as the answer is saved", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			counted(t, alice, func(n int) {
				login := alice.login()
				ctx, cancel := context.WithCancel(t.Context())
				w.tap.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
					v, err := w.tap.Store.Save(ctx, key, old, data)
					cancel()
					return v, err
				}
				defer func() { w.tap.onSave = nil }()
				_, err := w.a.Verify(ctx, login, twofactor.Answer{Code: alice.wrongCode(n)})
				require.Error(t, err)
			})
		})
	})
	t.Run("the app panics when it hears of it", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			bad := w.node(w.tap, func(c *twofactor.Config) {
				c.OnEvent = func(context.Context, twofactor.Event) { panic("rolled back") }
			})
			counted(t, alice, func(n int) {
				login, code := alice.login(), alice.wrongCode(n)
				require.Panics(t, func() { bad.Verify(t.Context(), login, twofactor.Answer{Code: code}) })
			})
		})
	})
	t.Run("the answer of the store is lost", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			counted(t, alice, func(n int) {
				w.tap.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
					w.tap.onSave = nil
					_, err := w.tap.Store.Save(ctx, key, old, data)
					require.NoError(t, err)
					return "", errLost
				}
				refused(t, alice.try(alice.wrongCode(n)), twofactor.ReasonWrongCode)
			})
		})
	})
}

func TestBypass_W26_LimitOnTextThatTheAttackerChooses(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		bob := w.enrolled("bob")
		bobs := bob.signIn().Made().KnownBrowser
		var spelled []func(string) string
		for _, s := range spellings {
			spelled = append(spelled, s)
		}
		count := 0
		for n := range 100 {
			if n%20 == 19 {
				w.clock.Advance(31 * time.Minute) // so that the app is not paused for long
			}
			// Everything that a client can choose is another one each time.
			browser := []string{"", "AAAA", bobs, bobs + "A", "known"}[n%5]
			method := []string{"", alice.factor}[n%2]
			_, err := w.a.Verify(w.ctx(), alice.loginFrom(browser), twofactor.Answer{
				Method: method, Code: spelled[n%len(spelled)](alice.wrongCode(n % 3)),
			})
			if judged(err) {
				count++
			}
		}
		require.Equal(t, 10, count)

		// A user id is what the app says, to the byte: it is never folded.
		require.IsType(t, (*twofactor.Verified)(nil), w.begin("Alice"))
		require.IsType(t, (*twofactor.Verified)(nil), w.begin("alice "))
		refused(t, alice.try(alice.newCode()), twofactor.ReasonPaused)
		require.NoError(t, bob.try(bob.newCode()))
	})
}

func TestBypass_W27_SuccessRefillsTheGuessersBudget(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		browser := alice.signIn().Made().KnownBrowser
		guesses := 0
		const days = 20
		for day := range days {
			if day > 0 { // what came back over night, and before he is awake
				require.NoError(t, alice.try(alice.newCode()), "the owner, from elsewhere")
			}
			for n := range 30 {
				if judged(alice.try(alice.wrongCode(n))) {
					guesses++
				}
			}
			w.clock.Advance(31 * time.Minute) // the app may be paused
			v, err := alice.answer(alice.loginFrom(browser), alice.newCode())
			require.NoError(t, err, "the owner, from her own browser")
			browser = v.Made().KnownBrowser
			_, err = w.a.Verify(w.ctx(), alice.login(), alice.three())
			require.NoError(t, err, "and from elsewhere, with three")
			w.clock.Set(w.clock.Now().Truncate(24 * time.Hour).Add(33 * time.Hour))
		}
		require.LessOrEqual(t, guesses, 10+4*days)
		require.Greater(t, guesses, 4*(days-1), "the test does guess")
	})
}
