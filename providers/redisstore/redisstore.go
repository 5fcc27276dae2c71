package redisstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/redis/go-redis/v9"

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
	cmd, err := s.run(ctx, loadScript, key)
	if err != nil {
		return twofactor.Record{}, fmt.Errorf("redisstore: load: %w", err)
	}
	fields, err := cmd.Slice()
	if err != nil || len(fields) != 2 {
		return twofactor.Record{}, errors.New("redisstore: load: the server's answer is not a record")
	}
	if fields[0] == nil && fields[1] == nil {
		return twofactor.Record{}, fmt.Errorf("redisstore: load: %w", twofactor.ErrNotFound)
	}
	version, ok1 := fields[0].(string)
	data, ok2 := fields[1].(string)
	if !ok1 || !ok2 || version == "" {
		return twofactor.Record{}, errors.New("redisstore: load: the record is damaged")
	}
	return twofactor.Record{Data: []byte(data), Version: twofactor.Version(version)}, nil
}

// Save implements twofactor.Store.
func (s *Store) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v := rand.Text()
	// A copy, since the command may still be on its way when Save has returned.
	if err := s.write(ctx, saveScript, key, string(old), v, bytes.Clone(data)); err != nil {
		return "", fmt.Errorf("redisstore: save: %w", err)
	}
	return twofactor.Version(v), nil
}

// Delete implements twofactor.Store.
func (s *Store) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if err := s.write(ctx, deleteScript, key, string(old)); err != nil {
		return fmt.Errorf("redisstore: delete: %w", err)
	}
	return nil
}

func (s *Store) write(ctx context.Context, sc *script, key string, args ...any) error {
	cmd, err := s.run(ctx, sc, key, args...)
	if err != nil {
		return err
	}
	switch n, err := cmd.Int(); {
	case err != nil:
		return errors.New("the server's answer is not a number")
	case n == 0:
		return twofactor.ErrConflict
	}
	return nil
}

// globEscape keeps a prefix from being read as a pattern.
var globEscape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
