package sqlstore

import (
	"context"
	"database/sql"
	"math/bits"
	"strings"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
)

// mysqlMost bounds how many records a statement loads, and how many statements
// there are.
const mysqlMost = 64

// mysqlMany loads many records. MySQL takes no arrays, so the keys are a list. It
// has one of a few lengths, or each batch would need a statement of its own; what
// is left of it repeats the last key. The limit is for servers that are told to
// send less than was asked for (sql_select_limit), and don't say so.
//
// Writes go one by one. To know which of many rows it wrote, an UPDATE would have
// to hold them locked until a second statement has asked, and one row that
// somebody else has locked would hold up all of them.
func (s *Store) mysqlMany(ctx context.Context, batch []*group.Request) (*sql.Rows, error) {
	length := 1 << bits.Len(uint(len(batch)-1))
	stmt, err := s.runner.prepare(ctx,
		"SELECT id, version, data FROM "+s.table+" WHERE id IN (?"+strings.Repeat(", ?", length-1)+") LIMIT 64")
	if err != nil {
		return nil, err
	}
	keys := make([]any, length)
	for i := range keys {
		keys[i] = []byte(batch[min(i, len(batch)-1)].Key)
	}
	return stmt.QueryContext(ctx, keys...)
}
