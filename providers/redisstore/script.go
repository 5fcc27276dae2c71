package redisstore

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// From few requests on that are under way, others wait and go together, at most
// so many at a time: a packet each costs client and server more than the work.
const few, most = 16, 128

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

// scriptFor returns the script of a request, and its arguments.
func scriptFor(r *group.Request) (sc *script, args []any) {
	switch {
	case r.Remove:
		return deleteScript, []any{string(r.Old)}
	case r.New != "":
		return saveScript, []any{string(r.Old), string(r.New), r.Data}
	}
	return loadScript, nil
}

// alone runs the script of one request, and returns as soon as ctx ends. The
// client library looks at ctx only before it sends.
func (s *Store) alone(ctx context.Context, r *group.Request) {
	sc, args := scriptFor(r)
	type answer struct {
		cmd *redis.Cmd
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		cmd, err := s.send(ctx, sc, r.Key, args)
		answered <- answer{cmd, err}
	}()
	select {
	case a := <-answered:
		settle(r, sc, a.cmd, a.err)
	case <-ctx.Done():
		r.Err = ctx.Err()
	}
}

// together sends the scripts of many requests in one packet. The server runs
// each by itself, and one that is refused leaves the others alone.
func (s *Store) together(ctx context.Context, batch []*group.Request) {
	type sent struct {
		r   *group.Request
		sc  *script
		cmd *redis.Cmd
	}
	all := make([]sent, len(batch))
	pipe := s.client.Pipeline()
	for i, r := range batch {
		sc, args := scriptFor(r)
		cmd := redis.NewCmd(ctx, append([]any{"evalsha", sc.sha, 1, s.prefix + r.Key}, args...)...)
		all[i] = sent{r, sc, cmd}
		if sc.writes {
			pipe.Process(ctx, once{cmd})
		} else {
			pipe.Process(ctx, cmd)
		}
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		pipe.Exec(ctx) // each command has its own error
	}()
	select {
	case <-answered:
	case <-ctx.Done():
		for _, r := range batch {
			r.Err = ctx.Err()
		}
		return
	}
	for _, a := range all {
		if err := a.cmd.Err(); redis.HasErrorPrefix(err, "NOSCRIPT") {
			s.alone(ctx, a.r) // which brings the script along
		} else {
			settle(a.r, a.sc, a.cmd, err)
		}
	}
}

// settle gives r the server's answer.
func settle(r *group.Request, sc *script, cmd *redis.Cmd, err error) {
	switch {
	case err != nil:
		r.Err = err
	case sc.writes:
		switch n, err := cmd.Int(); {
		case err != nil:
			r.Err = errors.New("the server's answer is not a number")
		case n == 0:
			r.Err = twofactor.ErrConflict
		}
	default:
		r.Version, r.Data, r.Err = record(cmd)
	}
}

// record reads the answer to loadScript.
func record(cmd *redis.Cmd) (twofactor.Version, []byte, error) {
	fields, err := cmd.Slice()
	if err != nil || len(fields) != 2 {
		return "", nil, errors.New("the server's answer is not a record")
	}
	if fields[0] == nil && fields[1] == nil {
		return "", nil, twofactor.ErrNotFound
	}
	version, ok1 := fields[0].(string)
	data, ok2 := fields[1].(string)
	if !ok1 || !ok2 || version == "" {
		return "", nil, errors.New("the record is damaged")
	}
	return twofactor.Version(version), []byte(data), nil
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
