package twofactor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// loser is a user of product B, signing in without the device.
func loser(t testing.TB, on realserver.Named, change func(*twofactor.Profile)) (*realm, *member, string) {
	r := newRealm(t, on, crm())
	alice := r.join("alice", "0412345678")
	alice.mobile = aliceMobile
	alice.setUp(twofactor.TOTP)
	r.setProfile("alice", func(p *twofactor.Profile) {
		p.PhoneSince, p.VerifiedPhones = realmStart.AddDate(0, -1, 0), []string{aliceMobile}
		if change != nil {
			change(p)
		}
	})
	r.settle()
	r.clock.Advance(time.Minute)
	return r, alice, alice.login()
}

// losers are those whose request brings no code. None of them can be told from
// one that does.
var losers = map[string]struct {
	digits string
	change func(*twofactor.Profile)
	code   bool
}{
	"right":           {digits: "5678", code: true},
	"wrong":           {digits: "5679"},
	"no number":       {"5678", func(p *twofactor.Profile) { p.Phone = "" }, false},
	"not a number":    {"5678", func(p *twofactor.Profile) { p.Phone = "5678" }, false},
	"not verified":    {"5678", func(p *twofactor.Profile) { p.VerifiedPhones = nil }, false},
	"age not known":   {"5678", func(p *twofactor.Profile) { p.PhoneSince = time.Time{} }, false},
	"too young":       {"5678", func(p *twofactor.Profile) { p.PhoneSince = realmStart.Add(-71 * time.Hour) }, false},
	"old enough":      {"5678", func(p *twofactor.Profile) { p.PhoneSince = realmStart.Add(-72 * time.Hour) }, true},
	"from the future": {"5678", func(p *twofactor.Profile) { p.PhoneSince = realmStart.AddDate(0, 1, 0) }, false},
	"other's number":  {digits: "5678", change: func(p *twofactor.Profile) { p.Phone, p.VerifiedPhones = "+61498765432", nil }},
}

// Right and wrong digits have the same answers and do the same work before each
// of them: the same calls of the store, the same events, the same refusals.
func TestBypass_W52_LostDeviceTellsNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for name, l := range losers {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r, alice, login := loser(t, on, l.change)
				r.mu.Lock()
				r.events = nil
				r.mu.Unlock()
				r.store.reset(nil)
				require.NoError(t, r.a.LostDevice(r.ctx(), login, l.digits, twofactor.Client{}))
				require.Equal(t, 1, r.seen(twofactor.EventLostDevice), "before the answer")
				r.settle()
				require.Equal(t, []string{"load", "save"}, r.store.made("u/")[:2])
				if !l.code {
					require.Len(t, r.store.made(""), 2)
					require.Zero(t, r.sms(""))
				} else {
					require.Equal(t, 1, r.sms(aliceMobile))
				}

				err := r.a.LostDevice(r.ctx(), login, l.digits, twofactor.Client{})
				no := denied(t, err, twofactor.ReasonSendLimited)
				require.WithinDuration(t, r.clock.Now().Add(30*time.Second), no.RetryAt, 0)

				r.store.reset(nil)
				_, err = r.a.Verify(r.ctx(), login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: "000000"})
				no = denied(t, err, twofactor.ReasonWrongCode)
				require.Equal(t, 4, no.Remaining)
				require.Equal(t, []string{"load", "save"}, r.store.made("u/"))
				_, err = r.a.Verify(r.ctx(), login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: "0000000"})
				denied(t, err, twofactor.ReasonMalformedCode)
				require.True(t, alice.page(login).LostDevice)
			})
		}
	})
}

// A code that was made for wrong digits signs nobody in, even if it is guessed.
func TestBypass_W52_CodeForNowhereIsNeverRight(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice, login := loser(t, on, nil)
		require.NoError(t, r.a.LostDevice(r.ctx(), login, "0000", twofactor.Client{}))
		r.settle()
		var guess string
		r.tamper("alice", func(rec *record.Record) {
			a := &rec.Attempts[0]
			b := otpcode.Binding{
				User: "alice", Purpose: twofactor.MethodLostDevice, Login: string(a.ID[:]),
				Factor: twofactor.MethodLostDevice, Destination: a.Lost,
			}
			c, is, err := otpcode.Challenge{}.Issue(rec.Key[:], b, otpcode.Spec{}, r.clock.Now())
			require.NoError(t, err)
			a.Codes[0].Challenge, guess = c, is.Code // as lucky as can be
		})
		_, err := alice.verify(login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: guess})
		denied(t, err, twofactor.ReasonWrongCode)
	})
}

