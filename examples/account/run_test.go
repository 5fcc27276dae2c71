package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// start runs the whole program and returns its address and how to stop it. Its
// passwords cost little: the program goes by the real time, in which codes end.
func start(t *testing.T, args ...string) (url string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0", "-password-cost", "4"}, args...), in, io.Discard)
		_ = in.CloseWithError(io.EOF)
		done <- err
	}()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the program ended")
	url, _, _ = strings.Cut(lines.Text(), " ")
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return url, func() error {
		cancel()
		return <-done
	}
}

// try runs a program that should refuse to start, and stops it if it doesn't.
func try(t *testing.T, args []string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return run(ctx, args, io.Discard, io.Discard)
}

func (s *site) at(url string) *browser {
	s.url = url
	return s.browser()
}

func TestRun_KeepsSecondFactorsAndLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	db := filepath.Join(t.TempDir(), "a ?b#.db") // all characters that a path can have
	s := &site{t: t, clock: twofactortest.NewClock(time.Now())}

	url, stop := start(t, "-db", db)
	b := s.at(url)
	require.Equal(t, statusSignedIn, b.signIn("alice"))
	b.grant("alice")
	s.clock.Set(time.Now()) // which the program goes by, and it was slow to start perhaps
	b.phone()
	require.Equal(t, 200, b.get("/outbox.json").status)
	require.NoError(t, stop())

	info, err := os.Stat(db + ".key")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	url, stop = start(t, "-db", db, "-outbox=false", "-policy", "twostep")
	b = s.at(url)
	require.Equal(t, statusSecondFactor, b.signIn("alice"))
	require.Equal(t, 404, b.get("/outbox.json").status)
	require.NoError(t, stop())

	require.NoError(t, os.Chmod(db+".key", 0o644))
	require.ErrorContains(t, try(t, []string{"-db", db}), "0600")
	require.NoError(t, os.WriteFile(db+".key", []byte("no key"), 0o600))
	require.NoError(t, os.Chmod(db+".key", 0o600))
	require.ErrorContains(t, try(t, []string{"-db", db}), "holds no key")

	noMoreGoroutines(t, before)
}

// noMoreGoroutines waits until there are no more of them than before.
func noMoreGoroutines(t *testing.T, before int) {
	t.Helper()
	for tick, late := time.Tick(10*time.Millisecond), time.After(10*time.Second); runtime.NumGoroutine() > before; {
		select {
		case <-tick:
		case <-late:
			stacks := make([]byte, 1<<20)
			t.Fatalf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestRun_RefusesToBeReachedOverPlainHTTP(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":8080", "0.0.0.0:0", "[::]:0", "example.com:80", "nonsense"} {
		err := try(t, []string{"-addr", addr})
		require.ErrorContains(t, err, "plain http", addr)
	}
	require.Error(t, try(t, []string{"-policy", "none", "-db", filepath.Join(t.TempDir(), "db")}))
	err := try(t, []string{"-db", "redis://:hunter2@%zz"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestServe_FinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	entered, leave := make(chan struct{}), make(chan struct{})
	s.app.handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "finished")
	})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- s.app.serve(ctx, listener) }()
	answered := make(chan answer, 1)
	b := s.at("http://" + listener.Addr().String())
	go func() { answered <- b.get("/") }()
	<-entered
	cancel()
	require.Eventually(t, func() bool { // no new ones
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 10*time.Second, 10*time.Millisecond)
	select {
	case err := <-stopped:
		t.Fatalf("stopped in the middle of a request: %v", err)
	default:
	}
	close(leave)
	require.Equal(t, "finished", (<-answered).body)
	require.NoError(t, <-stopped)
}
