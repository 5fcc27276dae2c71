package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
)

// TestOtherTable: a table that is there already, made by other hands. Text
// columns make one record of "u/alice", "u/álice" and "u/Alice ".
func TestOtherTable(t *testing.T) {
	t.Parallel()
	const my = "(id VARBINARY(255) NOT NULL PRIMARY KEY, version VARBINARY(32) NOT NULL, data LONGBLOB NOT NULL) ENGINE = InnoDB"
	const pg = "(id bytea NOT NULL PRIMARY KEY, version bytea NOT NULL, data bytea NOT NULL)"
	const lite = "(id BLOB NOT NULL PRIMARY KEY, version BLOB NOT NULL, data BLOB NOT NULL)"
	for _, tt := range []struct {
		name    string
		dialect sqlstore.Dialect
		schema  bool // whether the table's name has one
		columns string
		replace [2]string
		bad     string // in the error; empty if the table is fine
		warning string
	}{
		{"mysql", sqlstore.MySQL, false, my, [2]string{}, "", ""},
		{"mysql, with schema", sqlstore.MySQL, true, my, [2]string{}, "", ""},
		{"mysql, more room", sqlstore.MySQL, false, my, [2]string{"32", "64"}, "", ""},
		{"mysql, text key", sqlstore.MySQL, false, my, [2]string{"id VARBINARY(255)", "id VARCHAR(255)"}, `column id`, ""},
		{"mysql, text key, with schema", sqlstore.MySQL, true, my, [2]string{"id VARBINARY(255)", "id VARCHAR(255)"}, `column id`, ""},
		{"mysql, short key", sqlstore.MySQL, false, my, [2]string{"255", "100"}, `column id`, ""},
		{"mysql, padded key", sqlstore.MySQL, false, my, [2]string{"VARBINARY(255)", "BINARY(255)"}, `column id`, ""},
		{"mysql, text version", sqlstore.MySQL, false, my, [2]string{"VARBINARY(32)", "VARCHAR(32)"}, `column version`, ""},
		{"mysql, short data", sqlstore.MySQL, false, my, [2]string{"LONGBLOB", "TINYBLOB"}, `column data`, ""},
		{"mysql, text data", sqlstore.MySQL, false, my, [2]string{"LONGBLOB", "LONGTEXT"}, `column data`, ""},
		{"mysql, other engine", sqlstore.MySQL, false, my, [2]string{"InnoDB", "MyISAM"}, "", "is MyISAM"},
		{"postgresql", sqlstore.PostgreSQL, false, pg, [2]string{}, "", ""},
		{"postgresql, with schema", sqlstore.PostgreSQL, true, pg, [2]string{}, "", ""},
		{"postgresql, text key", sqlstore.PostgreSQL, false, pg, [2]string{"id bytea", "id text"}, `column id`, ""},
		{"postgresql, text version, with schema", sqlstore.PostgreSQL, true, pg, [2]string{"version bytea", "version varchar(32)"}, `column version`, ""},
		{"sqlite", sqlstore.SQLite, false, lite, [2]string{}, "", ""},
		{"sqlite, with schema", sqlstore.SQLite, true, lite, [2]string{}, "", ""},
		{"sqlite, text key", sqlstore.SQLite, false, lite, [2]string{"id BLOB", "id TEXT COLLATE NOCASE"}, `column id`, ""},
		{"sqlite, text data, with schema", sqlstore.SQLite, true, lite, [2]string{"data BLOB", "data TEXT"}, `column data`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := realserver.Name()
			var driver, dsn, schema string
			switch tt.dialect {
			case sqlstore.MySQL:
				driver, dsn = "mysql", realserver.MariaDBDSN(realserver.MariaDB.Shared(t).Addr)
			case sqlstore.PostgreSQL:
				driver, dsn, schema = "pgx", realserver.PostgreSQLDSN(realserver.PostgreSQL.Shared(t).Addr), "public"
			default:
				driver, dsn, schema = "sqlite", realserver.SQLiteDSN(filepath.Join(t.TempDir(), "x.db")), "main"
			}
			db, err := sql.Open(driver, dsn)
			require.NoError(t, err)
			defer db.Close()
			if tt.dialect == sqlstore.MySQL {
				require.NoError(t, db.QueryRowContext(t.Context(), "SELECT DATABASE()").Scan(&schema))
			}
			_, err = db.ExecContext(t.Context(), "CREATE TABLE "+table+" "+strings.Replace(tt.columns, tt.replace[0], tt.replace[1], 1))
			require.NoError(t, err)
			if tt.schema {
				table = schema + "." + table
			}
			s, err := sqlstore.New(db, sqlstore.Config{Dialect: tt.dialect, Table: table})
			require.NoError(t, err)
			warnings, err := s.Check(t.Context())
			if tt.bad != "" {
				require.ErrorContains(t, err, tt.bad)
				require.ErrorContains(t, s.EnsureSchema(t.Context()), tt.bad)
				return
			}
			require.NoError(t, err)
			require.NoError(t, s.EnsureSchema(t.Context()))
			if tt.warning == "" {
				require.Empty(t, warnings)
				return
			}
			require.Len(t, warnings, 1)
			require.Contains(t, warnings[0], tt.warning)
		})
	}
}
