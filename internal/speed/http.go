package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
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
