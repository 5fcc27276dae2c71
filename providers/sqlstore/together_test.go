package sqlstore_test

import (
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A meeting brings calls together in one batch: they queue behind one that
// waits for the table, which the test has locked.
type meeting struct {
	dialect       sqlstore.Dialect
	store, direct *sqlstore.Store // through the proxy and around it
	db            *sql.DB         // around it
	table         string
	proxy         *realserver.Proxy

	before string        // is done before the calls come together
	during func(*sql.Tx) // while the batch may wait for what before has locked
}

// grouping are the databases that group loads in statements.
var grouping = []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.MySQL}

func newMeeting(t *testing.T, d sqlstore.Dialect, flags ...string) *meeting {
	t.Helper()
	driver, kind, dsn := "pgx", realserver.PostgreSQL, realserver.PostgreSQLDSN
	if d == sqlstore.MySQL {
		driver, kind, dsn = "mysql", realserver.MariaDB, realserver.MariaDBDSN
	}
	addr := kind.Shared(t).Addr
	m := &meeting{dialect: d, table: realserver.Name(), proxy: realserver.NewProxy(t, addr)}
	c := sqlstore.Config{Dialect: d, Table: m.table}
	m.direct = open(t, driver, dsn(addr), c)

	var err error
	m.db, err = sql.Open(driver, dsn(addr))
	require.NoError(t, err)
	t.Cleanup(func() { m.db.Close() })
	db, err := sql.Open(driver, dsn(m.proxy.Addr)+strings.Join(flags, ""))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // so that what was prepared stays prepared
	m.store, err = sqlstore.New(db, c)
	require.NoError(t, err)
	m.store.GroupAll()
	m.before = "SELECT 1"

	// Each statement once, so that the driver has prepared it and a test that
	// counts packets counts the right ones.
	for range 2 {
		versions := make(map[string]twofactor.Version)
		for _, key := range []string{"warm 1", "warm 2"} {
			if rec, err := m.direct.Load(t.Context(), key); err == nil {
				versions[key] = rec.Version
			} else {
				versions[key] = ""
			}
		}
		for _, err := range m.save(t, versions) {
			require.NoError(t, err)
		}
	}
	for _, err := range m.load(t, "warm 1", "warm 2") {
		require.NoError(t, err)
	}
	return m
}

// save saves all keys over the versions given, in one batch.
func (m *meeting) save(t *testing.T, over map[string]twofactor.Version) map[string]error {
	t.Helper()
	calls := make(map[string]func() error)
	for key, old := range over {
		calls[key] = func() error {
			_, err := m.store.Save(t.Context(), key, old, []byte("data of "+key))
			return err
		}
	}
	return m.run(t, calls, func() error {
		_, err := m.store.Save(t.Context(), realserver.Name(), "", nil)
		return err
	})
}

// load loads all keys in one batch.
func (m *meeting) load(t *testing.T, keys ...string) map[string]error {
	t.Helper()
	calls := make(map[string]func() error)
	for _, key := range keys {
		calls[key] = func() error {
			rec, err := m.store.Load(t.Context(), key)
			if err == nil && rec.Version == "" {
				return fmt.Errorf("a record without a version")
			}
			return err
		}
	}
	return m.run(t, calls, func() error {
		_, err := m.store.Load(t.Context(), "warm 1")
		return err
	})
}

