package twofactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// What costs a guesser nothing must cost the owner nothing either: wrong guesses
// at codes of ten digits never disable a factor.
func TestFreeGuessesDisableNothing(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.SMS}, Recovery: twofactor.RecoveryPolicy{None: true}, MaxFailures: 12,
	})
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.SMS)
	r.clock.Advance(time.Hour)
	wrong, free := 0, 0
	for wrong < 60 && r.seen(twofactor.EventDisabled) == 0 {
		login := alice.login()
		if _, err := alice.send(login, twofactor.SMS); err != nil {
			r.clock.Advance(10 * time.Minute)
			continue
		}
		code := r.read(aliceMobile)
		for n := range 5 {
			if countJudged(alice.answer(login, otherCode(code, n))) {
				wrong++
				if len(code) == 10 {
					free++
				}
			}
		}
		r.clock.Advance(31 * time.Second)
	}
	require.Zero(t, r.seen(twofactor.EventDisabled), "after %d free guesses", free)
	require.Greater(t, free, 40)
	r.clock.Advance(time.Hour)
	alice.signIn(twofactor.SMS)
}

// shortUnderLong is a user without tries, and a pending login with a code of six
// digits that is still alive, and a way to put one of ten digits on top of it.
func shortUnderLong(t *testing.T) (r *realm, alice *member, victim, short string, long func(func())) {
	r = newRealm(t, inMemory, twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS}, SMSLife: 10 * time.Minute,
	})
	alice = r.join("alice", aliceMobile)
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.SMS)
	r.clock.Advance(time.Minute)
	victim = alice.login()
	short = alice.sent(victim, twofactor.SMS)
	for _, kind := range []twofactor.Kind{twofactor.TOTP, twofactor.SMS} {
		login := alice.login()
		if kind == twofactor.SMS {
			alice.sent(login, kind)
		}
		for n := range 5 {
			_, _ = alice.verify(login, twofactor.Answer{Method: alice.ids[kind], Code: otherCode("123456", n)})
		}
	}
	r.clock.Advance(31 * time.Second)
	long = func(meanwhile func()) {
		r.onSend(func(_ context.Context, m otpcode.Message) error {
			if m.Channel == otpcode.SMS {
				meanwhile()
				return otpcode.ErrNotSent
			}
			return nil
		})
		_, err := alice.send(victim, twofactor.SMS)
		denied(t, err, twofactor.ReasonSendFailed)
		r.onSend(nil)
	}
	return r, alice, victim, short, long
}

// Six digits are not judged for nothing because a code of ten is under way: who
// finds the one before could use it when the long one turns out not to be sent.
func TestBypass_W28_ShortGuessesUnderALongCodeArePaid(t *testing.T) {
	t.Parallel()
	_, alice, victim, short, long := shortUnderLong(t)
	denied(t, alice.answer(victim, otherCode(short, 1)), twofactor.ReasonPaused)
	long(func() {
		for n := range 4 {
			denied(t, alice.answer(victim, otherCode(short, n)), twofactor.ReasonPaused)
		}
		denied(t, alice.answer(victim, short), twofactor.ReasonPaused, "and so nothing is learned")
		no := denied(t, alice.answer(victim, "0000000000"), twofactor.ReasonWrongCode, "ten digits are judged")
		require.Zero(t, no.Remaining)
	})
	denied(t, alice.answer(victim, short), twofactor.ReasonPaused)
}
