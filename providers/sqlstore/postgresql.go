package sqlstore

import (
	"context"
	"encoding/hex"
	"strconv"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
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
		if won, err = versions(s.db.QueryContext(ctx, query, args...)); !rolledBack(err) {
			break
		}
	}
	settle(batch, won, err)
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
