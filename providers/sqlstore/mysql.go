package sqlstore

import (
	"context"
	"database/sql"
	"math/bits"
	"strings"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
)

// MySQL takes no arrays, and an UPDATE doesn't return what it has written. So the
// statements for many records take lists, in which FIELD finds a row's place by
// its key. The lists have one of a few lengths, or each batch would need a statement
// of its own; what is left of a list repeats its last entry.
const (
	mysqlLoad    = "SELECT id, version, data FROM $t WHERE id IN ($n)"
	mysqlReplace = "UPDATE $t SET version = ELT(FIELD(id, $n), $n), data = ELT(FIELD(id, $n), $n)" +
		" WHERE id IN ($n) AND version = ELT(FIELD(id, $n), $n)"
	mysqlWritten = "SELECT version FROM $t WHERE id IN ($n) AND version IN ($n)"
)

// mysqlMost bounds how long the lists are, and how many statements there are.
const mysqlMost = 64

// mysqlStatement prepares a statement for a batch.
func (s *Store) mysqlStatement(ctx context.Context, text string, batch []*group.Request) (*sql.Stmt, error) {
	list := strings.Repeat("?, ", mysqlLength(batch)-1) + "?"
	return s.runner.prepare(ctx, strings.NewReplacer("$t", s.table, "$n", list).Replace(text))
}

// mysqlLength is how long the lists for a batch are: a power of two.
func mysqlLength(batch []*group.Request) int { return 1 << bits.Len(uint(len(batch)-1)) }

// mysqlLists are the arguments of a statement, a list for each column.
func mysqlLists(batch []*group.Request, columns ...func(*group.Request) []byte) []any {
	var args []any
	for _, column := range columns {
		for i := range mysqlLength(batch) {
			args = append(args, column(batch[min(i, len(batch)-1)]))
		}
	}
	return args
}

func (s *Store) mysqlMany(ctx context.Context, batch []*group.Request) (*sql.Rows, error) {
	stmt, err := s.mysqlStatement(ctx, mysqlLoad, batch)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, mysqlLists(batch, keyOf)...)
}

// replaceInTransaction replaces many records with one statement. The rows that it
// writes stay locked until it is known which ones they are.
func (s *Store) replaceInTransaction(ctx context.Context, batch []*group.Request) {
	if len(batch) < 2 {
		for _, r := range batch {
			s.writeAlone(ctx, r)
		}
		return
	}
	tx, won, err := s.replaceUncommitted(ctx, batch)
	if err != nil {
		// Nothing of it lasts, since its commit was never sent. One record that
		// is locked, or a deadlock with another node, is not the others' fault.
		for _, r := range batch {
			s.writeAlone(ctx, r)
		}
		return
	}
	settle(batch, won, tx.Commit())
}

// replaceUncommitted returns a transaction, and the versions that are written in
// it.
func (s *Store) replaceUncommitted(ctx context.Context, batch []*group.Request) (_ *sql.Tx, won map[string]bool, err error) {
	replace, err := s.mysqlStatement(ctx, mysqlReplace, batch)
	if err != nil {
		return nil, nil, err
	}
	written, err := s.mysqlStatement(ctx, mysqlWritten, batch)
	if err != nil {
		return nil, nil, err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			tx.Rollback()
		}
	}()
	result, err := tx.StmtContext(ctx, replace).ExecContext(ctx,
		mysqlLists(batch, keyOf, newOf, keyOf, dataOf, keyOf, keyOf, oldOf)...)
	if err != nil {
		return nil, nil, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return nil, nil, err
	}
	if int(n) == len(batch) { // as nearly always
		won = make(map[string]bool, len(batch))
		for _, r := range batch {
			won[string(r.New)] = true
		}
		return tx, won, nil
	}
	won, err = versions(tx.StmtContext(ctx, written).QueryContext(ctx, mysqlLists(batch, keyOf, newOf)...))
	return tx, won, err
}
