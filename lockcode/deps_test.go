package lockcode_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A phone and a box carry this package: the standard library, one field
// arithmetic, and nothing else of this module.
func TestDependencies(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Skip("no go command here")
	}
	for path := range strings.FieldsSeq(string(out)) {
		ours := strings.HasPrefix(path, "github.com/latchkey-auth/latchkey/lockcode")
		require.True(t, ours || strings.HasPrefix(path, "filippo.io/edwards25519/"), path)
	}
}
