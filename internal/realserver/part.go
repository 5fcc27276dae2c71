package realserver

import (
	"context"
	"iter"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// Part is like Open, and costs nothing: the handles are two that all tests of the
// binary share, and keys of their own keep the tests apart.
func (n Named) Part(t testing.TB) (a, b twofactor.Store) {
	t.Helper()
	a, b = n.shared.open(t, n)
	prefix := Name() + "/"
	return part{a, prefix}, part{b, prefix}
}

// A shared pair of handles lasts as long as the test binary.
type shared struct {
	mu   sync.Mutex
	a, b twofactor.Store
}

func (s *shared) open(t testing.TB, n Named) (a, b twofactor.Store) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.a == nil {
		s.a, s.b = n.open(lasting{t})
	}
	return s.a, s.b
}

// A lasting test leaves what it opens to [Main].
type lasting struct{ testing.TB }

var atEnd struct {
	mu sync.Mutex
	do []func()
}

// Cleanup implements testing.TB.
func (lasting) Cleanup(f func()) {
	atEnd.mu.Lock()
	defer atEnd.mu.Unlock()
	atEnd.do = append(atEnd.do, f)
}

// A part is what has a prefix of its own in a store.
type part struct {
	twofactor.Store
	prefix string
}

func (p part) Load(ctx context.Context, key string) (twofactor.Record, error) {
	return p.Store.Load(ctx, p.prefix+key)
}

func (p part) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	return p.Store.Save(ctx, p.prefix+key, old, data)
}

func (p part) Delete(ctx context.Context, key string, old twofactor.Version) error {
	return p.Store.Delete(ctx, p.prefix+key, old)
}

// Keys implements twofactor.Lister, which all of the library's stores are.
func (p part) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range p.Store.(twofactor.Lister).Keys(ctx) {
			key, ours := strings.CutPrefix(key, p.prefix)
			if (ours || err != nil) && !yield(key, err) {
				return
			}
		}
	}
}
