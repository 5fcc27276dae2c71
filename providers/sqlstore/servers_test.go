package sqlstore_test

import (
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/providers/storetest/linear"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func TestMain(m *testing.M) { realserver.Main(m) }

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ungrouped", "grouped", "all grouped", "serializable"} {
		connect := func(t *testing.T, table string) *sqlstore.Store {
			dsn := realserver.PostgreSQLDSN(realserver.PostgreSQL.Shared(t).Addr)
			if name == "serializable" {
				dsn += "&default_transaction_isolation=serializable"
			}
			s := open(t, "pgx", dsn, sqlstore.Config{Dialect: sqlstore.PostgreSQL, Table: table, Ungrouped: name == "ungrouped"})
			if name == "all grouped" {
				s.GroupAll()
			}
			return s
		}
		pair := func(t *testing.T) (a, b twofactor.Store) {
			table := realserver.Name()
			return connect(t, table), connect(t, table)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Test(t, pair)
		})
		t.Run(name+", linear", func(t *testing.T) {
			t.Parallel()
			linear.Test(t, pair)
		})
	}
}
