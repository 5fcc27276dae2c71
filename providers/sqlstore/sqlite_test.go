package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

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

func sqliteDSN(path string) string {
	return "file:" + path + "?_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	for name, ungrouped := range map[string]bool{"grouped": false, "ungrouped": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
				c := sqlstore.Config{Dialect: sqlstore.SQLite, Ungrouped: ungrouped}
				dsn := sqliteDSN(filepath.Join(t.TempDir(), "latchkey.db"))
				return open(t, "sqlite", dsn, c), open(t, "sqlite", dsn, c)
			})
		})
	}
}
