package recovery_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/recovery"
)

func TestText(t *testing.T) {
	t.Parallel()
	_, codes := generate(t, 10)
	text := recovery.Text("Example\r\n11. FAKE", "al\u202eice@example.com\n", codes, now)
	for _, c := range codes {
		require.Contains(t, text, c)
		parse(t, c)
	}
	require.Contains(t, text, "Recovery codes for Example  11. FAKE\n")
	require.Contains(t, text, "Account: al ice@example.com \n")
	require.Equal(t, 18, strings.Count(text, "\n"))
}
