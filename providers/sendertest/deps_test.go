package sendertest_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An application that imports one provider gets that one's SDK and no other;
// and no provider has a way to log.
func TestDependencies(t *testing.T) {
	t.Parallel()
	const (
		aws     = "github.com/aws/"
		twilio  = "github.com/twilio/"
		mail    = "github.com/wneessen/"
		numbers = "github.com/nyaruka/"
		tests   = "github.com/stretchr/"
	)
	all := []string{aws, twilio, mail, numbers, tests}
	for name, allowed := range map[string]string{
		"awssms": aws, "phone": numbers, "sendertest": "", "ses": aws, "smtp": mail, "twilio": "", "webhook": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := func(format string) []string {
				out, err := exec.CommandContext(t.Context(), "go", "list", "-f", format, "../"+name).Output()
				require.NoError(t, err)
				return strings.Fields(string(out))
			}
			deps := list(`{{join .Deps " "}}`)
			require.NotEmpty(t, deps)
			for _, dep := range deps {
				for _, sdk := range all {
					if sdk != allowed {
						require.False(t, strings.HasPrefix(dep, sdk), "imports %s", dep)
					}
				}
			}
			if name == "sendertest" {
				return // looks at what others log
			}
			for _, direct := range list(`{{join .Imports " "}}`) {
				require.NotContains(t, []string{"log", "log/slog", "os", "math/rand", "math/rand/v2"}, direct)
			}
		})
	}
}
