package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A Config says where a [Store] keeps its records.
type Config struct {
	// Dialect is the kind of database. Required.
	Dialect Dialect

	// Table is the name of the table, with or without a schema in front, in
	// lower-case letters, digits and underscores. The default is "latchkey".
	Table string

	// Ungrouped sends every write and every load in a statement of its own,
	// also when many come at the same moment. The default is to group them,
	// as far as the database lets them be grouped safely.
	Ungrouped bool
}

// A Store is a twofactor.Store and twofactor.Lister in a table of a database.
// Any number of Stores, in any number of processes, may use one table.
type Store struct {
	db      *sql.DB
	dialect Dialect
	table   string // quoted
	sql     statements
	runner  runner
	loads   *group.Group
	writes  *group.Group
}

var (
	_ twofactor.Store  = (*Store)(nil)
	_ twofactor.Lister = (*Store)(nil)
)

// New returns a Store that works on db, which has to reach the primary server,
// never a replica. It doesn't talk to the database yet: the table has to be
// made by a migration of the application's own (see [Schema]) or by
// [Store.EnsureSchema]. Closing db is left to the caller.
func New(db *sql.DB, c Config) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: no database")
	}
	table, err := quote(c.Dialect, c.Table)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, dialect: c.Dialect, table: table, sql: statementsFor(c.Dialect, table)}
	s.runner = direct{db}
	if c.Dialect != PostgreSQL {
		s.runner = &prepared{on: db}
	}
	s.loads = &group.Group{Few: math.MaxInt, Most: 1, Alone: s.loadAlone, Together: s.loadTogether}
	s.writes = &group.Group{Few: math.MaxInt, Most: 1, Alone: s.writeAlone, Together: s.writeTogether}
	switch {
	case c.Dialect == SQLite:
		// Only one connection can write, and more of them would wait for its
		// lock by polling. There is no round trip that a group of loads saves.
		s.writes.Few = 1
		if !c.Ungrouped {
			s.writes.Most = 100
		}
	case c.Ungrouped:
	case c.Dialect == MySQL:
		s.loads.Few, s.loads.Most = few, mysqlMost
	default:
		// Measured: from about eight on, one large statement beats the
		// processors that as many small ones keep busy at the same time.
		s.loads.Few, s.loads.Most = few, 100
		s.writes.Few, s.writes.Most = few, 100
	}
	return s, nil
}

const (
	few         = 8   // requests that go by themselves
	maxKey      = 255 // bytes
	versionSize = 26  // bytes of rand.Text
)

// EnsureSchema creates the table if there is none. It never changes one, and
// returns an error if there is one with columns that are not of the types that
// [Schema] gives them.
func (s *Store) EnsureSchema(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, fmt.Sprintf(schemas[s.dialect], s.table))
	if err == nil {
		return s.checkTable(ctx)
	}
	// Two nodes that start at the same moment get into each other's way even
	// with IF NOT EXISTS. What counts is that there is a table now.
	if _, probe := s.db.ExecContext(ctx, "SELECT id, version, data FROM "+s.table+" WHERE 1 = 0"); probe != nil {
		return fmt.Errorf("sqlstore: create table: %w", err)
	}
	return s.checkTable(ctx)
}

// Load implements twofactor.Store.
func (s *Store) Load(ctx context.Context, key string) (twofactor.Record, error) {
	if err := checkKey(key); err != nil {
		return twofactor.Record{}, err
	}
	r := &group.Request{Key: key}
	if err := s.loads.Do(ctx, r); err != nil {
		return twofactor.Record{}, wrap("load", err)
	}
	if r.Version == "" {
		return twofactor.Record{}, errors.New("sqlstore: load: the record is damaged")
	}
	return twofactor.Record{Data: r.Data, Version: r.Version}, nil
}

// Save implements twofactor.Store.
func (s *Store) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	if data == nil {
		data = []byte{} // nil would be NULL
	}
	r := &group.Request{Key: key, Old: old, New: twofactor.Version(rand.Text()), Data: data}
	if err := s.writes.Do(ctx, r); err != nil {
		return "", wrap("save", err)
	}
	return r.New, nil
}

// Delete implements twofactor.Store.
func (s *Store) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return wrap("delete", s.writes.Do(ctx, &group.Request{Key: key, Old: old, Remove: true}))
}

// Keys implements twofactor.Lister. It reads page by page and holds no
// connection while the loop's body runs.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		last := []byte{}
		for {
			page, err := s.page(ctx, last)
			if err != nil {
				yield("", wrap("keys", err))
				return
			}
			if len(page) == 0 {
				return
			}
			for _, key := range page {
				if !yield(string(key), nil) {
					return
				}
			}
			last = page[len(page)-1]
		}
	}
}

func (s *Store) page(ctx context.Context, after []byte) ([][]byte, error) {
	rows, err := s.db.QueryContext(ctx, s.sql.page, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page [][]byte
	for rows.Next() {
		var key []byte
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		page = append(page, key)
	}
	return page, rows.Err()
}

// checkKey refuses what MySQL would cut at the end of its column, and so take
// for another key.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return errors.New("sqlstore: key is empty or longer than 255 bytes")
	}
	return nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlstore: %s: %w", what, err)
}
