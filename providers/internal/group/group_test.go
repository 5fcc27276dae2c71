package group

// These tests are inside the package because the order in which requests meet
// can be arranged only around a group, not around a database.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A stage is a database that answers when it is told to.
type stage struct {
	mu      sync.Mutex
	began   [][]string // the keys of each request and batch, in order
	ctx     []context.Context
	release []chan error
}

func (s *stage) enter(ctx context.Context, batch ...*Request) error {
	s.mu.Lock()
	var keys []string
	for _, r := range batch {
		keys = append(keys, r.Key)
	}
	s.began = append(s.began, keys)
	s.ctx = append(s.ctx, ctx)
	release := make(chan error)
	s.release = append(s.release, release)
	s.mu.Unlock()
	select {
	case err := <-release:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begins returns the keys of all that began, for tests in which time passes.
func (s *stage) begins() [][]string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.began)
}

func (s *stage) group(few int) *Group {
	return &Group{
		Few:   few,
		Most:  100,
		Alone: func(ctx context.Context, r *Request) { r.Err = s.enter(ctx, r) },
		Together: func(ctx context.Context, batch []*Request) {
			err := s.enter(ctx, batch...)
			for _, r := range batch {
				r.Err = err
			}
		},
	}
}

// answer lets the i-th request or batch return err.
func (s *stage) answer(i int, err error) {
	s.release[i] <- err
	synctest.Wait()
}

// save starts a Save of key from version old in g, and returns where its error
// will be.
func save(ctx context.Context, g *Group, key string, old twofactor.Version) chan error {
	result := make(chan error, 1)
	go func() { result <- g.Do(ctx, &Request{Key: key, Old: old, New: "new", Data: []byte(key)}) }()
	synctest.Wait()
	return result
}

func TestFewGoAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(2)
		a, b := save(t.Context(), g, "a", "v"), save(t.Context(), g, "b", "v")
		require.Equal(t, [][]string{{"a"}, {"b"}}, s.began)
		c := save(t.Context(), g, "c", "v")
		require.Len(t, s.began, 2)
		s.answer(0, nil)
		require.NoError(t, <-a)
		require.Equal(t, [][]string{{"a"}, {"b"}, {"c"}}, s.began)
		s.answer(1, nil)
		s.answer(2, nil)
		require.NoError(t, <-b)
		require.NoError(t, <-c)
		require.Zero(t, g.busy)
	})
}

func TestThoseWhoWaitGoTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		a := save(t.Context(), g, "a", "v")
		b, c := save(t.Context(), g, "b", "v"), save(t.Context(), g, "c", "v")
		s.answer(0, nil)
		require.NoError(t, <-a)
		require.Equal(t, [][]string{{"a"}, {"b", "c"}}, s.began)
		// Whoever comes while a batch is under way waits for the next.
		d := save(t.Context(), g, "d", "v")
		require.Len(t, s.began, 2)
		broken := errors.New("connection broken")
		s.answer(1, broken)
		require.Equal(t, broken, <-b)
		require.Equal(t, broken, <-c)
		require.Equal(t, []string{"d"}, s.began[2])
		s.answer(2, nil)
		require.NoError(t, <-d)
		require.Zero(t, g.busy)
		require.Zero(t, g.batching)
	})
}

// TestOneKeyOncePerBatch: two writes in one statement wouldn't see each other.
func TestOneKeyOncePerBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		save(t.Context(), g, "x", "v")
		first := save(t.Context(), g, "a", "v1")
		next := save(t.Context(), g, "a", "v2")
		other := save(t.Context(), g, "b", "v")
		s.answer(0, nil)
		require.Equal(t, []string{"a", "b"}, s.began[1])
		s.answer(1, nil)
		require.NoError(t, <-first)
		require.NoError(t, <-other)
		require.Equal(t, []string{"a"}, s.began[2])
		s.answer(2, nil)
		require.NoError(t, <-next)
	})
}

// TestBatchesBesideEachOther: where there may be several batches, a further one
// begins once enough are waiting, and not before.
func TestBatchesBesideEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(3)
		g.Batches = 2
		var results []chan error
		add := func(n int) {
			for range n {
				results = append(results, save(t.Context(), g, fmt.Sprint(len(results)), "v"))
			}
		}
		add(3 + 4) // three by themselves, and four who wait
		s.answer(0, nil)
		require.Equal(t, []string{"3", "4", "5", "6"}, s.began[3])
		s.answer(1, nil) // there is room for one more
		add(enough - 1)
		require.Len(t, s.began, 4, "a batch of too few")
		add(1)
		require.Len(t, s.began, 5)
		require.Len(t, s.began[4], enough)
		s.answer(2, nil)
		add(2 * enough)
		require.Len(t, s.began, 5, "a third batch")
		s.answer(3, nil)
		require.Len(t, s.began[5], 2*enough)
		s.answer(4, nil)
		s.answer(5, nil)
		for i, r := range results {
			require.NoError(t, <-r, i)
		}
		require.Zero(t, g.busy)
		require.Zero(t, g.batching)
	})
}

