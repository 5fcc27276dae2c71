package main

import (
	"context"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/dynamostore"
	"github.com/latchkey-auth/latchkey/providers/redisstore"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A backend is a database, and what is expected of it.
type backend struct {
	name    string
	kind    *realserver.Kind // nil for SQLite
	dialect sqlstore.Dialect // of those that speak SQL
	pragma  string           // of SQLite
	tool    *tool            // the engine's own, or nil

	goal    float64 // of Verify, as a part of the barest, or 0 if there is none
	grouped float64 // how much groups bring with 64 clients, or 0 if there are none
}

var backends = []backend{
	{name: "PostgreSQL", kind: realserver.PostgreSQL, dialect: sqlstore.PostgreSQL, tool: pgbench, goal: 0.85, grouped: 1.5},
	{name: "MariaDB", kind: realserver.MariaDB, dialect: sqlstore.MySQL, goal: 0.85, grouped: 1},
	{name: "SQLite FULL", dialect: sqlstore.SQLite, pragma: "FULL", goal: 0.85, grouped: 3},
	{name: "SQLite NORMAL", dialect: sqlstore.SQLite, pragma: "NORMAL", goal: 0.75},
	{name: "Redis", kind: realserver.Redis, tool: redisBenchmark, goal: 0.75},
	{name: "dynalite", kind: realserver.DynamoDB},
}

// A place is a running backend.
type place struct {
	backend
	dir    string // for its files
	server *realserver.Server
	open   []io.Closer
}

// run starts a backend, with its files in a folder of its own.
func (b backend) run(dir string) (*place, error) {
	p := &place{backend: b}
	var err error
	if p.dir, err = os.MkdirTemp(dir, ""); err == nil && b.kind != nil {
		p.server, err = b.kind.Launch()
	}
	return p, err
}

// stop closes what was opened here and ends the server.
func (p *place) stop() {
	for _, c := range p.open {
		c.Close()
	}
	if p.server != nil {
		p.server.Stop()
	}
	os.RemoveAll(p.dir)
}

// database opens a pool, one for each contender.
func (p *place) database(file string) (*sql.DB, error) {
	driver, dsn := "sqlite", strings.Replace(
		realserver.SQLiteDSN(filepath.Join(p.dir, file+".db")), "synchronous(FULL)", "synchronous("+p.pragma+")", 1)+
		"&_pragma=cache_size(-16000)&_pragma=wal_autocheckpoint(10000)" // as package sqlstore says for a busy server
	switch p.dialect {
	case sqlstore.PostgreSQL:
		driver, dsn = "pgx", realserver.PostgreSQLDSN(p.server.Addr)
	case sqlstore.MySQL:
		driver, dsn = "mysql", realserver.MariaDBDSN(p.server.Addr)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(64)
	p.open = append(p.open, db)
	return db, nil
}

// redis opens a pool, one for each contender.
func (p *place) redis() *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: p.server.Addr, PoolSize: 64})
	p.open = append(p.open, client)
	return client
}

// store opens the library's store in the part of the database that space names.
func (p *place) store(ctx context.Context, space string, ungrouped bool) (twofactor.Store, error) {
	switch {
	case p.dialect != "":
		db, err := p.database(space)
		if err != nil {
			return nil, err
		}
		s, err := sqlstore.New(db, sqlstore.Config{Dialect: p.dialect, Table: space, Ungrouped: ungrouped})
		if err != nil {
			return nil, err
		}
		return s, s.EnsureSchema(ctx)
	case p.kind == realserver.Redis:
		return redisstore.New(ctx, p.redis(), redisstore.Config{Prefix: space + ":"})
	}
	client, err := p.dynamo(ctx, space)
	if err != nil {
		return nil, err
	}
	return dynamostore.New(client, dynamostore.Config{Table: space})
}

// bare opens what is written by hand.
func (p *place) bare(ctx context.Context, space string) (twofactor.Store, error) {
	switch {
	case p.dialect != "":
		db, err := p.database(space)
		if err != nil {
			return nil, err
		}
		return newBareSQL(ctx, db, p.dialect, space)
	case p.kind == realserver.Redis:
		return &bareRedis{p.redis(), space + ":"}, nil
	}
	client, err := p.dynamo(ctx, space)
	return &bareDynamo{client, space}, err
}

func (p *place) dynamo(ctx context.Context, table string) (*dynamodb.Client, error) {
	client := realserver.DynamoClient(p.server.Addr)
	if _, err := client.CreateTable(ctx, dynamostore.TableInput(table)); err != nil {
		return nil, err
	}
	there := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 100*time.Millisecond
	})
	return client, there.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table}, time.Minute)
}
