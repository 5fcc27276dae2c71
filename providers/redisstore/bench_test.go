package redisstore_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/redisstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// BenchmarkStore measures the store against the least that works: HMGET, and a
// script run by the client library.
//
//	go test -run='^$' -bench=Store -count=5 ./providers/redisstore
func BenchmarkStore(b *testing.B) {
	server := realserver.Redis.Shared(b)
	for _, clients := range []int{1, 8, 64} {
		client := redis.NewClient(&redis.Options{Addr: server.Addr, PoolSize: 64})
		defer client.Close()
		b.Run(fmt.Sprintf("clients=%d/bare", clients), func(b *testing.B) {
			realserver.Verifications(b, &bare{client, realserver.Name()}, clients)
		})
		b.Run(fmt.Sprintf("clients=%d/store", clients), func(b *testing.B) {
			s, err := redisstore.New(b.Context(), client, redisstore.Config{Prefix: realserver.Name()})
			if err != nil {
				b.Fatal(err)
			}
			realserver.Verifications(b, s, clients)
		})
	}
}

type bare struct {
	client *redis.Client
	prefix string
}

func (s *bare) Load(ctx context.Context, key string) (twofactor.Record, error) {
	fields, err := s.client.HMGet(ctx, s.prefix+key, "v", "d").Result()
	if err != nil {
		return twofactor.Record{}, err
	}
	return twofactor.Record{Version: twofactor.Version(fields[0].(string)), Data: []byte(fields[1].(string))}, nil
}

var save = redis.NewScript(`
if (redis.call('HGET', KEYS[1], 'v') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
return 1`)

func (s *bare) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v := rand.Text()
	n, err := save.Run(ctx, s.client, []string{s.prefix + key}, string(old), v, data).Int()
	if err == nil && n == 0 {
		err = twofactor.ErrConflict
	}
	return twofactor.Version(v), err
}

func (*bare) Delete(context.Context, string, twofactor.Version) error { panic("not measured") }
