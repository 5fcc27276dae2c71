package twofactor_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A meter stands between the nodes and their store: it counts the calls, and
// fails those that a test wants to fail.
type meter struct {
	twofactor.Store
	*tally
}

// A tally is what the meters of several nodes have in common.
type tally struct {
	mu    sync.Mutex
	calls []string                           // "load u/alice", "save n/0ff", …
	fail  func(n int, call string) breakdown // of the nth call since reset, from 1
}

// A breakdown is how a call of the store goes wrong.
type breakdown int

const (
	noFault   breakdown = iota
	faultGone           // the call fails and did nothing
	faultLost           // the call took place, and its answer is lost
)

var errStore = errors.New("store is down")

func (s *tally) count(call string) breakdown {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	if s.fail == nil {
		return noFault
	}
	return s.fail(len(s.calls), call)
}

// reset forgets the calls so far, and says which of the next ones fail.
func (s *tally) reset(fail func(n int, call string) breakdown) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.fail = nil, fail
}

// made are the calls since reset on keys with a prefix, without their keys.
func (s *tally) made(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.calls {
		verb, key, _ := strings.Cut(c, " ")
		if strings.HasPrefix(key, prefix) {
			out = append(out, verb)
		}
	}
	return out
}

func (s *meter) Load(ctx context.Context, key string) (twofactor.Record, error) {
	if s.count("load "+key) != noFault {
		return twofactor.Record{}, errStore
	}
	return s.Store.Load(ctx, key)
}

func (s *meter) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	switch s.count("save " + key) {
	case faultGone:
		return "", errStore
	case faultLost:
		if _, err := s.Store.Save(ctx, key, old, data); err != nil {
			return "", err
		}
		return "", errStore
	}
	return s.Store.Save(ctx, key, old, data)
}

// inEachOthersWay lets requests in between each other's loads and saves, which a
// store in memory is too fast for.
func inEachOthersWay(c *twofactor.Config) { c.Store = slowStore{c.Store} }

// slowStore lets others in between each load and what follows from it.
type slowStore struct{ twofactor.Store }

func (s slowStore) Load(ctx context.Context, key string) (twofactor.Record, error) {
	r, err := s.Store.Load(ctx, key)
	for range 20 {
		runtime.Gosched()
	}
	return r, err
}
