package redisstore

import (
	"bytes"
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
// While the server works on one packet, the next ones are put together.
const few, most, batches = 8, 128, 4

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

// until returns when f has ended or ctx has: the client library looks at ctx only
// before it sends.
func until(ctx context.Context, f func()) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// alone runs the script of one request, and returns as soon as ctx ends.
func (s *Store) alone(ctx context.Context, r *group.Request) {
	// A copy, since the command may still be on its way when Save has returned.
	r.Data = bytes.Clone(r.Data)
	sc, args := scriptFor(r)
	var cmd *redis.Cmd
	var err error
	if ended := until(ctx, func() { cmd, err = s.send(ctx, sc, r.Key, args) }); ended != nil {
		r.Err = ended
		return
	}
	settle(r, cmd, err)
}

// together sends the scripts of many requests in one packet. The server runs
// each by itself, and one that is refused leaves the others alone.
func (s *Store) together(ctx context.Context, batch []*group.Request) {
	cmds := make([]*redis.Cmd, len(batch))
	pipe := s.client.Pipeline()
	for i, r := range batch {
		sc, args := scriptFor(r)
		cmds[i], _ = process(ctx, pipe, sc, s.evalsha(sc, r.Key, args)) // which only adds it to the pipe
	}
	ended := until(ctx, func() { pipe.Exec(ctx) }) // each command has its own error
	for i, r := range batch {
		if ended != nil {
			r.Err = ended
			continue
		}
		if err := cmds[i].Err(); redis.HasErrorPrefix(err, "NOSCRIPT") {
			s.alone(ctx, r) // which brings the script along
		} else {
			settle(r, cmds[i], err)
		}
	}
}

// settle gives r the server's answer.
func settle(r *group.Request, cmd *redis.Cmd, err error) {
	switch {
	case err != nil:
		r.Err = err
	case r.Remove || r.New != "":
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
	cmd, err := process(ctx, s.client, sc, s.evalsha(sc, key, args))
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		cmd, err = process(ctx, s.client, sc, s.eval(sc, key, args))
	}
	return cmd, err
}

// evalsha is the command for a script that the server may know, and eval for one
// that it has to be told.
func (s *Store) evalsha(sc *script, key string, args []any) []any {
	return append([]any{"evalsha", sc.sha, 1, s.prefix + key}, args...)
}

func (s *Store) eval(sc *script, key string, args []any) []any {
	return append([]any{"eval", sc.text, 1, s.prefix + key}, args...)
}

// process gives a command to a client or to a pipeline.
func process(ctx context.Context, to interface {
	Process(context.Context, redis.Cmder) error
}, sc *script, args []any) (*redis.Cmd, error) {
	cmd := redis.NewCmd(ctx, args...)
	if sc.writes {
		return cmd, to.Process(ctx, once{cmd})
	}
	return cmd, to.Process(ctx, cmd)
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
	cmd, _ := process(ctx, pipe, sc, s.eval(sc, key, args)) // a write, as all that come here
	wait := redis.NewIntCmd(ctx, "wait", s.replicas, replicaPatience.Milliseconds())
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
