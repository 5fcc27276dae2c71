package sqlstore

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
)

// mysqlMost bounds how many records a statement loads, and how many statements
// there are.
const mysqlMost = 64

// mysqlLoad is a statement that loads many records, and its arguments. MySQL takes
// no arrays, so the keys are a list. It has one of a few lengths, or each batch
// would need a statement of its own; what is left of it repeats the last key. The
// limit is for servers that are told to send less than was asked for
// (sql_select_limit), and don't say so.
//
// Writes go one by one. To know which of many rows it wrote, an UPDATE would have
// to hold them locked until a second statement has asked, and one row that
// somebody else has locked would hold up all of them.
func mysqlLoad(table string, batch []*group.Request) (query string, args []any) {
	length := 1 << bits.Len(uint(len(batch)-1))
	for i := range length {
		args = append(args, keyOf(batch[min(i, len(batch)-1)]))
	}
	list := "?" + strings.Repeat(", ?", length-1)
	return fmt.Sprintf("SELECT id, version, data FROM %s WHERE id IN (%s) LIMIT %d", table, list, length), args
}
