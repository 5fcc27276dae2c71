package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// statementContext is the context for one statement. On SQLite that is over in
// microseconds, and its wait for another writer ends with busy_timeout, not with
// the context: one that can end would only cost a goroutine for each statement, as
// much as the statement itself. It does end the wait for a connection, where the
// pool has a limit.
func (s *Store) statementContext(ctx context.Context) context.Context {
	if s.dialect == SQLite && s.db.Stats().MaxOpenConnections == 0 {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// writeInTransaction writes a batch with one commit, and so with one wait for
// the disk.
func (s *Store) writeInTransaction(ctx context.Context, batch []*group.Request) {
	if err := s.transact(ctx, batch); err != nil {
		fail(batch, err)
	}
}

func (s *Store) transact(ctx context.Context, batch []*group.Request) error {
	// All that may be needed is prepared before: the transaction may hold the
	// only connection that the pool allows.
	stmts := s.runner.(*prepared)
	for _, query := range []string{s.sql.create, s.sql.replace, s.sql.remove, s.sql.exists} {
		if _, err := stmts.prepare(ctx, query); err != nil {
			return err
		}
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx) // see statementContext
	if err := s.transactOn(ctx, conn, stmts, batch); err != nil {
		clean(ctx, conn)
		return err
	}
	return nil
}

func (s *Store) transactOn(ctx context.Context, conn *sql.Conn, stmts *prepared, batch []*group.Request) error {
	// The lock is taken by the first statement, which writes. A transaction that
	// began as a reader couldn't become the writer once another has written.
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	on := &prepared{on: within{tx, stmts}}
	for _, r := range batch {
		r.Err = s.write(ctx, on, r)
		if r.Err != nil && r.Err != twofactor.ErrConflict {
			return r.Err
		}
	}
	return tx.Commit()
}

// clean ends what is open on a connection after a failure, whatever the driver has
// done of that. If that can't be done, nobody gets the connection again: with half
// a batch on it, the next write would be saved with the batch, or not at all.
func clean(ctx context.Context, conn *sql.Conn) {
	conn.ExecContext(ctx, "ROLLBACK") // an error says that nothing is open, or shows below
	for _, query := range []string{"BEGIN", "ROLLBACK"} {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			conn.Raw(func(any) error { return driver.ErrBadConn })
			return
		}
	}
}

// within prepares statements for a transaction, which costs nothing if its
// connection has them already.
type within struct {
	tx    *sql.Tx
	stmts *prepared
}

func (w within) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	stmt, err := w.stmts.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return w.tx.StmtContext(ctx, stmt), nil
}
