package twofactor_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// Another system's code may look like one of ours with a slip of the pen. It is
// compared all the same, at the usual price.
func TestImportedCodeInOurShape(t *testing.T) {
	t.Parallel()
	const code, slip = "ABCDE-FGHJK-MNPQR-STVWX-YZ234", "ABCDE-FGHJK-MNPQR-STVWX-YZ235"
	for _, method := range []string{"", twofactor.MethodRecovery} {
		t.Run("method "+method, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, inMemory, twofactor.Policy{})
			alice := r.join("alice", aliceMobile)
			secret, err := totp.NewSecret(totp.SHA1)
			require.NoError(t, err)
			hash, err := bcrypt.GenerateFromPassword([]byte(code), bcrypt.MinCost)
			require.NoError(t, err)
			require.NoError(t, r.a.Import(r.ctx(), "alice", twofactor.Import{
				Keys: []twofactor.ImportedKey{{Key: totp.Key{Secret: secret}}}, RecoveryHashes: [][]byte{hash},
			}))
			login := alice.login()
			_, err = alice.verify(login, twofactor.Answer{Method: method, Code: slip})
			no := denied(t, err, twofactor.ReasonWrongCode)
			require.Equal(t, 4, no.Remaining, "it is a guess")
			_, err = alice.verify(login, twofactor.Answer{Method: method, Code: code})
			require.NoError(t, err)
			_, err = alice.verify(alice.login(), twofactor.Answer{Method: method, Code: code})
			denied(t, err, twofactor.ReasonMalformedCode, "it was the last one, and others cost nothing")
		})
	}
}
