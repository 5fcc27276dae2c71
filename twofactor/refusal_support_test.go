package twofactor_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// An administrator has to say why, and resets no factor of their own.
func TestResetThatIsRefused(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice, admin := w.enrolled("alice"), w.enrolled("admin").signIn()
		for _, why := range []string{"", strings.Repeat("x", 501)} {
			fault(t, w.a.Reset(t.Context(), admin, "alice", why))
		}
		refused(t, w.a.Reset(t.Context(), nil, "alice", "lost"), twofactor.ReasonGrantRequired)
		refused(t, w.a.Reset(t.Context(), new(twofactor.Verified), "alice", "lost"), twofactor.ReasonGrantRequired)
		refused(t, w.a.Reset(t.Context(), admin, "admin", "lost"), twofactor.ReasonPolicy)
		require.NotEmpty(t, w.record("admin").Factors)
		alice.signIn()
		require.NoError(t, w.a.Reset(t.Context(), w.enrolled("admin2").signIn(), "alice", strings.Repeat("x", 500)))
		require.Empty(t, w.record("alice").Factors)
	})
}

// A store that is down is told as what it is, at the first call.
func TestResetAndDeleteWithoutAStore(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		w.enrolled("alice")
		admin := w.enrolled("admin").signIn()
		acts := map[string]func() error{
			"Reset":  func() error { return w.a.Reset(t.Context(), admin, "alice", "lost") },
			"Delete": func() error { return w.a.Delete(t.Context(), "alice") },
		}
		for name, act := range acts {
			loads := 0
			w.tap.onLoad = func(context.Context, string) (twofactor.Record, error) {
				loads++
				return twofactor.Record{}, errLost
			}
			err := act()
			require.ErrorIs(t, err, errLost, name)
			require.NotErrorIs(t, err, twofactor.ErrRejected)
			require.LessOrEqual(t, loads, 2)
			w.tap.onLoad = nil
		}
		saves := 0
		w.tap.onSave = func(context.Context, string, twofactor.Version, []byte) (twofactor.Version, error) {
			saves++
			return "", errLost
		}
		require.ErrorIs(t, acts["Reset"](), errLost)
		require.Equal(t, 3, saves, "each may have taken place, and so it is looked at again")
		require.NotEmpty(t, w.record("alice").Factors)
	})
}

// undeletable is a store that deletes nothing.
type undeletable struct {
	twofactor.Store
	err   error
	tries int
}

func (s *undeletable) Delete(context.Context, string, twofactor.Version) error {
	s.tries++
	return s.err
}

func TestDeleteThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // a conflict is retried for a second
		s := new(memory.Store)
		w := newWorld(t, s, s)
		w.enrolled("alice")
		busy := &undeletable{Store: s, err: twofactor.ErrConflict}
		refused(t, w.node(busy).Delete(t.Context(), "alice"), twofactor.ReasonConflict)
		require.Greater(t, busy.tries, 10)
		down := &undeletable{Store: s, err: errLost}
		require.ErrorIs(t, w.node(down).Delete(t.Context(), "alice"), errLost)
		require.Equal(t, 3, down.tries, "it may have taken place, and so is looked at again")
		require.NotEmpty(t, w.record("alice").Factors)
	})
}

// A user is taken over once, with factors that are some, and with names.
func TestImportThatIsRefused(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		good := w.imported(nil, 6)
		named := w.imported(nil, 6)
		named.Keys[0].Name = "a\nb"
		for name, in := range map[string]twofactor.Import{
			"nothing": {}, "eleven apps": w.imported(nil, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6), "a name that is none": named,
			"hashes that are none": {Keys: good.Keys, RecoveryHashes: [][]byte{[]byte("plain")}},
		} {
			fault(t, w.a.Import(t.Context(), "alice", in), name)
			require.Empty(t, (&person{w: w, id: "alice"}).status().Methods, name)
		}
		alice := w.enrolled("alice")
		before := w.raw("alice")
		refused(t, w.a.Import(t.Context(), "alice", good), twofactor.ReasonPolicy)
		require.Equal(t, before, w.raw("alice"))
		alice.signIn()
	})
	s := new(memory.Store)
	w := newWorld(t, s, s, with(twofactor.Policy{Recovery: twofactor.RecoveryPolicy{None: true}}))
	fault(t, w.a.Import(t.Context(), "alice", w.imported([]string{"abcd-efgh"}, 6)))
}

// A known browser is one for a while, and of the record that it passed under.
func TestKnownBrowserThatIsNoneAnyMore(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world){
		"after 400 days":            func(w *world) { w.clock.Advance(400 * 24 * time.Hour) },
		"after the account was new": func(w *world) { require.NoError(w.t, w.a.Delete(w.ctx(), "alice")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				alice := w.enrolled("alice")
				browser := alice.signIn().Made().KnownBrowser
				end(w)
				if len(alice.status().Methods) == 0 {
					alice = w.enrolled("alice")
				}
				alice.emptyBudget()
				_, err := alice.answer(alice.loginFrom(browser), alice.newCode())
				refused(t, err, twofactor.ReasonPaused)
				_, err = w.a.Verify(t.Context(), alice.loginFrom(browser), twofactor.Answer{Codes: alice.phone.Codes(3, w.clock.Now())})
				require.NoError(t, err)
			})
		})
	}
}

// short is a key management service whose key is too short to be one.
type short struct{}

func (short) Unwrap(context.Context, []byte) ([]byte, error) { return make([]byte, 16), nil }

type away struct{}

func (away) Unwrap(context.Context, []byte) ([]byte, error) { return nil, errLost }

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	_, err := twofactor.UnwrapKey(t.Context(), short{}, []byte("x"))
	require.Error(t, err)
	_, err = twofactor.UnwrapKey(t.Context(), away{}, []byte("x"))
	require.ErrorIs(t, err, errLost)
	for _, text := range []string{"", "x", strings.Repeat("A", 42), strings.Repeat("A", 44), strings.Repeat("*", 43), strings.Repeat("A", 43) + "="} {
		_, err := twofactor.ParseKey(text)
		require.Error(t, err, "%q", text)
	}
	s := new(memory.Store)
	for name, cfg := range map[string]twofactor.Config{
		"Store": {Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Example"},
		"Keys":  {Store: s, Issuer: "Example"},
		"Key":   {Store: s, Issuer: "Example", Keys: []twofactor.Key{{}}},
	} {
		_, err := twofactor.New(cfg)
		require.ErrorContains(t, err, name)
	}
	for name, cfg := range map[string]twofactor.GuardConfig{
		"Store":  {Keys: []twofactor.Key{twofactor.NewKey()}},
		"Keys":   {Store: s},
		"Limits": {Store: s, Keys: []twofactor.Key{twofactor.NewKey()}, Limits: twofactor.Limits{Day: -1}},
	} {
		_, err := twofactor.NewGuard(cfg)
		require.ErrorContains(t, err, name)
	}
}
