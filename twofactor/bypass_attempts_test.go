package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// recordOnly is a guard that lets everything through, as a roll-out begins.
func recordOnly(t testing.TB) func(*twofactor.Config) {
	return func(c *twofactor.Config) {
		g, err := twofactor.NewGuard(twofactor.GuardConfig{
			Store: new(memory.Store), Keys: c.Keys, Countries: []string{"AU"}, RecordOnly: true, Now: c.Now,
		})
		require.NoError(t, err)
		c.Messaging.Guard = g
	}
}

// fullList has a user whose record has no room for another pending login: someone
// with the password has asked for a code in each.
func fullList(t *testing.T, on realserver.Named) (*realm, *member) {
	r := newRealm(t, on, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS}}, recordOnly(t))
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.SMS)
	r.clock.Advance(time.Minute)
	for range record.MaxAttempts {
		_, err := alice.send(alice.login(), twofactor.SMS)
		require.NoError(t, err)
	}
	_, err := alice.send(alice.login(), twofactor.SMS)
	denied(t, err, twofactor.ReasonLoginEnded, "the list is full")
	return r, alice
}

// guess types a wrong code of the app.
func (m *member) guess(login string, n int) error {
	_, err := m.r.a.Verify(m.r.ctx(), login, twofactor.Answer{
		Method: m.ids[twofactor.TOTP], Code: otherCode(m.app.Code(m.r.clock.Now()), 9+n),
	})
	return err
}

// With a list that is full, guesses cost what they always cost.
func TestBypass_W22_FullListOfAttempts(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		places := map[string]func(m *member, login string, n int) error{
			"sign-ins":    func(m *member, _ string, n int) error { return m.guess(m.login(), n) },
			"one sign-in": func(m *member, login string, n int) error { return m.guess(login, n) },
			"a fresh proof": func(m *member, _ string, n int) error {
				_, err := m.r.a.Grant(m.r.ctx(), m.session, twofactor.Answer{
					Method: m.ids[twofactor.TOTP], Code: otherCode(m.app.Code(m.r.clock.Now()), 9+n),
				})
				return err
			},
		}
		for name, guess := range places {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r, alice := fullList(t, on)
				login, judged := alice.login(), 0
				for n := range 60 {
					if countJudged(guess(alice, login, n)) {
						judged++
					}
				}
				require.Equal(t, 10, judged)
				_, err := r.a.Grant(r.ctx(), alice.session, twofactor.Answer{Method: alice.ids[twofactor.TOTP], Code: alice.appCode()})
				denied(t, err, twofactor.ReasonPaused)
			})
		}
	})
}

// A list that is full keeps nobody out who needs no message.
func TestBypass_W28_FullListOfAttempts(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		ways := map[string]func(m *member) twofactor.Answer{
			"a code of the app": func(m *member) twofactor.Answer {
				return twofactor.Answer{Method: m.ids[twofactor.TOTP], Code: m.appCode()}
			},
			"three codes of the app": func(m *member) twofactor.Answer {
				m.r.clock.Advance(3 * step)
				return twofactor.Answer{Codes: m.app.Codes(3, m.r.clock.Now())}
			},
			"a recovery code": func(m *member) twofactor.Answer { return twofactor.Answer{Code: m.codes[0]} },
		}
		for name, way := range ways {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r, alice := fullList(t, on)
				login := alice.login()
				_, err := alice.verify(login, way(alice))
				require.NoError(t, err)
				r.clock.Advance(3 * step)
				_, err = r.a.Verify(r.ctx(), login, twofactor.Answer{Codes: alice.app.Codes(3, r.clock.Now())})
				denied(t, err, twofactor.ReasonLoginEnded, "it was good for one sign-in")
			})
		}
		t.Run("a fresh proof", func(t *testing.T) {
			t.Parallel()
			r, alice := fullList(t, on)
			_, err := r.a.Grant(r.ctx(), alice.session, twofactor.Answer{Method: alice.ids[twofactor.TOTP], Code: alice.appCode()})
			require.NoError(t, err)
		})
		t.Run("and it empties by itself", func(t *testing.T) {
			t.Parallel()
			r, alice := fullList(t, on)
			r.clock.Advance(10 * time.Minute)
			login := alice.login()
			require.NoError(t, alice.answer(login, alice.sent(login, twofactor.SMS)))
		})
	})
}

// Codes of ten digits cost no try, so guesses at them pause nobody's one method.
func TestBypass_W28_GuessesThatCannotWin(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.SMS}})
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.SMS)
	r.clock.Advance(48 * time.Hour)
	paused, long := 0, 0
	const halfHours = 3 * 48
	for range halfHours {
		login := alice.login()
		if _, err := alice.send(login, twofactor.SMS); err == nil {
			code := r.read(aliceMobile)
			if len(code) == 10 {
				long++
			}
			for n := range 5 {
				require.ErrorIs(t, alice.answer(login, otherCode(code, n)), twofactor.ErrRejected)
			}
		}
		if alice.page(alice.login()).Methods[0].WhyNot == twofactor.ReasonPaused {
			paused++
		}
		r.clock.Advance(30 * time.Minute)
	}
	require.Greater(t, long, 20, "there were guesses at long codes")
	require.Less(t, paused, 6, "ten paid tries, and one more every six hours")
}
