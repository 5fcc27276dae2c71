package realserver_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/storetest/linear"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func TestMain(m *testing.M) { realserver.Main(m) }

func TestLinear(t *testing.T) {
	t.Parallel()
	for _, s := range realserver.All() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			linear.Test(t, s.Open)
		})
	}
}

// TestLinearWithCuts cuts connections all the time, so that many a write ends
// without an answer.
func TestLinearWithCuts(t *testing.T) {
	t.Parallel()
	for _, s := range realserver.All() {
		if s.Kind == nil {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			linear.Test(t, func(t *testing.T) (a, b twofactor.Store) {
				server, space := s.Kind.Shared(t), realserver.Name()
				open := func() twofactor.Store {
					proxy := realserver.NewProxy(t, server.Addr)
					store := s.Connect(t, proxy.Addr, space)
					proxy.CutAtRandom(0.02)
					return store
				}
				return open(), open()
			})
		})
	}
}

// TestSwallowedAnswer: a write that the server has carried out, and whose
// answer was lost, may be reported as done or as unknown, but not as refused.
func TestSwallowedAnswer(t *testing.T) {
	t.Parallel()
	for _, s := range realserver.All() {
		if s.Kind == nil {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			server, space := s.Kind.Shared(t), realserver.Name()
			proxy := realserver.NewProxy(t, server.Addr)
			store, direct := s.Connect(t, proxy.Addr, space), s.Connect(t, server.Addr, space)
			ctx := t.Context()

			var v twofactor.Version
			unseen := 0 // writes that took place without an answer
			for i := range 20 {
				rec, err := direct.Load(ctx, "k")
				if i > 0 {
					require.NoError(t, err)
				}
				data := fmt.Sprint("write ", i)
				if i%2 == 0 {
					proxy.SwallowAnswer(1)
				} else {
					proxy.SwallowRequest(1)
				}
				v, err = store.Save(ctx, "k", rec.Version, []byte(data))
				after, loadErr := direct.Load(ctx, "k")
				require.False(t, errors.Is(err, twofactor.ErrConflict) || errors.Is(err, twofactor.ErrNotFound), err)
				if err == nil {
					require.NoError(t, loadErr)
					require.Equal(t, twofactor.Record{Data: []byte(data), Version: v}, after)
				}
				if i%2 == 0 && string(after.Data) == data {
					unseen++
				}
				proxy.SwallowAnswer(0)
				proxy.SwallowRequest(0)
				// The next one goes through again, with what is stored now.
				_, err = store.Save(ctx, "k", after.Version, []byte("between"))
				require.NoError(t, err)
			}
			require.Positive(t, unseen)
		})
	}
}

// TestSilentServer: the end of the context ends every call, whatever the server
// does.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	for _, s := range realserver.All() {
		if s.Kind == nil {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			server, space := s.Kind.Shared(t), realserver.Name()
			proxy := realserver.NewProxy(t, server.Addr)
			store := s.Connect(t, proxy.Addr, space)
			v, err := store.Save(t.Context(), "k", "", []byte("data"))
			require.NoError(t, err)
			held, release := proxy.Hold()
			defer release()
			for name, call := range map[string]func(ctx context.Context) error{
				"Load":   func(ctx context.Context) error { _, err := store.Load(ctx, "k"); return err },
				"Save":   func(ctx context.Context) error { _, err := store.Save(ctx, "k", v, []byte("new")); return err },
				"Delete": func(ctx context.Context) error { return store.Delete(ctx, "k", v) },
			} {
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- call(ctx) }()
				<-held
				cancel()
				err := <-ended
				require.Error(t, err, name)
				require.False(t, errors.Is(err, twofactor.ErrConflict) || errors.Is(err, twofactor.ErrNotFound), "%s: %v", name, err)
			}
			release()
			_, err = store.Load(t.Context(), "k")
			require.False(t, err != nil && !errors.Is(err, twofactor.ErrNotFound), "the store is of no use after a silence: %v", err)
		})
	}
}

// An acknowledged notes for each key what a Save last returned, and what one
// tried to write whose outcome isn't known.
type acknowledged struct {
	mu      sync.Mutex
	version map[string]twofactor.Version
	data    map[string]string
	tried   map[string]string
	n       int
	enough  func()
}

const enough = 300 // writes before the server dies

