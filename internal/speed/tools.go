package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
)

// A tool is the program that comes with a database to measure it.
type tool struct {
	name string

	// prepare makes rows for so many clients, and returns the program's
	// arguments, for a time or for a number of updates.
	prepare func(ctx context.Context, p *place, clients, size int) (func(clients int, d time.Duration, n int) []string, error)

	rate *regexp.Regexp // where it says how many it did in a second
}

// pgbench sends one prepared single-row update after the other.
var pgbench = &tool{
	name: "pgbench",
	prepare: func(ctx context.Context, p *place, clients, size int) (func(int, time.Duration, int) []string, error) {
		db, err := p.database("")
		if err != nil {
			return nil, err
		}
		table := realserver.Name()
		if _, err := db.ExecContext(ctx, sqlstore.Schema(p.dialect, table)); err != nil {
			return nil, err
		}
		for i := range clients {
			if _, err := db.ExecContext(ctx, "INSERT INTO "+table+" VALUES ($1, $2, $3)",
				fmt.Append(nil, userPrefix, i), []byte("version"), make([]byte, size)); err != nil {
				return nil, err
			}
		}
		script := filepath.Join(p.dir, table+".sql")
		text := `\set v random(1, 1000000000)` + "\n" +
			"UPDATE " + table + " SET version = convert_to(:v::text, 'UTF8'), data = data || ''::bytea" +
			" WHERE id = convert_to('" + userPrefix + "' || :client_id, 'UTF8');\n"
		host, port, _ := net.SplitHostPort(p.server.Addr)
		return func(clients int, d time.Duration, _ int) []string {
			seconds := max(1, int(math.Round(d.Seconds())))
			return []string{
				"--no-vacuum", "--protocol=prepared", "--file=" + script, "--host=" + host, "--port=" + port, "--username=latchkey",
				"--client=" + strconv.Itoa(clients), "--jobs=" + strconv.Itoa(min(clients, 4)), "--time=" + strconv.Itoa(seconds), "postgres",
			}
		}, os.WriteFile(script, []byte(text), 0o600)
	},
	rate: regexp.MustCompile(`tps = ([0-9.]+) \(without`),
}

// redisBenchmark runs the script of the barest code, on records whose version
// stays the same.
var redisBenchmark = &tool{
	name: "redis-benchmark",
	prepare: func(ctx context.Context, p *place, clients, size int) (func(int, time.Duration, int) []string, error) {
		client, space := p.redis(), realserver.Name()
		for i := range clients {
			if err := client.HSet(ctx, fmt.Sprintf("%s:%012d", space, i), "v", "version", "d", make([]byte, size)).Err(); err != nil {
				return nil, err
			}
		}
		sha, err := client.ScriptLoad(ctx, bareSaveText).Result()
		host, port, _ := net.SplitHostPort(p.server.Addr)
		return func(clients int, _ time.Duration, n int) []string {
			return []string{
				"-h", host, "-p", port, "-c", strconv.Itoa(clients), "-n", strconv.Itoa(n), "-r", strconv.Itoa(clients), "-q", "--csv",
				"EVALSHA", sha, "1", space + ":__rand_int__", "version", "version", string(bytes.Repeat([]byte("x"), size)),
			}
		}, err
	},
	rate: regexp.MustCompile(`(?m)^"EVALSHA.*?","([0-9.]+)"`),
}

// contender makes the tool one of those that are measured.
func (t *tool) contender(ctx context.Context, p *place, in *signIns) (contender, error) {
	path, err := exec.LookPath(t.name)
	if err != nil {
		return contender{}, err
	}
	people, err := in.town.first(ctx, 1)
	if err != nil {
		return contender{}, err
	}
	args, err := t.prepare(ctx, p, 64, len(people[0].record))
	rates := make(map[int]float64)
	return contender{t.name, func(ctx context.Context, clients int, d time.Duration) (sample, error) {
		n := max(100*clients, int(rates[clients]*d.Seconds()))
		out, err := exec.CommandContext(ctx, path, args(clients, d, n)...).CombinedOutput()
		if err != nil {
			return sample{}, fmt.Errorf("%w: %s", err, out[:min(len(out), 1000)])
		}
		m := t.rate.FindSubmatch(out)
		if m == nil {
			return sample{}, ctx.Err() // it did nothing at all
		}
		rates[clients], err = strconv.ParseFloat(string(m[1]), 64)
		return sample{done: int(rates[clients]), elapsed: time.Second}, err
	}}, err
}
