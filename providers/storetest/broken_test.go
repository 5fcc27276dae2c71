package storetest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A broken store is a sound one with one mistake, taken from mistakes that
// stores really make, and the cases that have to see it.
type broken struct {
	name string
	open func() (a, b twofactor.Store)
	want []string
}

var brokenStores = []broken{
	{"blind write", both[blindWrite], []string{"CreateOnce", "StaleSave", "SaveMissing", "Concurrent", "Counter"}},
	{"blind create", both[blindCreate], []string{"CreateOnce"}},
	{"read then write", both[readThenWrite], []string{"Concurrent", "Counter"}},
	{"read then delete", both[readThenDelete], []string{"ConcurrentDelete"}},
	{"ignored row count", both[ignoredRowCount], []string{"StaleSave", "CreateOnce", "DeleteStale", "Concurrent"}},
	{"rows changed for rows matched", both[rowsChanged], []string{"SaveLoad"}},
	{"version counted from 1", both[countedVersion], []string{"VersionAfterDelete"}},
	{"version made from the data", both[hashedVersion], []string{"SaveLoad", "VersionAfterDelete"}},
	{"keys folded by case", keysBy(strings.ToLower), []string{"KeysApart", "Keys"}},
	{"keys without trailing space", keysBy(func(k string) string { return strings.TrimRight(k, " ") }), []string{"KeysApart"}},
	{"keys cut", keysBy(func(k string) string { return k[:min(len(k), 254)] }), []string{"KeysApart"}},
	{"keys as C strings", keysBy(func(k string) string { k, _, _ = strings.Cut(k, "\x00"); return k }), []string{"KeysApart"}},
	{"zero record for missing", both[zeroRecord], []string{"LoadMissing", "SaveMissing"}},
	{"lagging replica", laggingReplica, []string{"SaveLoad", "Fresh", "Concurrent"}},
	{"replica after a conflict", replicaAfterConflict, []string{"Fresh", "Concurrent"}},
	{"shared data", func() (a, b twofactor.Store) { s := new(shared); return s, s }, []string{"SaveIsACopy", "LoadIsACopy"}},
	{"data cut", both[cutData], []string{"Data"}},
	{"data as text", both[textData], []string{"Data"}},
	{"blind delete", both[blindDelete], []string{"DeleteStale", "VersionAfterDelete"}},
	{"zero version deletes", both[zeroDeletes], []string{"DeleteStale"}},
	{"missing is a conflict to Delete", both[deleteOnce], []string{"DeleteMissing"}},
	{"context ignored", both[deaf], []string{"Canceled", "Keys"}},
	{"context ends in ErrNotFound", both[endIsMissing], []string{"Canceled"}},
	{"keys of the first page", both[firstPage], []string{"Keys"}},
	{"two accounts", func() (a, b twofactor.Store) { return new(memory.Store), new(memory.Store) }, []string{"SaveLoad", "Concurrent"}},
}

// both opens the broken store T over one sound store.
func both[T any, P interface {
	*T
	twofactor.Store
	over(*memory.Store)
}]() (a, b twofactor.Store) {
	p := P(new(T))
	p.over(new(memory.Store))
	return p, p
}

type sound struct{ *memory.Store }

func (s *sound) over(m *memory.Store) { s.Store = m }

type blindWrite struct{ sound }

func (s *blindWrite) Save(ctx context.Context, key string, _ twofactor.Version, data []byte) (twofactor.Version, error) {
	for {
		rec, _ := s.Load(ctx, key)
		v, err := s.Store.Save(ctx, key, rec.Version, data)
		if !errors.Is(err, twofactor.ErrConflict) {
			return v, err
		}
	}
}

type blindCreate struct{ sound }

func (s *blindCreate) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if old != "" {
		return s.Store.Save(ctx, key, old, data)
	}
	return (&blindWrite{s.sound}).Save(ctx, key, old, data)
}

type readThenWrite struct{ sound }

func (s *readThenWrite) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	rec, err := s.Load(ctx, key)
	if err != nil && !errors.Is(err, twofactor.ErrNotFound) {
		return "", err
	}
	if rec.Version != old {
		return "", twofactor.ErrConflict
	}
	yield()
	return (&blindWrite{s.sound}).Save(ctx, key, old, data)
}

type readThenDelete struct{ sound }

func (s *readThenDelete) Delete(ctx context.Context, key string, old twofactor.Version) error {
	rec, err := s.Load(ctx, key)
	if err == nil && rec.Version != old {
		return twofactor.ErrConflict
	}
	// A slow round trip: long enough for a write that is under way to come first.
	for range 10_000 {
		if now, err := s.Load(ctx, key); err != nil || now.Version != old {
			break
		}
		runtime.Gosched()
	}
	return (&blindDelete{s.sound}).Delete(ctx, key, old)
}

