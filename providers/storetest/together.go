package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
)

const (
	// Writers work at the same time, half of them on each handle; enough for a
	// store to group them, if it does such things.
	writers = 24
	rounds  = 12
	each    = 2 // increments by each writer
)

// race runs f for each writer, all released at once.
func race(a, b twofactor.Store, f func(i int, s twofactor.Store)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range writers {
		s := a
		if i%2 == 1 {
			s = b
		}
		wg.Go(func() {
			<-start
			f(i, s)
		})
	}
	close(start)
	wg.Wait()
}

// concurrent lets all writers save over the same version, beginning with the
// one that says that there is no record.
func concurrent(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	var old twofactor.Version
	for round := range rounds {
		var mu sync.Mutex
		won := make(map[string]twofactor.Version)
		race(a, b, func(i int, s twofactor.Store) {
			data := fmt.Sprintf("round %d, writer %d", round, i)
			v, err := s.Save(ctx, "k", old, []byte(data))
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				won[data] = v
				return
			}
			wantConflict(t, "Save in a race", err)
			// The loser decides again, and has to see what it lost against.
			if rec, err := s.Load(ctx, "k"); err != nil {
				t.Errorf("Load after a conflict: %v", err)
			} else if rec.Version == old {
				t.Error("Load after a conflict returned the version that was in conflict")
			}
		})
		if len(won) != 1 {
			t.Fatalf("round %d: %d of %d writers over the same version won, want exactly 1", round, len(won), writers)
		}
		for data, v := range won {
			wantRecord(ctx, t, "k", v, data, a, b)
			old = v
		}
		if t.Failed() {
			return
		}
	}
}

func concurrentDelete(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	for round := range rounds {
		old := mustSave(ctx, t, a, "k", "", "before")
		var mu sync.Mutex
		var saved []twofactor.Version
		deleted := 0
		race(a, b, func(i int, s twofactor.Store) {
			var v twofactor.Version
			var err error
			// Half of those on each handle delete, now this and now that half.
			deletes := (i/2+round)%2 == 0
			if deletes {
				err = s.Delete(ctx, "k", old)
			} else {
				v, err = s.Save(ctx, "k", old, []byte("after"))
			}
			if err != nil {
				wantConflict(t, "Save or Delete in a race", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if deletes {
				deleted++
			} else {
				saved = append(saved, v)
			}
		})
		switch {
		case len(saved) == 1 && deleted == 0:
			wantRecord(ctx, t, "k", saved[0], "after", a, b)
			mustDelete(ctx, t, a, "k", saved[0])
		case len(saved) == 0 && deleted > 0:
			wantMissing(ctx, t, "k", a, b)
		default:
			t.Fatalf("round %d: over the same version %d saves and %d deletes won; want one save, or deletes only", round, len(saved), deleted)
		}
		if t.Failed() {
			return
		}
	}
}

// counter is what the library does all day: load, decide, save, and again on a
// conflict.
func counter(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	// All decide on the same state at first, however fast the backend is.
	var loaded sync.WaitGroup
	loaded.Add(writers)
	race(a, b, func(_ int, s twofactor.Store) {
		first := sync.OnceFunc(func() { loaded.Done(); loaded.Wait() })
		for range each {
			if err := increment(ctx, s, first); err != nil {
				t.Errorf("increment: %v", err)
				first() // so that nobody waits for this one
				return
			}
		}
	})
	if t.Failed() {
		return
	}
	for _, s := range []twofactor.Store{a, b} {
		rec, err := s.Load(ctx, "k")
		if err != nil {
			t.Fatalf("Load: %v", err)
		}
		if got, want := string(rec.Data), strconv.Itoa(writers*each); got != want {
			t.Errorf("the counter is at %s after %s increments", got, want)
		}
	}
}

func increment(ctx context.Context, s twofactor.Store, loaded func()) error {
	// Each conflict means that somebody else's increment won since the Load, so
	// there can't be more of them than increments.
	for range writers * each {
		rec, err := s.Load(ctx, "k")
		n := 0
		switch {
		case err == nil:
			if n, err = strconv.Atoi(string(rec.Data)); err != nil {
				return err
			}
		case !errors.Is(err, twofactor.ErrNotFound):
			return err
		}
		loaded()
		_, err = s.Save(ctx, "k", rec.Version, []byte(strconv.Itoa(n+1)))
		if !errors.Is(err, twofactor.ErrConflict) {
			return err
		}
	}
	return errors.New("more conflicts than there are writes to be in conflict with")
}
