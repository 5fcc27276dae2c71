package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"

	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A bareSQL is a store as an application would write it by hand: one select and
// one conditional update, both prepared.
type bareSQL struct {
	load, create, update *sql.Stmt
}

// newBareSQL makes its table and statements.
func newBareSQL(ctx context.Context, db *sql.DB, d sqlstore.Dialect, table string) (*bareSQL, error) {
	if d == sqlstore.SQLite {
		db.SetMaxOpenConns(1) // or its writers time out on each other's lock
	}
	if _, err := db.ExecContext(ctx, sqlstore.Schema(d, table)); err != nil {
		return nil, err
	}
	s := new(bareSQL)
	for stmt, query := range map[**sql.Stmt]string{
		&s.load:   "SELECT version, data FROM $t WHERE id = $1",
		&s.create: "INSERT INTO $t (id, version, data) VALUES ($1, $2, $3)",
		&s.update: "UPDATE $t SET version = $1, data = $2 WHERE id = $3 AND version = $4",
	} {
		query = strings.ReplaceAll(query, "$t", table)
		if d != sqlstore.PostgreSQL {
			query = strings.NewReplacer("$1", "?", "$2", "?", "$3", "?", "$4", "?").Replace(query)
		}
		var err error
		if *stmt, err = db.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *bareSQL) Load(ctx context.Context, key string) (rec twofactor.Record, err error) {
	var version []byte
	err = s.load.QueryRowContext(ctx, []byte(key)).Scan(&version, &rec.Data)
	if errors.Is(err, sql.ErrNoRows) {
		err = twofactor.ErrNotFound
	}
	rec.Version = twofactor.Version(version)
	return rec, err
}

func (s *bareSQL) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
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

func (*bareSQL) Delete(context.Context, string, twofactor.Version) error { panic("not measured") }
