package lockfile_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/lockfile"
	"github.com/latchkey-auth/latchkey/providers/lockstoretest"
)

func key(t testing.TB, dir string) lockcode.Sealer {
	t.Helper()
	s, err := lockfile.KeyFile(filepath.Join(dir, "key"))
	require.NoError(t, err)
	return s
}

// openLock opens the folder of the controller "lock" in dir.
func openLock(t testing.TB, dir string) *lockfile.LockKeys {
	t.Helper()
	k, err := lockfile.OpenLock(filepath.Join(dir, "lock"), "lock", key(t, dir))
	require.NoError(t, err)
	return k
}

func TestLockKeys(t *testing.T) {
	t.Parallel()
	lockstoretest.Lock(t, func(t *testing.T) func() lockcode.LockKeyStore {
		dir := t.TempDir()
		var last *lockfile.LockKeys
		t.Cleanup(func() { require.NoError(t, last.Close()) })
		return func() lockcode.LockKeyStore {
			if last != nil {
				require.NoError(t, last.Close())
			}
			last = openLock(t, dir)
			return last
		}
	})
}

func TestAppKeys(t *testing.T) {
	t.Parallel()
	lockstoretest.App(t, func(t *testing.T) func() lockcode.AppKeyStore {
		dir := t.TempDir()
		return func() lockcode.AppKeyStore {
			k, err := lockfile.OpenApp(filepath.Join(dir, "app"), key(t, dir))
			require.NoError(t, err)
			return k
		}
	})
}

type site struct{}

func (site) SendPIN(context.Context, string, lockcode.PIN) error { return nil }

func (site) Allow(context.Context, lockcode.ConfigHash, string, lockcode.Binding) error { return nil }

func (site) Act(context.Context, string, lockcode.Binding) error { return nil }

func controller(t testing.TB, s lockcode.LockKeyStore) *lockcode.Controller {
	t.Helper()
	c, err := lockcode.NewController(lockcode.ControllerConfig{LockID: "lock", Store: s, PINs: site{}, Rights: site{}, Doors: site{}})
	require.NoError(t, err)
	return c
}

// A file that is damaged, of another key, of another lock or cut off is a
// fault, and never a new and empty store.
func TestDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	open := func(id string, s lockcode.Sealer) error {
		k, err := lockfile.OpenLock(path, id, s)
		if err == nil {
			require.NoError(t, k.Close())
		}
		return err
	}
	k := openLock(t, dir)
	require.NoError(t, controller(t, k).HardwareReset(t.Context()))
	_, err := lockfile.OpenLock(path, "lock", key(t, dir))
	require.Error(t, err, "two processes")
	require.NoError(t, k.Close())
	require.NoError(t, open("lock", key(t, dir)))
	require.ErrorIs(t, open("other", key(t, dir)), lockfile.ErrDamaged)
	require.ErrorIs(t, open("lock", key(t, t.TempDir())), lockfile.ErrDamaged)

	state := filepath.Join(path, "state")
	good, err := os.ReadFile(state)
	require.NoError(t, err)
	require.False(t, bytes.Contains(good, []byte("epoch")), "not sealed")
	for _, bad := range [][]byte{{}, good[:1], good[:len(good)-1], append(bytes.Clone(good), 0), append([]byte{good[0] ^ 1}, good[1:]...)} {
		require.NoError(t, os.WriteFile(state, bad, 0o600))
		require.ErrorIs(t, open("lock", key(t, dir)), lockfile.ErrDamaged)
	}
	// Half a new file beside a good one is what a power cut leaves.
	require.NoError(t, os.WriteFile(state, good, 0o600))
	require.NoError(t, os.WriteFile(state+".new", good[:10], 0o600))
	require.NoError(t, open("lock", key(t, dir)))
	info, err := os.Stat(filepath.Join(dir, "key"))
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), good[:31], 0o600))
	_, err = lockfile.KeyFile(filepath.Join(dir, "key"))
	require.Error(t, err)
	_, err = lockfile.OpenLock(path, "lock", nil)
	require.Error(t, err)
}

// The button of a box begins anew, whatever is in the file.
func TestWipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	k := openLock(t, dir)
	require.NoError(t, controller(t, k).HardwareReset(t.Context()))
	file := filepath.Join(path, "state")
	require.FileExists(t, file)
	require.NoError(t, os.WriteFile(file, []byte("damaged"), 0o600))
	require.NoError(t, k.Wipe(t.Context()))
	require.NoFileExists(t, file)
	require.NoError(t, k.Update(t.Context(), func(s *lockcode.LockState) error {
		b, err := s.MarshalBinary()
		require.NoError(t, err)
		empty, err := new(lockcode.LockState).MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, empty, b)
		return nil
	}))
	require.NoError(t, k.Close())
}

