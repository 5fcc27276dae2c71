// Account is a web app with accounts and a second factor, complete enough to
// start one's own from: pages that work without JavaScript, the JSON contract
// for apps and other front ends, sessions, password change and reset, an
// administrator, and a choice of policies.
//
//	go run ./examples/account
//
// It listens on http://127.0.0.1:8080, and keeps second factors in an SQLite file
// in the user's cache folder, and the key that seals them in a file of its own.
// What is for show only: its users are made anew at each start (users.go), and
// its messages go to a page at /outbox (messages.go).
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/bcrypt"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "account:", err)
		os.Exit(1)
	}
}

// run serves until the context ends, and returns when everything has stopped.
func run(ctx context.Context, args []string, out, logs io.Writer) error {
	flags := flag.NewFlagSet("account", flag.ContinueOnError)
	flags.SetOutput(logs)
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on")
	proxied := flags.Bool("behind-proxy", false, "a proxy that only itself can reach this process speaks https with the browsers")
	dsn := flags.String("db", "", "where second factors are kept: a `path` for SQLite, or a postgres:// or redis:// URL")
	product := flags.String("policy", "access", "what is allowed and asked for: "+strings.Join(products(), ", "))
	outbox := flags.Bool("outbox", true, "show all messages at /outbox, to browsers on this machine; the default is false unless on loopback")
	adminWait := flags.Duration("admin-wait", 24*time.Hour, "how old an administrator's second factor has to be for a reset of another's")
	cost := flags.Int("password-cost", bcrypt.DefaultCost, "bcrypt's `cost` of a password, 4 to 31")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !isSet(flags, "outbox") {
		*outbox = onLoopback(*addr) && !*proxied
	}
	if !onLoopback(*addr) && !*proxied {
		return fmt.Errorf("%s can be reached from other machines, and this is plain http: put a proxy that speaks https before it and say -behind-proxy", *addr)
	}
	logger := slog.New(slog.NewTextHandler(logs, nil))

	db, err := openDatabase(ctx, *dsn, logger)
	if err != nil {
		return err
	}
	defer db.close()
	key, err := loadKey(db.keyFile)
	if err != nil {
		return err
	}
	a, err := newApp(config{
		store: db.store, notes: db.notes, key: key, product: *product, proxied: *proxied, outbox: *outbox,
		passwordCost: *cost, adminWait: *adminWait, now: time.Now, logger: logger,
	})
	if err != nil {
		return err
	}
	for _, w := range a.policy.Warnings() {
		logger.Warn("the policy allows a risk", "what", w)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	welcome(out, listener.Addr().String(), *product, *outbox)
	return a.serve(ctx, listener)
}

func welcome(out io.Writer, addr, product string, outbox bool) {
	fmt.Fprintf(out, "http://%s  policy %s\n", addr, product)
	for _, u := range demoUsers(product) {
		fmt.Fprintf(out, "  %-20s %s\n", u.email, u.password)
	}
	if outbox {
		fmt.Fprintf(out, "messages are at http://%s/outbox\n", addr)
	}
}

func isSet(flags *flag.FlagSet, name string) bool {
	set := false
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// onLoopback reports whether only this machine can reach an address.
func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
