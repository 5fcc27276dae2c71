package memory

import (
	"bytes"
	"context"
	"crypto/rand"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A Store is a twofactor.Store and twofactor.Lister in memory. The zero Store
// is empty and ready for use. It must not be copied after first use.
type Store struct {
	mu      sync.Mutex
	records map[string]twofactor.Record
}

var (
	_ twofactor.Store  = (*Store)(nil)
	_ twofactor.Lister = (*Store)(nil)
)

// Load implements twofactor.Store.
func (s *Store) Load(ctx context.Context, key string) (twofactor.Record, error) {
	if err := ctx.Err(); err != nil {
		return twofactor.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, ok := s.records[key]
	if !ok {
		return twofactor.Record{}, twofactor.ErrNotFound
	}
	rec.Data = bytes.Clone(rec.Data)
	return rec, nil
}

// Save implements twofactor.Store.
func (s *Store) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A missing record has the zero Version, so this one line is the whole
	// compare of compare-and-swap: for creating as well as for replacing.
	if s.records[key].Version != old {
		return "", twofactor.ErrConflict
	}
	if s.records == nil {
		s.records = make(map[string]twofactor.Record)
	}
	// Random and not counted: a counter would begin again after Delete.
	rec := twofactor.Record{Data: bytes.Clone(data), Version: twofactor.Version(rand.Text())}
	s.records[key] = rec
	return rec.Version, nil
}

// Delete implements twofactor.Store.
func (s *Store) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if rec, ok := s.records[key]; ok && rec.Version != old {
		return twofactor.ErrConflict
	}
	delete(s.records, key)
	return nil
}

// Keys implements twofactor.Lister. It yields the keys there are at its first step.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s.mu.Lock()
		keys := slices.Collect(maps.Keys(s.records))
		s.mu.Unlock()
		for _, key := range keys {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			if !yield(key, nil) {
				return
			}
		}
	}
}