// yield lets the other goroutines run, as a round trip to a server would.
func yield() {
	for range 100 {
		runtime.Gosched()
	}
}

type ignoredRowCount struct{ sound }

func (s *ignoredRowCount) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v, err := s.Store.Save(ctx, key, old, data)
	if errors.Is(err, twofactor.ErrConflict) {
		return "a version never written", nil
	}
	return v, err
}

func (s *ignoredRowCount) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if err := s.Store.Delete(ctx, key, old); !errors.Is(err, twofactor.ErrConflict) {
		return err
	}
	return nil
}

type rowsChanged struct{ sound }

func (s *rowsChanged) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if rec, err := s.Load(ctx, key); err == nil && bytes.Equal(rec.Data, data) {
		return "", twofactor.ErrConflict
	}
	return s.Store.Save(ctx, key, old, data)
}

// countedVersion keeps the count in front of the data, so that it goes when
// the record goes.
type countedVersion struct {
	sound
	mu sync.Mutex
}

func (s *countedVersion) load(ctx context.Context, key string) (rec twofactor.Record, inner twofactor.Version, err error) {
	if rec, err = s.Store.Load(ctx, key); err != nil {
		return rec, "", err
	}
	n, data, _ := bytes.Cut(rec.Data, []byte(" "))
	return twofactor.Record{Data: data, Version: twofactor.Version(n)}, rec.Version, nil
}

func (s *countedVersion) Load(ctx context.Context, key string) (twofactor.Record, error) {
	rec, _, err := s.load(ctx, key)
	return rec, err
}

func (s *countedVersion) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, inner, err := s.load(ctx, key)
	if err != nil && !errors.Is(err, twofactor.ErrNotFound) {
		return "", err
	}
	if rec.Version != old {
		return "", twofactor.ErrConflict
	}
	n, _ := strconv.Atoi(string(old))
	v := strconv.Itoa(n + 1)
	_, err = s.Store.Save(ctx, key, inner, append([]byte(v+" "), data...))
	return twofactor.Version(v), err
}

func (s *countedVersion) Delete(ctx context.Context, key string, old twofactor.Version) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, inner, err := s.load(ctx, key)
	switch {
	case errors.Is(err, twofactor.ErrNotFound):
		return nil
	case err != nil:
		return err
	case rec.Version != old:
		return twofactor.ErrConflict
	}
	return s.Store.Delete(ctx, key, inner)
}

type hashedVersion struct{ countedVersion }

func hash(data []byte) twofactor.Version {
	sum := sha256.Sum256(data)
	return twofactor.Version(hex.EncodeToString(sum[:]))
}

func (s *hashedVersion) Load(ctx context.Context, key string) (twofactor.Record, error) {
	rec, err := s.Store.Load(ctx, key)
	if err == nil {
		rec.Version = hash(rec.Data)
	}
	return rec, err
}

func (s *hashedVersion) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := s.Store.Load(ctx, key)
	if err == nil && hash(rec.Data) != old || err != nil && old != "" {
		return "", twofactor.ErrConflict
	}
	_, err = s.Store.Save(ctx, key, rec.Version, data)
	return hash(data), err
}

func (s *hashedVersion) Delete(ctx context.Context, key string, old twofactor.Version) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := s.Store.Load(ctx, key)
	if err == nil && hash(rec.Data) != old {
		return twofactor.ErrConflict
	}
	return s.Store.Delete(ctx, key, rec.Version)
}

type otherKeys struct {
	sound
	by func(string) string
}

func keysBy(f func(string) string) func() (a, b twofactor.Store) {
	return func() (a, b twofactor.Store) {
		s := &otherKeys{sound{new(memory.Store)}, f}
		return s, s
	}
}

func (s *otherKeys) Load(ctx context.Context, key string) (twofactor.Record, error) {
	return s.Store.Load(ctx, s.by(key))
}

func (s *otherKeys) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	return s.Store.Save(ctx, s.by(key), old, data)
}

func (s *otherKeys) Delete(ctx context.Context, key string, old twofactor.Version) error {
	return s.Store.Delete(ctx, s.by(key), old)
}

type zeroRecord struct{ sound }

func (s *zeroRecord) Load(ctx context.Context, key string) (twofactor.Record, error) {
	rec, err := s.Store.Load(ctx, key)
	if errors.Is(err, twofactor.ErrNotFound) {
		return twofactor.Record{}, nil
	}
	return rec, err
}

// replica is a second copy that is always one write behind.
type replica struct {
	sound
	mu     sync.Mutex
	behind map[string]twofactor.Record
}

func newReplica() *replica {
	return &replica{sound: sound{new(memory.Store)}, behind: make(map[string]twofactor.Record)}
}

