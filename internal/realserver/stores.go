package realserver

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/providers/dynamostore"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/redisstore"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A Named is one of the library's stores.
type Named struct {
	Name string

	// Open returns two handles on one empty backend, as two nodes have them.
	Open func(t *testing.T) (a, b twofactor.Store)

	// Kind is the server behind the Store, or nil if there is none.
	Kind *Kind

	// Connect returns a handle on the part of the server at addr that space
	// names, and makes that part if it isn't there.
	Connect func(t testing.TB, addr, space string) twofactor.Store
}

// All returns every store of the library, each ready to be opened on a real
// server. A test that loops over it runs on all of them:
//
//	for _, s := range realserver.All() {
//		t.Run(s.Name, func(t *testing.T) { test(t, s.Open) })
//	}
func All() []Named {
	all := []Named{
		{Name: "memory", Open: func(*testing.T) (a, b twofactor.Store) {
			s := new(memory.Store)
			return s, s
		}},
		{Name: "sqlite", Open: func(t *testing.T) (a, b twofactor.Store) {
			path := filepath.Join(t.TempDir(), "latchkey.db")
			return SQLite(t, path), SQLite(t, path)
		}},
		{Name: "postgresql", Kind: PostgreSQL, Connect: func(t testing.TB, addr, space string) twofactor.Store {
			return openSQL(t, "pgx", PostgreSQLDSN(addr), sqlstore.Config{Dialect: sqlstore.PostgreSQL, Table: space})
		}},
		{Name: "mariadb", Kind: MariaDB, Connect: func(t testing.TB, addr, space string) twofactor.Store {
			return openSQL(t, "mysql", MariaDBDSN(addr), sqlstore.Config{Dialect: sqlstore.MySQL, Table: space})
		}},
		{Name: "redis", Kind: Redis, Connect: func(t testing.TB, addr, space string) twofactor.Store {
			return openRedis(t, redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: -1}), space)
		}},
		{Name: "redis-cluster", Kind: RedisCluster, Connect: func(t testing.TB, addr, space string) twofactor.Store {
			return openRedis(t, redis.NewClusterClient(&redis.ClusterOptions{
				Addrs:       []string{addr},
				ReadTimeout: -1,
				// The server tells its own address, and addr may be a proxy's.
				Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, addr)
				},
			}), space)
		}},
		{Name: "dynamodb", Kind: DynamoDB, Connect: openDynamo},
	}
	for i, n := range all {
		if n.Open == nil {
			all[i].Open = func(t *testing.T) (a, b twofactor.Store) {
				addr, space := n.Kind.Shared(t).Addr, Name()
				return n.Connect(t, addr, space), n.Connect(t, addr, space)
			}
		}
	}
	return all
}

// SQLite opens a store in the file at path.
func SQLite(t testing.TB, path string) *sqlstore.Store {
	return openSQL(t, "sqlite", SQLiteDSN(path), sqlstore.Config{Dialect: sqlstore.SQLite})
}

// SQLiteDSN is for the driver "sqlite".
func SQLiteDSN(path string) string {
	return "file:" + path + "?_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
}

func openSQL(t testing.TB, driver, dsn string, c sqlstore.Config) *sqlstore.Store {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxIdleConns(64)
	s, err := sqlstore.New(db, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureSchema(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

func openRedis(t testing.TB, client redis.UniversalClient, space string) *redisstore.Store {
	t.Helper()
	t.Cleanup(func() { client.Close() })
	s, err := redisstore.New(context.Background(), client, redisstore.Config{Prefix: space + ":"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// DynamoClient returns a client of the DynamoDB-compatible server at addr.
func DynamoClient(addr string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: new("http://" + addr),
		Region:       "eu-west-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "key", ""),
	})
}

func openDynamo(t testing.TB, addr, space string) twofactor.Store {
	t.Helper()
	ctx := context.Background()
	client := DynamoClient(addr)
	_, err := client.CreateTable(ctx, dynamostore.TableInput(space))
	if _, exists := errors.AsType[*types.ResourceInUseException](err); err != nil && !exists {
		t.Fatal(err)
	}
	there := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 100*time.Millisecond
	})
	if err := there.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &space}, patience); err != nil {
		t.Fatal(err)
	}
	s, err := dynamostore.New(client, dynamostore.Config{Table: space})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
