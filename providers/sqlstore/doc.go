// Package sqlstore keeps the library's records in a table of an SQL database,
// through database/sql. It knows SQLite, PostgreSQL and MySQL or MariaDB, and
// imports no driver: the application brings its own.
//
//	db, err := sql.Open("pgx", dsn)
//	store, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.PostgreSQL})
//	err = store.EnsureSchema(ctx)
//
// Applications that keep their schema as migrations take the statement from
// [Schema]. The table has three columns, all of them bytes: id, the record's key
// and the primary one, of 1 to 255 bytes; version, a random text of 26 bytes; and data,
// which can't be read without the library's keys.
//
// # Durability
//
// A write that is confirmed has to outlive a crash, or a code that was used up
// is good again. [Store.Check] asks the database whether it is set up for that.
//
//   - SQLite keeps a write-ahead log and syncs it at every commit with these
//     settings, here for modernc.org/sqlite; synchronous=NORMAL is not enough:
//     file:latchkey.db?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)
//     For a busy server with many users, _pragma=cache_size(-16000) gives each
//     connection 16 MB of cache instead of 2, and _pragma=wal_autocheckpoint(10000)
//     lets the log grow to 40 MB, instead of 4, before it is written back.
//   - PostgreSQL is safe as it is installed: fsync, full_page_writes and
//     synchronous_commit are on. Where a standby may be promoted, only one named
//     in synchronous_standby_names has what the primary has confirmed.
//   - MySQL and MariaDB are safe as they are installed, if the table is InnoDB:
//     innodb_flush_log_at_trx_commit and autocommit are 1. With autocommit=0, in
//     the DSN or on the server, nothing that is saved lasts. A replica may lack what the primary
//     has confirmed, also with semi-synchronous replication, which gives up
//     waiting after a time.
//
// The database that is passed to [New] has to be the primary. A pool that
// spreads reads over replicas breaks the contract of twofactor.Store.
//
// For a server, the pool should keep some twenty idle connections
// (sql.DB.SetMaxIdleConns). With the two that it keeps by default, most requests
// of a busy moment open a connection of their own.
//
// # Groups
//
// On PostgreSQL and SQLite, writes that come while many others are under way go
// to the database together: one statement, or one transaction, and one wait for
// the disk, for many users. On PostgreSQL, MySQL and MariaDB loads do so too.
// Nobody waits for company: with few callers every request goes at once and by
// itself, and under load the groups form while the database is busy. A write that
// loses its compare-and-swap doesn't touch its neighbors. When a connection breaks,
// all writes of its group end in an error that says that their outcome is unknown,
// as a single write would.
//
// There is nothing to close: no goroutine outlives the requests. A group that a
// server doesn't answer within half a minute ends in an error. A request that
// went by itself waits for as long as its context allows, and holds up others for
// half a minute at most.
//
// SQLite ends neither a statement nor its wait for another process's lock before
// it is done, or busy_timeout over: so long a request can outlast its context.
//
// # Errors
//
// An error that is twofactor.ErrConflict or ErrNotFound is the database's answer.
// After any other one, nobody knows whether a write took place; Load tells.
package sqlstore
