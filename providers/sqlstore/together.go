package sqlstore

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// loadTogether is only called for PostgreSQL. SQLite has no round trip to save.
func (s *Store) loadTogether(ctx context.Context, batch []*request) {
	found := make(map[string]*request, len(batch))
	for _, r := range batch {
		found[r.key], r.err = r, twofactor.ErrNotFound
	}
	fail := func(err error) {
		for _, r := range batch {
			r.err = err
		}
	}
	rows, err := s.db.QueryContext(ctx, s.sql.loadMany, array(batch, func(r *request) string { return r.key }))
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
		r.version, r.data, r.err = twofactor.Version(version), data, nil
	}
	// An end that is no end must not read as "the others are not there".
	if err := rows.Err(); err != nil {
		fail(err)
	}
}

func (s *Store) writeTogether(ctx context.Context, batch []*request) {
	if s.dialect == SQLite {
		s.writeInTransaction(ctx, batch)
		return
	}
	var creates, replaces []*request
	for _, r := range batch {
		switch {
		case r.remove:
			s.writeAlone(ctx, r)
		case r.old == "":
			creates = append(creates, r)
		default:
			replaces = append(replaces, r)
		}
	}
	s.writeMany(ctx, s.sql.createMany, creates)
	s.writeMany(ctx, s.sql.replaceMany, replaces, array(replaces, func(r *request) string { return string(r.old) }))
}

// writeMany sends one statement that writes many records and returns the
// versions of those that it wrote.
func (s *Store) writeMany(ctx context.Context, query string, batch []*request, more ...any) {
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
		length = strconv.AppendInt(length, int64(len(r.data)), 10)
		data = append(data, r.data...)
	}
	args := append([]any{
		array(batch, func(r *request) string { return r.key }),
		array(batch, func(r *request) string { return string(r.new) }),
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
			r.err = err
		case !won[string(r.new)]:
			r.err = twofactor.ErrConflict
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
func array(batch []*request, column func(*request) string) string {
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
func (s *Store) writeInTransaction(ctx context.Context, batch []*request) {
	err := s.transact(ctx, batch)
	if err == nil {
		return
	}
	for _, r := range batch {
		r.err = err
	}
}

func (s *Store) transact(ctx context.Context, batch []*request) (err error) {
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
		r.err = s.write(ctx, on, r)
		if r.err != nil && r.err != twofactor.ErrConflict {
			return r.err
		}
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}