func newAcknowledged(f func()) *acknowledged {
	return &acknowledged{
		version: make(map[string]twofactor.Version), data: make(map[string]string),
		tried: make(map[string]string), enough: sync.OnceFunc(f),
	}
}

// write saves to a key of its own until the server is gone.
func (a *acknowledged) write(ctx context.Context, s twofactor.Store, key string) {
	var v twofactor.Version
	for i := 0; ; i++ {
		data := fmt.Sprintf("%s, write %d", key, i)
		a.mu.Lock()
		a.tried[key] = data
		a.mu.Unlock()
		next, err := s.Save(ctx, key, v, []byte(data))
		if err != nil {
			return
		}
		v = next
		a.mu.Lock()
		a.version[key], a.data[key] = v, data
		if a.n++; a.n == enough {
			go a.enough()
		}
		a.mu.Unlock()
	}
}

// check finds every acknowledged write in s, or the one that came after it.
func (a *acknowledged) check(t *testing.T, s twofactor.Store) {
	t.Helper()
	require.GreaterOrEqual(t, a.n, enough)
	for key, v := range a.version {
		rec, err := s.Load(t.Context(), key)
		require.NoError(t, err, "an acknowledged record is gone")
		if string(rec.Data) != a.tried[key] {
			require.Equal(t, a.data[key], string(rec.Data), "an acknowledged write is gone")
			require.Equal(t, v, rec.Version)
		}
	}
}

// TestKill kills the server in the middle of many writes and starts it again.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, s := range realserver.All() {
		if s.Kind == nil {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			server, space := s.Kind.Start(t), realserver.Name()
			store := s.Connect(t, server.Addr, space)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			killed := make(chan struct{})
			a := newAcknowledged(func() {
				server.Kill()
				cancel()
				close(killed)
			})
			var wg sync.WaitGroup
			for i := range 32 {
				wg.Go(func() { a.write(ctx, store, fmt.Sprint("user ", i)) })
			}
			wg.Wait()
			<-killed
			server.Restart(t)
			a.check(t, s.Connect(t, server.Addr, space))
		})
	}
}

// TestKillSQLite kills a process that writes to a SQLite database, which is
// this test binary once more.
func TestKillSQLite(t *testing.T) {
	t.Parallel()
	const env = "REALSERVER_SQLITE"
	if path := os.Getenv(env); path != "" {
		store := realserver.SQLite(t, path)
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range 32 {
			wg.Go(func() {
				var v twofactor.Version
				for n := 0; ; n++ {
					var err error
					if v, err = store.Save(t.Context(), fmt.Sprint("user ", i), v, fmt.Append(nil, n)); err != nil {
						return
					}
					mu.Lock()
					fmt.Printf("saved %d %d %s\n", i, n, v)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return
	}

	path := filepath.Join(t.TempDir(), "latchkey.db")
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestKillSQLite$")
	cmd.Env = append(os.Environ(), env+"="+path)
	out := &killer{cmd: cmd}
	cmd.Stdout = out
	require.Error(t, cmd.Run())

	saved := make(map[int]int)
	versions := make(map[int]twofactor.Version)
	lines := strings.Split(out.text.String(), "\n")
	for _, line := range lines[:len(lines)-1] { // the last may be cut
		var i, n int
		var v twofactor.Version
		if _, err := fmt.Sscanf(line, "saved %d %d %s", &i, &n, &v); err == nil {
			saved[i], versions[i] = n, v
		}
	}
	require.NotEmpty(t, saved)
	store := realserver.SQLite(t, path)
	for i, n := range saved {
		rec, err := store.Load(t.Context(), fmt.Sprint("user ", i))
		require.NoError(t, err)
		if string(rec.Data) != fmt.Sprint(n+1) {
			require.Equal(t, fmt.Sprint(n), string(rec.Data), "an acknowledged write is gone")
			require.Equal(t, versions[i], rec.Version)
		}
	}
}

// A killer takes a process's output, and kills it when there is enough.
type killer struct {
	cmd  *exec.Cmd
	text strings.Builder
}

func (k *killer) Write(p []byte) (int, error) {
	if k.text.Len() < enough*40 && k.text.Len()+len(p) >= enough*40 {
		k.cmd.Process.Kill()
	}
	return k.text.Write(p)
}
