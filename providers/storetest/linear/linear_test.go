package linear

// These tests are inside the package because they want a finding as an error:
// a test that fails can't be a test that passes.

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func TestMain(m *testing.M) { realserver.Main(m) }

func TestSound(t *testing.T) {
	t.Parallel()
	Test(t, func(*testing.T) (a, b twofactor.Store) {
		s := new(memory.Store)
		return s, s
	})
}

// TestBroken shows that stores are found out which are broken as real ones are,
// on real servers where that is how they break. The sound ones among them show
// that it is the mistake that is found, and not how the rest is made.
func TestBroken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		open  func(t *testing.T) (a, b twofactor.Store)
		sound bool
	}{
		{"lost update", func(*testing.T) (a, b twofactor.Store) {
			s := &lostUpdate{new(memory.Store)}
			return s, s
		}, false},
		{"stale read", func(*testing.T) (a, b twofactor.Store) {
			s := &staleRead{Store: new(memory.Store)}
			return s, s
		}, false},
		{"conflict for a write that took place", func(*testing.T) (a, b twofactor.Store) {
			s := &wrongConflict{Store: new(memory.Store)}
			return s, s
		}, false},
		{"isolation too weak", func(t *testing.T) (a, b twofactor.Store) {
			return openReadThenWrite(t, sql.LevelReadCommitted)
		}, false},
		{"isolation strong enough", func(t *testing.T) (a, b twofactor.Store) {
			return openReadThenWrite(t, sql.LevelSerializable)
		}, true},
		{"script that is none", func(t *testing.T) (a, b twofactor.Store) {
			addr := realserver.Redis.Shared(t).Addr
			return openSteps(t, addr, addr, false)
		}, false},
		{"script that is one", func(t *testing.T) (a, b twofactor.Store) {
			addr := realserver.Redis.Shared(t).Addr
			return openSteps(t, addr, addr, true)
		}, true},
		{"read from a replica", func(t *testing.T) (a, b twofactor.Store) {
			primary, replica := realserver.RedisWithReplica(t)
			return openSteps(t, primary.Addr, replica.Addr, true)
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := tt.open(t)
			picture := filepath.Join(t.TempDir(), "history.html")
			if tt.sound {
				for round := range rounds {
					require.NoError(t, record(t.Context(), fmt.Sprint("round ", round), a, b).check(picture))
				}
				return
			}
			var err error
			for round := 0; round < 10*rounds && !errors.Is(err, errImpossible); round++ {
				err = record(t.Context(), fmt.Sprint("round ", round), a, b).check(picture)
			}
			require.ErrorIs(t, err, errImpossible)
		})
	}
}

// lostUpdate looks first and writes then.
type lostUpdate struct{ *memory.Store }

func (s *lostUpdate) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	rec, err := s.Load(ctx, key)
	if err != nil && !errors.Is(err, twofactor.ErrNotFound) {
		return "", err
	}
	if rec.Version != old {
		return "", twofactor.ErrConflict
	}
	runtime.Gosched()
	for {
		rec, _ := s.Load(ctx, key)
		v, err := s.Store.Save(ctx, key, rec.Version, data)
		if !errors.Is(err, twofactor.ErrConflict) {
			return v, err
		}
	}
}

// staleRead answers every second Load with what the one before it saw.
type staleRead struct {
	*memory.Store
	mu   sync.Mutex
	last map[string]twofactor.Record
}

func (s *staleRead) Load(ctx context.Context, key string) (twofactor.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rec, ok := s.last[key]; ok {
		delete(s.last, key)
		return rec, ctx.Err()
	}
	rec, err := s.Store.Load(ctx, key)
	if err == nil {
		if s.last == nil {
			s.last = make(map[string]twofactor.Record)
		}
		s.last[key] = rec
	}
	return rec, err
}

// wrongConflict repeats a write that it has no answer to.
type wrongConflict struct {
	*memory.Store
	mu sync.Mutex
	n  int
}

func (s *wrongConflict) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v, err := s.Store.Save(ctx, key, old, data)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n++; err == nil && s.n%20 == 0 {
		return s.Store.Save(ctx, key, old, data)
	}
	return v, err
}