// TestSameVersion: of many saves from one version one is sent, and its answer
// decides on the others.
func TestSameVersion(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection broken")
	for _, tt := range []struct {
		name          string
		answer, other error
	}{
		{"won", nil, twofactor.ErrConflict},
		{"lost", twofactor.ErrConflict, twofactor.ErrConflict},
		{"unknown", broken, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var s stage
				g := s.group(1)
				save(t.Context(), g, "x", "v")
				first := save(t.Context(), g, "a", "v")
				second := save(t.Context(), g, "a", "v")
				s.answer(0, nil)
				require.Equal(t, []string{"a"}, s.began[1])
				s.answer(1, tt.answer)
				require.Equal(t, tt.answer, <-first)
				require.Equal(t, tt.other, <-second)
			})
		})
	}
}

// TestDeleteIsNoSave: a Delete says nothing about a Save from the same version,
// which may be the zero one, nor about another Delete.
func TestDeleteIsNoSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		save(t.Context(), g, "x", "v")
		results := make(chan error, 3)
		for range 2 {
			go func() { results <- g.Do(t.Context(), &Request{Key: "a", Remove: true}) }()
			synctest.Wait()
		}
		created := save(t.Context(), g, "a", "")
		for i := range 4 {
			s.answer(i, nil)
		}
		require.NoError(t, <-results)
		require.NoError(t, <-results)
		require.NoError(t, <-created)
		require.Equal(t, [][]string{{"x"}, {"a"}, {"a"}, {"a"}}, s.began)
	})
}

func TestSameLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		g.Alone = func(ctx context.Context, r *Request) {
			r.Err = s.enter(ctx, r)
			r.Version, r.Data = "v", []byte("data")
		}
		save(t.Context(), g, "x", "v")
		loads := []*Request{{Key: "a"}, {Key: "a"}}
		var wg sync.WaitGroup
		for _, r := range loads {
			wg.Go(func() { g.Do(t.Context(), r) })
			synctest.Wait()
		}
		s.answer(0, nil)
		s.answer(1, nil)
		wg.Wait()
		require.Len(t, s.began, 2)
		loads[0].Data[0] = 'X'
		require.Equal(t, "data", string(loads[1].Data), "two callers share their data")
		require.Equal(t, twofactor.Version("v"), loads[1].Version)
	})
}

// TestCallerLeaves: one that leaves a batch doesn't take the others along, and
// gets its data back; one that leaves the queue was never sent.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		save(t.Context(), g, "x", "v")
		ctx, cancel := context.WithCancel(t.Context())
		a, b := save(ctx, g, "a", "v"), save(t.Context(), g, "b", "v")
		s.answer(0, nil)
		c := save(ctx, g, "c", "v")
		require.Equal(t, []string{"a", "b"}, s.began[1])
		cancel()
		require.Equal(t, context.Canceled, <-a)
		require.Equal(t, context.Canceled, <-c)
		require.NoError(t, s.ctx[1].Err(), "the batch ended with one of its callers")
		s.answer(1, nil)
		require.NoError(t, <-b)
		require.Len(t, s.began, 2, "a request was sent although its caller had left the queue")
	})
}

// TestAllCallersLeave: a batch that nobody waits for doesn't hold up the rest.
func TestAllCallersLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		save(t.Context(), g, "x", "v")
		ctx, cancel := context.WithCancel(t.Context())
		a, b := save(ctx, g, "a", "v"), save(ctx, g, "a", "v") // the second waits for the first's answer
		s.answer(0, nil)
		next := save(t.Context(), g, "n", "v")
		cancel()
		require.Equal(t, context.Canceled, <-a)
		require.Equal(t, context.Canceled, <-b)
		synctest.Wait()
		require.ErrorIs(t, s.ctx[1].Err(), context.Canceled)
		s.answer(2, nil)
		require.NoError(t, <-next)
	})
}

