// Command smartlock is a site with smart locks on one machine: a cloud with a
// web page, two controllers with doors and a button, and two phones. Each is a
// server of its own on loopback and talks to the others by HTTP only, as it
// would over the internet; the cloud's log shows everything that it ever saw.
// A real cloud has a sign-in in front of its pages; this one asks who you are.
//
//	go run ./examples/smartlock          pages to click through
//	go run ./examples/smartlock -walk    the same story, told in the terminal
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"time"
)

func main() {
	walkOnly := flag.Bool("walk", false, "walk through everything in the terminal and end")
	port := flag.Int("port", 8090, "first of five ports on 127.0.0.1; 0 takes any")
	data := flag.String("data", "", "folder for the keys (default: a new temporary one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *walkOnly, *port, *data); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context, walkOnly bool, port int, data string) error {
	if data == "" {
		tmp, err := os.MkdirTemp("", "smartlock")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		data = tmp
	}
	if walkOnly {
		port = 0
	}
	w, err := newWorld(port, data)
	if err != nil {
		return err
	}
	defer w.close()
	if walkOnly {
		return walk(ctx, w, os.Stdout)
	}
	fmt.Println("cloud      ", w.cloud.url)
	for _, b := range w.boxes {
		fmt.Println("controller ", b.url, b.name)
	}
	for _, p := range w.phones {
		fmt.Println("phone      ", p.url, p.name)
	}
	fmt.Println("Begin at a controller: press its button, then activate it as olga on a phone.")
	<-ctx.Done()
	return ctx.Err()
}

// A world is everything that the example starts.
type world struct {
	cloud   *cloud
	boxes   []*box
	phones  []*phone
	clock   clock
	servers []*http.Server
}

// A clock can be put forward, so that a walk needn't wait for Codes to expire.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

func newWorld(port int, data string) (w *world, err error) {
	w = new(world)
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	next := func() int {
		if port == 0 {
			return 0
		}
		port++
		return port - 1
	}
	w.cloud = newCloud(w.clock.now)
	if w.cloud.url, err = w.serve(next(), w.cloud.handler()); err != nil {
		return w, err
	}
	for _, name := range []string{"house", "garden"} {
		b, err := newBox(name, filepath.Join(data, name), w.cloud.url, w.clock.now, nil)
		if err != nil {
			return w, err
		}
		w.boxes = append(w.boxes, b)
		if b.url, err = w.serve(next(), b.handler()); err != nil {
			return w, err
		}
		w.cloud.connect(name, b.url)
	}
	for _, name := range []string{"phone 1", "phone 2"} {
		p := newPhone(name, filepath.Join(data, name), w.cloud.url, w.clock.now)
		w.phones = append(w.phones, p)
		if p.url, err = w.serve(next(), p.handler()); err != nil {
			return w, err
		}
	}
	return w, nil
}

// serve listens on loopback and on nothing else.
func (w *world) serve(port int, h http.Handler) (url string, err error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	s := &http.Server{
		Handler:           guard(h),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	w.servers = append(w.servers, s)
	go func() { _ = s.Serve(l) }() // ends with close
	return "http://" + l.Addr().String(), nil
}

func (w *world) close() {
	for _, s := range w.servers {
		_ = s.Close()
	}
	for _, b := range w.boxes {
		_ = b.keys.Close()
	}
}