// run makes all calls in one batch, behind the call first.
func (m *meeting) run(t *testing.T, calls map[string]func() error, first func() error) map[string]error {
	t.Helper()
	if m.dialect == sqlstore.MySQL {
		conn, err := m.db.Conn(t.Context())
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.ExecContext(t.Context(), "LOCK TABLES "+m.table+" WRITE")
		require.NoError(t, err)
		return meet(t, m.store, calls, first, func() {
			_, err := conn.ExecContext(t.Context(), "UNLOCK TABLES")
			require.NoError(t, err)
		})
	}
	tx, err := m.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	for _, statement := range []string{m.before, "SAVEPOINT s", "LOCK TABLE " + m.table + " IN ACCESS EXCLUSIVE MODE"} {
		_, err = tx.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	return meet(t, m.store, calls, first, func() {
		_, err := tx.ExecContext(t.Context(), "ROLLBACK TO SAVEPOINT s")
		require.NoError(t, err)
		if m.during != nil {
			m.during(tx)
		}
		require.NoError(t, tx.Rollback())
	})
}

// meet has the call first wait for something that release releases, and all
// other calls queue behind it.
func meet(t *testing.T, s *sqlstore.Store, calls map[string]func() error, first func() error, release func()) map[string]error {
	t.Helper()
	for s.Busy() > 0 { // a batch is under way until a moment after its last answer
		runtime.Gosched()
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := first(); err != nil {
			t.Error(err)
		}
	})
	for s.Busy() == 0 {
		runtime.Gosched()
	}
	var mu sync.Mutex
	result := make(map[string]error)
	for name, call := range calls {
		wg.Go(func() {
			err := call()
			mu.Lock()
			defer mu.Unlock()
			result[name] = err
		})
	}
	for s.Waiting() < len(calls) {
		runtime.Gosched()
	}
	release()
	wg.Wait()
	return result
}

// create saves n records around the proxy, and returns their versions.
func (m *meeting) create(t *testing.T, n int, data string) map[string]twofactor.Version {
	t.Helper()
	versions := make(map[string]twofactor.Version)
	for i := range n {
		key := fmt.Sprint("user ", i)
		v, err := m.direct.Save(t.Context(), key, "", []byte(data))
		require.NoError(t, err)
		versions[key] = v
	}
	return versions
}

func (m *meeting) requireData(t *testing.T, key, data string) {
	t.Helper()
	rec, err := m.direct.Load(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, data, string(rec.Data), key)
}

func requireUnknown(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrConflict)
	require.NotErrorIs(t, err, twofactor.ErrNotFound)
}

// TestLoserInBatch: a write that loses doesn't take its neighbors along.
func TestLoserInBatch(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.PostgreSQL)
	writes := m.create(t, 2, "old")
	writes["user 1"] = "some other version"
	writes["missing"] = "some version"
	writes["new"] = ""
	writes["warm 1"] = ""

	result := m.save(t, writes)
	require.NoError(t, result["user 0"])
	require.NoError(t, result["new"])
	require.ErrorIs(t, result["user 1"], twofactor.ErrConflict)
	require.ErrorIs(t, result["missing"], twofactor.ErrConflict)
	require.ErrorIs(t, result["warm 1"], twofactor.ErrConflict)
	m.requireData(t, "user 0", "data of user 0")
	m.requireData(t, "new", "data of new")
	m.requireData(t, "user 1", "old")
	_, err := m.direct.Load(t.Context(), "missing")
	require.ErrorIs(t, err, twofactor.ErrNotFound)
}

// TestCutInBatch: when the answer to a batch is lost, all of it has happened and
// none of its callers knows; and none is told anything else.
func TestCutInBatch(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.PostgreSQL)
	writes := m.create(t, 5, "old")
	writes["warm 1"] = "some other version"
	m.proxy.SwallowAnswer(2) // the first is that of the write before the batch
	for key, err := range m.save(t, writes) {
		requireUnknown(t, err)
		if key != "warm 1" {
			m.requireData(t, key, "data of "+key)
		}
	}
}

// TestFailureAtCommit: PostgreSQL returns the rows of a statement before it has
// committed them. They count for nothing if it then fails.
func TestFailureAtCommit(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.PostgreSQL)
	writes := m.create(t, 5, "old")
	for _, statement := range []string{
		"CREATE FUNCTION " + m.table + "_fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
		"CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON " + m.table + " DEFERRABLE INITIALLY DEFERRED" +
			" FOR EACH ROW WHEN (NEW.id = 'user 3') EXECUTE FUNCTION " + m.table + "_fail()",
	} {
		_, err := m.db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	for key, err := range m.save(t, writes) {
		requireUnknown(t, err)
		m.requireData(t, key, "old")
	}
}

