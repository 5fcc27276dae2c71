package totp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/totp"
)

// A URI is as long as a QR code can hold and no longer, whatever it is that makes
// it long.
func TestURIThatIsTooLong(t *testing.T) {
	t.Parallel()
	const uri = "otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&image="
	_, err := totp.ParseURI(uri + "x")
	require.NoError(t, err)
	_, err = totp.ParseURI(uri + strings.Repeat("x", 100_000))
	require.ErrorIs(t, err, totp.ErrURI)
}
