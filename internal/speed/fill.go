package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
)

// A filler puts rows from one number to another into a table, and does at the
// end what the database would otherwise do while it is measured.
type filler struct {
	some   func(ctx context.Context, from, to int) error
	settle func(ctx context.Context) error
}

// fill puts rows in, with keys from one end of the table to the other and data
// that opens for nobody. Those who are active are among them, and have their
// records put over theirs before each measurement.
func (p *place) fill(ctx context.Context, space string, users, size int) error {
	data := make([]byte, size)
	rand.Read(data)
	open := p.fillSQL
	if p.kind == realserver.Redis {
		open = p.fillRedis
	}
	f, err := open(ctx, space, data)
	if err != nil {
		return err
	}
	const atOnce = 5000
	for from := 0; from < users; from += atOnce {
		if err := f.some(ctx, from, min(from+atOnce, users)-1); err != nil {
			return err
		}
	}
	return f.settle(ctx)
}

func (p *place) fillSQL(_ context.Context, table string, data []byte) (filler, error) {
	db, err := p.database(table)
	if err != nil {
		return filler{}, err
	}
	settle := func(ctx context.Context) error {
		for _, query := range map[sqlstore.Dialect][]string{
			sqlstore.PostgreSQL: {"VACUUM ANALYZE " + table, "CHECKPOINT"},
			sqlstore.SQLite:     {"PRAGMA wal_checkpoint(TRUNCATE)"},
		}[p.dialect] {
			if _, err := db.ExecContext(ctx, query); err != nil {
				return err
			}
		}
		return nil
	}
	some := func(ctx context.Context, from, to int) error {
		args := []any{[]byte("version"), data, from, to}
		query := "INSERT INTO " + table + " SELECT convert_to('" + userPrefix + "' || lpad(i::text, 7, '0'), 'UTF8'), $1, $2" +
			" FROM generate_series($3::int, $4::int) AS i"
		switch p.dialect {
		case sqlstore.MySQL:
			query = fmt.Sprintf("INSERT INTO "+table+" SELECT CONCAT('"+userPrefix+"', LPAD(seq, 7, '0')), ?, ? FROM seq_%d_to_%d", from, to)
			args = args[:2]
		case sqlstore.SQLite:
			query = "WITH RECURSIVE n(i) AS (SELECT ?3 UNION ALL SELECT i + 1 FROM n WHERE i < ?4)" +
				" INSERT INTO " + table + " SELECT CAST('" + userPrefix + "' || printf('%07d', i) AS BLOB), ?1, ?2 FROM n"
		}
		_, err := db.ExecContext(ctx, query, args...)
		return err
	}
	return filler{some, settle}, nil
}

func (p *place) fillRedis(ctx context.Context, space string, data []byte) (filler, error) {
	client := p.redis()
	script := redis.NewScript(`
for i = ARGV[1], ARGV[2] do
	redis.call('HSET', string.format('%s%07d', KEYS[1], i), 'v', 'version', 'd', ARGV[3])
end`)
	some := func(ctx context.Context, from, to int) error {
		err := script.Run(ctx, client, []string{space + ":" + userPrefix}, from, to, data).Err()
		if errors.Is(err, redis.Nil) {
			return nil // the script returns nothing
		}
		return err
	}
	// A log of so many writes would be rewritten in the middle of everything.
	err := client.ConfigSet(ctx, "auto-aof-rewrite-percentage", "0").Err()
	return filler{some, func(context.Context) error { return nil }}, err
}
