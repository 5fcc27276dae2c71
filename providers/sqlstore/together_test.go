package sqlstore_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A meeting brings writes together in one batch: they queue behind one that
// waits for a row that the test has locked.
type meeting struct {
	store, direct *sqlstore.Store // through the proxy and around it
	db            *sql.DB         // around it
	table         string
	proxy         *realserver.Proxy
}

func newMeeting(t *testing.T) *meeting {
	t.Helper()
	addr := realserver.PostgreSQL.Shared(t).Addr
	m := &meeting{table: realserver.Name(), proxy: realserver.NewProxy(t, addr)}
	c := sqlstore.Config{Dialect: sqlstore.PostgreSQL, Table: m.table}
	m.direct = open(t, "pgx", realserver.PostgreSQLDSN(addr), c)

	var err error
	m.db, err = sql.Open("pgx", realserver.PostgreSQLDSN(addr))
	require.NoError(t, err)
	t.Cleanup(func() { m.db.Close() })
	db, err := sql.Open("pgx", realserver.PostgreSQLDSN(m.proxy.Addr))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // so that what was prepared stays prepared
	m.store, err = sqlstore.New(db, c)
	require.NoError(t, err)
	m.store.GroupAll()

	_, err = m.direct.Save(t.Context(), "locked", "", nil)
	require.NoError(t, err)
	for _, err := range m.run(t, map[string]twofactor.Version{"warm 1": "", "warm 2": ""}) {
		require.NoError(t, err)
	}
	for _, err := range m.run(t, map[string]twofactor.Version{"warm 1": m.version(t, "warm 1"), "warm 2": m.version(t, "warm 2")}) {
		require.NoError(t, err)
	}
	return m
}

func (m *meeting) version(t *testing.T, key string) twofactor.Version {
	t.Helper()
	rec, err := m.direct.Load(t.Context(), key)
	require.NoError(t, err)
	return rec.Version
}

// run saves all keys over the versions given, in one batch.
func (m *meeting) run(t *testing.T, writes map[string]twofactor.Version) map[string]error {
	t.Helper()
	old := m.version(t, "locked")
	tx, err := m.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.ExecContext(t.Context(), "SELECT 1 FROM "+m.table+" WHERE id = 'locked' FOR UPDATE")
	require.NoError(t, err)

	var wg sync.WaitGroup
	var mu sync.Mutex
	result := make(map[string]error)
	save := func(key string, old twofactor.Version) {
		wg.Go(func() {
			_, err := m.store.Save(t.Context(), key, old, []byte("data of "+key))
			mu.Lock()
			defer mu.Unlock()
			result[key] = err
		})
	}
	save("locked", old)
	for m.store.Busy() == 0 {
		runtime.Gosched()
	}
	for key, old := range writes {
		save(key, old)
	}
	for m.store.Waiting() < len(writes) {
		runtime.Gosched()
	}
	require.NoError(t, tx.Rollback())
	wg.Wait()
	require.NoError(t, result["locked"])
	delete(result, "locked")
	return result
}

// TestLoserInBatch: a write that loses doesn't take its neighbors along.
func TestLoserInBatch(t *testing.T) {
	t.Parallel()
	m := newMeeting(t)
	v, err := m.direct.Save(t.Context(), "current", "", nil)
	require.NoError(t, err)
	_, err = m.direct.Save(t.Context(), "changed", "", nil)
	require.NoError(t, err)

	result := m.run(t, map[string]twofactor.Version{
		"current": v, "changed": "some other version", "missing": "some version", "new": "", "warm 1": "",
	})
	require.NoError(t, result["current"])
	require.NoError(t, result["new"])
	require.ErrorIs(t, result["changed"], twofactor.ErrConflict)
	require.ErrorIs(t, result["missing"], twofactor.ErrConflict)
	require.ErrorIs(t, result["warm 1"], twofactor.ErrConflict)
	for key, data := range map[string]string{"current": "data of current", "new": "data of new", "changed": ""} {
		rec, err := m.direct.Load(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, data, string(rec.Data), key)
	}
	_, err = m.direct.Load(t.Context(), "missing")
	require.ErrorIs(t, err, twofactor.ErrNotFound)
}

// TestCutInBatch: when the answer to a batch is lost, all of it has happened and
// none of its callers knows; and none is told anything else.
func TestCutInBatch(t *testing.T) {
	t.Parallel()
	m := newMeeting(t)
	writes := map[string]twofactor.Version{"stale": "some other version"}
	for i := range 5 {
		key := fmt.Sprint("user ", i)
		v, err := m.direct.Save(t.Context(), key, "", nil)
		require.NoError(t, err)
		writes[key] = v
	}
	m.proxy.SwallowAnswer(2) // the first is that of the write before the batch
	for key, err := range m.run(t, writes) {
		require.Error(t, err)
		require.NotErrorIs(t, err, twofactor.ErrConflict)
		require.NotErrorIs(t, err, twofactor.ErrNotFound)
		if key != "stale" {
			rec, err := m.direct.Load(t.Context(), key)
			require.NoError(t, err)
			require.Equal(t, "data of "+key, string(rec.Data), "the batch should have reached the server")
		}
	}
}

// TestNoDeadlock: batches of two nodes lock the same rows in the same order.
func TestNoDeadlock(t *testing.T) {
	t.Parallel()
	server := realserver.PostgreSQL.Start(t)
	c := sqlstore.Config{Dialect: sqlstore.PostgreSQL}
	a := open(t, "pgx", realserver.PostgreSQLDSN(server.Addr), c)
	b := open(t, "pgx", realserver.PostgreSQLDSN(server.Addr), c)
	a.GroupAll()
	b.GroupAll()
	const users = 30
	for round := range 10 {
		var wg sync.WaitGroup
		for _, s := range []*sqlstore.Store{a, b} {
			for _, i := range rand.Perm(users) {
				key := fmt.Sprint("user ", i)
				rec, err := s.Load(t.Context(), key)
				if round > 0 {
					require.NoError(t, err)
				}
				wg.Go(func() {
					_, err := s.Save(t.Context(), key, rec.Version, []byte("data"))
					if err != nil {
						require.ErrorIs(t, err, twofactor.ErrConflict)
					}
				})
			}
		}
		wg.Wait()
	}
	db, err := sql.Open("pgx", realserver.PostgreSQLDSN(server.Addr))
	require.NoError(t, err)
	defer db.Close()
	var deadlocks int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT sum(deadlocks) FROM pg_stat_database").Scan(&deadlocks))
	require.Zero(t, deadlocks)
}
