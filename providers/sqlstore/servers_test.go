package sqlstore_test

import (
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/latchkey-auth/latchkey/providers/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func TestMain(m *testing.M) { realserver.Main(m) }

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	server := realserver.PostgreSQL.Shared(t)
	for name, ungrouped := range map[string]bool{"grouped": false, "ungrouped": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
				c := sqlstore.Config{Dialect: sqlstore.PostgreSQL, Table: realserver.Name(), Ungrouped: ungrouped}
				dsn := realserver.PostgreSQLDSN(server.Addr)
				return open(t, "pgx", dsn, c), open(t, "pgx", dsn, c)
			})
		})
	}
}

func TestMariaDB(t *testing.T) {
	t.Parallel()
	server := realserver.MariaDB.Shared(t)
	for name, flags := range map[string]string{"rows changed": "", "rows matched": "&clientFoundRows=true", "interpolated": "&interpolateParams=true"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
				c := sqlstore.Config{Dialect: sqlstore.MySQL, Table: realserver.Name()}
				dsn := realserver.MariaDBDSN(server.Addr) + flags
				return open(t, "mysql", dsn, c), open(t, "mysql", dsn, c)
			})
		})
	}
}
