package twofactor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// An office is a world whose key is being replaced.
type office struct {
	*world
	store  *memory.Store
	tap    *tap               // what stands between upkeep and the store
	upkeep *twofactor.Service // under the new key first
	live   *twofactor.Service // a node that still seals under the old key
	after  *twofactor.Service // one that doesn't have the old key any more
}

// listed is a tap that can name its keys.
type listed struct {
	*tap
	twofactor.Lister
}

func newOffice(t *testing.T) *office {
	t.Helper()
	s := new(memory.Store)
	o := &office{world: newWorld(t, s, s), store: s, tap: &tap{Store: s}}
	keys := func(keys ...twofactor.Key) func(*twofactor.Config) {
		return func(c *twofactor.Config) { c.Keys = keys }
	}
	old, next := o.keys[0], twofactor.NewKey()
	o.upkeep = o.node(listed{o.tap, s}, keys(next, old))
	o.live = o.node(s, keys(old, next))
	o.after = o.node(s, keys(next))
	return o
}

func (o *office) reseal(t *testing.T) twofactor.Progress {
	t.Helper()
	p, err := o.upkeep.Reseal(t.Context(), nil)
	require.NoError(t, err)
	return p
}

// once calls f when upkeep has loaded a record for the first time.
func (o *office) once(f func()) {
	f = sync.OnceFunc(f)
	o.tap.onLoad = func(ctx context.Context, key string) (twofactor.Record, error) {
		rec, err := o.store.Load(ctx, key)
		f()
		return rec, err
	}
}

func TestResealWritesOverNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	alice := o.enrolled("alice")
	login, code := alice.login(), alice.newCode()
	o.once(func() {
		_, err := o.live.Verify(t.Context(), login, twofactor.Answer{Code: code})
		require.NoError(t, err)
	})
	require.Equal(t, twofactor.Progress{Seen: 1, Resealed: 1}, o.reseal(t))

	outcome, err := o.after.Begin(t.Context(), twofactor.SignIn{UserID: "alice", Enrolled: true})
	require.NoError(t, err, "the old key isn't needed any more")
	_, err = o.after.Verify(t.Context(), outcome.(*twofactor.Pending).Token(), twofactor.Answer{Code: code})
	refused(t, err, twofactor.ReasonAlreadyUsed, "upkeep put a record back")
}

func TestResealDoesNotBringBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.enrolled("alice")
	o.once(func() { require.NoError(t, o.live.Delete(t.Context(), "alice")) })
	require.Equal(t, twofactor.Progress{Seen: 1}, o.reseal(t))
	_, err := o.store.Load(t.Context(), "u/alice")
	require.ErrorIs(t, err, twofactor.ErrNotFound)
}

