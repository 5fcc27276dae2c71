package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A forgetful store says of writes to some keys that they are done, and does
// nothing.
type forgetful struct {
	twofactor.Store
	key    string // how those keys begin
	after  int32  // how many writes it does do
	writes atomic.Int32
}

func (f *forgetful) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if strings.HasPrefix(key, f.key) && f.writes.Add(1) > f.after {
		return "forgotten", nil
	}
	return f.Store.Save(ctx, key, old, data)
}

// A switching store can be replaced.
type switching struct {
	at atomic.Pointer[twofactor.Store]
}

func (s *switching) store() twofactor.Store { return *s.at.Load() }

func (s *switching) set(store twofactor.Store) { s.at.Store(&store) }

func (s *switching) Load(ctx context.Context, key string) (twofactor.Record, error) {
	return s.store().Load(ctx, key)
}

func (s *switching) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	return s.store().Save(ctx, key, old, data)
}

func (s *switching) Delete(ctx context.Context, key string, old twofactor.Version) error {
	return s.store().Delete(ctx, key, old)
}

func copyOf(t *testing.T, s *memory.Store) *memory.Store {
	t.Helper()
	c := new(memory.Store)
	for key, err := range s.Keys(t.Context()) {
		require.NoError(t, err)
		rec, err := s.Load(t.Context(), key)
		require.NoError(t, err)
		_, err = c.Save(t.Context(), key, "", rec.Data)
		require.NoError(t, err)
	}
	return c
}

// startApp serves a node within this process.
func startApp(t *testing.T, store twofactor.Store, key twofactor.Key) *httptest.Server {
	t.Helper()
	h, err := app(store, key)
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// TestLossIsNoticed plays it through on two nodes, and breaks something that the
// library relies on when all have set up their app.
func TestLossIsNoticed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, s *memory.Store, a, b *switching)
		want  string
	}{
		{"nothing", func(*testing.T, *memory.Store, *switching, *switching) {}, ""},
		{"a code is forgotten", func(_ *testing.T, s *memory.Store, a, _ *switching) {
			a.set(&forgetful{Store: s, key: "u/user-0002"})
		}, "user-0002: a code was accepted twice"},
		{"a recovery code is forgotten", func(_ *testing.T, s *memory.Store, a, _ *switching) {
			a.set(&forgetful{Store: s, key: "u/user-0001", after: 1})
		}, "user-0001 has 10 recovery codes, after using 1 of 10"},
		{"a session is forgotten", func(_ *testing.T, s *memory.Store, a, _ *switching) {
			a.set(&forgetful{Store: s, key: "session/"})
		}, "isn't signed in any more"},
		{"the nodes don't share their database", func(t *testing.T, s *memory.Store, _, b *switching) {
			b.set(copyOf(t, s))
		}, "two nodes accepted one code at once"},
		{"a record is gone", func(t *testing.T, s *memory.Store, _, _ *switching) {
			rec, err := s.Load(t.Context(), "u/user-0003")
			require.NoError(t, err)
			require.NoError(t, s.Delete(t.Context(), "u/user-0003", rec.Version))
		}, "user-0003 can't sign in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, key := new(memory.Store), twofactor.NewKey()
			var a, b switching
			a.set(s)
			b.set(s)
			sites := []string{startApp(t, &a, key).URL, startApp(t, &b, key).URL}

			c := newCrowd(5)
			require.NoError(t, c.setUp(t.Context(), sites[0]))
			tt.spoil(t, s, &a, &b)
			c.signIn(t.Context(), sites[0], 1, func(int) {})
			var out bytes.Buffer
			say := func(what, format string, args ...any) { fmt.Fprintf(&out, what+" "+format+"\n", args...) }
			c.check(t.Context(), sites, say)
			err := c.verdict(say)
			if tt.want == "" {
				require.NoError(t, err, out.String())
				return
			}
			require.ErrorIs(t, err, errLost)
			require.Contains(t, strings.Join(c.lost, "\n"), tt.want)
		})
	}
}

// TestCut: a request that is cut before the node has done it, or after, comes to
// its end, and what it came to is known.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		done bool // before it is cut
		want fate
	}{
		{"before", false, fate{cut: 1, not: 1}},
		{"after", true, fate{cut: 1, counted: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, err := app(new(memory.Store), twofactor.NewKey())
			require.NoError(t, err)
			var cut atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/2fa/login/verify" || cut.Swap(true) {
					h.ServeHTTP(w, r)
					return
				}
				if tt.done {
					h.ServeHTTP(httptest.NewRecorder(), r)
				}
				panic(http.ErrAbortHandler)
			}))
			t.Cleanup(server.Close)

			c := newCrowd(1)
			require.NoError(t, c.setUp(t.Context(), server.URL))
			c.signIn(t.Context(), server.URL, 1, func(int) {})
			say := func(string, string, ...any) {}
			c.check(t.Context(), []string{server.URL, server.URL}, say)
			require.NoError(t, c.verdict(say), c.lost)
			require.Equal(t, tt.want, c.people[0].fate)
		})
	}
}
