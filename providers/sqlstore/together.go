package sqlstore

import (
	"context"
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
	query, args := s.sql.loadMany, []any{array(batch, keyOf)}
	if s.dialect == MySQL {
		query, args = mysqlLoad(s.table, batch)
	}
	rows, err := s.runner.query(ctx, query, args...)
	if err != nil {
		fail(batch, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var key, version, data []byte
		if err := rows.Scan(&key, &version, &data); err != nil {
			fail(batch, err)
			return
		}
		r := found[string(key)]
		if r == nil { // a column of text takes several keys for one
			fail(batch, errors.New("the database answered for another key"))
			return
		}
		r.Version, r.Data, r.Err = twofactor.Version(version), data, nil
	}
	// An end that is no end must not read as "the others are not there".
	if err := rows.Err(); err != nil {
		fail(batch, err)
	}
}

// fail gives all of a batch the same error.
func fail(batch []*group.Request, err error) {
	for _, r := range batch {
		r.Err = err
	}
}

// writeTogether isn't called for MySQL, see mysqlLoad.
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
