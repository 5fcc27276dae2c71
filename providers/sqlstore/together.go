package sqlstore

import (
	"context"
	"database/sql"

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

func (s *Store) writeTogether(ctx context.Context, batch []*group.Request) {
	if s.dialect == SQLite {
		s.writeInTransaction(ctx, batch)
		return
	}
	var creates, replaces []*group.Request
	for _, r := range batch {
		switch {
		case r.Remove, r.Old == "" && s.dialect == MySQL: // a record is created once
			s.writeAlone(ctx, r)
		case r.Old == "":
			creates = append(creates, r)
		default:
			replaces = append(replaces, r)
		}
	}
	if s.dialect == MySQL {
		s.replaceInTransaction(ctx, replaces)
		return
	}
	s.writeMany(ctx, s.sql.createMany, creates)
	s.writeMany(ctx, s.sql.replaceMany, replaces, array(replaces, oldOf))
}

// settle answers a batch of which the versions in won were written.
func settle(batch []*group.Request, won map[string]bool, err error) {
	for _, r := range batch {
		switch {
		case err != nil:
			r.Err = err
		case !won[string(r.New)]:
			r.Err = twofactor.ErrConflict
		}
	}
}

// versions reads a column of versions. It returns nothing but an error if the
// result didn't come to its end.
func versions(rows *sql.Rows, err error) (map[string]bool, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]bool)
	for rows.Next() {
		var version []byte
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		found[string(version)] = true
	}
	return found, rows.Err()
}

// What the columns of a statement for many records hold.
func keyOf(r *group.Request) []byte  { return []byte(r.Key) }
func newOf(r *group.Request) []byte  { return []byte(r.New) }
func oldOf(r *group.Request) []byte  { return []byte(r.Old) }
func dataOf(r *group.Request) []byte { return r.Data }
