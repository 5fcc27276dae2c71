package twofactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

const newMobile = "+61498765432"

// Two people may share a telephone. Each gets in by their own codes (NIST SP
// 800-63B-4, section 3).
func TestOneNumberOfTwoUsers(t *testing.T) {
	t.Parallel()
	r := newRealm(t, accessPlatform())
	logins := make(map[string]string)
	var both []*member
	for _, id := range []string{"alice", "bob"} {
		m := r.join(id, "")
		m.mobile = aliceMobile
		m.finish(m.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: aliceMobile}))
		r.clock.Advance(time.Minute)
		m.signIn(twofactor.SMS)
		logins[id] = m.login()
		both = append(both, m)
	}
	alice, bob := both[0], both[1]
	hers, his := alice.sent(logins["alice"], twofactor.SMS), bob.sent(logins["bob"], twofactor.SMS)
	if hers != his {
		denied(t, bob.answer(logins["bob"], hers), twofactor.ReasonWrongCode)
	}
	require.NoError(t, bob.answer(logins["bob"], his))
	require.NoError(t, alice.answer(logins["alice"], hers))
}

// A number that is being changed goes on until the new one is proven, and ends
// then (NIST SP 800-63B-4, section 3.1.3.3).
func TestOldNumberStaysUntilTheNewIsProven(t *testing.T) {
	t.Parallel()
	r, alice := pathUser(t)
	before := r.sms(newMobile)
	_, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, newMobile)
	require.NoError(t, err)
	ses, grant := alice.session, alice.grant
	alice.signIn(twofactor.SMS) // reads what went to the old one
	require.Equal(t, before, r.sms(newMobile))

	_, err = r.a.SendPhoneCode(r.ctx(), ses, grant, twofactor.Client{})
	require.NoError(t, err)
	_, err = r.a.VerifyPhone(r.ctx(), ses, grant, r.read(newMobile))
	require.NoError(t, err)
	old := r.sms(aliceMobile)
	alice.mobile = newMobile
	r.clock.Advance(time.Minute)
	alice.signIn(twofactor.SMS)
	require.Equal(t, old, r.sms(aliceMobile))
}

// swapped is a guard of an app that knows which numbers have a new SIM card.
type swapped map[string]bool

func (s swapped) Reserve(_ context.Context, r twofactor.SendRequest) error {
	if s[r.To] {
		return &twofactor.RejectedError{Reason: twofactor.ReasonSendLimited}
	}
	return nil
}

func (swapped) Release(context.Context, twofactor.SendRequest) error { return nil }
func (swapped) Entered(context.Context, twofactor.SendRequest) error { return nil }

// An app that knows more of a number than the library can refuse it each code,
// and the other methods stay (NIST SP 800-63B-4, section 3.1.3.3).
func TestGuardOfTheApp(t *testing.T) {
	t.Parallel()
	risky := make(swapped)
	r, alice := pathUser(t, func(c *twofactor.Config) { c.Messaging.Guard = risky })
	alice.signIn(twofactor.SMS)
	r.settle()
	risky[aliceMobile] = true
	before := r.sms("")
	for _, way := range paths(alice)[:3] {
		denied(t, way.send(alice), twofactor.ReasonSendLimited, way.name)
	}
	require.Equal(t, before, r.sms(""))
	require.Equal(t, 3, r.seen(twofactor.EventSendRefused))
	alice.signIn(twofactor.TOTP)
}
