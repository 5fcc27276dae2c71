package twofactor_test

import (
	"context"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A deaf store does what it is told, and its answers are lost.
type deaf struct {
	twofactor.Store
	after func() // something else that happens then
}

func (s deaf) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	_, _ = s.Store.Save(ctx, key, old, data)
	s.after()
	return "", errLost
}

func (s deaf) Delete(ctx context.Context, key string, old twofactor.Version) error {
	_ = s.Store.Delete(ctx, key, old)
	s.after()
	return errLost
}

// A reset or a deletion that took place is told, though the store's answer was
// lost, the caller has gone, or the user was in again by then.
func TestWhatTookPlaceIsTold(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]func(*world, context.CancelFunc){
		"answer lost":   func(*world, context.CancelFunc) {},
		"caller gone":   func(_ *world, cancel context.CancelFunc) { cancel() },
		"written since": func(w *world, _ context.CancelFunc) { _ = w.b.PasswordChanged(w.ctx(), "alice") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				w.enrolled("alice")
				admin := w.enrolled("admin").signIn()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				node := w.node(deaf{w.tap.Store, func() { after(w, cancel) }})
				require.NoError(t, node.Reset(ctx, admin, "alice", "lost phone"))
				require.Equal(t, 1, w.saw(twofactor.EventReset))
				require.Empty(t, w.record("alice").Factors)

				ctx, cancel = context.WithCancel(t.Context())
				defer cancel()
				require.NoError(t, node.Delete(ctx, "alice"))
				require.Equal(t, 1, w.saw(twofactor.EventDeleted))
				require.NoError(t, node.Delete(t.Context(), "alice"))
				require.Equal(t, 1, w.saw(twofactor.EventDeleted), "there was nothing to delete")
			})
		})
	}
}

// What didn't take place isn't told.
func TestWhatTookNoPlaceIsNotTold(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		w.enrolled("alice")
		admin := w.enrolled("admin").signIn()
		w.tap.onSave = func(context.Context, string, twofactor.Version, []byte) (twofactor.Version, error) {
			return "", errLost
		}
		fault(t, w.a.Reset(t.Context(), admin, "alice", "lost phone"))
		require.Zero(t, w.saw(twofactor.EventReset))
		require.NotEmpty(t, w.record("alice").Factors)
	})
}