func (r *replica) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, _ := r.Store.Load(ctx, key)
	v, err := r.Store.Save(ctx, key, old, data)
	if err == nil {
		r.behind[key] = before
	}
	return v, err
}

func (r *replica) lag(ctx context.Context, key string) (twofactor.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.behind[key]
	if !ok || rec.Version == "" {
		return twofactor.Record{}, twofactor.ErrNotFound
	}
	return twofactor.Record{Data: bytes.Clone(rec.Data), Version: rec.Version}, ctx.Err()
}

type readsReplica struct{ *replica }

func laggingReplica() (a, b twofactor.Store) { r := newReplica(); return r, readsReplica{r} }

func (s readsReplica) Load(ctx context.Context, key string) (twofactor.Record, error) {
	return s.lag(ctx, key)
}

// readsReplicaOnce goes to the replica for the one Load that follows a
// conflict, the one for which the contract asks in so many words.
type readsReplicaOnce struct {
	*replica
	mu       sync.Mutex
	conflict bool
}

func replicaAfterConflict() (a, b twofactor.Store) {
	r := newReplica()
	return &readsReplicaOnce{replica: r}, &readsReplicaOnce{replica: r}
}

func (s *readsReplicaOnce) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v, err := s.replica.Save(ctx, key, old, data)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conflict = errors.Is(err, twofactor.ErrConflict)
	return v, err
}

func (s *readsReplicaOnce) Load(ctx context.Context, key string) (twofactor.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conflict {
		s.conflict = false
		return s.lag(ctx, key)
	}
	return s.replica.Load(ctx, key)
}

// shared hands its own memory out and keeps that of others.
type shared struct {
	versions memory.Store // for the versions only
	mu       sync.Mutex
	data     map[twofactor.Version][]byte
}

func (s *shared) Load(ctx context.Context, key string) (twofactor.Record, error) {
	rec, err := s.versions.Load(ctx, key)
	s.mu.Lock()
	defer s.mu.Unlock()
	rec.Data = s.data[rec.Version]
	return rec, err
}

func (s *shared) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.versions.Save(ctx, key, old, nil)
	if s.data == nil {
		s.data = make(map[twofactor.Version][]byte)
	}
	s.data[v] = data
	return v, err
}

func (s *shared) Delete(ctx context.Context, key string, old twofactor.Version) error {
	return s.versions.Delete(ctx, key, old)
}

type cutData struct{ sound }

func (s *cutData) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	return s.Store.Save(ctx, key, old, data[:min(len(data), 1<<16-1)])
}

type textData struct{ sound }

func (s *textData) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	return s.Store.Save(ctx, key, old, bytes.ToValidUTF8(data, []byte("?")))
}

type blindDelete struct{ sound }

func (s *blindDelete) Delete(ctx context.Context, key string, _ twofactor.Version) error {
	for {
		rec, err := s.Load(ctx, key)
		if err != nil && !errors.Is(err, twofactor.ErrNotFound) {
			return err
		}
		if err := s.Store.Delete(ctx, key, rec.Version); !errors.Is(err, twofactor.ErrConflict) {
			return err
		}
	}
}

type zeroDeletes struct{ sound }

func (s *zeroDeletes) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if old == "" {
		return (&blindDelete{s.sound}).Delete(ctx, key, old)
	}
	return s.Store.Delete(ctx, key, old)
}

type deleteOnce struct{ sound }

func (s *deleteOnce) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if _, err := s.Load(ctx, key); errors.Is(err, twofactor.ErrNotFound) {
		return twofactor.ErrConflict
	}
	return s.Store.Delete(ctx, key, old)
}

type deaf struct{ sound }

func (s *deaf) Load(ctx context.Context, key string) (twofactor.Record, error) {
	return s.Store.Load(context.WithoutCancel(ctx), key)
}

func (s *deaf) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	return s.Store.Save(context.WithoutCancel(ctx), key, old, data)
}

func (s *deaf) Delete(ctx context.Context, key string, old twofactor.Version) error {
	return s.Store.Delete(context.WithoutCancel(ctx), key, old)
}

func (s *deaf) Keys(ctx context.Context) iter.Seq2[string, error] {
	return s.Store.Keys(context.WithoutCancel(ctx))
}

type endIsMissing struct{ sound }

func (s *endIsMissing) Load(ctx context.Context, key string) (twofactor.Record, error) {
	if ctx.Err() != nil {
		return twofactor.Record{}, twofactor.ErrNotFound
	}
	return s.Store.Load(ctx, key)
}

type firstPage struct{ sound }

func (s *firstPage) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		n := 0
		for key, err := range s.Store.Keys(ctx) {
			if n++; n > 100 || !yield(key, err) {
				return
			}
		}
	}
}
