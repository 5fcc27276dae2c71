package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// A right answer costs no try, on a node whose clock is years ahead as well: what
// it paid and got back must not leave the bucket empty for the others.
func TestBypass_W29_RightAnswerOnANodeAhead(t *testing.T) {
	t.Parallel()
	hash, err := bcrypt.GenerateFromPassword([]byte("old-code-1"), bcrypt.MinCost)
	require.NoError(t, err)
	for name, code := range map[string]func(*member) string{
		"recovery code": func(m *member) string { return m.codes[0] },
		"imported code": func(*member) string { return "old-code-1" },
		"message":       nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS}})
			alice := r.join("alice", aliceMobile)
			if name == "imported code" {
				secret, err := totp.NewSecret(totp.SHA1)
				require.NoError(t, err)
				require.NoError(t, r.a.Import(r.ctx(), "alice", twofactor.Import{
					Keys: []twofactor.ImportedKey{{Key: totp.Key{Secret: secret}}}, RecoveryHashes: [][]byte{hash},
				}))
			} else {
				alice.setUp(twofactor.TOTP)
				alice.setUp(twofactor.SMS)
				r.clock.Advance(time.Minute)
				denied(t, alice.guess(alice.login(), 1), twofactor.ReasonWrongCode)
			}
			r.settle()
			before := alice.page(alice.login()).Remaining

			ahead := r.node(func(c *twofactor.Config) {
				c.Now = func() time.Time { return r.clock.Now().AddDate(3, 0, 0) }
			})
			o, err := ahead.Begin(r.ctx(), twofactor.SignIn{UserID: "alice"})
			require.NoError(t, err)
			login := o.(*twofactor.Pending).Token()
			answer := twofactor.Answer{Method: twofactor.MethodRecovery}
			if code == nil {
				answer.Method = alice.ids[twofactor.SMS]
				_, err := ahead.Send(r.ctx(), login, answer.Method, twofactor.Client{})
				require.NoError(t, err)
				answer.Code = r.read(aliceMobile)
			} else {
				answer.Code = code(alice)
			}
			_, err = ahead.Verify(r.ctx(), login, answer)
			require.NoError(t, err)
			require.NoError(t, ahead.Drain(r.ctx()))
			require.Equal(t, before, alice.page(alice.login()).Remaining)
		})
	}
}
