package realserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/latchkey-auth/latchkey/internal/npm"
)

// A Server is one running server.
type Server struct {
	Addr string // host:port
	kind *Kind
	dir  string
	proc *process
}

// A Kind is a kind of server, and how to run it.
type Kind struct {
	name    string
	binary  []string // what is looked for, the best first
	where   []string // patterns of folders to look in before those of $PATH
	install string   // the Debian packages that have it
	user    string   // who runs it instead of root, if not empty
	prepare func(ctx context.Context, bin, dir string, as *syscall.SysProcAttr) error
	args    func(bin, dir, port string) []string
	ready   func(ctx context.Context, addr string) error

	mu     sync.Mutex
	shared *Server
}

// patience bounds the start of a server, on a machine that has much else to do.
const patience = 2 * time.Minute

var kinds = []*Kind{PostgreSQL, MariaDB, Redis, RedisCluster, DynamoDB}

// Main runs the tests of a package and stops the servers that they shared.
func Main(m *testing.M) {
	// The driver would write a line for each connection that a test cuts.
	mysql.SetLogger(log.New(io.Discard, "", 0))
	code := m.Run()
	for _, f := range slices.Backward(atEnd.do) {
		f()
	}
	for _, k := range kinds {
		if k.shared != nil {
			k.shared.Stop()
		}
	}
	os.Exit(code)
}

// Shared returns the server of this kind that all tests of the binary share.
// Each has to keep to a table or prefix of its own; [Name] makes one.
func (k *Kind) Shared(t testing.TB) *Server {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shared == nil {
		k.shared = k.start(t)
	}
	return k.shared
}

// Start returns a server for t alone, stopped when t ends.
func (k *Kind) Start(t testing.TB) *Server {
	t.Helper()
	s := k.start(t)
	t.Cleanup(s.Stop)
	return s
}

func (k *Kind) start(t testing.TB) *Server {
	t.Helper()
	s, err := k.Launch()
	switch {
	case errors.Is(err, ErrMissing):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	return s
}

// ErrMissing says that a server can't run because something isn't installed.
var ErrMissing = errors.New("missing binary")

// Launch starts a server for a program that is no test. The caller stops it.
func (k *Kind) Launch() (*Server, error) {
	bin, err := k.find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "latchkey-"+k.name+"-")
	if err != nil {
		return nil, err
	}
	s := &Server{kind: k, dir: dir}
	if err := s.launch(bin); err != nil {
		if !errors.Is(err, ErrMissing) {
			err = fmt.Errorf("start %s: %w\n%s", k.name, err, s.log())
		}
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) launch(bin string) error {
	k := s.kind
	as, err := runAs(k.user, s.dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if k.prepare != nil {
		err := k.prepare(ctx, bin, s.dir, as)
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, npm.ErrNotInstalled) {
			return k.missing(err)
		}
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	return s.run(ctx, bin, as)
}

// find returns the path of the binary.
func (k *Kind) find() (string, error) {
	if runtime.GOOS == "windows" {
		return "", fmt.Errorf("%w: sh; the servers run on Unix only", ErrMissing)
	}
	for _, name := range k.binary {
		// In this order, since a link in $PATH may lack the programs beside it.
		for _, pattern := range k.where {
			found, _ := filepath.Glob(filepath.Join(pattern, name))
			if len(found) > 0 {
				return found[len(found)-1], nil
			}
		}
		if bin, err := exec.LookPath(name); err == nil {
			return bin, nil
		}
	}
	return "", k.missing(errors.New(k.binary[0]))
}

func (k *Kind) missing(what error) error {
	return fmt.Errorf("%w: %v; install with: apt-get install -y %s", ErrMissing, what, k.install)
}

// run starts the server's process, on the port it had before if it had one.
func (s *Server) run(ctx context.Context, bin string, as *syscall.SysProcAttr) error {
	var err error
	for ctx.Err() == nil {
		if s.Addr == "" {
			if s.Addr, err = freeAddr(); err != nil {
				return err
			}
		}
		_, port, _ := net.SplitHostPort(s.Addr)
		if s.proc, err = startProcess(s.kind.args(bin, s.dir, port), s.dir, as); err != nil {
			return err
		}
		for ctx.Err() == nil && s.proc.alive() {
			if err = s.kind.ready(ctx, s.Addr); err == nil {
				return nil
			}
			wait(ctx, 20*time.Millisecond)
		}
		// It ended by itself: its port was taken, or what a killed one left
		// behind isn't gone yet.
		s.proc.kill()
		wait(ctx, 100*time.Millisecond)
	}
	return errors.Join(ctx.Err(), err)
}

// Kill ends the server as a power cut of its process would: with no chance to
// write anything more.
func (s *Server) Kill() { s.proc.kill() }

// Restart starts a killed server again, on the same files and the same address.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	as, err := runAs(s.kind.user, s.dir)
	if err != nil {
		t.Fatal(err)
	}
	bin, err := s.kind.find()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.run(ctx, bin, as); err != nil {
		t.Fatalf("restart %s: %v\n%s", s.kind.name, err, s.log())
	}
}

// Stop ends the server and removes its files.
func (s *Server) Stop() {
	if s.proc != nil {
		s.proc.kill()
	}
	os.RemoveAll(s.dir)
}

func (s *Server) log() string {
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(log[max(0, len(log)-4000):])
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
