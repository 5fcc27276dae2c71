package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

func TestStatistics(t *testing.T) {
	t.Parallel()
	s := new(memory.Store)
	r := newRealm(t, twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}, MaxFailures: 3,
		Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Life: 24 * time.Hour},
	}, func(c *twofactor.Config) { c.Store = s })
	ctx := r.ctx()

	r.join("nobody", "")
	alice := r.join("alice", "") // one recovery code used
	alice.setUp(twofactor.TOTP)
	_, err := alice.verify(alice.login(), twofactor.Answer{Code: alice.codes[0]})
	require.NoError(t, err)

	bob := r.join("bob", "+61412000001") // two apps, SMS, mail, and a device whose trust has run out
	bob.setUp(twofactor.TOTP)
	r.clock.Advance(step)
	bob.setUp(twofactor.TOTP)
	bob.setUp(twofactor.SMS)
	bob.setUp(twofactor.Email)
	trust := func(m *member) {
		_, err := m.verify(m.login(), twofactor.Answer{Method: m.ids[twofactor.TOTP], Code: m.appCode(), RememberDevice: true})
		require.NoError(t, err)
	}
	trust(bob)
	r.clock.Advance(25 * time.Hour)

	carol := r.join("carol", "") // switched off
	carol.setUp(twofactor.Email)
	carol.signIn(twofactor.Email)
	carol.prove(twofactor.Email)
	require.NoError(t, r.a.SwitchOff(ctx, carol.full(), carol.grant))

	dave := r.join("dave", "") // a trusted device; ran into MaxFailures
	dave.setUp(twofactor.TOTP)
	trust(dave)
	dave.device = ""
	for n := range 3 {
		err := dave.answer(dave.login(), otherCode(dave.app.Code(r.clock.Now()), n))
		refused(t, err, twofactor.ReasonWrongCode)
	}

	secret, err := totp.NewSecret(totp.SHA1)
	require.NoError(t, err)
	require.NoError(t, r.a.Import(ctx, "erin", twofactor.Import{ // without recovery codes
		Keys: []twofactor.ImportedKey{{Key: totp.Key{Secret: secret}}},
	}))

	_, err = s.Save(ctx, "u/frank", "", []byte("damaged"))
	require.NoError(t, err)
	_, err = s.Save(ctx, "session/1", "", []byte("another's"))
	require.NoError(t, err)

	st, err := r.a.Statistics(ctx)
	require.NoError(t, err)
	want := &twofactor.Statistics{
		Users: 7, Enrolled: 5, SwitchedOff: 1, NoRecovery: 1,
		Kinds:         map[twofactor.Kind]int{twofactor.TOTP: 4, twofactor.SMS: 1, twofactor.Email: 2},
		RecoveryCodes: 39, Devices: 1, Disabled: 1, Unreadable: 1, OldKey: 1,
	}
	require.Equal(t, want, st)

	next := r.node(func(c *twofactor.Config) { c.Keys = []twofactor.Key{twofactor.NewKey(), c.Keys[0]} })
	st, err = next.Statistics(ctx)
	require.NoError(t, err)
	want.OldKey = 7
	require.Equal(t, want, st)
}
