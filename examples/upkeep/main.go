// Upkeep brings an app's records under its newest key, and counts what there is:
//
//	go run ./examples/upkeep -db records.db -keys keys.txt
//
// The file has one key per line, as twofactor.Key.Encode writes them, the one to
// seal with first. It can run beside the app and be stopped at any time; run
// again, it goes on. When nothing is left under an old key, that can be taken
// out of the app's configuration.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
	_ "modernc.org/sqlite"
)

func main() {
	db := flag.String("db", "", "a SQLite file or a postgres:// URL")
	keys := flag.String("keys", "", "the file with the keys, the newest first")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *db, *keys, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dsn, keyFile string, out io.Writer) error {
	keys, err := readKeys(keyFile)
	if err != nil {
		return err
	}
	db, store, err := open(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	guard, err := twofactor.NewGuard(twofactor.GuardConfig{Store: store, Keys: keys})
	if err != nil {
		return err
	}
	svc, err := twofactor.New(twofactor.Config{
		Store: store, Keys: keys, Issuer: "Upkeep", Messaging: twofactor.Messaging{Guard: guard},
	})
	if err != nil {
		return err
	}
	p, err := svc.Reseal(ctx, func(p twofactor.Progress) {
		if p.Seen%10_000 == 0 {
			fmt.Fprintf(out, "%d seen, %d under the new key now\n", p.Seen, p.Resealed)
		}
	})
	if err != nil {
		fmt.Fprintf(out, "stopped after %d records, of which %d were brought under the new key; run again, it goes on\n", p.Seen, p.Resealed)
		return err
	}
	fmt.Fprintf(out, "%d records: %d brought under the new key, %d left, %d unreadable\n", p.Seen, p.Resealed, p.Left, p.Unreadable)
	st, err := svc.Statistics(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d users, %d with a second factor (app %d, SMS %d, mail %d), %d recovery codes left, %d without one\n",
		st.Users, st.Enrolled, st.Kinds[twofactor.TOTP], st.Kinds[twofactor.SMS], st.Kinds[twofactor.Email], st.RecoveryCodes, st.NoRecovery)
	if p.Left+p.Unreadable > 0 {
		return errors.New("old keys are still needed")
	}
	return nil
}

func readKeys(file string) ([]twofactor.Key, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var keys []twofactor.Key
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		key, err := twofactor.ParseKey(string(line))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func open(dsn string) (*sql.DB, *sqlstore.Store, error) {
	driver, dialect := "pgx", sqlstore.PostgreSQL
	if !strings.HasPrefix(dsn, "postgres") {
		q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}}
		driver, dialect, dsn = "sqlite", sqlstore.SQLite, "file:"+dsn+"?"+q.Encode()
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, nil, errors.New("the database's address can't be understood")
	}
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: dialect})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, store, nil
}
