package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
)

// active is how many people sign in, however many more there are.
const active = 1000

// manyUsers prints what a Verify costs when only those who sign in have records,
// and when they are spread over a table of very many others.
func manyUsers(ctx context.Context, o options, out io.Writer) error {
	lines := [][]string{{"Verify", "clients", thousands(active) + " users", thousands(float64(o.users)) + " users", "times as much", "goal"}}
	for _, b := range backends {
		name := "users/" + b.name
		if o.users == 0 || b.kind == realserver.DynamoDB || !o.wants(name) {
			continue
		}
		o.note("%s", name)
		more, err := measureUsers(ctx, o, b)
		if err = o.unless(name, err); err != nil {
			return err
		}
		lines = append(lines, more...)
	}
	if len(lines) > 1 {
		table(out, lines)
	}
	return nil
}

func measureUsers(ctx context.Context, o options, b backend) ([][]string, error) {
	p, err := b.run(o.dir)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	in := &signIns{town: o.town, people: active}
	people, err := o.town.first(ctx, active)
	if err != nil {
		return nil, err
	}
	var all []contender
	for _, users := range []int{active, o.users} {
		space := realserver.Name()
		s, err := p.store(ctx, space, false)
		if err != nil {
			return nil, err
		}
		if users > active {
			begun := time.Now()
			if err := p.fill(ctx, space, users, len(people[0].record)); err != nil {
				return nil, fmt.Errorf("fill: %w", err)
			}
			o.note("filled in %v", time.Since(begun).Round(time.Second/10))
		}
		all = append(all, verifier(fmt.Sprint(users), in, s))
	}
	var lines [][]string
	for _, clients := range []int{1, 8} {
		found, err := compete(ctx, o, clients, all)
		if err != nil {
			return nil, err
		}
		cost := func(i int) string {
			return fmt.Sprintf("%.0f µs", found.median(i, func(s sample) float64 { return 1e6 / s.perSecond() }))
		}
		lines = append(lines, []string{b.name, fmt.Sprint(clients), cost(0), cost(1), fmt.Sprintf("%.2f", found.ratio(0, 1)), "≤ 1.2"})
	}
	return lines, nil
}

// fill puts rows in, with keys from one end of the table to the other and data
// that opens for nobody. Those who are active are among them, and have their
// records put over theirs before each measurement.
func (p *place) fill(ctx context.Context, space string, users, size int) error {
	data := make([]byte, size)
	rand.Read(data)
	some, after, err := p.fillRedis(space, data), func() error { return nil }, error(nil)
	if p.kind != realserver.Redis {
		if some, after, err = p.fillSQL(ctx, space, data); err != nil {
			return err
		}
	}
	const atOnce = 5000
	for from := 0; from < users; from += atOnce {
		if err := some(ctx, from, min(from+atOnce, users)-1); err != nil {
			return err
		}
	}
	return after()
}

func (p *place) fillSQL(ctx context.Context, table string, data []byte) (some func(ctx context.Context, from, to int) error, after func() error, err error) {
	db, err := p.database(table)
	if err != nil {
		return nil, nil, err
	}
	// What the database would otherwise do later, while it is measured.
	settle := map[sqlstore.Dialect][]string{
		sqlstore.PostgreSQL: {"VACUUM ANALYZE " + table, "CHECKPOINT"},
		sqlstore.SQLite:     {"PRAGMA wal_checkpoint(TRUNCATE)"},
	}[p.dialect]
	after = func() error {
		for _, query := range settle {
			if _, err := db.ExecContext(ctx, query); err != nil {
				return err
			}
		}
		return nil
	}
	return func(ctx context.Context, from, to int) error {
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
	}, after, nil
}

func (p *place) fillRedis(space string, data []byte) func(ctx context.Context, from, to int) error {
	script := redis.NewScript(`
for i = ARGV[1], ARGV[2] do
	redis.call('HSET', string.format('%s%07d', KEYS[1], i), 'v', 'version', 'd', ARGV[3])
end`)
	client := p.redis()
	return func(ctx context.Context, from, to int) error {
		if from == 0 {
			// A log of so many writes would be rewritten while it is measured.
			if err := client.ConfigSet(ctx, "auto-aof-rewrite-percentage", "0").Err(); err != nil {
				return err
			}
		}
		err := script.Run(ctx, client, []string{space + ":" + userPrefix}, from, to, data).Err()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	}
}
