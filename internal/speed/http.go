package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/memory"
)

// measureHTTP measures the second step over loopback, beside the barest handler.
func measureHTTP(ctx context.Context, o options, b backend) ([]row, error) {
	p, err := b.run(o.dir)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	ours, err := p.store(ctx, realserver.Name(), false)
	if err != nil {
		return nil, err
	}
	hand, err := p.bare(ctx, realserver.Name())
	if err != nil {
		return nil, err
	}
	in := &signIns{town: o.town}
	all := []contender{overHTTP("HTTP", in, ourWay(ctx, o.town, ours)), overHTTP("barest", in, bareWay(ctx, hand))}
	r := row{what: "over HTTP, " + b.name, beside: "barest handler", goal: "≥ 0.80"}
	for _, clients := range o.clients {
		found, err := compete(ctx, o, clients, all)
		if err != nil {
			return nil, err
		}
		r.add(found, 0, 1)
	}
	return []row{r}, nil
}

// overHTTP lets each client send its requests over a connection of its own. The
// client is as small as it can be, since it runs on the same processors.
func overHTTP(name string, in *signIns, w way) contender {
	return contender{name, func(ctx context.Context, clients int, d time.Duration) (sample, error) {
		mux := http.NewServeMux()
		clocks := make([]*clock, clients)
		for i := range clocks {
			clocks[i] = new(clock)
			h, err := w.handler(path(i), clocks[i])
			if err != nil {
				return sample{}, err
			}
			mux.Handle(path(i), h)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return sample{}, err
		}
		server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
		go server.Serve(listener) // until it is closed
		defer server.Close()
		browsers := make([]*browser, clients)
		for i := range browsers {
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				return sample{}, err
			}
			defer conn.Close()
			browsers[i] = &browser{
				conn: conn, in: bufio.NewReader(conn),
				head: "POST " + path(i) + verifyRoute + " HTTP/1.1\r\nHost: " + listener.Addr().String() + "\r\nContent-Type: application/json\r\n",
			}
		}
		return in.measure(ctx, clients, d, w.reset, func(_ context.Context, client int, p *person, t turn) error {
			clocks[client].set(t.at)
			return browsers[client].post(w.cookie(p, t), body(t))
		})
	}}
}

// path is where the handler of a client is mounted, each with a clock of its own.
func path(client int) string { return "/" + strconv.Itoa(client) + "/" }

func body(t turn) string { return `{"code":"` + t.code + `"}` }

// A browser is one connection.
type browser struct {
	conn net.Conn
	in   *bufio.Reader
	head string
	out  []byte
}

func (b *browser) post(cookie, body string) error {
	b.out = fmt.Appendf(b.out[:0], "%sCookie: %s\r\nContent-Length: %d\r\n\r\n%s", b.head, cookie, len(body), body)
	if _, err := b.conn.Write(b.out); err != nil {
		return err
	}
	answer, err := http.ReadResponse(b.in, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	return err
}

// inProcess prints what a second step costs apart from network and database.
func inProcess(ctx context.Context, o options, out io.Writer) error {
	if !o.wants("process") {
		return nil
	}
	o.note("process")
	in := &signIns{town: o.town}
	all := []contender{
		directly("Gate.API and a memory.Store", in, ourWay(ctx, o.town, new(memory.Store))),
		directly("barest handler, pquerna/otp and a map", in, bareWay(ctx, new(bareMap))),
	}
	found, err := compete(ctx, o, 1, all)
	if err != nil {
		return err
	}
	lines := [][]string{{"second step in the process, 1 client", "requests/s", "CPU µs", "allocations", "bytes"}}
	for i, c := range all {
		lines = append(lines, []string{
			c.name, thousands(found.median(i, sample.perSecond)),
			fmt.Sprintf("%.1f", found.median(i, func(s sample) float64 { return s.each(s.cpu.Seconds() * 1e6) })),
			fmt.Sprintf("%.0f", found.median(i, func(s sample) float64 { return s.each(float64(s.allocs)) })),
			thousands(found.median(i, func(s sample) float64 { return s.each(float64(s.bytes)) })),
		})
	}
	table(out, lines)
	return nil
}

// directly calls the handler, with one request and one answer that are used
// again and again, so that nearly all that is counted is the handler's.
func directly(name string, in *signIns, w way) contender {
	return contender{name, func(ctx context.Context, clients int, d time.Duration) (sample, error) {
		if clients != 1 {
			panic("one client only")
		}
		c := new(clock)
		h, err := w.handler(path(0), c)
		if err != nil {
			return sample{}, err
		}
		like, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1"+path(0)+verifyRoute, http.NoBody)
		if err != nil {
			return sample{}, err
		}
		like.Header = http.Header{"Content-Type": {"application/json"}, "Cookie": {""}}
		like.RequestURI = like.URL.Path
		var r http.Request
		text, answer := strings.NewReader(""), &answer{header: make(http.Header)}
		return in.measure(ctx, clients, d, w.reset, func(_ context.Context, _ int, p *person, t turn) error {
			c.set(t.at)
			text.Reset(body(t))
			r = *like
			r.Body, r.ContentLength = io.NopCloser(text), int64(text.Len())
			r.Header["Cookie"][0] = w.cookie(p, t)
			answer.reset()
			h.ServeHTTP(answer, &r)
			if answer.status != http.StatusOK {
				return fmt.Errorf("status %d: %s", answer.status, answer.text.Bytes())
			}
			return nil
		})
	}}
}

// An answer takes a handler's answer.
type answer struct {
	header http.Header
	status int
	text   bytes.Buffer
}

func (a *answer) reset() {
	clear(a.header)
	a.status = 0
	a.text.Reset()
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.text.Write(b)
}
