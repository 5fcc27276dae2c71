package sqlstore

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// loadTogether is only called for PostgreSQL. SQLite has no round trip to save.
func (s *Store) loadTogether(ctx context.Context, batch []*group.Request) {
	found := make(map[string]*group.Request, len(batch))
	for _, r := range batch {
		found[r.Key], r.Err = r, twofactor.ErrNotFound
	}
	fail := func(err error) {
		for _, r := range batch {
			r.Err = err
		}
	}
	rows, err := s.db.QueryContext(ctx, s.sql.loadMany, array(batch, func(r *group.Request) string { return r.Key }))
	if err != nil {
		fail(err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var key, version, data []byte
		if err := rows.Scan(&key, &version, &data); err != nil {
			fail(err)
			return
		}
		r := found[string(key)]
		r.Version, r.Data, r.Err = twofactor.Version(version), data, nil
	}
	// An end that is no end must not read as "the others are not there".
	if err := rows.Err(); err != nil {
		fail(err)
	}
}

func (s *Store) writeTogether(ctx context.Context, batch []*group.Request) {
	if s.dialect == SQLite {
		s.writeInTransaction(ctx, batch)
		return
	}
	var creates, replaces []*group.Request
	for _, r := range batch {
		switch {
		case r.Remove:
			s.writeAlone(ctx, r)
		case r.Old == "":
			creates = append(creates, r)
		default:
			replaces = append(replaces, r)
		}
	}
	s.writeMany(ctx, s.sql.createMany, creates)
	s.writeMany(ctx, s.sql.replaceMany, replaces, array(replaces, func(r *group.Request) string { return string(r.Old) }))
}

// writeMany sends one statement that writes many records and returns the
// versions of those that it wrote.
func (s *Store) writeMany(ctx context.Context, query string, batch []*group.Request, more ...any) {
	if len(batch) == 0 {
		return
	}
	// The data goes in one piece that the server cuts up again, since as an
	// array it would have to be spelled out.
	var data []byte
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
		array(batch, func(r *group.Request) string { return r.Key }),
		array(batch, func(r *group.Request) string { return string(r.New) }),
		string(append(first, '}')), string(append(length, '}')), data,
	}, more...)
	var won map[string]bool
	var err error
	for range tries {
		if won, err = s.queryVersions(ctx, query, args); !rolledBack(err) {
			break
		}
	}
	for _, r := range batch {
		switch {
		case err != nil:
			r.Err = err
		case !won[string(r.New)]:
			r.Err = twofactor.ErrConflict
		}
	}
}

// queryVersions returns nothing but an error if the statement didn't come to
// its end: the rows that it returns are committed only after the last of them.
func (s *Store) queryVersions(ctx context.Context, query string, args []any) (map[string]bool, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	won := make(map[string]bool)
	for rows.Next() {
		var version []byte
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		won[string(version)] = true
	}
	return won, rows.Err()
}

// array writes a bytea[] as PostgreSQL reads it: every driver can send a text.
func array(batch []*group.Request, column func(*group.Request) string) string {
	var b []byte
	b = append(b, '{')
	for i, r := range batch {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `"\\x`...)
		b = hex.AppendEncode(b, []byte(column(r)))
		b = append(b, '"')
	}
	return string(append(b, '}'))
}

// writeInTransaction writes a batch with one commit, and so with one wait for
// the disk.
func (s *Store) writeInTransaction(ctx context.Context, batch []*group.Request) {
	err := s.transact(ctx, batch)
	if err == nil {
		return
	}
	for _, r := range batch {
		r.Err = err
	}
}

func (s *Store) transact(ctx context.Context, batch []*group.Request) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer func() {
		if err == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
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