// TestResealBesideTraffic: while many use up their codes, upkeep runs again and
// again, and what was used stays used.
func TestResealBesideTraffic(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var people []*person
	for i := range 8 {
		people = append(people, o.enrolled(fmt.Sprint("user-", i)))
	}
	const used = 6
	try := func(node *twofactor.Service, p *person, code string) error {
		outcome, err := node.Begin(t.Context(), twofactor.SignIn{UserID: p.id, Enrolled: true})
		if err == nil {
			_, err = node.Verify(t.Context(), outcome.(*twofactor.Pending).Token(), twofactor.Answer{Code: code})
		}
		return err
	}
	var wg sync.WaitGroup
	for _, p := range people {
		wg.Go(func() {
			for _, code := range p.codes[:used] {
				if err := try(o.live, p, code); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }()
	for busy := true; busy; {
		require.Equal(t, len(people), o.reseal(t).Seen)
		select {
		case <-ended:
			busy = false
		default:
		}
	}
	p := o.reseal(t)
	require.Zero(t, p.Left+p.Unreadable)
	require.Zero(t, o.reseal(t).Resealed)
	for _, p := range people {
		for _, code := range p.codes[:used] {
			refused(t, try(o.after, p, code), twofactor.ReasonAlreadyUsed)
		}
		require.NoError(t, try(o.after, p, p.codes[used]))
	}
}

// TestResealGoesOn: it can be stopped between any two records, tells how far it
// has come, and goes on when it is run again.
func TestResealGoesOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i := range 5 {
		o.enrolled(fmt.Sprint("user-", i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var told []twofactor.Progress
	p, err := o.upkeep.Reseal(ctx, func(p twofactor.Progress) {
		if told = append(told, p); len(told) == 2 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []twofactor.Progress{{Seen: 1, Resealed: 1}, {Seen: 2, Resealed: 2}}, told)
	require.Equal(t, 2, p.Resealed)
	left, err := o.upkeep.Statistics(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, left.OldKey)

	require.Equal(t, twofactor.Progress{Seen: 5, Resealed: 3}, o.reseal(t))
	require.Equal(t, twofactor.Progress{Seen: 5}, o.reseal(t))
}

func TestResealCountsWhatIsLeft(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, user := range []string{"alice", "bob", "carol"} {
		o.enrolled(user)
	}
	o.tap.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
		if key == "u/bob" {
			return "", twofactor.ErrConflict
		}
		return o.store.Save(ctx, key, old, data)
	}
	require.Equal(t, twofactor.Progress{Seen: 3, Resealed: 2, Left: 1}, o.reseal(t))
	o.tap.onSave = func(context.Context, string, twofactor.Version, []byte) (twofactor.Version, error) {
		return "", errLost
	}
	_, err := o.upkeep.Reseal(t.Context(), nil)
	require.ErrorIs(t, err, errLost)
	o.tap.onSave = nil
	require.Equal(t, twofactor.Progress{Seen: 3, Resealed: 1}, o.reseal(t))
}

// TestResealCountsWhatItCanNotRead, and leaves it as it is.
func TestResealCountsWhatItCanNotRead(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for key, data := range map[string]string{"u/garbage": "garbage", "u/empty": "", "session/1": "somebody else's"} {
		_, err := o.store.Save(t.Context(), key, "", []byte(data))
		require.NoError(t, err)
	}
	other := o.node(o.store, func(c *twofactor.Config) { c.Keys = []twofactor.Key{twofactor.NewKey()} })
	_, err := other.Begin(t.Context(), twofactor.SignIn{UserID: "alice"})
	require.NoError(t, err)
	before := o.contents(t)
	require.Equal(t, twofactor.Progress{Seen: 2, Unreadable: 2}, o.reseal(t))
	require.Equal(t, before, o.contents(t))

	alice := o.enrolled("alice")
	stolen, err := o.store.Load(t.Context(), "u/"+alice.id)
	require.NoError(t, err)
	_, err = o.store.Save(t.Context(), "u/bob", "", stolen.Data)
	require.NoError(t, err)
	require.Equal(t, twofactor.Progress{Seen: 4, Resealed: 1, Unreadable: 3}, o.reseal(t), "a record in another user's place")
}

func (o *office) contents(t *testing.T) map[string]twofactor.Record {
	t.Helper()
	all := make(map[string]twofactor.Record)
	for key, err := range o.store.Keys(t.Context()) {
		require.NoError(t, err)
		rec, err := o.store.Load(t.Context(), key)
		require.NoError(t, err)
		all[key] = rec
	}
	return all
}

// TestResealCounters: what limits sending is under the key too.
func TestResealCounters(t *testing.T) {
	t.Parallel()
	s, old, next := new(memory.Store), twofactor.NewKey(), twofactor.NewKey()
	p := newTurnpike(t, func(c *twofactor.GuardConfig) { c.Store, c.Keys = s, []twofactor.Key{old, next} })
	for range 5 {
		require.NoError(t, p.reserve(text("alice", aliceMobile)))
	}
	r := newRealm(t, twofactor.Policy{}, func(c *twofactor.Config) {
		c.Store, c.Keys, c.Messaging = s, []twofactor.Key{next, old}, twofactor.Messaging{}
	})
	guard, err := twofactor.NewGuard(twofactor.GuardConfig{Store: s, Keys: r.config.Keys, Countries: []string{"AU"}, Now: p.clock.Now})
	require.NoError(t, err)
	upkeep := r.node(func(c *twofactor.Config) { c.Messaging.Guard = guard })
	first, err := upkeep.Reseal(t.Context(), nil)
	require.NoError(t, err)
	require.Positive(t, first.Resealed)
	require.Equal(t, first.Seen, first.Resealed)
	again, err := upkeep.Reseal(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, twofactor.Progress{Seen: first.Seen}, again)

	err = guard.Reserve(t.Context(), text("alice", aliceMobile))
	refused(t, err, twofactor.ReasonSendLimited, "the counters began anew")
}

func TestUpkeepNeedsKeys(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.enrolled("alice")
	_, err := o.a.Reseal(t.Context(), nil) // its tap is no Lister
	require.ErrorIs(t, err, twofactor.ErrNoListing)
	_, err = o.a.Statistics(t.Context())
	require.ErrorIs(t, err, twofactor.ErrNoListing)

	lost := o.node(listed{&tap{Store: o.store, onLoad: func(context.Context, string) (twofactor.Record, error) {
		return twofactor.Record{}, errLost
	}}, o.store})
	_, err = lost.Reseal(t.Context(), nil)
	require.ErrorIs(t, err, errLost)
	_, err = lost.Statistics(t.Context())
	require.ErrorIs(t, err, errLost)
	require.False(t, errors.Is(err, twofactor.ErrRejected))
}
