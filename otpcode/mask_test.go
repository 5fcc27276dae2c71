package otpcode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
)

func TestMaskEmail(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"alice@example.com":         "a•••@e•••.com",
		"a@example.com":             "a•••@e•••.com",
		"élise@exemple.fr":          "é•••@e•••.fr",
		`"odd@local"@example.co.nz`: `"•••@e•••.nz`,
		"root@localhost":            "r•••@l•••",
		"alice":                     "•••",
		"":                          "•••",
		"@":                         "•••@•••",
	} {
		require.Equal(t, want, otpcode.MaskEmail(address), address)
	}
}

func TestMaskPhone(t *testing.T) {
	t.Parallel()
	for number, want := range map[string][2]string{
		"+61412345678":    {"•••78", "+61•••"},
		"+15550100999":    {"•••99", "+15•••"},
		"+6421555":        {"•••55", "•••"},
		"+290123":         {"•••", "•••"},
		"+":               {"•••", "•••"},
		"":                {"•••", "•••"},
		"+99912345678901": {"•••01", "+99•••"},
	} {
		require.Equal(t, want[0], otpcode.MaskPhone(number), number)
		require.Equal(t, want[1], otpcode.MaskPhoneStart(number), number)
	}
}
