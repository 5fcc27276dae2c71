package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"strconv"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// writeMany sends one statement that writes many records and returns the
// versions of those that it wrote.
func (s *Store) writeMany(ctx context.Context, query string, batch []*group.Request, more ...any) {
	if len(batch) == 0 {
		return
	}
	// The data goes in one piece that the server cuts up again, since as an
	// array it would have to be spelled out.
	data := []byte{} // nil would be NULL, and so would every part of it
	first, length := []byte("{"), []byte("{")
	for i, r := range batch {
		if i > 0 {
			first, length = append(first, ','), append(length, ',')
		}
		first = strconv.AppendInt(first, int64(len(data))+1, 10)
		length = strconv.AppendInt(length, int64(len(r.Data)), 10)
		data = append(data, r.Data...)
	}
	args := append([]any{
		array(batch, keyOf),
		array(batch, newOf),
		string(append(first, '}')), string(append(length, '}')), data,
	}, more...)
	var won map[string]bool
	var err error
	for range tries {
		// The rows that the statement returns are committed only after the last
		// of them.
		if won, err = versions(s.runner.query(ctx, query, args...)); !rolledBack(err) {
			break
		}
	}
	if err != nil {
		fail(batch, err)
		return
	}
	for _, r := range batch {
		if !won[string(r.New)] {
			r.Err = twofactor.ErrConflict
		}
	}
}

// array writes a bytea[] as PostgreSQL reads it: every driver can send a text.
func array(batch []*group.Request, column func(*group.Request) []byte) string {
	var b []byte
	b = append(b, '{')
	for i, r := range batch {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `"\\x`...)
		b = hex.AppendEncode(b, column(r))
		b = append(b, '"')
	}
	return string(append(b, '}'))
}

// versions reads a column of versions. It returns nothing but an error if the
// result didn't come to its end.
func versions(rows *sql.Rows, err error) (map[string]bool, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]bool)
	for rows.Next() {
		var version []byte
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		found[string(version)] = true
	}
	return found, rows.Err()
}

// What the columns of a statement for many records hold.
func keyOf(r *group.Request) []byte { return []byte(r.Key) }
func newOf(r *group.Request) []byte { return []byte(r.New) }
func oldOf(r *group.Request) []byte { return []byte(r.Old) }
