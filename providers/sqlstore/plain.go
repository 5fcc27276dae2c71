package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func (s *Store) loadAlone(ctx context.Context, r *group.Request) {
	ctx = s.statementContext(ctx)
	var version string
	r.Err = s.runner.queryRow(ctx, s.sql.load, []any{[]byte(r.Key)}, &version, &r.Data)
	if errors.Is(r.Err, sql.ErrNoRows) {
		r.Err = twofactor.ErrNotFound
	}
	r.Version = twofactor.Version(version)
}

func (s *Store) writeAlone(ctx context.Context, r *group.Request) {
	ctx = s.statementContext(ctx)
	for range tries {
		if r.Err = s.write(ctx, s.runner, r); !rolledBack(r.Err) {
			return
		}
	}
}

// write does one Save or Delete. Its error is ErrConflict only if a statement
// was answered, and the answer was that no row was written.
//
// Package database/sql repeats a statement by itself when a driver returns
// driver.ErrBadConn, which a driver may do only if the server can't have seen
// it. So a conflict is never with a first try of our own.
func (s *Store) write(ctx context.Context, on runner, r *group.Request) error {
	var result sql.Result
	var err error
	switch {
	case r.Remove:
		result, err = on.exec(ctx, s.sql.remove, []byte(r.Key), []byte(r.Old))
	case r.Old == "":
		result, err = on.exec(ctx, s.sql.create, []byte(r.Key), []byte(r.New), r.Data)
	default:
		result, err = on.exec(ctx, s.sql.replace, []byte(r.New), r.Data, []byte(r.Key), []byte(r.Old))
	}
	if err != nil {
		return err
	}
	// The version changes with every write, so that rows matched and rows
	// changed are the same number, whichever of them the database counts.
	n, err := result.RowsAffected()
	switch {
	case err != nil:
		return err
	case n == 1:
		return nil
	case n != 0:
		return errors.New("more than one row has the key")
	case !r.Remove:
		return twofactor.ErrConflict
	}
	// Nothing deleted: either there is no record, or not in this version. What
	// is found now may be newer than what was passed over; the answer is true
	// all the same, since the version asked for can't have come back.
	var one int
	err = on.queryRow(ctx, s.sql.exists, []any{[]byte(r.Key)}, &one)
	switch {
	case err == nil:
		return twofactor.ErrConflict
	case errors.Is(err, sql.ErrNoRows):
		return nil
	}
	return err
}

// tries bounds how often a write is repeated that the database has rolled back.
const tries = 10

// rolledBack tells whether the database says that it has undone a statement
// and that it should be tried again: a deadlock, or a serialization failure
// where the application's default isolation is higher than needed here.
func rolledBack(err error) bool {
	state, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	return ok && (state.SQLState() == "40001" || state.SQLState() == "40P01")
}
