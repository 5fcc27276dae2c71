package devicetrust_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/devicetrust"
)

// Trust that says more of itself than is kept is not given.
func TestMintRefusesMethods(t *testing.T) {
	t.Parallel()
	b := devicetrust.Binding{User: "alice", Audience: "web"}
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		methods []string
		ok      bool
	}{
		"none":             {nil, true},
		"eight":            {slices.Repeat([]string{"totp"}, 8), true},
		"nine":             {slices.Repeat([]string{"totp"}, 9), false},
		"a name of 32":     {[]string{strings.Repeat("x", 32)}, true},
		"a name of 33":     {[]string{strings.Repeat("x", 33)}, false},
		"one without name": {[]string{"totp", ""}, false},
	} {
		d, token, err := devicetrust.Mint(b, devicetrust.Grant{Life: time.Hour, Methods: c.methods}, at)
		if c.ok {
			require.NoError(t, err, name)
			continue
		}
		require.Error(t, err, name)
		require.Empty(t, token, name)
		require.Empty(t, d.ID, name)
	}
}
