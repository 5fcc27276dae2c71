package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Someone who saw two codes that are over by now, as from behind the owner's
// back, guesses the third of the three that cost nothing.
func TestBypass_W12_TheThirdOfThreeIsNotGuessedForNothing(t *testing.T) {
	t.Parallel()
	for name, window := range map[string]*totp.Window{"default": nil, "strict": {}} {
		for unseen := range 3 {
			r := newRealm(t, inMemory, twofactor.Policy{TOTPWindow: window})
			alice := r.join("alice", aliceMobile)
			alice.setUp(twofactor.TOTP)
			r.clock.Advance(10 * time.Minute)
			right := alice.app.Codes(3, r.clock.Now())
			login := alice.login()
			guess := func(n int) error {
				codes := append([]string(nil), right...)
				if n >= 0 {
					codes[unseen] = otherCode(codes[unseen], n)
				}
				_, err := r.a.Verify(r.ctx(), login, twofactor.Answer{Codes: codes})
				return err
			}
			for n := range 3 {
				no := denied(t, guess(n), twofactor.ReasonWrongCode, name, unseen)
				require.Equal(t, 5, no.Remaining, "the answer is that to any three wrong codes")
			}
			denied(t, guess(-1), twofactor.ReasonAlreadyUsed, name, unseen)
			denied(t, alice.answer(login, right[2]), twofactor.ReasonAlreadyUsed, name, "nor is one by itself")

			// The owner's next three are as good as ever.
			r.clock.Advance(90 * time.Second)
			_, err := alice.verify(alice.login(), twofactor.Answer{Codes: alice.app.Codes(3, r.clock.Now())})
			require.NoError(t, err)
		}
	}
}

// A code that was used is one that was seen: with it and the next, what is wrong
// with three codes must not tell whether the last of them is right.
func TestBypass_W12_UsedCodesDontTellTheNext(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{})
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.TOTP)
	r.clock.Advance(10 * time.Minute)
	right := alice.app.Codes(3, r.clock.Now())
	_, err := alice.verify(alice.login(), twofactor.Answer{Code: right[1]}) // by the owner, before the eyes of somebody
	require.NoError(t, err)
	login := alice.login()
	wrong := []string{right[0], right[1], otherCode(right[2], 1)}
	_, err = r.a.Verify(r.ctx(), login, twofactor.Answer{Codes: wrong})
	denied(t, err, twofactor.ReasonWrongCode)
	denied(t, alice.answer(login, right[2]), twofactor.ReasonAlreadyUsed)
}

// Of many guesses at once that all hold two right codes, one is judged.
func TestBypass_W12_ManyThirdCodesAtOnce(t *testing.T) {
	t.Parallel()
	for range rounds(t) {
		r := newRealm(t, inMemory, twofactor.Policy{})
		alice := r.join("alice", aliceMobile)
		alice.setUp(twofactor.TOTP)
		r.clock.Advance(10 * time.Minute)
		right := alice.app.Codes(3, r.clock.Now())
		login := alice.login()
		together(20, func(n int) error {
			_, err := []*twofactor.Service{r.a, r.b}[n%2].Verify(r.ctx(), login, twofactor.Answer{
				Codes: []string{right[0], right[1], otherCode(right[2], n)},
			})
			return err
		})
		named := 0
		for _, e := range r.events {
			if e.Type == twofactor.EventRejected && e.Method != "" {
				named++
			}
		}
		require.Equal(t, 1, named, "near misses")
		_, err := r.a.Verify(r.ctx(), login, twofactor.Answer{Codes: right})
		denied(t, err, twofactor.ReasonAlreadyUsed)
	}
}

// Near misses are told to the owner as wrong codes are, and count against the
// factor; wrong ones without any right code neither cost nor tell anything.
func TestNearMissesAreTold(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{})
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.TOTP)
	login := alice.login()
	try := func(right bool) {
		r.clock.Advance(90 * time.Second)
		codes := alice.app.Codes(3, r.clock.Now())
		codes[2] = otherCode(codes[2], 1)
		if !right {
			codes[1] = otherCode(codes[1], 1)
		}
		_, err := r.a.Verify(r.ctx(), login, twofactor.Answer{Codes: codes})
		denied(t, err, twofactor.ReasonWrongCode)
	}
	for range 2 {
		try(false)
	}
	require.Zero(t, r.seen(twofactor.EventUnfinished))
	for range 2 {
		try(true)
		require.Zero(t, r.seen(twofactor.EventUnfinished))
	}
	try(true)
	require.Equal(t, 1, r.seen(twofactor.EventUnfinished))
	require.Equal(t, 5, alice.page(login).Remaining, "no try was spent")
}
