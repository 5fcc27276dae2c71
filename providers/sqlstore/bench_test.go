package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// BenchmarkStore measures what a verification asks of the store, one Load and
// one Save, for clients that are each busy with a user of their own. "bare" is
// the same by hand: one select and one conditional update, as an application
// without this package would send them.
//
//	go test -run='^$' -bench=Store -benchtime=2s -count=5 ./providers/sqlstore
func BenchmarkStore(b *testing.B) {
	for _, db := range []struct {
		name    string
		dialect sqlstore.Dialect
		driver  string
		dsn     func() string
	}{
		{"SQLite", sqlstore.SQLite, "sqlite", func() string { return realserver.SQLiteDSN(filepath.Join(b.TempDir(), "bench.db")) }},
		{"PostgreSQL", sqlstore.PostgreSQL, "pgx", func() string { return realserver.PostgreSQLDSN(realserver.PostgreSQL.Shared(b).Addr) }},
		{"MariaDB", sqlstore.MySQL, "mysql", func() string { return realserver.MariaDBDSN(realserver.MariaDB.Shared(b).Addr) }},
	} {
		b.Run(db.name, func(b *testing.B) {
			dsn := db.dsn()
			for _, clients := range []int{1, 8, 64} {
				for _, kind := range []string{"bare", "ungrouped", "grouped"} {
					b.Run(fmt.Sprintf("clients=%d/%s", clients, kind), func(b *testing.B) {
						c := sqlstore.Config{Dialect: db.dialect, Table: realserver.Name(), Ungrouped: kind == "ungrouped"}
						var s twofactor.Store = open(b, db.driver, dsn, c)
						if kind == "bare" {
							s = newBare(b, db.driver, dsn, c)
						}
						realserver.Verifications(b, s, clients)
					})
				}
			}
		})
	}
}

// bare is the least that works.
type bare struct {
	load, create, update *sql.Stmt
}

func newBare(b testing.TB, driver, dsn string, c sqlstore.Config) *bare {
	db, err := sql.Open(driver, dsn)
	require.NoError(b, err)
	b.Cleanup(func() { db.Close() })
	db.SetMaxIdleConns(64)
	if c.Dialect == sqlstore.SQLite {
		db.SetMaxOpenConns(1) // or its writers time out on each other's lock
	}
	_, err = db.ExecContext(b.Context(), sqlstore.Schema(c.Dialect, c.Table))
	require.NoError(b, err)
	prepare := func(query string) *sql.Stmt {
		query = strings.ReplaceAll(query, "$t", c.Table)
		if c.Dialect != sqlstore.PostgreSQL {
			query = strings.NewReplacer("$1", "?", "$2", "?", "$3", "?", "$4", "?").Replace(query)
		}
		stmt, err := db.PrepareContext(b.Context(), query)
		require.NoError(b, err)
		return stmt
	}
	return &bare{
		load:   prepare("SELECT version, data FROM $t WHERE id = $1"),
		create: prepare("INSERT INTO $t (id, version, data) VALUES ($1, $2, $3)"),
		update: prepare("UPDATE $t SET version = $1, data = $2 WHERE id = $3 AND version = $4"),
	}
}

func (s *bare) Load(ctx context.Context, key string) (rec twofactor.Record, err error) {
	var version []byte
	err = s.load.QueryRowContext(ctx, []byte(key)).Scan(&version, &rec.Data)
	rec.Version = twofactor.Version(version)
	return rec, err
}

func (s *bare) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v := rand.Text()
	if old == "" {
		_, err := s.create.ExecContext(ctx, []byte(key), []byte(v), data)
		return twofactor.Version(v), err
	}
	result, err := s.update.ExecContext(ctx, []byte(v), data, []byte(key), []byte(old))
	if err != nil {
		return "", err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return "", twofactor.ErrConflict
	}
	return twofactor.Version(v), nil
}

func (s *bare) Delete(context.Context, string, twofactor.Version) error { panic("not measured") }
