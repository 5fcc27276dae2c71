package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A server is a database server for this run alone. It listens on a socket in
// a folder that nobody else can enter.
type server struct {
	name, url string
	folder    string
	cmd       *exec.Cmd
	log       bytes.Buffer
	ended     chan struct{}
}

var errNoServer = errors.New("there is no database to start: install Redis, Valkey or PostgreSQL, such as by\n" +
	"apt-get install redis-server (PostgreSQL doesn't start as root), or name one with -database")

// startServer starts the first one of those that are installed.
func startServer(ctx context.Context) (*server, error) {
	folder, err := os.MkdirTemp("", "cluster")
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder, ended: make(chan struct{})}
	if err := s.start(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) start(ctx context.Context) error {
	var socket string
	if program := find("redis-server", "valkey-server"); program != "" {
		socket = filepath.Join(s.folder, "redis.sock")
		s.name, s.url = filepath.Base(program), "unix://"+socket
		s.cmd = exec.Command(program, "--port", "0", "--unixsocket", socket, "--dir", s.folder,
			// As package redisstore asks: what is confirmed is on the disk.
			"--save", "", "--appendonly", "yes", "--appendfsync", "always")
	} else if program := find("postgres"); program != "" && os.Getuid() != 0 { // it refuses to run as root
		socket = filepath.Join(s.folder, ".s.PGSQL.5432")
		s.name = "postgres"
		s.url = "postgres:///postgres?" + url.Values{"host": {s.folder}, "user": {"latchkey"}}.Encode()
		data := filepath.Join(s.folder, "data")
		initdb := exec.CommandContext(ctx, filepath.Join(filepath.Dir(program), "initdb"), "-D", data, "-U", "latchkey", "-A", "trust")
		if out, err := initdb.CombinedOutput(); err != nil {
			return fmt.Errorf("initdb: %w\n%s", err, out)
		}
		s.cmd = exec.Command(program, "-D", data, "-k", s.folder, "-p", "5432", "-c", "listen_addresses=")
	} else {
		return errNoServer
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		s.cmd.Wait()
		close(s.ended)
	}()
	return s.wait(ctx, socket)
}

// wait returns when the server takes requests.
func (s *server) wait(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if _, err := os.Stat(socket); err == nil {
			if db, err := open(ctx, s.url, "latchkey_cluster_is_up"); err == nil {
				return errors.Join(db.empty(ctx), db.close())
			}
		}
		select {
		case <-s.ended:
			return fmt.Errorf("%s has ended:\n%s", s.name, s.log.String())
		case <-ctx.Done():
			return fmt.Errorf("%s doesn't answer: %w", s.name, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the server, and removes all that it has written.
func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		s.cmd.Process.Signal(os.Interrupt)
		select {
		case <-s.ended:
		case <-time.After(5 * time.Second):
			s.cmd.Process.Kill()
			<-s.ended
		}
	}
	os.RemoveAll(s.folder)
}

// find returns where the first of the programs is that is installed, or "".
func find(programs ...string) string {
	for _, name := range programs {
		// Debian has PostgreSQL's programs here, and not all of them in $PATH.
		if found, _ := filepath.Glob(filepath.Join("/usr/lib/postgresql/*/bin", name)); len(found) > 0 {
			return found[len(found)-1]
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
