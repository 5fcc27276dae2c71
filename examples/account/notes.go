package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/redis/go-redis/v9"
)

// notes remember, apart from the records, which users have a second factor. When
// a record is lost, its user is then not taken for one who never had any. An app
// with a users table keeps this as a column there.
type notes interface {
	enrolled(ctx context.Context, user string) (bool, error)
	note(ctx context.Context, user string, enrolled bool) error
}

// onEvent keeps the notes, and ends the sessions that must not outlive a change.
// It is called after the change and before the session of whoever made it is
// started anew, so that theirs goes on.
func (a *app) onEvent(ctx context.Context, e twofactor.Event) {
	// Where the request that caused the event has been given up, the event has
	// happened all the same.
	ctx = context.WithoutCancel(ctx)
	var err error
	switch e.Type {
	case twofactor.EventEnrolled, twofactor.EventImported:
		err = a.notes.note(ctx, e.UserID, true)
	case twofactor.EventDeleted:
		err = a.notes.note(ctx, e.UserID, false)
	}
	if err != nil {
		a.logger.ErrorContext(ctx, "keeping the note of a second factor", "user", e.UserID, "error", err)
	}
	switch e.Type {
	case twofactor.EventEnrolled, twofactor.EventRecovered, twofactor.EventReset, twofactor.EventDeleted:
		a.live.endAll(ctx, e.UserID)
	}
}

// sqlNotes keep the notes in a table.
type sqlNotes struct {
	db                    *sql.DB
	query, insert, remove string
}

func newSQLNotes(ctx context.Context, db *sql.DB, d sqlstore.Dialect) (*sqlNotes, error) {
	_, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS account_enrolled (user_id VARCHAR(64) PRIMARY KEY)")
	if err != nil {
		return nil, fmt.Errorf("making the table of notes: %w", err)
	}
	mark := "?"
	if d == sqlstore.PostgreSQL {
		mark = "$1"
	}
	return &sqlNotes{
		db:     db,
		query:  "SELECT 1 FROM account_enrolled WHERE user_id = " + mark,
		insert: "INSERT INTO account_enrolled (user_id) VALUES (" + mark + ") ON CONFLICT DO NOTHING",
		remove: "DELETE FROM account_enrolled WHERE user_id = " + mark,
	}, nil
}

func (n *sqlNotes) enrolled(ctx context.Context, user string) (bool, error) {
	var one int
	err := n.db.QueryRowContext(ctx, n.query, user).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (n *sqlNotes) note(ctx context.Context, user string, enrolled bool) error {
	statement := n.remove
	if enrolled {
		statement = n.insert
	}
	_, err := n.db.ExecContext(ctx, statement, user)
	return err
}

// redisNotes keep the notes in a set.
type redisNotes struct{ client *redis.Client }

const redisSet = "account:enrolled"

func (n *redisNotes) enrolled(ctx context.Context, user string) (bool, error) {
	return n.client.SIsMember(ctx, redisSet, user).Result()
}

func (n *redisNotes) note(ctx context.Context, user string, enrolled bool) error {
	if enrolled {
		return n.client.SAdd(ctx, redisSet, user).Err()
	}
	return n.client.SRem(ctx, redisSet, user).Err()
}
