package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	for name, c := range map[string]sqlstore.Config{
		"no dialect":       {},
		"unknown dialect":  {Dialect: "oracle"},
		"upper case":       {Dialect: sqlstore.SQLite, Table: "Latchkey"},
		"quote":            {Dialect: sqlstore.SQLite, Table: `a"b`},
		"statement":        {Dialect: sqlstore.SQLite, Table: "a; DROP TABLE users"},
		"space":            {Dialect: sqlstore.SQLite, Table: "a b"},
		"digit first":      {Dialect: sqlstore.SQLite, Table: "1a"},
		"two dots":         {Dialect: sqlstore.SQLite, Table: "a.b.c"},
		"no name":          {Dialect: sqlstore.SQLite, Table: "a."},
		"trailing newline": {Dialect: sqlstore.SQLite, Table: "a\n"},
		"too long":         {Dialect: sqlstore.SQLite, Table: strings.Repeat("a", 64)},
	} {
		_, err := sqlstore.New(db, c)
		require.ErrorContains(t, err, "sqlstore: ", name)
		require.Empty(t, sqlstore.Schema(c.Dialect, c.Table), name)
	}
	_, err = sqlstore.New(nil, sqlstore.Config{Dialect: sqlstore.SQLite})
	require.ErrorContains(t, err, "no database")
}

func TestSchema(t *testing.T) {
	t.Parallel()
	require.Contains(t, sqlstore.Schema(sqlstore.SQLite, ""), `CREATE TABLE IF NOT EXISTS "latchkey" (`)
	require.Contains(t, sqlstore.Schema(sqlstore.PostgreSQL, "auth.second_factors"), `"auth"."second_factors" (`)
	require.Contains(t, sqlstore.Schema(sqlstore.MySQL, "order"), "`order` (")
}

// TestKeyLength: MySQL outside its strict mode would cut a longer key, and find
// the record of another.
func TestKeyLength(t *testing.T) {
	t.Parallel()
	s := open(t, "sqlite", realserver.SQLiteDSN(filepath.Join(t.TempDir(), "x.db")), sqlstore.Config{Dialect: sqlstore.SQLite})
	for _, key := range []string{"", strings.Repeat("x", 256)} {
		_, err := s.Load(t.Context(), key)
		require.ErrorContains(t, err, "key is empty or longer")
		_, err = s.Save(t.Context(), key, "", nil)
		require.ErrorContains(t, err, "key is empty or longer")
		require.ErrorContains(t, s.Delete(t.Context(), key, ""), "key is empty or longer")
	}
}

// TestDamaged: a row without a version is a fault, and no record.
func TestDamaged(t *testing.T) {
	t.Parallel()
	dsn := realserver.SQLiteDSN(filepath.Join(t.TempDir(), "x.db"))
	s := open(t, "sqlite", dsn, sqlstore.Config{Dialect: sqlstore.SQLite})
	db, err := sql.Open("sqlite", dsn)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "INSERT INTO latchkey VALUES (CAST('k' AS BLOB), x'', x'00')")
	require.NoError(t, err)
	_, err = s.Load(t.Context(), "k")
	require.ErrorContains(t, err, "damaged")
	require.NotErrorIs(t, err, twofactor.ErrNotFound)
}

