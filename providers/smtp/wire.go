package smtp

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// A wire is the connection of one Send. Once connected, the mail library looks
// at no context; so the wire is closed under it when the context ends.
type wire struct {
	tls *tls.Config // for TLS from the start, else nil

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// dial is what the library connects with.
func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if !w.adopt(conn) {
		return nil, net.ErrClosed
	}
	if w.tls == nil {
		return conn, nil
	}
	secured := tls.Client(conn, w.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secured, nil
}

// adopt makes conn the wire's own, unless the wire is closed already.
func (w *wire) adopt(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		_ = conn.Close()
		return false
	}
	w.conn = conn
	return true
}

// hurry gives the goodbyes a second.
func (w *wire) hurry() { _ = w.conn.SetDeadline(time.Now().Add(time.Second)) }

// close may be called at any time, and more than once.
func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.conn != nil {
		_ = w.conn.Close()
	}
}
