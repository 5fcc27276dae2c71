package twofactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A gateway that refuses is not asked again and again: what was not sent counts
// against no other limit, in this login or the next.
func TestBypass_W46_RefusedSendsReachTheGatewayAFewTimes(t *testing.T) {
	t.Parallel()
	r, alice := pathUser(t, inMemory)
	r.a = r.node(with(twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}}))
	alice.setUp(twofactor.Email)
	r.settle()
	r.clock.Advance(time.Minute)
	asked := 0
	r.onSend(func(_ context.Context, m otpcode.Message) error {
		if m.Channel == otpcode.SMS {
			asked++
			return otpcode.ErrNotSent
		}
		return nil
	})
	login := alice.login()
	for range 100 {
		_, err := alice.send(login, twofactor.SMS)
		require.ErrorIs(t, err, twofactor.ErrRejected)
	}
	require.Equal(t, 5, asked)
	no := denied(t, func() error { _, err := alice.send(alice.login(), twofactor.SMS); return err }(), twofactor.ReasonSendLimited)
	require.Equal(t, 5, asked, "nor in another login")
	require.NoError(t, alice.answer(login, alice.sent(login, twofactor.Email)), "mail is tried at once")

	r.clock.Advance(no.RetryAt.Sub(r.clock.Now()))
	r.onSend(nil)
	alice.signIn(twofactor.SMS)
}
