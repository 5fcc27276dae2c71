package twofactor_test

import (
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// What a user types as a name is the user's to mend, and no fault.
func TestNameThatNoFactorCanHave(t *testing.T) {
	t.Parallel()
	svc, ses := newcomer(t)
	for _, name := range []string{strings.Repeat("x", 65), "a\nb", "\x7f", "\xff"} {
		var input *twofactor.InputError
		_, err := svc.Enroll(t.Context(), ses, "", twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "a", Name: name})
		require.ErrorAs(t, err, &input)
		require.Equal(t, "name", input.Field)
		require.NotContains(t, err.Error(), name)
		require.ErrorAs(t, svc.Rename(t.Context(), ses, "", "x", name), &input)
	}
}