// The digits have a budget of their own, which new logins and right digits don't
// refill, and which takes nothing from the other ways in.
func TestBypass_W52_DigitsHaveABudget(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice, _ := loser(t, on, nil)
		tried := 0
		for n := range 40 {
			digits := []string{"0000", "5678"}[n%2]
			err := r.b.LostDevice(r.ctx(), alice.login(), digits, twofactor.Client{})
			if err == nil {
				tried++
				continue
			}
			denied(t, err, twofactor.ReasonSendLimited)
		}
		r.settle()
		require.Equal(t, 10, tried)
		require.Equal(t, 5, alice.page(alice.login()).Remaining, "a code costs what it always does")
		alice.signIn(twofactor.TOTP)
		require.NoError(t, alice.answer(alice.login(), alice.codes[0]))
		require.LessOrEqual(t, r.sms(""), 5, "the number's owner is not flooded")

		denied(t, r.a.LostDevice(r.ctx(), alice.loginElsewhere(), "5678", twofactor.Client{}), twofactor.ReasonSendLimited)
		require.NoError(t, r.a.LostDevice(r.ctx(), alice.login(), "5678", twofactor.Client{}), "a browser that passed")
	})
}

// loginElsewhere is login from a browser that never passed.
func (m *member) loginElsewhere() string {
	m.r.t.Helper()
	other := *m
	other.browser = ""
	return other.login()
}

// No page shows any of the last four digits while they open a way in.
func TestBypass_W52_HintsHideTheDigits(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		s := alice.status()
		login := alice.login()
		sent, err := alice.send(login, twofactor.SMS)
		require.NoError(t, err)
		phone, err := r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
		require.NoError(t, err)
		e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS})
		again, err := r.a.Enrollment(r.ctx(), alice.session, alice.grant, e.ID)
		require.NoError(t, err)
		hints := []string{s.Phone.Hint, sent.Hint, phone.Hint, e.Hint, e.Sent.Hint, again.Hint}
		for _, m := range slices.Concat(s.Methods, alice.page(login).Methods) {
			if m.Kind == twofactor.SMS {
				hints = append(hints, m.Hint)
			}
		}
		require.Len(t, hints, 8)
		for _, h := range hints {
			require.Equal(t, "+61•••", h)
		}
	})
}

// A code goes out only where the policy has the way, and only for four digits.
func TestLostDeviceRefusals(t *testing.T) {
	t.Parallel()
	r, alice, login := loser(t, inMemory, nil)
	for _, digits := range []string{"", "567", "56789", "abcd", "+567"} {
		denied(t, r.a.LostDevice(r.ctx(), login, digits, twofactor.Client{}), twofactor.ReasonMalformedCode, digits)
	}
	require.NoError(t, r.a.LostDevice(r.ctx(), login, " ５６ 78", twofactor.Client{}))
	r.settle()
	code := r.read(aliceMobile)
	closed := r.node(func(c *twofactor.Config) { c.Policy.LostDevice = false })
	denied(t, closed.LostDevice(r.ctx(), login, "5678", twofactor.Client{}), twofactor.ReasonPolicy)
	_, err := closed.Verify(r.ctx(), login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: code})
	denied(t, err, twofactor.ReasonNotUsable)
	_, err = r.a.Verify(r.ctx(), alice.login(), twofactor.Answer{Method: twofactor.MethodLostDevice, Code: code})
	denied(t, err, twofactor.ReasonNotUsable, "another login")
	_, err = alice.verify(login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: code})
	require.NoError(t, err)
	require.Equal(t, []string{
		"Example: a recovery code was used", "Example: a sign-in method was added", "Example: sign-in with a lost device",
	}, sorted(r.notices(alice.email)))
}

func sorted(s []string) []string { slices.Sort(s); return s }
