package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/redisstore"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func TestMain(m *testing.M) { realserver.Main(m) }

func open(t *testing.T, addr string, c redisstore.Config) *redisstore.Store {
	t.Helper()
	return newStore(t, redis.NewClient(&redis.Options{Addr: addr}), c)
}

func newStore(t *testing.T, client redis.UniversalClient, c redisstore.Config) *redisstore.Store {
	t.Helper()
	t.Cleanup(func() { client.Close() })
	s, err := redisstore.New(t.Context(), client, c)
	require.NoError(t, err)
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	server := realserver.Redis.Shared(t)
	storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
		c := redisstore.Config{Prefix: realserver.Name() + "[*?]\\:"}
		return open(t, server.Addr, c), open(t, server.Addr, c)
	})
}

func TestCluster(t *testing.T) {
	t.Parallel()
	server := realserver.RedisCluster.Shared(t)
	storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
		c := redisstore.Config{Prefix: realserver.Name() + ":"}
		// Options that would make plain reads stale.
		o := &redis.ClusterOptions{Addrs: []string{server.Addr}, ReadOnly: true, RouteRandomly: true}
		return newStore(t, redis.NewClusterClient(o), c), newStore(t, redis.NewClusterClient(o), c)
	})
}

// TestClientCache: the client library can answer reads by itself, from what it
// read before, until it learns of a change. A Store must not let it.
func TestClientCache(t *testing.T) {
	t.Parallel()
	server := realserver.Redis.Shared(t)
	storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
		c := redisstore.Config{Prefix: realserver.Name() + ":"}
		o := &redis.Options{Addr: server.Addr, Protocol: 3, ClientSideCacheConfig: &redis.ClientSideCacheConfig{}}
		return newStore(t, redis.NewClient(o), c), newStore(t, redis.NewClient(o), c)
	})
}

// TestDataIsNotKept: a Save that returns early leaves a command behind that is
// still on its way, and the caller uses its buffer again.
func TestDataIsNotKept(t *testing.T) {
	t.Parallel()
	s := open(t, realserver.Redis.Shared(t).Addr, redisstore.Config{Prefix: realserver.Name()})
	data := make([]byte, 1<<20)
	for i := range 200 {
		key := strconv.Itoa(i)
		for j := range data {
			data[j] = 'x'
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for range i {
				runtime.Gosched()
			}
			cancel()
		}()
		s.Save(ctx, key, "", data)
		clear(data)
		rec, err := s.Load(t.Context(), key)
		if err == nil {
			require.Equal(t, len(data), bytes.Count(rec.Data, []byte("x")), "what was saved changed on its way")
		}
		cancel()
	}
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	primary, replica := realserver.RedisWithReplica(t)
	c := redis.NewClient(&redis.Options{Addr: replica.Addr})
	defer c.Close()
	// It is the only one and not killed: waiting for its disk, on a machine that
	// does much else, would only make it miss the second that a write waits.
	require.NoError(t, c.ConfigSet(t.Context(), "appendfsync", "no").Err())
	storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
		c := redisstore.Config{Prefix: realserver.Name() + ":", Replicas: 1}
		return open(t, primary.Addr, c), open(t, primary.Addr, c)
	})

	// The replica is promoted after the primary died.
	s := open(t, primary.Addr, redisstore.Config{Replicas: 1})
	saved := make(map[string]twofactor.Version)
	for i := range 50 {
		key := strings.Repeat("k", i+1)
		v, err := s.Save(t.Context(), key, "", []byte("data"))
		require.NoError(t, err)
		saved[key] = v
	}
	primary.Kill()
	require.NoError(t, c.ReplicaOf(t.Context(), "NO", "ONE").Err())
	s = open(t, replica.Addr, redisstore.Config{})
	for key, v := range saved {
		rec, err := s.Load(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, v, rec.Version)
	}
}

func TestTooFewReplicas(t *testing.T) {
	t.Parallel()
	server := realserver.Redis.Shared(t)
	s := open(t, server.Addr, redisstore.Config{Prefix: realserver.Name(), Replicas: 1})
	_, err := s.Save(t.Context(), "k", "", []byte("data"))
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrConflict)
	// That was no lie: the record may well be there. A refusal needs no replica.
	_, err = s.Save(t.Context(), "k", "", []byte("data"))
	require.ErrorIs(t, err, twofactor.ErrConflict)
}

