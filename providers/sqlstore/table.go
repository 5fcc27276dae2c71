package sqlstore

import (
	"context"
	"fmt"
	"strings"
)

// A column is one as the database describes it.
type column struct {
	kind string // in lower case
	size int64  // in bytes, where that is part of a type
}

// Each query takes the name of a schema, or an empty one for the default, and
// that of a table. It has no rows if there is no such table.
var describe = map[Dialect]string{
	SQLite: `SELECT name, lower(type), 0 FROM pragma_table_info(?2, CASE ?1 WHEN '' THEN 'main' ELSE ?1 END)`,
	PostgreSQL: `SELECT a.attname, format_type(a.atttypid, NULL), 0 FROM pg_attribute a
	WHERE a.attrelid = to_regclass(CASE $1::text WHEN '' THEN '' ELSE quote_ident($1::text) || '.' END || quote_ident($2::text))
	AND a.attnum > 0 AND NOT a.attisdropped`,
	MySQL: `SELECT column_name, lower(data_type), COALESCE(character_octet_length, 0) FROM information_schema.columns
	WHERE table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND table_name = ?`,
}

// checkTable returns an error if there is a table whose columns the database
// wouldn't compare byte by byte, or would cut something off from: then two users
// share one record.
func (s *Store) checkTable(ctx context.Context) error {
	schema, table := s.names()
	rows, err := s.db.QueryContext(ctx, describe[s.dialect], schema, table)
	if err != nil {
		return fmt.Errorf("sqlstore: check table: %w", err)
	}
	defer rows.Close()
	found := make(map[string]column)
	for rows.Next() {
		var name string
		var c column
		if err := rows.Scan(&name, &c.kind, &c.size); err != nil {
			return fmt.Errorf("sqlstore: check table: %w", err)
		}
		found[strings.ToLower(name)] = c
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("sqlstore: check table: %w", err)
	}
	if len(found) == 0 {
		return nil // EnsureSchema, or the first Load, tells
	}
	for _, name := range []string{"id", "version", "data"} {
		if c := found[name]; !s.holdsBytes(name, c) {
			return fmt.Errorf("sqlstore: column %s of table %s is not of the type that Schema gives it but %q, "+
				"so that records of different users may be taken for one: make the table anew by Schema, and copy the records", name, s.table, c.kind)
		}
	}
	return nil
}

func (s *Store) holdsBytes(name string, c column) bool {
	switch {
	case s.dialect == SQLite:
		return c.kind == "blob"
	case s.dialect == PostgreSQL:
		return c.kind == "bytea"
	case name == "data":
		return c.kind == "longblob"
	case name == "id":
		return c.kind == "varbinary" && c.size >= maxKey
	default:
		return c.kind == "varbinary" && c.size >= versionSize
	}
}

// engine returns the engine of the table on MySQL, empty if there is no table.
func (s *Store) engine(ctx context.Context) (name string, err error) {
	schema, table := s.names()
	err = s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(engine), '') FROM information_schema.tables
	WHERE table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND table_name = ?`, schema, table).Scan(&name)
	return name, err
}

// names takes the quoted name apart. Names hold no quotes and no further dots.
func (s *Store) names() (schema, table string) {
	name := strings.Map(func(r rune) rune {
		if r == '"' || r == '`' {
			return -1
		}
		return r
	}, s.table)
	if before, after, ok := strings.Cut(name, "."); ok {
		return before, after
	}
	return "", name
}
