package realserver

import (
	"context"
	"os"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// Bubble runs test in a bubble, where no wait takes time (see [synctest]). Its
// store stays outside, since a real connection belongs in no bubble: each call is
// carried out there, one at a time, while the clock of the bubble stands still.
// The end of a call's context is seen before and after it only.
func (n Named) Bubble(t *testing.T, test func(t *testing.T, n Named)) {
	t.Helper()
	if n.Name != "memory" { // which waits for nothing
		a, b := n.Part(t)
		messenger := newMessenger(t)
		n = Named{Name: n.Name, shared: new(shared), local: func(testing.TB) (twofactor.Store, twofactor.Store) {
			return carried{messenger, a}, carried{messenger, b}
		}}
	}
	synctest.Test(t, func(t *testing.T) { test(t, n) })
}

// A messenger has a goroutine outside of the bubble do what one in it asks for.
// They meet at pipes, which may be used on both sides, as channels may not.
type messenger struct {
	mu       sync.Mutex
	do       func()
	ask, was *os.File // the ends in the bubble
}

func newMessenger(t *testing.T) *messenger {
	t.Helper()
	asked, ask, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	was, done, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	m := &messenger{ask: ask, was: was}
	var wg sync.WaitGroup
	wg.Go(func() {
		signal := make([]byte, 1)
		for {
			if _, err := asked.Read(signal); err != nil {
				return
			}
			m.do()
			done.Write(signal)
		}
	})
	t.Cleanup(func() {
		ask.Close()
		wg.Wait()
		asked.Close()
		was.Close()
		done.Close()
	})
	return m
}

func (m *messenger) carry(ctx context.Context, do func(context.Context) error) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	m.do = func() { err = do(context.Background()) }
	signal := []byte{0}
	if _, err := m.ask.Write(signal); err != nil {
		return err
	}
	if _, err := m.was.Read(signal); err != nil {
		return err
	}
	return err
}

// carried is a store outside of the bubble.
type carried struct {
	m     *messenger
	store twofactor.Store
}

func (c carried) Load(ctx context.Context, key string) (rec twofactor.Record, err error) {
	err = c.m.carry(ctx, func(ctx context.Context) error {
		rec, err = c.store.Load(ctx, key)
		return err
	})
	return rec, err
}

func (c carried) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (v twofactor.Version, err error) {
	err = c.m.carry(ctx, func(ctx context.Context) error {
		v, err = c.store.Save(ctx, key, old, data)
		return err
	})
	return v, err
}

func (c carried) Delete(ctx context.Context, key string, old twofactor.Version) error {
	return c.m.carry(ctx, func(ctx context.Context) error { return c.store.Delete(ctx, key, old) })
}