func TestMissingInBatch(t *testing.T) {
	t.Parallel()
	for _, d := range grouping {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			m := newMeeting(t, d)
			m.create(t, 1, "data")
			result := m.load(t, "user 0", "missing", "gone")
			require.NoError(t, result["user 0"])
			require.ErrorIs(t, result["missing"], twofactor.ErrNotFound)
			require.ErrorIs(t, result["gone"], twofactor.ErrNotFound)
		})
	}
}

// TestCutInLoads: a result that ends too early doesn't say that the rest of the
// records is missing (W39).
func TestCutInLoads(t *testing.T) {
	t.Parallel()
	for _, d := range grouping {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			m := newMeeting(t, d)
			var keys []string
			for key := range m.create(t, 20, strings.Repeat("x", 50_000)) {
				keys = append(keys, key)
			}
			m.proxy.SwallowAnswer(5) // in the middle of the result
			for _, err := range m.load(t, keys...) {
				requireUnknown(t, err)
			}
		})
	}
}

// TestEmptyInBatch: data of no bytes is data.
func TestEmptyInBatch(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.PostgreSQL)
	calls := make(map[string]func() error)
	for key, old := range m.create(t, 2, "old") {
		calls[key] = func() error {
			_, err := m.store.Save(t.Context(), key, old, nil)
			return err
		}
		calls["new "+key] = func() error {
			_, err := m.store.Save(t.Context(), "new "+key, "", nil)
			return err
		}
	}
	first := func() error { _, err := m.store.Save(t.Context(), realserver.Name(), "", nil); return err }
	for key, err := range m.run(t, calls, first) {
		require.NoError(t, err, key)
		m.requireData(t, key, "")
	}
}

// TestLockOrder: a batch that has to wait for one row holds none that comes
// after it, or two nodes could wait for each other.
func TestLockOrder(t *testing.T) {
	t.Parallel()
	const users = 20
	for _, tt := range []struct {
		name    string
		exist   bool
		lock    string // the first in order
		lockAll string // fails if any other is locked
	}{
		{
			"replace", true, "SELECT 1 FROM $t WHERE id = 'user 00' FOR UPDATE",
			"SELECT 1 FROM $t WHERE id > 'user 00' AND id < 'user 99' FOR UPDATE NOWAIT",
		},
		{
			"create", false, "INSERT INTO $t VALUES ('user 00', 'v', '')",
			"INSERT INTO $t SELECT convert_to('user ' || lpad(i::text, 2, '0'), 'UTF8'), 'v', '' FROM generate_series(1, 19) AS i",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMeeting(t, sqlstore.PostgreSQL)
			writes := make(map[string]twofactor.Version)
			for i := range users {
				key := fmt.Sprintf("user %02d", users-1-i) // stored in another order than that of the keys
				writes[key] = ""
				if tt.exist {
					v, err := m.direct.Save(t.Context(), key, "", nil)
					require.NoError(t, err)
					writes[key] = v
				}
			}
			m.before = strings.ReplaceAll(tt.lock, "$t", m.table)
			m.during = func(tx *sql.Tx) {
				for waiting := 0; waiting == 0; {
					require.NoError(t, m.db.QueryRowContext(t.Context(),
						"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%unnest%' AND query LIKE '%'||$1||'%'",
						m.table).Scan(&waiting))
				}
				// Before PostgreSQL looks for deadlocks and resolves one.
				_, err := tx.ExecContext(t.Context(), "SET LOCAL lock_timeout = '300ms'")
				require.NoError(t, err)
				_, err = tx.ExecContext(t.Context(), strings.ReplaceAll(tt.lockAll, "$t", m.table))
				require.NoError(t, err, "the batch holds a row behind the one that it waits for")
			}
			for key, err := range m.save(t, writes) {
				require.NoError(t, err, key)
			}
		})
	}
}
