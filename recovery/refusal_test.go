package recovery_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/recovery"
)

// A hash with any other character in the place of its marks is none.
func TestImportRefusesOtherMarks(t *testing.T) {
	t.Parallel()
	good, err := bcrypt.GenerateFromPassword([]byte("abcd-efgh"), bcrypt.MinCost)
	require.NoError(t, err)
	_, err = recovery.Set{}.Import([][]byte{good})
	require.NoError(t, err)
	for i := range 7 {
		for _, c := range []byte("$x0./\x00") {
			bad := bytes.Clone(good)
			if bad[i] == c {
				continue
			}
			bad[i] = c
			set, err := recovery.Set{}.Import([][]byte{bad})
			require.Error(t, err, "%q", bad)
			require.Empty(t, set.Imported)
		}
	}
}

// A code of another system may be as long as bcrypt can tell apart.
func TestImportedCodeOf72Bytes(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 72)
	hash, err := bcrypt.GenerateFromPassword([]byte(text), bcrypt.MinCost)
	require.NoError(t, err)
	set, err := recovery.Set{}.Import([][]byte{hash})
	require.NoError(t, err)
	_, err = set.MatchImported(text)
	require.NoError(t, err)
	_, err = set.MatchImported(text + "x")
	require.ErrorIs(t, err, recovery.ErrMalformed)
}