// A key that others can read is none, and neither is memory that nobody wrote.
func TestKeyFileRefuses(t *testing.T) {
	t.Parallel()
	random := []byte("0123456789abcdef0123456789abcdef")
	for name, c := range map[string]struct {
		key  []byte
		mode os.FileMode
		good bool
	}{
		"as made":         {random, 0o600, true},
		"read only":       {random, 0o400, true},
		"group reads":     {random, 0o640, false},
		"others read":     {random, 0o604, false},
		"others write":    {random, 0o602, false},
		"open to all":     {random, 0o666, false},
		"zeros":           {make([]byte, 32), 0o600, false},
		"erased flash":    {bytes.Repeat([]byte{0xff}, 32), 0o600, false},
		"one other byte":  {append(make([]byte, 31), 1), 0o600, true},
		"a byte too long": {append(bytes.Clone(random), 0), 0o600, false},
		"empty":           {nil, 0o600, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" && c.mode&0o077 != 0 {
				t.Skip("no such modes here")
			}
			path := filepath.Join(t.TempDir(), "key")
			require.NoError(t, os.WriteFile(path, c.key, 0o600))
			require.NoError(t, os.Chmod(path, c.mode)) // whatever the umask
			_, err := lockfile.KeyFile(path)
			require.Equal(t, c.good, err == nil, "%v", err)
			if err != nil {
				require.ErrorContains(t, err, "lockfile: ")
			}
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, len(c.key), len(after), "a file that was refused was written")
		})
	}
}

// The mode of a file that somebody has put where the new one goes isn't taken
// over.
func TestWideFileBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	k := openLock(t, dir)
	defer k.Close()
	fresh := filepath.Join(path, "state.new")
	require.NoError(t, os.WriteFile(fresh, nil, 0o600))
	require.NoError(t, os.Chmod(fresh, 0o666))
	require.NoError(t, controller(t, k).HardwareReset(t.Context()))
	info, err := os.Stat(filepath.Join(path, "state"))
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.EqualValues(t, 0o600, info.Mode().Perm())
	}
}

// A write that fails is an error, and what was there before stays.
func TestFailedWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	s := &failing{Sealer: key(t, dir)}
	k, err := lockfile.OpenLock(path, "lock", s)
	require.NoError(t, err)
	defer k.Close()
	c := controller(t, struct{ lockcode.LockKeyStore }{k}) // which can't be wiped
	require.NoError(t, c.HardwareReset(t.Context()))
	s.err = errors.New("no more")
	require.Error(t, c.HardwareReset(t.Context()))
	s.err = nil
	// The path of the new file is taken by a folder: the disk says no.
	require.NoError(t, os.Mkdir(filepath.Join(path, "state.new"), 0o700))
	require.Error(t, c.HardwareReset(t.Context()))
	require.NoError(t, os.Remove(filepath.Join(path, "state.new")))
	var serial uint64
	look := func(l *lockcode.LockState) error { serial = l.Serial(); return nil }
	require.NoError(t, k.Update(t.Context(), look))
	require.EqualValues(t, 1, serial)
}

type failing struct {
	lockcode.Sealer
	err error
}

func (f *failing) Seal(p, a []byte) ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Sealer.Seal(p, a)
}

// TestClosed: what was read once is of no worth when somebody else may write.
func TestClosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := openLock(t, dir)
	require.NoError(t, controller(t, k).HardwareReset(t.Context()))
	looks := func(*lockcode.LockState) error { return nil }
	require.NoError(t, k.Update(t.Context(), looks))
	require.NoError(t, k.Close())
	require.ErrorIs(t, k.Update(t.Context(), looks), os.ErrClosed)
}

// TestKill kills a process that does nothing but write, at whatever moment it
// is in, again and again: the file always opens, and never goes back behind
// what the process said was done.
func TestKill(t *testing.T) {
	t.Parallel()
	if os.Getenv("LOCKFILE_TEST_DIR") != "" {
		t.Skip("this is the process to be killed")
	}
	dir := t.TempDir()
	var done uint64
	for i := range 12 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriter$")
		cmd.Env = append(os.Environ(), "LOCKFILE_TEST_DIR="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		if err := cmd.Start(); err != nil {
			t.Skip("no processes here")
		}
		// Each byte is one write that the process said was durable.
		buf := make([]byte, 1)
		for range 3 + i*5 {
			_, err := out.Read(buf)
			require.NoError(t, err)
			done++
		}
		require.NoError(t, cmd.Process.Kill())
		rest := new(bytes.Buffer)
		_, _ = rest.ReadFrom(out)
		done += uint64(rest.Len())
		_ = cmd.Wait()

		k := openLock(t, dir)
		var serial uint64
		require.NoError(t, k.Update(t.Context(), func(l *lockcode.LockState) error { serial = l.Serial(); return nil }))
		require.NoError(t, k.Close())
		require.GreaterOrEqual(t, serial, done, "a durable write is gone")
		done = serial
	}
}

// TestWriter is the process that TestKill kills.
func TestWriter(t *testing.T) {
	dir := os.Getenv("LOCKFILE_TEST_DIR")
	if dir == "" {
		t.Skip("only run by TestKill")
	}
	k := openLock(t, dir)
	c := controller(t, k)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		require.NoError(t, c.HardwareReset(t.Context()))
		_, err := os.Stdout.Write([]byte{'.'})
		require.NoError(t, err)
	}
}
