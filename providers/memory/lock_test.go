package memory_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/lockstoretest"
	"github.com/latchkey-auth/latchkey/providers/memory"
)

func TestLockKeys(t *testing.T) {
	t.Parallel()
	lockstoretest.Lock(t, func(*testing.T) func() lockcode.LockKeyStore {
		k := new(memory.LockKeys)
		return func() lockcode.LockKeyStore { return k }
	})
}

func TestAppKeys(t *testing.T) {
	t.Parallel()
	lockstoretest.App(t, func(*testing.T) func() lockcode.AppKeyStore {
		k := new(memory.AppKeys)
		return func() lockcode.AppKeyStore { return k }
	})
}
