package redisstore

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Keys implements twofactor.Lister. In a cluster, keys that move from one
// server to another in the meantime can be left out.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		servers, err := s.servers(ctx)
		for _, server := range servers {
			if err != nil {
				break
			}
			found := server.Scan(ctx, 0, globEscape.Replace(s.prefix)+"*", 500).Iterator()
			for found.Next(ctx) {
				if !yield(strings.TrimPrefix(found.Val(), s.prefix), nil) {
					return
				}
			}
			err = found.Err()
		}
		if err == nil {
			err = ctx.Err() // the iterator ends quietly with the context
		}
		if err != nil {
			yield("", fmt.Errorf("redisstore: keys: %w", err))
		}
	}
}

// servers returns a client for each server that holds records.
func (s *Store) servers(ctx context.Context) ([]redis.Cmdable, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{s.client}, nil
	}
	var mu sync.Mutex
	var servers []redis.Cmdable
	err := cluster.ForEachMaster(ctx, func(_ context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		servers = append(servers, c)
		return nil
	})
	return servers, err
}
