package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey-auth/latchkey/providers/internal/group"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// A Config says how a [Store] uses the server.
type Config struct {
	// Prefix stands in front of every key. The default is "latchkey:". Two
	// Stores on one server need different ones, and neither may be the
	// beginning of the other.
	Prefix string

	// Replicas is how many replicas have to confirm a write before it counts.
	// If they don't within a second, the write ends in an error although it
	// may last. The default is none.
	Replicas int

	// Logger gets a warning for each thing that Check finds when the Store is
	// made. The default is to discard them.
	Logger *slog.Logger
}

// A Store is a twofactor.Store and twofactor.Lister in Redis or Valkey.
type Store struct {
	client   redis.UniversalClient
	prefix   string
	replicas int
	loads    *group.Group
	writes   *group.Group
}

var (
	_ twofactor.Store  = (*Store)(nil)
	_ twofactor.Lister = (*Store)(nil)
)

// New returns a Store on client, and logs what [Store.Check] finds. A server
// that can't be reached or asked is one more thing to log and no error, so that
// an application can start before its database. The context is for the check
// alone. Closing client is left to the caller.
func New(ctx context.Context, client redis.UniversalClient, c Config) (*Store, error) {
	switch client.(type) {
	case nil:
		return nil, errors.New("redisstore: no client")
	case *redis.Ring:
		// A Ring moves keys to another server as soon as theirs doesn't answer,
		// and there they are missing.
		return nil, errors.New("redisstore: a Ring loses records when its servers change")
	}
	if c.Replicas < 0 {
		return nil, errors.New("redisstore: negative number of replicas")
	}
	if c.Prefix == "" {
		c.Prefix = "latchkey:"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{client: client, prefix: c.Prefix, replicas: c.Replicas}
	s.loads = &group.Group{Few: few, Most: most, Batches: batches, Alone: s.alone, Together: s.together}
	s.writes = &group.Group{Few: few, Most: most, Batches: batches, Alone: s.alone, Together: s.together}
	if c.Replicas > 0 {
		s.writes.Few = math.MaxInt // each write waits for the replicas by itself
	}
	warnings, err := s.Check(ctx)
	if err != nil {
		warnings = append(warnings, "the server's durability could not be checked: "+err.Error())
	}
	for _, w := range warnings {
		c.Logger.WarnContext(ctx, "redisstore: "+w)
	}
	return s, nil
}

// Load implements twofactor.Store.
func (s *Store) Load(ctx context.Context, key string) (twofactor.Record, error) {
	r := &group.Request{Key: key}
	if err := s.loads.Do(ctx, r); err != nil {
		return twofactor.Record{}, fmt.Errorf("redisstore: load: %w", err)
	}
	return twofactor.Record{Data: r.Data, Version: r.Version}, nil
}

// Save implements twofactor.Store.
func (s *Store) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	r := &group.Request{Key: key, Old: old, New: twofactor.Version(rand.Text()), Data: data}
	if err := s.writes.Do(ctx, r); err != nil {
		return "", fmt.Errorf("redisstore: save: %w", err)
	}
	return r.New, nil
}

// Delete implements twofactor.Store.
func (s *Store) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if err := s.writes.Do(ctx, &group.Request{Key: key, Old: old, Remove: true}); err != nil {
		return fmt.Errorf("redisstore: delete: %w", err)
	}
	return nil
}

// globEscape keeps a prefix from being read as a pattern.
var globEscape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
