package realserver_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// BenchmarkAll measures every store on the servers of one machine.
//
//	go test -run='^$' -bench=All -count=5 ./internal/realserver
func BenchmarkAll(b *testing.B) {
	for _, s := range realserver.All() {
		for _, clients := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/clients=%d", s.Name, clients), func(b *testing.B) {
				var store twofactor.Store = new(memory.Store)
				switch {
				case s.Kind != nil:
					store = s.Connect(b, s.Kind.Shared(b).Addr, realserver.Name())
				case s.Name == "sqlite":
					store = realserver.SQLite(b, filepath.Join(b.TempDir(), "latchkey.db"))
				}
				realserver.Verifications(b, store, clients)
			})
		}
	}
}
