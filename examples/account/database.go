package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/latchkey-auth/latchkey/providers/redisstore"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"
)

// A database is where second factors are kept, and the app's notes about them.
type database struct {
	store   twofactor.Store
	notes   notes
	keyFile string
	close   func() error
}

// openDatabase opens what -db names.
func openDatabase(ctx context.Context, dsn string, logger *slog.Logger) (*database, error) {
	scheme, _, _ := strings.Cut(dsn, "://")
	switch scheme {
	case "postgres", "postgresql", "redis", "rediss":
		folder, err := cacheFolder()
		if err != nil {
			return nil, err
		}
		keyFile := filepath.Join(folder, "server.key")
		if strings.HasPrefix(scheme, "redis") {
			return openRedis(ctx, dsn, keyFile, logger)
		}
		return openSQL(ctx, "pgx", dsn, sqlstore.PostgreSQL, keyFile, logger)
	}
	path, err := sqlitePath(dsn)
	if err != nil {
		return nil, err
	}
	// Nobody else on the machine reads it; SQLite gives its other files the same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return openSQL(ctx, "sqlite", sqliteDSN(path), sqlstore.SQLite, path+".key", logger)
}

func openSQL(ctx context.Context, driver, dsn string, d sqlstore.Dialect, keyFile string, logger *slog.Logger) (*database, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, errors.New("the database's address can't be understood") // the error may quote a password
	}
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: d})
	if err == nil {
		err = store.EnsureSchema(ctx)
	}
	var n *sqlNotes
	if err == nil {
		n, err = newSQLNotes(ctx, db, d)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	warn(ctx, logger, store.Check)
	return &database{store: store, notes: n, keyFile: keyFile, close: db.Close}, nil
}

func openRedis(ctx context.Context, dsn, keyFile string, logger *slog.Logger) (*database, error) {
	o, err := redis.ParseURL(dsn)
	if err != nil {
		return nil, errors.New("the database's address can't be understood")
	}
	client := redis.NewClient(o)
	store, err := redisstore.New(ctx, client, redisstore.Config{Logger: logger})
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &database{store: store, notes: &redisNotes{client}, keyFile: keyFile, close: client.Close}, nil
}

// warn logs why the database may not keep what it confirms.
func warn(ctx context.Context, logger *slog.Logger, check func(context.Context) ([]string, error)) {
	warnings, err := check(ctx)
	if err != nil {
		logger.Warn("the database could not be checked", "error", err)
	}
	for _, w := range warnings {
		logger.Warn("the database is not durable", "why", w)
	}
}

// sqliteDSN asks for a write-ahead log that is synced at every commit: after a
// power cut no code that was used is good again.
func sqliteDSN(path string) string {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

func sqlitePath(path string) (string, error) {
	if path != "" {
		return filepath.Abs(path)
	}
	folder, err := cacheFolder()
	return filepath.Join(folder, "account.db"), err
}

func cacheFolder() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder for the database: %w", err)
	}
	folder := filepath.Join(base, "latchkey-account")
	return folder, os.MkdirAll(folder, 0o700)
}
