package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// loadTogether isn't called for SQLite, which has no round trip to save.
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
	rows, err := s.queryMany(ctx, batch)
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
		if r == nil { // a column of text takes several keys for one
			fail(errors.New("the database answered for another key"))
			return
		}
		r.Version, r.Data, r.Err = twofactor.Version(version), data, nil
	}
	// An end that is no end must not read as "the others are not there".
	if err := rows.Err(); err != nil {
		fail(err)
	}
}

func (s *Store) queryMany(ctx context.Context, batch []*group.Request) (*sql.Rows, error) {
	if s.dialect == MySQL {
		return s.mysqlMany(ctx, batch)
	}
	return s.db.QueryContext(ctx, s.sql.loadMany, array(batch, keyOf))
}

// writeTogether isn't called for MySQL, see mysqlMany.
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
	s.writeMany(ctx, s.sql.replaceMany, replaces, array(replaces, oldOf))
}
