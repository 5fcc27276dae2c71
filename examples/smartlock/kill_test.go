package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// boxProcess is a controller in a process of its own. With SMARTLOCK_CUT=n it
// kills itself at its n-th write, with SMARTLOCK_AFTER=1 just after it.
func boxProcess(dir string) {
	cut, _ := strconv.Atoi(os.Getenv("SMARTLOCK_CUT"))
	after := os.Getenv("SMARTLOCK_AFTER") != ""
	b, err := newBox("house", dir, os.Getenv("SMARTLOCK_CLOUD"), time.Now, func(s lockcode.LockKeyStore) lockcode.LockKeyStore {
		return &cutter{LockKeyStore: s, at: int64(cut), after: after}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	b.out = os.Stdout
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println("http://" + l.Addr().String())
	_ = http.Serve(l, guard(b.handler())) //nolint:gosec // a test's own process
}

type cutter struct {
	lockcode.LockKeyStore
	n, at int64
	after bool
}

func (c *cutter) Update(ctx context.Context, f func(*lockcode.LockState) error) error {
	now := atomic.AddInt64(&c.n, 1) == c.at
	if now && !c.after {
		// The transaction has decided, and nothing of it reaches the disk.
		_ = c.LockKeyStore.Update(ctx, func(s *lockcode.LockState) error {
			_ = f(s)
			die()
			return nil
		})
	}
	err := c.LockKeyStore.Update(ctx, f)
	if now {
		die()
	}
	return err
}

// die is a power cut: no deferred call runs, nothing is flushed.
func die() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		_ = p.Kill()
	}
	select {}
}

// A child is a running box.
type child struct {
	url  string
	cmd  *exec.Cmd
	dead chan struct{}
}

// doors counts how often the front door opened, over all processes of a run.
type doors struct{ front atomic.Int64 }

func (d *doors) startBox(t *testing.T, dir, cloudURL string, cut int, after bool) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "SMARTLOCK_BOX="+dir, "SMARTLOCK_CLOUD="+cloudURL, "SMARTLOCK_CUT="+strconv.Itoa(cut))
	if after {
		cmd.Env = append(cmd.Env, "SMARTLOCK_AFTER=1")
	}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	c := &child{lines.Text(), cmd, make(chan struct{})}
	go func() {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "door front: open door") {
				d.front.Add(1)
			}
		}
		_ = cmd.Wait()
		close(c.dead)
	}()
	return c
}

func (c *child) stop() {
	_ = c.cmd.Process.Kill()
	<-c.dead
}

// TestKilledController kills a controller's process at each of its writes, on
// either side, while people activate, change a PIN, use a Code and open a door.
// It is started again, and everything can be brought to a good end; no Code
// ever opens twice, and no door that nobody asked for.
func TestKilledController(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts some fifty processes")
	}
	for _, after := range []bool{false, true} {
		for cut, survived := 1, false; !survived; cut++ {
			survived = killedAt(t, cut, after)
			require.Less(t, cut, 60)
		}
	}
}

func killedAt(t *testing.T, cut int, after bool) (survived bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, opened := newCloud(time.Now), new(doors)
	cloudServer := httptest.NewServer(c.handler())
	defer cloudServer.Close()
	c.url = cloudServer.URL
	dir := filepath.Join(t.TempDir(), "house")
	b := opened.startBox(t, dir, c.url, cut, after)
	defer func() { b.stop() }()
	c.connect("house", b.url)
	p := newPhone("phone 1", filepath.Join(t.TempDir(), "p"), c.url, time.Now)
	s := &walker{ctx: ctx, w: &world{cloud: c, phones: []*phone{p}}}
	tap := func(action string, more ...string) error {
		_, err := s.tap(0, "olga", "house", action, more...)
		return err
	}

	survived = true
	restart := func() {
		select {
		case <-b.dead:
			survived = false
			b = opened.startBox(t, dir, c.url, 0, false)
			c.connect("house", b.url)
		case <-time.After(100 * time.Millisecond): // it lives; something was lost
		}
	}
	again := func(what string, step func() error) {
		var err error
		for range 10 {
			if err = step(); err == nil {
				return
			}
			restart()
		}
		require.NoError(t, err, "%s, cut %d, after %v", what, cut, after)
	}

	button := func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/button", nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	again("button", button)
	again("activate", func() error {
		if err := tap("request"); err != nil {
			// A PIN was asked for less than a minute ago, and may be lost: the
			// button begins anew at once.
			_ = button()
			return err
		}
		return tap("activate", "pin", pinIn.FindString(c.lastSMS("olga")))
	})
	pin := pinIn.FindString(c.lastSMS("olga"))
	// With a right PIN a weak new one is refused as weak: a PIN can be tried.
	right := func(pin string) bool {
		r, ok := errors.AsType[*lockcode.RefusedError](tap("change", "pin", pin, "new", "1234", "again", "1234"))
		return ok && r.Reason == lockcode.WeakPIN
	}
	again("change", func() error {
		if right(ownPIN) {
			return nil // the cut came after it was stored
		}
		return tap("change", "pin", pin, "new", ownPIN, "again", ownPIN)
	})
	again("confirm", func() error {
		cfg, err := fetchConfig(ctx, c.web, c.url, "house")
		require.NoError(t, err)
		return tap("confirm", "shown", string(cfg.text()))
	})

	// One Code, tried until nothing dies any more: it opens once or never.
	message, err := p.do(ctx, "code", map[string][]string{"user": {"olga"}, "lock": {"house"}, "pin": {ownPIN}, "purpose": {"open"}, "door": {"front"}})
	require.NoError(t, err)
	words := strings.Fields(message)
	for range 3 {
		if c.submit(ctx, "house", "olga", words[len(words)-1], openFront) != nil {
			restart()
		}
	}
	again("open", func() error { return tap("open", "purpose", "open", "door", "garage") })
	b.stop() // and with it, all of its journal is read
	require.LessOrEqual(t, opened.front.Load(), int64(1), "cut %d, after %v", cut, after)
	if survived {
		require.EqualValues(t, 1, opened.front.Load())
	}
	return survived
}
