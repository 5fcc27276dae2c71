package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A pipes is a listener whose connections stay in the process, and so keep to the
// clock of the test.
type pipes struct {
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
	handler http.HandlerFunc // in place of the app's
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns a connection, or an error where nobody listens any more.
func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// serving runs do against the app's own server, which stops in the end. What
// either waits for has to be made in do.
func serving(t *testing.T, do func(p *pipes, stop context.CancelFunc)) (err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, p := unserved(t, "access"), newPipes()
		whole := s.app.handler
		s.app.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p.handler != nil {
				p.handler(w, r)
				return
			}
			whole.ServeHTTP(w, r)
		})
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- s.app.serve(ctx, p) }()
		do(p, stop)
		stop()
		err = <-stopped
	})
	return err
}

// closedAfter is how long it takes until the other side hangs up.
func closedAfter(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	start := time.Now()
	_, err := io.Copy(io.Discard, conn)
	require.NoError(t, err)
	return time.Since(start)
}

// Who sends slowly holds a connection for seconds, however much there is to come.
func TestServe_SlowSendersAreCutOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begin string
		after time.Duration
	}{
		"nothing at all":   {"", 5 * time.Second},
		"a line at a time": {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", 5 * time.Second},
		"a body byte by byte": {
			"POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", 10 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, serving(t, func(p *pipes, _ context.CancelFunc) {
				conn, err := p.dial()
				require.NoError(t, err)
				defer conn.Close()
				_, err = io.WriteString(conn, c.begin)
				require.NoError(t, err)
				var sending sync.WaitGroup
				sending.Go(func() {
					for c.begin != "" { // and now one byte each second
						<-time.After(time.Second)
						if _, err := io.WriteString(conn, "x"); err != nil {
							return
						}
					}
				})
				require.Equal(t, c.after, closedAfter(t, conn).Round(time.Second))
				require.NoError(t, conn.Close())
				sending.Wait()
			}))
		})
	}
}

// Who reads slowly doesn't hold one for ever either.
func TestServe_SlowReadersAreCutOff(t *testing.T) {
	t.Parallel()
	require.NoError(t, serving(t, func(p *pipes, _ context.CancelFunc) {
		failed := make(chan time.Duration, 1)
		p.handler = func(w http.ResponseWriter, _ *http.Request) {
			start := time.Now()
			for range 1000 { // MB, which is more than any buffer has
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					break
				}
			}
			failed <- time.Since(start)
		}
		conn, err := p.dial()
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, (<-failed).Round(time.Second))
	}))
}

func TestServe_IdleConnectionsEnd(t *testing.T) {
	t.Parallel()
	require.NoError(t, serving(t, func(p *pipes, _ context.CancelFunc) {
		conn, err := p.dial()
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		require.NoError(t, err)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, time.Minute, closedAfter(t, conn).Round(time.Second))
	}))
}

func TestServe_HeadersAreLimited(t *testing.T) {
	t.Parallel()
	require.NoError(t, serving(t, func(p *pipes, _ context.CancelFunc) {
		conn, err := p.dial()
		require.NoError(t, err)
		defer conn.Close()
		go func() {
			_, _ = io.WriteString(conn, "GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: "+strings.Repeat("x", 32<<10)+"\r\n\r\n")
		}()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
	}))
}

// A request that doesn't end stops the app for stopTime and no longer.
func TestServe_StopIsBounded(t *testing.T) {
	t.Parallel()
	err := serving(t, func(p *pipes, stop context.CancelFunc) {
		entered := make(chan struct{})
		p.handler = func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done() // which is when its connection is cut
		}
		conn, err := p.dial()
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		require.NoError(t, err)
		<-entered
		stop()
		require.Equal(t, stopTime, closedAfter(t, conn))
		_, err = p.dial()
		require.ErrorIs(t, err, net.ErrClosed, "a new one is taken")
	})
	require.True(t, errors.Is(err, context.DeadlineExceeded), err)
}
