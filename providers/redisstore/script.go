package redisstore

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A script runs on the server as one step.
type script struct {
	text, sha string
	writes    bool
}

func newScript(writes bool, text string) *script {
	sum := sha1.Sum([]byte(text)) // the server's name for it
	return &script{text: text, sha: hex.EncodeToString(sum[:]), writes: writes}
}

// A record is a hash of its version and its data. HGET of a missing one gives
// false, which no ARGV can be.
var (
	// Loading is a script too: a plain read could be answered by a replica or
	// by a cache in the client, where such things are turned on.
	loadScript = newScript(false, `return redis.call('HMGET', KEYS[1], 'v', 'd')`)

	saveScript = newScript(true, `
if (redis.call('HGET', KEYS[1], 'v') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
return 1`)

	deleteScript = newScript(true, `
local v = redis.call('HGET', KEYS[1], 'v')
if not v then return 1 end
if v ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1`)
)

// once is a command that the client library doesn't repeat when its connection
// is cut. It can't know whether the server has run it, and a second run would
// be refused because of the first.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// run runs sc on the record under key, and returns as soon as ctx ends. The
// client library looks at ctx only before it sends.
func (s *Store) run(ctx context.Context, sc *script, key string, args ...any) (*redis.Cmd, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if ctx.Done() == nil {
		return s.send(ctx, sc, key, args)
	}
	type answer struct {
		cmd *redis.Cmd
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		cmd, err := s.send(ctx, sc, key, args)
		answered <- answer{cmd, err}
	}()
	select {
	case a := <-answered:
		return a.cmd, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Store) send(ctx context.Context, sc *script, key string, args []any) (*redis.Cmd, error) {
	if sc.writes && s.replicas > 0 {
		return s.sendAndWait(ctx, sc, key, args)
	}
	cmd, err := s.process(ctx, sc, append([]any{"evalsha", sc.sha, 1, s.prefix + key}, args...))
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		cmd, err = s.process(ctx, sc, append([]any{"eval", sc.text, 1, s.prefix + key}, args...))
	}
	return cmd, err
}

func (s *Store) process(ctx context.Context, sc *script, args []any) (*redis.Cmd, error) {
	cmd := redis.NewCmd(ctx, args...)
	if sc.writes {
		return cmd, s.client.Process(ctx, once{cmd})
	}
	return cmd, s.client.Process(ctx, cmd)
}

// replicaPatience is how long a write waits for the replicas.
const replicaPatience = time.Second

// sendAndWait sends the script and WAIT over the same connection: WAIT is about
// what the connection itself has written before.
func (s *Store) sendAndWait(ctx context.Context, sc *script, key string, args []any) (*redis.Cmd, error) {
	var pipe redis.Pipeliner
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		// WAIT has no key to find the right server by.
		node, err := cluster.MasterForKey(ctx, s.prefix+key)
		if err != nil {
			return nil, err
		}
		pipe = node.Pipeline()
	} else {
		pipe = s.client.Pipeline()
	}
	cmd := redis.NewCmd(ctx, append([]any{"eval", sc.text, 1, s.prefix + key}, args...)...)
	wait := redis.NewIntCmd(ctx, "wait", s.replicas, replicaPatience.Milliseconds())
	pipe.Process(ctx, once{cmd})
	pipe.Process(ctx, wait)
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	if got := wait.Val(); got < int64(s.replicas) {
		if refused, err := cmd.Int(); err == nil && refused == 0 {
			return cmd, nil // nothing was written that could be lost
		}
		return nil, fmt.Errorf("written, but only %d of %d replicas have confirmed it", got, s.replicas)
	}
	return cmd, nil
}
