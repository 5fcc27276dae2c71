package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Check asks the database whether it keeps what it confirms, and returns a
// sentence for each setting because of which it may not. An error means that
// the database couldn't be asked, or that the table's columns are not of the types
// that [Schema] gives them.
func (s *Store) Check(ctx context.Context) (warnings []string, err error) {
	ask := func(name string) string {
		value, failed := s.setting(ctx, name)
		if failed != nil && err == nil {
			err = fmt.Errorf("sqlstore: check %s: %w", name, failed)
		}
		return value
	}
	warn := func(name, value, trouble string) {
		warnings = append(warnings, name+" is "+value+": "+trouble)
	}
	const (
		usedAgain = "a crash or power cut brings used codes back"
		damaged   = "a power cut damages the database"
		lags      = "this looks like a replica, whose records lag behind"
	)
	switch s.dialect {
	case SQLite:
		if v := ask("synchronous"); v != "2" && v != "3" {
			warn("synchronous", v, usedAgain+"; it should be 2 (FULL)")
		}
		if v := ask("journal_mode"); v != "wal" {
			warn("journal_mode", v, "readers and the writer wait for each other; it should be wal")
		}
		if v := ask("busy_timeout"); v == "0" {
			warn("busy_timeout", v, "a write fails whenever another process is writing")
		}
	case PostgreSQL:
		for _, name := range []string{"fsync", "full_page_writes"} {
			if v := ask(name); v != "on" {
				warn(name, v, damaged)
			}
		}
		if v := ask("synchronous_commit"); v == "off" {
			warn("synchronous_commit", v, usedAgain)
		}
		if v := ask("transaction_read_only"); v != "off" {
			warn("transaction_read_only", v, lags)
		}
	case MySQL:
		if v := ask("autocommit"); v != "ON" {
			warn("autocommit", v, "nothing that is saved lasts, and loads lag behind; take it out of the DSN, init_connect and the server's settings")
		}
		// What the server converts on its way, it converts with question marks.
		if v, want := ask("character_set_connection"), ask("character_set_client"); v != want {
			warn("character_set_connection", v, "users whose ids aren't ASCII are taken for each other; it should be "+want+", as character_set_client is")
		}
		if v, failed := s.engine(ctx); failed != nil {
			return nil, fmt.Errorf("sqlstore: check engine: %w", failed)
		} else if v != "" && !strings.EqualFold(v, "InnoDB") {
			warn("engine of "+s.table, v, usedAgain+"; ALTER TABLE "+s.table+" ENGINE = InnoDB")
		}
		if v := ask("innodb_flush_log_at_trx_commit"); v != "1" {
			warn("innodb_flush_log_at_trx_commit", v, usedAgain)
		}
		if v := ask("sync_binlog"); v != "1" && ask("log_bin") == "ON" {
			warn("sync_binlog", v, "after a power cut, replicas have records that this server has lost, or the other way round")
		}
		if v := ask("read_only"); v != "OFF" {
			warn("read_only", v, lags)
		}
		// A node of a Galera cluster answers a read before it has applied what
		// another has confirmed, unless it is told to wait.
		if v := ask("wsrep_sync_wait"); v == "0" && ask("wsrep_on") == "ON" {
			warn("wsrep_sync_wait", v, "what was saved on one node is not at once there on another; it should be 1")
		}
	}
	if err == nil {
		err = s.checkTable(ctx)
	}
	if err != nil {
		return nil, err
	}
	return warnings, nil
}

// setting returns the value of a setting, empty if the database doesn't know it.
func (s *Store) setting(ctx context.Context, name string) (value string, err error) {
	switch s.dialect {
	case SQLite:
		err = s.db.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value)
	case PostgreSQL:
		err = s.db.QueryRowContext(ctx, "SHOW "+name).Scan(&value)
	case MySQL:
		err = s.db.QueryRowContext(ctx, "SHOW VARIABLES LIKE '"+name+"'").Scan(new(string), &value)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value, err
}
