package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// TestSQLiteBatchFails: a batch that can't be finished leaves nothing behind,
// neither records nor a connection in the middle of a transaction.
func TestSQLiteBatchFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	c := sqlstore.Config{Dialect: sqlstore.SQLite}
	s, other := open(t, "sqlite", realserver.SQLiteDSN(path), c), open(t, "sqlite", realserver.SQLiteDSN(path), c)
	db, err := sql.Open("sqlite", realserver.SQLiteDSN(path))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "CREATE TRIGGER fail BEFORE INSERT ON latchkey WHEN NEW.data = CAST('data of user 3' AS BLOB) BEGIN SELECT RAISE(ABORT, 'no'); END")
	require.NoError(t, err)
	writes := make(map[string]twofactor.Version)
	for i := range 5 {
		writes[fmt.Sprint("user ", i)] = ""
	}
	for key, err := range sqliteBatch(t, s, path, writes) {
		requireUnknown(t, err)
		_, err := other.Load(t.Context(), key)
		require.ErrorIs(t, err, twofactor.ErrNotFound)
	}
	delete(writes, "user 3")
	for range 2 { // alone, and again in a batch
		v, err := s.Save(t.Context(), realserver.Name(), "", nil)
		require.NoError(t, err)
		require.NotEmpty(t, v)
		for _, err := range sqliteBatch(t, s, path, writes) {
			require.NoError(t, err)
		}
		for key := range writes {
			rec, err := other.Load(t.Context(), key)
			require.NoError(t, err)
			writes[key] = rec.Version
		}
	}
}

// poolOfOne returns a store on a pool of one connection, and a function that lets
// keys be saved in a batch on it: behind a write that waits for that connection.
func poolOfOne(t *testing.T, dsn string, setup ...string) (*sql.DB, *sqlstore.Store, func(keys ...string) map[string]error) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.SQLite})
	require.NoError(t, err)
	require.NoError(t, s.EnsureSchema(t.Context()))
	for _, query := range setup {
		_, err := db.ExecContext(t.Context(), query)
		require.NoError(t, err)
	}
	return db, s, func(keys ...string) map[string]error {
		t.Helper()
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		save := func(key string) func() error {
			return func() error {
				_, err := s.Save(t.Context(), key, "", []byte(key))
				return err
			}
		}
		calls := make(map[string]func() error)
		for _, key := range keys {
			calls[key] = save(key)
		}
		return meet(t, s, calls, save(realserver.Name()), func() { require.NoError(t, conn.Close()) })
	}
}

// TestSQLiteCommitFails: a batch whose commit fails costs nobody else anything, not
// even in a database that goes with its connection.
func TestSQLiteCommitFails(t *testing.T) {
	t.Parallel()
	_, s, saveTogether := poolOfOne(
		t, ":memory:?_pragma=foreign_keys(1)",
		"CREATE TABLE p(x PRIMARY KEY)",
		"CREATE TABLE c(x REFERENCES p(x) DEFERRABLE INITIALLY DEFERRED)",
		"CREATE TRIGGER fail AFTER INSERT ON latchkey WHEN NEW.data = CAST('bad' AS BLOB) BEGIN INSERT INTO c VALUES (7); END",
	)
	_, err := s.Save(t.Context(), "enrolled", "", nil)
	require.NoError(t, err)
	for _, err := range saveTogether("good", "bad") {
		requireUnknown(t, err)
	}
	_, err = s.Load(t.Context(), "enrolled")
	require.NoError(t, err)
	for _, key := range []string{"good", "bad"} {
		_, err = s.Load(t.Context(), key)
		require.ErrorIs(t, err, twofactor.ErrNotFound)
	}
	require.NoError(t, saveTogether("good", "better")["good"])
}

// TestSQLiteLeftInTransaction: a connection that someone gave back in the middle of
// a transaction fails one batch, and not all that follow.
func TestSQLiteLeftInTransaction(t *testing.T) {
	t.Parallel()
	dsn := realserver.SQLiteDSN(filepath.Join(t.TempDir(), "latchkey.db"))
	db, _, saveTogether := poolOfOne(t, dsn)
	other := open(t, "sqlite", dsn, sqlstore.Config{Dialect: sqlstore.SQLite})
	_, err := db.ExecContext(t.Context(), "BEGIN")
	require.NoError(t, err)
	for _, err := range saveTogether("a", "b") {
		requireUnknown(t, err)
	}
	for key, err := range saveTogether("a", "b") {
		require.NoError(t, err)
		_, err := other.Load(t.Context(), key)
		require.NoError(t, err)
	}
}

// A stubborn connector's connections don't roll back.
type stubborn struct{ dsn string }

type stubbornConn struct{ driver.Conn }

type stubbornTx struct{ driver.Tx }

var errStubborn = errors.New("not rolled back")

func (s stubborn) Driver() driver.Driver { return new(sqlite.Driver) }

func (s stubborn) Connect(context.Context) (driver.Conn, error) {
	conn, err := s.Driver().Open(s.dsn)
	return stubbornConn{conn}, err
}

func (c stubbornConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
	return stubbornTx{tx}, err
}

func (c stubbornConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if query == "ROLLBACK" {
		return nil, errStubborn
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (stubbornTx) Rollback() error { return errStubborn }

// TestSQLiteNotRolledBack: nobody gets the connection of a batch that could be
// neither finished nor undone.
func TestSQLiteNotRolledBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	c := sqlstore.Config{Dialect: sqlstore.SQLite}
	other := open(t, "sqlite", realserver.SQLiteDSN(path), c)
	db := sql.OpenDB(stubborn{realserver.SQLiteDSN(path)})
	defer db.Close()
	_, err := db.ExecContext(t.Context(), "CREATE TRIGGER fail BEFORE INSERT ON latchkey WHEN NEW.data = CAST('data of bad' AS BLOB) BEGIN SELECT RAISE(ABORT, 'no'); END")
	require.NoError(t, err)
	s, err := sqlstore.New(db, c)
	require.NoError(t, err)
	for _, err := range sqliteBatch(t, s, path, map[string]twofactor.Version{"good": "", "bad": ""}) {
		requireUnknown(t, err)
	}
	_, err = s.Save(t.Context(), "next", "", nil)
	require.NoError(t, err)
	_, err = other.Load(t.Context(), "next")
	require.NoError(t, err)
	_, err = other.Load(t.Context(), "good")
	require.ErrorIs(t, err, twofactor.ErrNotFound)
}
