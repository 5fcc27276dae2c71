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

// A way is one in which a server and a Store can be set up.
type way struct {
	name      string
	flags     string // of the DSN
	ungrouped bool
	all       bool // from the second request on
	linear    bool // runs the slow suite too
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	dsn := realserver.PostgreSQLDSN(realserver.PostgreSQL.Shared(t).Addr)
	suites(t, "pgx", dsn, sqlstore.PostgreSQL, []way{
		{name: "ungrouped", ungrouped: true, linear: true},
		{name: "grouped", linear: true},
		{name: "all grouped", all: true, linear: true},
		{name: "serializable", flags: "&default_transaction_isolation=serializable", linear: true},
	})
}

func TestMariaDB(t *testing.T) {
	t.Parallel()
	dsn := realserver.MariaDBDSN(realserver.MariaDB.Shared(t).Addr)
	suites(t, "mysql", dsn, sqlstore.MySQL, []way{
		{name: "ungrouped", ungrouped: true},
		{name: "grouped"},
		{name: "all grouped", all: true, linear: true},
		{name: "rows matched", flags: "&clientFoundRows=true", all: true},
		{name: "interpolated", flags: "&interpolateParams=true", all: true},
		{name: "serializable", flags: "&tx_isolation=%27SERIALIZABLE%27", all: true},
	})
}

func suites(t *testing.T, driver, dsn string, d sqlstore.Dialect, ways []way) {
	t.Helper()
	for _, w := range ways {
		connect := func(t *testing.T, table string) *sqlstore.Store {
			s := open(t, driver, dsn+w.flags, sqlstore.Config{Dialect: d, Table: table, Ungrouped: w.ungrouped})
			if w.all {
				s.GroupAll()
			}
			return s
		}
		pair := func(t *testing.T) (a, b twofactor.Store) {
			table := realserver.Name()
			return connect(t, table), connect(t, table)
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			storetest.Test(t, pair)
		})
		if !w.linear {
			continue
		}
		t.Run(w.name+", linear", func(t *testing.T) {
			t.Parallel()
			linear.Test(t, pair)
		})
	}
}
