package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/redisstore"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func grouping(t *testing.T, client redis.UniversalClient, prefix string) *redisstore.Store {
	t.Helper()
	s := newStore(t, client, redisstore.Config{Prefix: prefix})
	s.GroupAll()
	return s
}

func TestGroups(t *testing.T) {
	t.Parallel()
	addr := realserver.Redis.Shared(t).Addr
	storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
		prefix := realserver.Name() + ":"
		return grouping(t, redis.NewClient(&redis.Options{Addr: addr}), prefix), grouping(t, redis.NewClient(&redis.Options{Addr: addr}), prefix)
	})
}

// TestGroupsWhereScriptsAreGone: a server that was restarted knows no script, which
// mixes up nobody's answers. Of those who write to one key from
// one version, one wins, whatever is in the packet beside it.
func TestGroupsWhereScriptsAreGone(t *testing.T) {
	t.Parallel()
	server := realserver.Redis.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	s := grouping(t, client, "p:")
	ctx, cancel := context.WithCancel(t.Context())
	var flushing sync.WaitGroup
	flushing.Go(func() {
		for client.ScriptFlush(ctx).Err() == nil {
			runtime.Gosched()
		}
	})
	defer flushing.Wait()
	defer cancel()
	for round := range 20 {
		const keys, writers = 16, 4
		var mu sync.Mutex
		won := make(map[string]string)
		var wg sync.WaitGroup
		for i := range keys * writers {
			wg.Go(func() {
				key, data := fmt.Sprint(round, " ", i%keys), fmt.Sprint("by ", i)
				switch _, err := s.Save(ctx, key, "", []byte(data)); {
				case err == nil:
					mu.Lock()
					defer mu.Unlock()
					if other := won[key]; other != "" {
						t.Errorf("%s was made twice", key)
					}
					won[key] = data
				default:
					if !errors.Is(err, twofactor.ErrConflict) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		require.Len(t, won, keys)
		for key, data := range won {
			wg.Go(func() {
				rec, err := s.Load(ctx, key)
				if err != nil || string(rec.Data) != data {
					t.Errorf("%s: %q, %v", key, rec.Data, err)
				}
			})
		}
		wg.Wait()
	}
}