// records collects what is logged.
type records struct {
	slog.Handler
	lines []string
}

func (r *records) Handle(_ context.Context, rec slog.Record) error {
	r.lines = append(r.lines, rec.Message)
	return nil
}

func TestCheck(t *testing.T) {
	t.Parallel()
	server := realserver.Redis.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	s := newStore(t, client, redisstore.Config{})
	check := func(s *redisstore.Store) string {
		warnings, err := s.Check(t.Context())
		require.NoError(t, err)
		return strings.Join(warnings, "\n")
	}
	set := func(name, value string) {
		require.NoError(t, client.ConfigSet(t.Context(), name, value).Err())
	}
	require.Empty(t, check(s))

	set("maxmemory-policy", "allkeys-lru")
	require.Contains(t, check(s), "maxmemory-policy is allkeys-lru")
	set("maxmemory-policy", "noeviction")

	set("appendfsync", "everysec")
	require.Contains(t, check(s), "appendfsync is everysec")
	set("appendfsync", "always")

	set("appendonly", "no")
	require.Contains(t, check(s), "appendonly is off")
	log := &records{Handler: slog.DiscardHandler}
	newStore(t, redis.NewClient(&redis.Options{Addr: server.Addr}), redisstore.Config{Logger: slog.New(loud{log})})
	require.Len(t, log.lines, 1)
	require.Contains(t, log.lines[0], "appendonly is off")
	set("appendonly", "yes")

	require.Contains(t, check(newStore(t, redis.NewClient(&redis.Options{Addr: server.Addr}), redisstore.Config{Replicas: 2})), "writes wait for 2 replicas and 0 are connected")

	primary, replica := realserver.RedisWithReplica(t)
	require.Contains(t, check(open(t, replica.Addr, redisstore.Config{})), "connected to a replica")
	warnings := check(open(t, primary.Addr, redisstore.Config{}))
	require.Contains(t, warnings, "Config.Replicas is 0")
	require.Contains(t, warnings, "min-replicas-to-write is 0")
}

// loud is a handler that is enabled, which the one that discards is not.
type loud struct{ *records }

func (loud) Enabled(context.Context, slog.Level) bool { return true }

// TestNoServer shows that an application can start before its server, and what
// it then gets is a fault and no answer.
func TestNoServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	l.Close()
	s := open(t, addr, redisstore.Config{})
	_, err = s.Load(t.Context(), "k")
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrNotFound)
	_, err = s.Save(t.Context(), "k", "", nil)
	require.Error(t, err)
	require.False(t, errors.Is(err, twofactor.ErrConflict) || errors.Is(err, twofactor.ErrNotFound))
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := redisstore.New(t.Context(), nil, redisstore.Config{})
	require.ErrorContains(t, err, "no client")
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}})
	defer ring.Close()
	_, err = redisstore.New(t.Context(), ring, redisstore.Config{})
	require.ErrorContains(t, err, "Ring")
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	_, err = redisstore.New(t.Context(), client, redisstore.Config{Replicas: -1})
	require.ErrorContains(t, err, "negative")
}

// TestDamaged: a hash that is no record is a fault, and no missing record.
func TestDamaged(t *testing.T) {
	t.Parallel()
	server := realserver.Redis.Shared(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	prefix := realserver.Name()
	s := newStore(t, client, redisstore.Config{Prefix: prefix})
	for key, fields := range map[string][]any{
		"no version":    {"d", "data"},
		"empty version": {"v", "", "d", "data"},
		"no data":       {"v", "version"},
	} {
		require.NoError(t, client.HSet(t.Context(), prefix+key, fields...).Err())
		_, err := s.Load(t.Context(), key)
		require.ErrorContains(t, err, "damaged", key)
		require.NotErrorIs(t, err, twofactor.ErrNotFound, key)
	}
	require.NoError(t, client.Set(t.Context(), prefix+"text", "text", 0).Err())
	_, err := s.Load(t.Context(), "text")
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrNotFound)
}
