package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Parts of Messaging that a policy doesn't need may be missing, though a user has
// a factor or a number from a time in which they were there.
func TestMessagingInPart(t *testing.T) {
	t.Parallel()
	kinds := []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}
	member := func(t *testing.T) (*realm, *member) {
		r := newRealm(t, inMemory, twofactor.Policy{Kinds: kinds})
		alice := r.join("alice", "0412 345 678")
		alice.mobile = aliceMobile
		alice.setUp(twofactor.SMS)
		r.clock.Advance(time.Minute)
		return r, alice
	}
	t.Run("no numbers", func(t *testing.T) {
		t.Parallel()
		r, alice := member(t)
		r.a = r.node(with(twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}}),
			func(c *twofactor.Config) { c.Messaging.Phones, c.Messaging.SMS = nil, nil })
		require.Nil(t, alice.status().Phone)
		why, err := r.a.Explain(r.ctx(), twofactor.SignIn{UserID: "alice"})
		require.NoError(t, err)
		require.Equal(t, twofactor.WhyNotAllowed, why.Kinds[twofactor.SMS])
	})
	t.Run("nothing at all", func(t *testing.T) {
		t.Parallel()
		r, alice := member(t)
		r.a = r.node(with(twofactor.Policy{}), func(c *twofactor.Config) { c.Messaging = twofactor.Messaging{} })
		require.Equal(t, twofactor.ReasonNotUsable, alice.status().Methods[0].WhyNot)
		_, err := r.a.Explain(r.ctx(), twofactor.SignIn{UserID: "alice"})
		require.NoError(t, err)
		login := alice.login()
		_, err = alice.send(login, twofactor.SMS)
		denied(t, err, twofactor.ReasonNotUsable)
		denied(t, alice.answer(login, "123456"), twofactor.ReasonNotUsable)
		_, err = r.a.SendForGrant(r.ctx(), alice.session, alice.ids[twofactor.SMS], twofactor.Client{})
		denied(t, err, twofactor.ReasonNotUsable)
		denied(t, alice.answer(login, alice.codes[0]), twofactor.ReasonEnrollmentRequired, "a way that is left")
	})
	t.Run("no guard", func(t *testing.T) {
		t.Parallel()
		r, alice := member(t)
		r.a = r.node(with(twofactor.Policy{}), func(c *twofactor.Config) { c.Messaging.Countries = nil })
		login := alice.login()
		code := alice.sent(login, twofactor.SMS)
		denied(t, alice.answer(login, code), twofactor.ReasonEnrollmentRequired, "a kind that is allowed no more")
	})
	t.Run("no numbers to manage", func(t *testing.T) {
		t.Parallel()
		r := newRealm(t, inMemory, twofactor.Policy{})
		for _, numbers := range []twofactor.NumberSource{twofactor.NumbersManaged, twofactor.NumbersFromForm} {
			cfg := r.config
			cfg.Messaging, cfg.Policy = twofactor.Messaging{}, twofactor.Policy{Numbers: numbers}
			_, err := twofactor.New(cfg)
			require.ErrorContains(t, err, "nothing is sent by sms")
		}
	})
}