// TestEnsureSchemaTogether: nodes of an application start at the same moment.
func TestEnsureSchemaTogether(t *testing.T) {
	t.Parallel()
	addr := realserver.PostgreSQL.Shared(t).Addr
	db, err := sql.Open("pgx", realserver.PostgreSQLDSN(addr))
	require.NoError(t, err)
	defer db.Close()
	for range 5 {
		s, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.PostgreSQL, Table: realserver.Name()})
		require.NoError(t, err)
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range 20 {
			wg.Go(func() {
				<-start
				if err := s.EnsureSchema(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
	}
	// Where it can't be made, nothing hides that.
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.PostgreSQL, Table: "missing.table"})
	require.NoError(t, err)
	require.ErrorContains(t, s.EnsureSchema(t.Context()), "create table")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	for _, tt := range []struct {
		name, driver, dsn string
		dialect           sqlstore.Dialect
		want              []string
	}{
		{"sqlite", "sqlite", realserver.SQLiteDSN(path), sqlstore.SQLite, nil},
		{
			"sqlite as it comes", "sqlite", "file:" + filepath.Join(t.TempDir(), "y.db"), sqlstore.SQLite,
			[]string{"journal_mode is delete", "busy_timeout is 0"},
		},
		{
			"sqlite, less safe", "sqlite", realserver.SQLiteDSN(path) + "&_pragma=synchronous(NORMAL)", sqlstore.SQLite,
			[]string{"synchronous is 1"},
		},
		{"postgresql", "pgx", "", sqlstore.PostgreSQL, nil},
		{
			"postgresql, less safe", "pgx", "&synchronous_commit=off&default_transaction_read_only=on", sqlstore.PostgreSQL,
			[]string{"synchronous_commit is off", "transaction_read_only is on"},
		},
		{"mariadb", "mysql", "", sqlstore.MySQL, nil},
		{"mariadb, nothing lasts", "mysql", "&autocommit=0", sqlstore.MySQL, []string{"autocommit is OFF"}},
		{
			"mariadb, keys converted", "mysql", "&character_set_connection=ascii", sqlstore.MySQL,
			[]string{"character_set_connection is ascii"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			switch tt.dialect {
			case sqlstore.PostgreSQL:
				tt.dsn = realserver.PostgreSQLDSN(realserver.PostgreSQL.Shared(t).Addr) + tt.dsn
			case sqlstore.MySQL:
				tt.dsn = realserver.MariaDBDSN(realserver.MariaDB.Shared(t).Addr) + tt.dsn
			}
			requireWarnings(t, tt.driver, tt.dsn, tt.dialect, tt.want...)
		})
	}
}

func requireWarnings(t *testing.T, driver, dsn string, d sqlstore.Dialect, want ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	defer db.Close()
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: d})
	require.NoError(t, err)
	warnings, err := s.Check(t.Context())
	require.NoError(t, err)
	require.Len(t, warnings, len(want), warnings)
	for i, w := range want {
		require.Contains(t, warnings[i], w)
	}
}

// TestCheckServer changes settings of whole servers, and so has its own.
func TestCheckServer(t *testing.T) {
	t.Parallel()
	exec := func(driver, dsn string, statements ...string) {
		db, err := sql.Open(driver, dsn)
		require.NoError(t, err)
		defer db.Close()
		for _, s := range statements {
			_, err := db.ExecContext(t.Context(), s)
			require.NoError(t, err, s)
		}
	}
	dsn := realserver.MariaDBDSN(realserver.MariaDB.Start(t).Addr)
	exec("mysql", dsn, "SET GLOBAL innodb_flush_log_at_trx_commit = 2", "SET GLOBAL read_only = ON", "SET GLOBAL sync_binlog = 0")
	requireWarnings(t, "mysql", dsn, sqlstore.MySQL, "innodb_flush_log_at_trx_commit is 2", "read_only is ON")

	dsn = realserver.PostgreSQLDSN(realserver.PostgreSQL.Start(t).Addr)
	exec("pgx", dsn, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	for value := ""; value != "off"; { // the server reads them when it comes to it
		require.NoError(t, db.QueryRowContext(t.Context(), "SHOW full_page_writes").Scan(&value))
	}
	requireWarnings(t, "pgx", dsn, sqlstore.PostgreSQL, "fsync is off", "full_page_writes is off")
}

func TestCheckFails(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.Close()
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.SQLite})
	require.NoError(t, err)
	warnings, err := s.Check(t.Context())
	require.ErrorContains(t, err, "sqlstore: check synchronous")
	require.Empty(t, warnings)
}