// readThenWrite reads and writes in one transaction. PostgreSQL runs it as READ
// COMMITTED unless told otherwise, and lets others write in between.
type readThenWrite struct {
	db        *sql.DB
	table     string
	isolation sql.IsolationLevel
}

func openReadThenWrite(t *testing.T, isolation sql.IsolationLevel) (a, b twofactor.Store) {
	t.Helper()
	db, err := sql.Open("pgx", realserver.PostgreSQLDSN(realserver.PostgreSQL.Shared(t).Addr))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	s := &readThenWrite{db: db, table: realserver.Name(), isolation: isolation}
	_, err = db.ExecContext(t.Context(), "CREATE TABLE "+s.table+" (id text PRIMARY KEY, version text, data bytea)")
	require.NoError(t, err)
	return s, s
}

func (s *readThenWrite) Load(ctx context.Context, key string) (rec twofactor.Record, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT version, data FROM "+s.table+" WHERE id = $1", key).Scan(&rec.Version, &rec.Data)
	if errors.Is(err, sql.ErrNoRows) {
		err = twofactor.ErrNotFound
	}
	return rec, err
}

func (s *readThenWrite) Delete(context.Context, string, twofactor.Version) error {
	return errors.ErrUnsupported
}

func (s *readThenWrite) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v := twofactor.Version(rand.Text())
	err := s.transact(ctx, key, old, v, data)
	if failed, ok := errors.AsType[*pgconn.PgError](err); ok && failed.Code == "40001" {
		return "", errors.ErrUnsupported // nothing was done
	}
	return v, err
}

func (s *readThenWrite) transact(ctx context.Context, key string, old, v twofactor.Version, data []byte) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: s.isolation})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var stored twofactor.Version
	err = tx.QueryRowContext(ctx, "SELECT version FROM "+s.table+" WHERE id = $1", key).Scan(&stored)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if stored != old {
		return twofactor.ErrConflict
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO "+s.table+" VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET version = $2, data = $3", key, v, data)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// stepStore compares in one command and sets in the next, or does both in one
// script; and it reads where it writes, or elsewhere.
type stepStore struct {
	primary, reader *redis.Client
	prefix          string
	atomic          bool
}

func openSteps(t *testing.T, primary, reader string, atomic bool) (a, b twofactor.Store) {
	t.Helper()
	s := &stepStore{
		primary: redis.NewClient(&redis.Options{Addr: primary}),
		reader:  redis.NewClient(&redis.Options{Addr: reader}),
		prefix:  realserver.Name(),
		atomic:  atomic,
	}
	t.Cleanup(func() { s.primary.Close(); s.reader.Close() })
	return s, s
}

func (s *stepStore) Load(ctx context.Context, key string) (twofactor.Record, error) {
	return s.from(ctx, s.reader, key)
}

func (s *stepStore) from(ctx context.Context, c *redis.Client, key string) (twofactor.Record, error) {
	text, err := c.Get(ctx, s.prefix+key).Result()
	if errors.Is(err, redis.Nil) {
		return twofactor.Record{}, twofactor.ErrNotFound
	}
	if err != nil {
		return twofactor.Record{}, err
	}
	return twofactor.Record{Version: twofactor.Version(text[:26]), Data: []byte(text[26:])}, nil
}

var atomicSet = redis.NewScript(`
local found = redis.call('GET', KEYS[1])
if (found and string.sub(found, 1, 26) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`)

func (s *stepStore) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v := twofactor.Version(rand.Text())
	value := string(v) + string(data)
	if s.atomic {
		n, err := atomicSet.Run(ctx, s.primary, []string{s.prefix + key}, string(old), value).Int()
		if err == nil && n == 0 {
			err = twofactor.ErrConflict
		}
		return v, err
	}
	rec, err := s.from(ctx, s.primary, key)
	if err != nil && !errors.Is(err, twofactor.ErrNotFound) {
		return "", err
	}
	if rec.Version != old {
		return "", twofactor.ErrConflict
	}
	return v, s.primary.Set(ctx, s.prefix+key, value, 0).Err()
}

func (s *stepStore) Delete(context.Context, string, twofactor.Version) error {
	return errors.ErrUnsupported
}
