package storetest_test

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// childEnv names the store that a child process is to run the suite on. Only a
// process of its own shows what a failing suite does: a failed subtest fails
// its parents.
const childEnv = "STORETEST_CHILD"

func TestChild(t *testing.T) {
	name := os.Getenv(childEnv)
	if name == "" {
		t.Skip("only run by the other tests, in a process of its own")
	}
	open := func() (a, b twofactor.Store) { s := new(memory.Store); return s, s }
	if i := slices.IndexFunc(brokenStores, func(b broken) bool { return b.name == name }); i >= 0 {
		open = brokenStores[i].open
	}
	storetest.Test(t, func(*testing.T) (a, b twofactor.Store) { return open() })
}

// suite runs the suite on a store in a child process, and returns what each of
// its cases printed, by whether it passed.
func suite(t *testing.T, name string) (passed, failed map[string]string, output string) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestChild$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	out, _ := cmd.CombinedOutput() // a failing suite is what most callers want
	passed, failed = make(map[string]string), make(map[string]string)
	for part := range strings.SplitSeq(string(out), "=== RUN   TestChild/") {
		c, printed, _ := strings.Cut(part, "\n")
		switch {
		case strings.Contains(string(out), "--- FAIL: TestChild/"+c+" "):
			failed[c] = printed
		case strings.Contains(string(out), "--- PASS: TestChild/"+c+" "):
			passed[c] = printed
		}
	}
	return passed, failed, string(out)
}

func TestSoundStorePasses(t *testing.T) {
	t.Parallel()
	passed, failed, output := suite(t, "sound")
	require.Empty(t, failed, output)
	require.NotEmpty(t, passed, output)

	// Each case must be one that some broken store fails; one that nothing
	// fails could as well not be there.
	caught := make(map[string]bool)
	for _, b := range brokenStores {
		for _, c := range b.want {
			caught[c] = true
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(passed)), slices.Sorted(maps.Keys(caught)))
}

func TestBrokenStoresFail(t *testing.T) {
	t.Parallel()
	for _, b := range brokenStores {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			_, failed, output := suite(t, b.name)
			require.NotContains(t, output, "panic:")
			require.Subset(t, slices.Collect(maps.Keys(failed)), b.want, output)
			for c, finding := range failed {
				what, _, said := strings.Cut(finding, "why: ")
				require.True(t, said, "%s fails without saying why it matters", c)
				require.Contains(t, what, ".go:", "%s fails without saying what it found", c)
			}
		})
	}
}
