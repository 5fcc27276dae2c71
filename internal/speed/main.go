package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

// options are what was asked for, and what all measurements share.
type options struct {
	only    *regexp.Regexp
	each    time.Duration
	rounds  int
	clients []int
	users   int // where there are many
	active  int // of them

	town *town
	dir  string // for files of all kinds
	logs io.Writer
}

// note tells the person who waits how far it is.
func (o options) note(format string, args ...any) { fmt.Fprintf(o.logs, format+"\n", args...) }

// wants reports whether a measurement was asked for.
func (o options) wants(name string) bool { return o.only.MatchString(name) }

func run(ctx context.Context, args []string, out, logs io.Writer) error {
	o := options{clients: []int{1, 8, 64}, active: 1000, logs: logs}
	flags := flag.NewFlagSet("speed", flag.ContinueOnError)
	flags.SetOutput(logs)
	only := flags.String("only", "", "measure what this `regexp` matches of store/…, http/…, process, users/… and size")
	flags.DurationVar(&o.each, "for", time.Second, "how long one measurement takes")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each is repeated; medians are printed")
	flags.IntVar(&o.users, "users", 1_000_000, "how many users there are where there are many; 0 leaves that out")
	profile := flags.String("profile", "", "write a processor profile of this process to a `file`, for go tool pprof")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	if o.each <= 0 || o.rounds < 1 || o.users != 0 && (o.users < 2*o.active || o.users > 10_000_000) {
		return fmt.Errorf("-for has to be positive, -rounds at least 1, and -users 0 or %d to 10,000,000", 2*o.active)
	}
	if o.town, err = newTown(max(1, o.users/o.active)); err != nil {
		return err
	}
	if o.dir, err = os.MkdirTemp("", "latchkey-speed-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Fprintf(out, "%s, %s, %s.\n\n", plural(runtime.NumCPU(), "core"), runtime.Version(), runtime.GOARCH)
	for _, part := range []func(context.Context, options, io.Writer) error{besideOthers, inProcess, manyUsers, size} {
		if err := part(ctx, o, out); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, hotPaths)
	return nil
}

// besideOthers prints what is measured with one client and with several.
func besideOthers(ctx context.Context, o options, out io.Writer) error {
	var rows []row
	measure := func(name string, f func(context.Context, options, backend) ([]row, error), b backend) error {
		if !o.wants(name) {
			return nil
		}
		o.note("%s", name)
		more, err := f(ctx, o, b)
		rows = append(rows, more...)
		return o.unless(name, err)
	}
	for _, b := range backends {
		if err := measure("store/"+b.name, measureStore, b); err != nil {
			return err
		}
	}
	if err := measure("http/"+backends[0].name, measureHTTP, backends[0]); err != nil {
		return err
	}
	if len(rows) > 0 {
		compared(out, o.clients, rows)
	}
	return nil
}

// unless passes over what isn't installed.
func (o options) unless(name string, err error) error {
	if errors.Is(err, realserver.ErrMissing) {
		o.note("%s: left out: %v", name, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// size prints how much there is to keep of a typical user.
func size(ctx context.Context, o options, out io.Writer) error {
	if !o.wants("size") {
		return nil
	}
	people, err := o.town.first(ctx, 1)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The record of a user with an authenticator app, ten recovery codes, three trusted devices, a phone and a mail address has %s bytes (goal: ≤ 2,000).\n\n",
		thousands(float64(len(people[0].record))))
	return nil
}

const hotPaths = "The hot paths alone: go test -run=- -bench=. -cpu=1 ./totp ./recovery ./lockcode ./twofactor ./twofactor/twofactorhttp"
