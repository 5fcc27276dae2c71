package realserver

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// A Proxy passes connections on to a server, and cuts them where it is told
// to, so that a client doesn't learn what became of its request.
type Proxy struct {
	Addr string // for the client

	listener net.Listener
	target   string
	mu       sync.Mutex
	conns    map[net.Conn]bool
	answer   int    // packets until the one to swallow, if not zero
	request  int    // the same for those of the client
	swallow  func() // called before an answer is swallowed
	hold     *hold
	rate     float64 // of the packets in both directions, cut at random
}

// NewProxy returns a Proxy to the server at addr, which ends with t.
func NewProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), listener: l, target: addr, conns: make(map[net.Conn]bool)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.Cut()
		wg.Wait()
	})
	return p
}

// SwallowAnswer lets the nth request from now reach the server and cuts the
// connection instead of passing its answer on. Zero takes that back. Requests
// and answers are counted in packets.
func (p *Proxy) SwallowAnswer(nth int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = nth
}

// SwallowRequest cuts the connection before the nth request from now reaches
// the server. Zero takes that back.
func (p *Proxy) SwallowRequest(nth int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.request = nth
}

// OnSwallow has f called when an answer is about to be swallowed.
func (p *Proxy) OnSwallow(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallow = f
}

// CutAtRandom cuts a connection at this share of its packets, from 0 to 1,
// before or after they have been passed on.
func (p *Proxy) CutAtRandom(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// Hold keeps all answers back until release is called, and sends on held for
// each that is.
func (p *Proxy) Hold() (held <-chan struct{}, release func()) {
	h := &hold{held: make(chan struct{}), released: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = h
	return h.held, sync.OnceFunc(func() { close(h.released) })
}

type hold struct{ held, released chan struct{} }

func (h *hold) wait() {
	select {
	case h.held <- struct{}{}:
		<-h.released
	case <-h.released:
	}
}

// Cut cuts all connections that there are.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, client)
		delete(p.conns, server)
	}()

	var wg sync.WaitGroup
	wg.Go(func() { p.pass(server, client, &p.request) })
	wg.Go(func() { p.pass(client, server, &p.answer) })
	wg.Wait()
}

// pass copies from one side to the other until either ends or a cut is due.
func (p *Proxy) pass(to, from net.Conn, until *int) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		before, after := rand.Float64() < p.rate/2, rand.Float64() < p.rate/2
		f := func() {}
		hold := p.hold
		isAnswer := until == &p.answer
		if *until > 0 {
			*until--
			if *until == 0 {
				before = true
				if isAnswer && p.swallow != nil {
					f = p.swallow
				}
			}
		}
		p.mu.Unlock()
		f()
		if hold != nil && isAnswer {
			hold.wait()
		}
		if before {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil || after {
			return
		}
	}
}
