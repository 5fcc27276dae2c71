package storetest_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A store's whole test, here for one that lives within a process. One with a
// server opens a connection each for a and b.
func Example() {
	_ = func(t *testing.T) { // func TestStore(t *testing.T)
		storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
			s := new(memory.Store)
			return s, s
		})
	}
}
