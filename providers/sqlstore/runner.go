package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

// A runner runs statements.
type runner interface {
	exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	queryRow(ctx context.Context, query string, args []any, dest ...any) error
}

// direct leaves it to the driver to prepare statements. PostgreSQL's do so by
// themselves, and can be told not to where a connection pooler is in between.
type direct struct{ db *sql.DB }

func (d direct) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return d.db.ExecContext(ctx, query, args...)
}

func (d direct) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.db.QueryContext(ctx, query, args...)
}

func (d direct) queryRow(ctx context.Context, query string, args []any, dest ...any) error {
	return d.db.QueryRowContext(ctx, query, args...).Scan(dest...)
}

// prepared keeps prepared statements for drivers that would parse each anew:
// for SQLite that is half the work, and for MySQL a round trip.
type prepared struct {
	on interface { // a *sql.DB, or within a transaction of it
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func (p *prepared) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	stmt := p.stmts[query]
	p.mu.Unlock()
	if stmt != nil {
		return stmt, nil
	}
	// Not under the lock, since it may take as long as ctx allows.
	stmt, err := p.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.stmts[query]; first != nil {
		stmt.Close()
		return first, nil
	}
	if p.stmts == nil {
		p.stmts = make(map[string]*sql.Stmt)
	}
	p.stmts[query] = stmt
	return stmt, nil
}

func (p *prepared) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := p.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (p *prepared) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := p.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (p *prepared) queryRow(ctx context.Context, query string, args []any, dest ...any) error {
	stmt, err := p.prepare(ctx, query)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, args...).Scan(dest...)
}
