package sqlstore

import (
	"context"
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

func (s *Store) transact(ctx context.Context, batch []*group.Request) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx) // see statementContext
	defer func() {
		if err == nil {
			return
		}
		if _, undo := conn.ExecContext(ctx, "ROLLBACK"); undo != nil {
			// Nobody may get this connection with half a batch on it.
			conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	// The lock is taken at the start: a transaction that began as a reader
	// can't become the writer once another has written.
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	on := &prepared{on: conn}
	defer on.close()
	for _, r := range batch {
		r.Err = s.write(ctx, on, r)
		if r.Err != nil && r.Err != twofactor.ErrConflict {
			return r.Err
		}
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}
