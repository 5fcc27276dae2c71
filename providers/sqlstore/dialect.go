package sqlstore

import (
	"fmt"
	"regexp"
	"strings"
)

// A Dialect is a kind of database.
type Dialect string

// The databases that a [Store] knows.
const (
	SQLite     Dialect = "sqlite"     // SQLite 3.35 or later
	PostgreSQL Dialect = "postgresql" // PostgreSQL 12 or later
	MySQL      Dialect = "mysql"      // MySQL 8.0 or later, MariaDB 10.5 or later
)

// All columns are bytes, never text: a database that knows a column to be text
// folds case, trims spaces, or normalises, and then two users share one record.
// Version is a random text of 26 bytes.
var schemas = map[Dialect]string{
	SQLite: `CREATE TABLE IF NOT EXISTS %s (
	id BLOB NOT NULL PRIMARY KEY,
	version BLOB NOT NULL,
	data BLOB NOT NULL
)`,
	// Room on each page lets an update stay on it and leave the index alone.
	PostgreSQL: `CREATE TABLE IF NOT EXISTS %s (
	id bytea NOT NULL PRIMARY KEY,
	version bytea NOT NULL,
	data bytea NOT NULL
) WITH (fillfactor = 70)`,
	// The engine is named because another one may be the server's default, and
	// MyISAM forgets. A LONGBLOB is longer than any packet, so that INSERT
	// IGNORE below has nothing that it could cut off in silence.
	MySQL: `CREATE TABLE IF NOT EXISTS %s (
	id VARBINARY(255) NOT NULL PRIMARY KEY,
	version VARBINARY(32) NOT NULL,
	data LONGBLOB NOT NULL
) ENGINE = InnoDB`,
}

// Schema returns the statement that creates the table of a [Store], for those
// who keep their migrations as text. It does nothing if the table exists.
// An empty table means the default of [Config]. Schema returns an empty string
// if the dialect is unknown or table is not a name that Config allows.
func Schema(d Dialect, table string) string {
	name, err := quote(d, table)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(schemas[d], name)
}

// tableName keeps out everything that could end the name within a statement,
// and upper case, which some databases fold and some don't.
var tableName = regexp.MustCompile(`^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$`)

func quote(d Dialect, table string) (string, error) {
	if _, ok := schemas[d]; !ok {
		return "", fmt.Errorf("sqlstore: unknown dialect %q", d)
	}
	if table == "" {
		table = "latchkey"
	}
	if !tableName.MatchString(table) {
		return "", fmt.Errorf("sqlstore: table %q is not a plain lower-case name of at most 63 letters, digits and underscores, with or without a schema in front", table)
	}
	q := `"`
	if d == MySQL {
		q = "`"
	}
	return q + strings.ReplaceAll(table, ".", q+"."+q) + q, nil
}

// Statements on one record. Each is one step by itself: that the stored version
// is still old is checked by the statement that writes, never before it.
type statements struct {
	load, create, replace, remove, exists, page string

	// PostgreSQL only: the same for many records.
	loadMany, createMany, replaceMany string
}

func statementsFor(d Dialect, table string) statements {
	s := statements{
		load:    "SELECT version, data FROM $t WHERE id = $1",
		create:  "INSERT INTO $t (id, version, data) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
		replace: "UPDATE $t SET version = $1, data = $2 WHERE id = $3 AND version = $4",
		remove:  "DELETE FROM $t WHERE id = $1 AND version = $2",
		exists:  "SELECT 1 FROM $t WHERE id = $1",
		page:    "SELECT id FROM $t WHERE id > $1 ORDER BY id LIMIT 500",

		loadMany: "SELECT id, version, data FROM $t WHERE id = ANY($1::bytea[])",
		createMany: "INSERT INTO $t (id, version, data)" +
			" SELECT w.id, w.version, substring($5::bytea FROM w.first FOR w.length)" +
			" FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::int[]) AS w (id, version, first, length)" +
			" ORDER BY w.id ON CONFLICT (id) DO NOTHING RETURNING version",
		// The rows are locked in the order of their keys, or two nodes with the
		// same users in different order would wait for each other. The version
		// is compared in the row as it is once its lock is held.
		replaceMany: "UPDATE $t AS t SET version = w.version, data = substring($5::bytea FROM w.first FOR w.length)" +
			" FROM (SELECT w.* FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::int[], $6::bytea[]) AS w (id, version, first, length, old)" +
			" JOIN $t AS l ON l.id = w.id ORDER BY w.id FOR UPDATE OF l) AS w" +
			" WHERE t.id = w.id AND t.version = w.old RETURNING t.version",
	}
	if d == MySQL {
		// IGNORE and not ON DUPLICATE KEY UPDATE, which counts an untouched row
		// as written if the connection was opened with clientFoundRows.
		s.create = "INSERT IGNORE INTO $t (id, version, data) VALUES ($1, $2, $3)"
	}
	for _, q := range []*string{&s.load, &s.create, &s.replace, &s.remove, &s.exists, &s.page, &s.loadMany, &s.createMany, &s.replaceMany} {
		*q = strings.ReplaceAll(*q, "$t", table)
		if d != PostgreSQL {
			*q = placeholder.ReplaceAllString(*q, "?") // they stand in order in all of them
		}
	}
	return s
}

var placeholder = regexp.MustCompile(`\$\d`)
