package twofactor_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// stores are those that the library ships.
var stores = realserver.All()

// inMemory is for what the store is no party to.
var inMemory = stores[0]

func TestMain(m *testing.M) { realserver.Main(m) }

// onEach runs test on each store.
func onEach(t *testing.T, test func(t *testing.T, on realserver.Named)) {
	t.Helper()
	for _, s := range stores {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// onEachStore runs test in a world of its own on each store.
func onEachStore(t *testing.T, test func(*testing.T, *world), change ...func(*twofactor.Config)) {
	t.Helper()
	onEach(t, func(t *testing.T, on realserver.Named) {
		a, b := on.Part(t)
		w := newWorld(t, a, b, change...)
		w.stride = stride(on)
		test(t, w)
	})
}

// newWorldInMemory is for what the store is no party to.
func newWorldInMemory(t *testing.T) *world {
	t.Helper()
	a, b := inMemory.Part(t)
	return newWorld(t, a, b)
}

// A world is a product as its tests see it: one service on two nodes, over one
// store and under one clock.
type world struct {
	t      testing.TB
	clock  *twofactortest.Clock
	keys   []twofactor.Key
	config twofactor.Config
	tap    *tap               // what stands between node a and its store
	a, b   *twofactor.Service // the two nodes
	admin  *twofactor.Verified
	stride int // see there

	mu     sync.Mutex
	events []twofactor.Event
}

func newWorld(t testing.TB, a, b twofactor.Store, change ...func(*twofactor.Config)) *world {
	t.Helper()
	w := &world{
		t: t, clock: twofactortest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)),
		keys: []twofactor.Key{twofactor.NewKey()}, tap: &tap{Store: a},
	}
	w.config = twofactor.Config{
		Keys: w.keys, Issuer: "Example", Now: w.clock.Now,
		OnEvent: func(_ context.Context, e twofactor.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
	for _, f := range change {
		f(&w.config)
	}
	w.a, w.b = w.node(w.tap), w.node(b)
	return w
}

// node starts another node of the service.
func (w *world) node(s twofactor.Store, change ...func(*twofactor.Config)) *twofactor.Service {
	w.t.Helper()
	cfg := w.config
	cfg.Store = s
	for _, f := range change {
		f(&cfg)
	}
	svc, err := twofactor.New(cfg)
	require.NoError(w.t, err)
	return svc
}

// with is a change of the config that sets the policy.
func with(p twofactor.Policy) func(*twofactor.Config) {
	return func(c *twofactor.Config) { c.Policy = p }
}

func (w *world) ctx() context.Context { return w.t.Context() }

// step is the life of a code on the phone.
const step = 30 * time.Second

// begin enters the right password on node a.
func (w *world) begin(user string) twofactor.Outcome {
	w.t.Helper()
	o, err := w.a.Begin(w.ctx(), twofactor.SignIn{UserID: user})
	require.NoError(w.t, err)
	return o
}

// saw counts the events of a type.
func (w *world) saw(want twofactor.EventType) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, e := range w.events {
		if e.Type == want {
			n++
		}
	}
	return n
}

// refused requires err to be a refusal for a reason.
func refused(t testing.TB, err error, why twofactor.Reason, msg ...any) *twofactor.RejectedError {
	t.Helper()
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	require.Truef(t, ok, "want the refusal %q, have %v %v", why, err, msg)
	require.Equal(t, why, no.Reason, msg...)
	return no
}

// fault requires err to be neither a yes nor a refusal.
func fault(t testing.TB, err error, msg ...any) {
	t.Helper()
	require.Error(t, err, msg...)
	require.NotErrorIs(t, err, twofactor.ErrRejected, msg...)
}

// reason is the reason of a refusal, "yes", or "fault".
func reason(err error) string {
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	switch {
	case err == nil:
		return "yes"
	case ok:
		return string(no.Reason)
	}
	return "fault"
}

// rounds counts how often the test of a race is repeated: three times, or as often
// as LATCHKEY_ROUNDS says; but once LATCHKEY_ROUNDS_FOR ("1.5s") has passed, no
// more.
func rounds(t testing.TB) iter.Seq[int] {
	t.Helper()
	most, end := 3, time.Now().Add(time.Hour)
	if text := os.Getenv("LATCHKEY_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		most = n
	}
	if text := os.Getenv("LATCHKEY_ROUNDS_FOR"); text != "" {
		d, err := time.ParseDuration(text)
		require.NoError(t, err)
		end = time.Now().Add(d)
	}
	return func(yield func(int) bool) {
		done := 0
		for done < most && (done == 0 || time.Now().Before(end)) && yield(done) {
			done++
		}
		t.Logf("%d rounds", done)
	}
}

// stride is the step from one to the next of very many cases of one kind: all are
// tried in memory, and some on the other stores, which take a thousand times as
// long for each.
func stride(on realserver.Named) int {
	if on.Name == "memory" {
		return 1
	}
	return 17
}

// errLost is a fault of a store: nobody knows whether the write took place.
var errLost = errors.New("the connection was lost")

// A tap stands between a node and its store, for tests in which the store fails
// or someone else is faster.
type tap struct {
	twofactor.Store
	onLoad func(ctx context.Context, key string) (twofactor.Record, error)
	onSave func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error)
}

func (s *tap) Load(ctx context.Context, key string) (twofactor.Record, error) {
	if s.onLoad != nil {
		return s.onLoad(ctx, key)
	}
	return s.Store.Load(ctx, key)
}

func (s *tap) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if s.onSave != nil {
		return s.onSave(ctx, key, old, data)
	}
	return s.Store.Save(ctx, key, old, data)
}
