package realserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for ping
	"github.com/redis/go-redis/v9"

	"github.com/latchkey-auth/latchkey/internal/npm"
)

// The servers. All are set up as the stores ask for: what they have confirmed
// is on disk.
var (
	PostgreSQL = &Kind{
		name:    "postgresql",
		binary:  []string{"postgres"},
		where:   []string{"/usr/lib/postgresql/*/bin"},
		install: "postgresql",
		user:    "postgres",
		prepare: func(ctx context.Context, bin, dir string, as *syscall.SysProcAttr) error {
			return run(ctx, dir, as, filepath.Join(filepath.Dir(bin), "initdb"),
				"--pgdata", filepath.Join(dir, "data"), "--username=latchkey", "--auth=trust",
				"--encoding=UTF8", "--no-locale", "--no-sync")
		},
		args: func(bin, dir, port string) []string {
			return []string{
				bin, "-D", filepath.Join(dir, "data"), "-p", port, "-k", dir,
				"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300",
			}
		},
		ready: func(ctx context.Context, addr string) error { return ping(ctx, "pgx", PostgreSQLDSN(addr)) },
	}

	MariaDB = &Kind{
		name:    "mariadb",
		binary:  []string{"mariadbd"},
		where:   []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin"},
		install: "mariadb-server",
		prepare: func(ctx context.Context, _, dir string, as *syscall.SysProcAttr) error {
			return run(ctx, dir, as, "mariadb-install-db", "--no-defaults", "--datadir="+filepath.Join(dir, "data"),
				"--tmpdir="+dir, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
		},
		args: func(bin, dir, port string) []string {
			args := []string{
				bin, "--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--port=" + port,
				"--tmpdir=" + dir, // not where another one removes all temporary tables as it starts
				"--bind-address=127.0.0.1", "--socket=" + filepath.Join(dir, "socket"), "--skip-name-resolve",
				"--max-connections=300", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=1",
			}
			if os.Getuid() == 0 {
				args = append(args, "--user=root")
			}
			return args
		},
		ready: func(ctx context.Context, addr string) error { return ping(ctx, "mysql", MariaDBDSN(addr)) },
	}

	Redis = &Kind{
		name:    "redis",
		binary:  []string{"redis-server", "valkey-server"},
		where:   []string{"/usr/bin", "/usr/local/bin"},
		install: "redis-server",
		args:    redisArgs,
		ready: func(ctx context.Context, addr string) error {
			c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
			defer c.Close()
			return c.Ping(ctx).Err()
		},
	}

	// RedisCluster is a cluster of one server, which has all slots.
	RedisCluster = &Kind{
		name:    "redis-cluster",
		binary:  []string{"redis-server", "valkey-server"},
		where:   []string{"/usr/bin", "/usr/local/bin"},
		install: "redis-server",
		args: func(bin, dir, port string) []string {
			return append(redisArgs(bin, dir, port), "--cluster-enabled", "yes", "--cluster-port", "0")
		},
		ready: func(ctx context.Context, addr string) error {
			c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
			defer c.Close()
			info, err := c.ClusterInfo(ctx).Result()
			switch {
			case err != nil:
				return err
			case strings.Contains(info, "cluster_state:ok"):
				return nil
			case strings.Contains(info, "cluster_slots_assigned:0"):
				return errors.Join(errors.New("no slots yet"), c.ClusterAddSlotsRange(ctx, 0, 16383).Err())
			}
			return errors.New("cluster isn't ready")
		},
	}

	DynamoDB = &Kind{
		name:    "dynalite",
		binary:  []string{"node"},
		where:   []string{"/usr/bin", "/usr/local/bin"},
		install: "nodejs npm",
		prepare: func(ctx context.Context, _, _ string, _ *syscall.SysProcAttr) error {
			return npm.Install(ctx, "dynalite", packageJSON, packageLock)
		},
		args: func(bin, dir, port string) []string {
			return []string{bin, "-e", dynaliteScript, filepath.Join(npm.Dir("dynalite", packageLock), "node_modules/dynalite"), port, filepath.Join(dir, "data")}
		},
		ready: func(ctx context.Context, addr string) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr, nil)
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			return resp.Body.Close()
		},
	}
)

// RedisWithReplica starts two servers for t, one of which replicates the other,
// and returns when it does.
func RedisWithReplica(t testing.TB) (primary, replica *Server) {
	t.Helper()
	primary, replica = Redis.Start(t), Redis.Start(t)
	host, port, _ := net.SplitHostPort(primary.Addr)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: replica.Addr})
	defer c.Close()
	if err := c.ReplicaOf(ctx, host, port).Err(); err != nil {
		t.Fatal(err)
	}
	p := redis.NewClient(&redis.Options{Addr: primary.Addr})
	defer p.Close()
	for p.Wait(ctx, 1, time.Second).Val() < 1 {
		if ctx.Err() != nil {
			t.Fatal("the replica never came up")
		}
	}
	return primary, replica
}

func redisArgs(bin, dir, port string) []string {
	return []string{
		bin, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0",
	}
}

// PostgreSQLDSN is for the driver "pgx".
func PostgreSQLDSN(addr string) string {
	return "postgres://latchkey@" + addr + "/postgres?sslmode=disable&connect_timeout=10"
}

// MariaDBDSN is for the driver "mysql".
func MariaDBDSN(addr string) string { return "root@tcp(" + addr + ")/mysql?timeout=10s" }

// Name returns a new name for a table or prefix, in lower-case letters and digits.
func Name() string { return "t" + strings.ToLower(rand.Text()) }

func ping(ctx context.Context, driver, dsn string) error {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}

func run(ctx context.Context, dir string, as *syscall.SysProcAttr, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.SysProcAttr = dir, as
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

//go:embed testdata/dynalite/package.json
var packageJSON []byte

//go:embed testdata/dynalite/package-lock.json
var packageLock []byte

// dynaliteScript starts dynalite. Its own program ends when a client goes away in
// the middle of a request, which is what the tests do to it; and Node.js closes a
// connection after five idle seconds, when the client may just be using it again.
const dynaliteScript = `
const [dynalite, port, path] = process.argv.slice(1)
process.on('uncaughtException', err => console.error(err.message))
const server = require(dynalite)({path, createTableMs: 0, deleteTableMs: 0})
server.keepAliveTimeout = server.headersTimeout = server.requestTimeout = 0
server.listen(port, '127.0.0.1')`
