package totp_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/stretchr/testify/require"
)

// load reads a file of test vectors.
func load[T any](t testing.TB, name string) (v T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &v))
	return v
}

// rfcSecret is the secret of RFC 4226 and of RFC 6238's SHA1 rows.
const rfcSecret = "12345678901234567890"

func secret(t testing.TB, bytes string) totp.Secret {
	t.Helper()
	s, err := totp.SecretFromBytes([]byte(bytes))
	require.NoError(t, err)
	return s
}

func rfcKey(t testing.TB) totp.Key {
	t.Helper()
	return totp.Key{Secret: secret(t, rfcSecret)}
}

// phone makes the code of a step with code that isn't ours.
func phone(t testing.TB, k totp.Key, step int64) string {
	t.Helper()
	opts := hotp.ValidateOpts{Digits: otp.Digits(k.Digits), Algorithm: algorithms[k.Algorithm]}
	code, err := hotp.GenerateCodeCustom(k.Secret.Base32(), uint64(step), opts)
	require.NoError(t, err)
	return code
}

var algorithms = map[totp.Algorithm]otp.Algorithm{
	totp.SHA1:   otp.AlgorithmSHA1,
	totp.SHA256: otp.AlgorithmSHA256,
	totp.SHA512: otp.AlgorithmSHA512,
}

func algorithmNamed(t testing.TB, name string) totp.Algorithm {
	t.Helper()
	for a := range algorithms {
		if a.String() == name {
			return a
		}
	}
	require.Fail(t, "no such algorithm", name)
	return 0
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0) }

// none is the last step before any was accepted.
const none = -1
