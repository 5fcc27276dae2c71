package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/latchkey-auth/latchkey/providers/redisstore"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/redis/go-redis/v9"
)

// A database is where the nodes keep everything, under one name.
type database struct {
	store twofactor.Store
	check func(context.Context) (warnings []string, err error)
	empty func(context.Context) error // removes all that is under the name
	close func() error
}

// errAddress doesn't quote the address, which may have a password in it.
var errAddress = errors.New("-database is no address that can be understood: postgres://… or redis://…")

func open(ctx context.Context, address, name string) (*database, error) {
	switch scheme, _, _ := strings.Cut(address, "://"); scheme {
	case "postgres", "postgresql":
		return openPostgreSQL(ctx, address, name)
	case "redis", "rediss", "unix":
		return openRedis(ctx, address, name)
	}
	return nil, errAddress
}

func openPostgreSQL(ctx context.Context, address, table string) (*database, error) {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return nil, errAddress
	}
	db.SetMaxOpenConns(20) // of the 100 that a server allows by itself
	db.SetMaxIdleConns(20)
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.PostgreSQL, Table: table})
	if err == nil {
		err = store.EnsureSchema(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	empty := func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, "DROP TABLE "+table)
		return err
	}
	return &database{store, store.Check, empty, db.Close}, nil
}

func openRedis(ctx context.Context, address, name string) (*database, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, errAddress
	}
	client := redis.NewClient(options)
	prefix := name + ":"
	store, err := redisstore.New(ctx, client, redisstore.Config{Prefix: prefix})
	if err == nil {
		err = client.Ping(ctx).Err()
	}
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	empty := func(ctx context.Context) error {
		for key, err := range store.Keys(ctx) {
			if err == nil {
				err = client.Del(ctx, prefix+key).Err()
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return &database{store, store.Check, empty, client.Close}, nil
}

// A place is the part of a database that belongs to this run, and what a node
// has to know to work there.
type place struct {
	nodeConfig
	db  *database
	say say
}

func newPlace(ctx context.Context, address string, say say) (*place, error) {
	name := "latchkey_cluster_" + strings.ToLower(rand.Text()[:8])
	db, err := open(ctx, address, name)
	if err != nil {
		return nil, err
	}
	p := &place{nodeConfig{address, name, twofactor.NewKey().Encode()}, db, say}
	warnings, err := db.check(ctx)
	if err != nil {
		p.remove()
		return nil, err
	}
	for _, w := range warnings {
		say("warning", "%s", w)
	}
	return p, nil
}

// remove works after an interrupt too.
func (p *place) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(p.db.empty(ctx), p.db.close()); err != nil {
		p.say("warning", "%s", fmt.Sprintf("%s is still in the database: %v", p.Name, err))
	}
}
