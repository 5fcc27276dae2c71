package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
)

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
	lines := [][]string{{"second step in the process, 1 client", "requests/s", "CPU µs (goal: ≤ 30)", "allocations", "bytes"}}
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
		like.RequestURI, like.RemoteAddr = like.URL.Path, "127.0.0.1:1"
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
