package lockfile_test

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCloseWhileAProcessIsStarted: from fork to exec, a child has all files that
// its parent has, also those that the parent closes meanwhile.
func TestCloseWhileAProcessIsStarted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := openLock(t, dir)
	child := inherit(t, filepath.Join(dir, "lock", "busy"))
	defer syscall.Close(child)
	require.NoError(t, k.Close())
	require.NoError(t, openLock(t, dir).Close())
}

// inherit returns a copy of what this process has open under a path.
func inherit(t *testing.T, path string) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, e := range open {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && to == path {
			fd, err := strconv.Atoi(e.Name())
			require.NoError(t, err)
			fd, err = syscall.Dup(fd)
			require.NoError(t, err)
			return fd
		}
	}
	t.Fatalf("%s is not open", path)
	return -1
}
