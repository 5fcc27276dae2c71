package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func open(t testing.TB, driver, dsn string, c sqlstore.Config) *sqlstore.Store {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	db.SetMaxIdleConns(64)
	t.Cleanup(func() { db.Close() })
	s, err := sqlstore.New(db, c)
	require.NoError(t, err)
	require.NoError(t, s.EnsureSchema(t.Context()))
	return s
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	for name, ungrouped := range map[string]bool{"grouped": false, "ungrouped": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
				c := sqlstore.Config{Dialect: sqlstore.SQLite, Ungrouped: ungrouped}
				dsn := realserver.SQLiteDSN(filepath.Join(t.TempDir(), "latchkey.db"))
				return open(t, "sqlite", dsn, c), open(t, "sqlite", dsn, c)
			})
		})
	}
}

// sqliteBatch saves all keys over the versions given, in one transaction: behind
// a write that waits for the lock of another connection.
func sqliteBatch(t *testing.T, s *sqlstore.Store, path string, over map[string]twofactor.Version) map[string]error {
	t.Helper()
	calls := make(map[string]func() error)
	for key, old := range over {
		calls[key] = func() error {
			_, err := s.Save(t.Context(), key, old, []byte("data of "+key))
			return err
		}
	}
	return sqliteMeet(t, s, path, calls)
}

func sqliteMeet(t *testing.T, s *sqlstore.Store, path string, calls map[string]func() error) map[string]error {
	t.Helper()
	db, err := sql.Open("sqlite", realserver.SQLiteDSN(path))
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	return meet(t, s, calls, func() error {
		_, err := s.Save(t.Context(), realserver.Name(), "", nil)
		return err
	}, func() {
		_, err := db.ExecContext(t.Context(), "ROLLBACK")
		require.NoError(t, err)
	})
}

func TestSQLiteBatch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	c := sqlstore.Config{Dialect: sqlstore.SQLite}
	s, other := open(t, "sqlite", realserver.SQLiteDSN(path), c), open(t, "sqlite", realserver.SQLiteDSN(path), c)
	writes := map[string]twofactor.Version{"new": "", "missing": "some version"}
	for i := range 5 {
		key := fmt.Sprint("user ", i)
		v, err := s.Save(t.Context(), key, "", nil)
		require.NoError(t, err)
		writes[key] = v
	}
	writes["user 2"] = "some other version"
	for key, err := range sqliteBatch(t, s, path, writes) {
		if key == "user 2" || key == "missing" {
			require.ErrorIs(t, err, twofactor.ErrConflict)
			continue
		}
		require.NoError(t, err)
		rec, err := other.Load(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, "data of "+key, string(rec.Data))
	}
}

// TestSQLiteBatchOnOneConnection: a batch that holds the only connection of the
// pool waits for no other one.
func TestSQLiteBatchOnOneConnection(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	c := sqlstore.Config{Dialect: sqlstore.SQLite}
	other := open(t, "sqlite", realserver.SQLiteDSN(path), c)
	v, err := other.Save(t.Context(), "user", "", nil)
	require.NoError(t, err)
	gone, err := other.Save(t.Context(), "gone", "", nil)
	require.NoError(t, err)

	db, s, _ := poolOfOne(t, realserver.SQLiteDSN(path))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for what, err := range sqliteMeet(t, s, path, map[string]func() error{
		"save":             func() error { _, err := s.Save(ctx, "user", v, nil); return err },
		"delete":           func() error { return s.Delete(ctx, "gone", gone) },
		"delete of nobody": func() error { return s.Delete(ctx, "nobody", v) },
	}) {
		require.NoError(t, err, what)
	}
	require.NoError(t, db.Close())
}
