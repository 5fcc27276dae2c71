package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Whatever is typed, it is judged on what one load returned, and one save tells
// the verdict: over a network, nothing else takes time.
func TestOneLoadAndOneSave(t *testing.T) {
	t.Parallel()
	once := []string{"load", "save"}
	for name, c := range map[string]struct {
		answer func(p *person) twofactor.Answer
		want   string
	}{
		"a code":          {func(p *person) twofactor.Answer { return twofactor.Answer{Code: p.newCode()} }, "yes"},
		"a wrong code":    {func(p *person) twofactor.Answer { return twofactor.Answer{Code: p.wrongCode(0)} }, "wrong_code"},
		"three codes":     {(*person).three, "yes"},
		"a recovery code": {func(p *person) twofactor.Answer { return twofactor.Answer{Code: p.codes[0]} }, "yes"},
		"a device to be trusted": {func(p *person) twofactor.Answer {
			return twofactor.Answer{Code: p.newCode(), RememberDevice: true}
		}, "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &meter{Store: new(memory.Store)}
			w := newWorld(t, store, store, with(twofactor.Policy{
				Kinds: []twofactor.Kind{twofactor.TOTP}, Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}},
			}))
			p := w.enrolled("alice")
			w.clock.Advance(time.Minute)
			login, answer := p.login(), c.answer(p)
			store.reset(nil)
			_, err := w.a.Verify(w.ctx(), login, answer)
			require.Equal(t, c.want, reason(err))
			require.Equal(t, once, store.made(""))
		})
	}
	for name, kind := range map[string]twofactor.Kind{"a code by SMS": twofactor.SMS, "a code by mail": twofactor.Email} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, everyPath())
			alice := r.join("alice", aliceMobile)
			r.setProfile("alice", func(p *twofactor.Profile) { p.VerifiedPhones = []string{aliceMobile} })
			alice.setUp(kind)
			r.clock.Advance(time.Minute)
			login := alice.login()
			code := alice.sent(login, kind)
			r.settle()
			r.store.reset(nil)
			require.NoError(t, alice.answer(login, code))
			require.Equal(t, once, r.store.made(""), "no counter of the guard is touched")
		})
	}
}