// TestSilence: a database that doesn't answer one holds up the others for a
// while, however long that one is ready to wait.
func TestSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		ctx, cancel := context.WithCancel(t.Context())
		alone := save(ctx, g, "x", "v")
		time.Sleep(patience / 2)
		a, b := save(t.Context(), g, "a", "v"), save(t.Context(), g, "b", "v")
		time.Sleep(patience/2 - time.Nanosecond)
		require.Len(t, s.begins(), 1)
		time.Sleep(time.Nanosecond)
		require.Equal(t, []string{"a", "b"}, s.begins()[1])
		require.ErrorIs(t, <-a, context.DeadlineExceeded)
		require.ErrorIs(t, <-b, context.DeadlineExceeded)
		c := save(t.Context(), g, "c", "v")
		require.Equal(t, []string{"c"}, s.begins()[2], "the one that hangs still counts")
		require.NoError(t, s.ctx[0].Err())
		cancel()
		require.Equal(t, context.Canceled, <-alone)
		d := save(t.Context(), g, "d", "v")
		require.Len(t, s.begins(), 3, "the one that was overtaken was counted twice")
		s.answer(2, nil)
		require.NoError(t, <-c)
		s.answer(3, nil)
		require.NoError(t, <-d)
		require.Zero(t, g.busy)
	})
}

// TestLateWaiter: whoever comes when a request has hung for long doesn't wait for
// as long again.
func TestLateWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		first := save(ctx, g, "first", "v")
		a := save(t.Context(), g, "a", "v")
		s.answer(0, nil) // the timer that a has set is still running
		require.NoError(t, <-first)
		s.answer(1, nil)
		require.NoError(t, <-a)
		time.Sleep(time.Second)
		save(ctx, g, "second", "v")
		save(t.Context(), g, "b", "v")
		time.Sleep(patience)
		require.Len(t, s.begins(), 4, "b waits for longer than patience")
	})
}

// TestOnlyTheLateAreOvertaken: a request that began later has patience of its own.
func TestOnlyTheLateAreOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(2)
		save(t.Context(), g, "first", "v")
		second := save(t.Context(), g, "second", "v")
		save(t.Context(), g, "a", "v")
		time.Sleep(patience / 2)
		s.answer(1, nil) // and a goes
		require.NoError(t, <-second)
		require.Equal(t, []string{"a"}, s.begins()[2])
		s.answer(2, nil)
		young := save(t.Context(), g, "young", "v")
		save(t.Context(), g, "b", "v")
		save(t.Context(), g, "c", "v")
		time.Sleep(patience / 2)
		require.Equal(t, []string{"b", "c"}, s.begins()[4], "nobody took the place of the first")
		require.Equal(t, 2, g.busy, "the young one was overtaken too")
		s.answer(3, nil)
		require.NoError(t, <-young)
		s.answer(4, nil)
		s.answer(0, nil)
		require.Zero(t, g.busy)
	})
}

func TestDataIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		var sent []byte
		g.Together = func(_ context.Context, batch []*Request) { sent = batch[0].Data }
		save(t.Context(), g, "x", "v")
		ctx, cancel := context.WithCancel(t.Context())
		data := []byte("before")
		left := make(chan error)
		go func() { left <- g.Do(ctx, &Request{Key: "a", New: "n", Data: data}) }()
		synctest.Wait()
		other := save(t.Context(), g, "b", "v")
		_ = other
		s.answer(0, nil)
		copy(data, "AFTER!")
		require.Equal(t, "before", string(sent))
		cancel()
		<-left
	})
}

// TestBatchesAreBounded by number and by bytes, and nobody is forgotten.
func TestBatchesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s stage
		g := s.group(1)
		g.Most = 3
		save(t.Context(), g, "x", "v")
		var results []chan error
		for i := range 7 {
			results = append(results, save(t.Context(), g, fmt.Sprint(i), "v"))
		}
		large := make(chan error, 2)
		for i := range 2 {
			go func() {
				large <- g.Do(t.Context(), &Request{Key: fmt.Sprint("large ", i), New: "n", Data: make([]byte, mostBytes)})
			}()
			synctest.Wait()
		}
		for i := 0; i < len(s.began); i++ {
			s.answer(i, nil)
		}
		for _, r := range results {
			require.NoError(t, <-r)
		}
		require.NoError(t, <-large)
		require.NoError(t, <-large)
		require.Equal(t, [][]string{{"x"}, {"0", "1", "2"}, {"3", "4", "5"}, {"6"}, {"large 0"}, {"large 1"}}, s.began)
	})
}
