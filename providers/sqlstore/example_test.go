package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "latchkey")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "latchkey.db")+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	store, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.SQLite})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.EnsureSchema(ctx); err != nil {
		log.Fatal(err)
	}
	warnings, err := store.Check(ctx)
	fmt.Println("warnings:", warnings, err)

	version, err := store.Save(ctx, "user 1", "", []byte("one"))
	fmt.Println("created:", err)
	_, err = store.Save(ctx, "user 1", version, []byte("two"))
	fmt.Println("replaced:", err)
	_, err = store.Save(ctx, "user 1", version, []byte("three"))
	fmt.Println("replaced from a stale version:", errors.Is(err, twofactor.ErrConflict))
	// Output:
	// warnings: [] <nil>
	// created: <nil>
	// replaced: <nil>
	// replaced from a stale version: true
}
