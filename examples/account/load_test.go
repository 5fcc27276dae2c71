package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// TestLoad drives the app over loopback with many clients at once and checks
// every yes. The long form, with figures:
//
//	LATCHKEY_LONG=1 go test -run TestLoad -v ./examples/account
func TestLoad(t *testing.T) {
	sqlite := func(t *testing.T) string { return filepath.Join(t.TempDir(), "load.db") }
	if os.Getenv("LATCHKEY_LONG") == "" {
		runLoad(t, sqlite(t), 50, 3*time.Second)
		return
	}
	t.Run("SQLite", func(t *testing.T) { runLoad(t, sqlite(t), 200, 30*time.Second) })
	t.Run("PostgreSQL", func(t *testing.T) {
		runLoad(t, realserver.PostgreSQLDSN(realserver.PostgreSQL.Start(t).Addr), 200, 30*time.Second)
	})
}

// haste is how much faster the app's clock runs than ours, while the load lasts.
const haste = 20

// A load is an app with people who sign in to it, two clients for each.
type load struct {
	t      *testing.T
	app    *app
	clock  *twofactortest.Clock
	url    string
	people []*person
	http   *http.Client
	until  time.Time

	mu      sync.Mutex
	took    []time.Duration // of all requests
	answers map[string]int  // by what was asked and how it was answered
}

func runLoad(t *testing.T, dsn string, clients int, lasting time.Duration) {
	baseline := runtime.NumGoroutine()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var logs bytes.Buffer
	logger := slog.New(complaints{slog.NewTextHandler(&logs, nil)})
	db, err := openDatabase(t.Context(), dsn, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	l := &load{t: t, clock: twofactortest.NewClock(time.Now()), answers: make(map[string]int)}
	l.app, err = newApp(config{
		store: db.store, notes: db.notes, key: twofactor.NewKey(), product: "crm",
		proxied:      true, // so that each client has an address of its own
		passwordCost: bcrypt.MinCost, now: l.clock.Now, logger: logger,
	})
	require.NoError(t, err)
	l.addPeople(clients / 2)

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- l.app.serve(ctx, listener) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * clients}
	l.url, l.http = "http://"+listener.Addr().String(), &http.Client{Transport: transport, Timeout: time.Minute}

	start := time.Now()
	var setUp, running sync.WaitGroup
	for _, p := range l.people {
		setUp.Go(func() { p.enroll(l.client(p, 0)) })
	}
	setUp.Wait()
	require.False(t, t.Failed())
	l.took, l.answers = nil, make(map[string]int)

	t.Logf("%d people were enrolled in %.1f s", len(l.people), time.Since(start).Seconds())

	l.clock.Advance(time.Minute) // everybody's phone has a new code
	start = time.Now()
	l.until = start.Add(lasting)
	for _, p := range l.people {
		for i := range 2 {
			running.Go(func() { l.client(p, i+1).live() })
		}
	}
	over := make(chan struct{})
	go func() { running.Wait(); close(over) }()
	var heaps []uint64
	for tick, sample := time.Tick(10*time.Millisecond), time.Tick(lasting/10); over != nil; {
		select {
		case <-tick:
			l.clock.Advance(haste * 10 * time.Millisecond)
		case <-sample:
			heaps = append(heaps, heapInUse())
		case <-over:
			over = nil
		}
	}
	took := time.Since(start)
	under := runtime.NumGoroutine()

	l.check()
	transport.CloseIdleConnections()
	stop()
	require.NoError(t, <-served)
	require.NoError(t, db.close())
	noMoreGoroutines(t, baseline)
	require.Empty(t, logs.String(), "a fault or a panic")

	half := len(heaps) / 2
	first, second := slices.Min(heaps[:half]), slices.Min(heaps[half:]) // without what is under way
	require.LessOrEqual(t, second, first+first/10+4<<20, "the heap grows: %d", heaps)
	slices.Sort(l.took)
	at := func(share float64) time.Duration {
		return l.took[int(share*float64(len(l.took)-1))].Round(10 * time.Microsecond)
	}
	t.Logf("%d clients, %.1f s: %d requests, %.0f/s, p50 %s, p99 %s, longest %s", clients, took.Seconds(), len(l.took),
		float64(len(l.took))/took.Seconds(), at(0.5), at(0.99), at(1))
	t.Logf("heap after GC: at least %.1f MB in the first half, %.1f MB in the second; goroutines: %d before, %d under load, %d after",
		float64(first)/(1<<20), float64(second)/(1<<20), baseline, under, runtime.NumGoroutine())
	t.Logf("answers: %v", l.answers)
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// addPeople gives the app more users than its demo has.
func (l *load) addPeople(n int) {
	const password = "a password of the load"
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(l.t, err)
	for i := range n {
		u := user{id: fmt.Sprintf("load-%d", i), email: fmt.Sprintf("load-%d@example.com", i), hash: hash, version: 1}
		number := fmt.Sprintf("+6141%07d", 1_000_000+i*12_345) // no two with one prefix
		u.profile = twofactor.Profile{
			Email: u.email, Region: "AU", Locale: "en-AU",
			Phone: number, PhoneSince: l.app.now().Add(-1000 * time.Hour), VerifiedPhones: []string{number},
		}
		l.app.users.byID[u.id], l.app.users.byEmail[u.email] = &u, &u
		p := &person{load: l, number: i, user: u, password: password, mobile: number, accepted: make(map[string]int), guesses: 5}
		if i%20 == 0 {
			p.guesses = 1000 // someone has the password, and guesses
		}
		l.people = append(l.people, p)
	}
}

// client returns one of a person's devices, with an address of its own.
func (l *load) client(p *person, device int) *client {
	return &client{
		load: l, who: p, cookies: make(map[string]string), rand: rand.New(rand.NewPCG(uint64(p.number), uint64(device))),
		next: (2*p.number + device) % 10 * 10, // between them they begin with everything
		addr: fmt.Sprintf("10.%d.%d.%d", device, p.number/256, p.number%256),
	}
}

// check compares what the service keeps with what its clients were told.
func (l *load) check() {
	totals, devices := make(map[string]int), 0
	for _, p := range l.people {
		for code, times := range p.accepted {
			require.Equal(l.t, 1, times, "%s: %s was accepted more than once", p.user.id, code)
		}
		require.LessOrEqual(l.t, p.wrong, 20, "%s: a bucket of 10 for strangers, and one for known browsers", p.user.id)
		st, err := l.app.service.Status(l.t.Context(), p.user.id, "")
		require.NoError(l.t, err)
		require.Equal(l.t, p.issued-p.spent, st.RecoveryLeft, "%s: recovery codes", p.user.id)
		if p.spent == 0 { // or the trust in devices ended with it
			require.Len(l.t, st.Devices, p.devices, "%s: devices", p.user.id)
		}
		totals["app"] += p.byApp
		totals["SMS"] += p.bySMS
		totals["recovery"] += p.spent
		totals["wrong"] += p.wrong
		devices += p.byDevice
	}
	for what, n := range totals {
		require.Positive(l.t, n, what)
	}
	l.t.Logf("codes: %v; sign-ins by a trusted device: %d", totals, devices)
}

// complaints are what is logged, but for what the service tells of users and of
// messages that it tries to send again.
type complaints struct{ slog.Handler }

func (c complaints) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "twofactor" || strings.HasPrefix(r.Message, "twofactor: ") {
		return nil
	}
	return c.Handler.Handle(ctx, r)
}
