package sqlstore

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A request is one Load, Save or Delete on its way, with its answer.
type request struct {
	key    string
	old    twofactor.Version
	new    twofactor.Version // of a Save
	remove bool              // a Delete
	data   []byte            // to be saved, or that was loaded

	version twofactor.Version // that was loaded
	err     error

	done  chan struct{}
	batch *batch
	same  []*request // that get their answer from this one's
}

// A batch is what goes to the database in one step.
type batch struct {
	requests []*request
	present  int // how many callers still wait for it
	cancel   context.CancelFunc
}

// A group passes requests to the database. As long as there are few at a time,
// each goes at once and by itself, so that nobody waits for others. Those that
// find a batch under way, or too many single requests, wait and go together
// once it is their turn: the busier the database, the larger the batches.
//
// It has no goroutine of its own. One starts when requests that wait get their
// turn, and ends when none are left.
type group struct {
	few      int // requests, or one batch and requests, that may be under way
	most     int // requests in a batch
	alone    func(context.Context, *request)
	together func(context.Context, []*request)

	mu       sync.Mutex
	busy     int  // how many are under way
	batching bool // whether one of them is a batch
	waiting  []*request
}

const (
	// mostBytes bounds a batch, so that large records don't hold up small ones.
	mostBytes = 1 << 20

	// patience is for a database that doesn't answer. Without it, a connection
	// that hangs would hold up all who wait behind it, for as long as the
	// patience of its own callers, who may have given no deadline at all.
	patience = 30 * time.Second
)

// do returns when r has its answer or ctx ends.
func (g *group) do(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if g.busy < g.few && !g.batching {
		g.busy++
		g.mu.Unlock()
		defer g.next(false)
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		g.alone(ctx, r)
		return r.err
	}
	// The batch may outlive the caller, who then owns its data again.
	r.data = bytes.Clone(r.data)
	r.done = make(chan struct{})
	g.waiting = append(g.waiting, r)
	g.mu.Unlock()

	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		g.leave(r)
		return ctx.Err()
	}
}

// leave withdraws r if it is still waiting. If it is under way it is left
// alone, for the sake of the others in its batch; only when all of them have
// gone is the batch given up.
func (g *group) leave(r *request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, r); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
		return
	}
	if r.batch.present--; r.batch.present == 0 {
		r.batch.cancel()
	}
}

// next is called when a request or a batch has been answered, and starts what
// has been waiting for that.
func (g *group) next(wasBatch bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	if wasBatch {
		g.batching = false
	}
	if g.batching {
		return
	}
	// A batch is worth its while for those only who would have to queue.
	most := 1
	if len(g.waiting) > g.few-g.busy {
		most = g.most
		g.batching = true
	}
	for len(g.waiting) > 0 && g.busy < g.few {
		ctx, b := g.take(most)
		g.busy++
		go g.run(ctx, b, g.batching)
		if g.batching {
			return
		}
	}
}

// take makes a batch of those who wait.
func (g *group) take(most int) (context.Context, *batch) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	b := &batch{cancel: cancel}
	first := make(map[string]*request)
	size := 0
	later := g.waiting[:0]
	for _, r := range g.waiting {
		f := first[r.key]
		switch {
		case f == nil && len(b.requests) < most && (size == 0 || size+len(r.data) <= mostBytes):
			first[r.key] = r
			b.requests = append(b.requests, r)
			size += len(r.data) + 1
		case f != nil && f.old == r.old && !f.remove && !r.remove:
			f.same = append(f.same, r)
		default:
			// A key stands in a batch once. Two writes to it in one statement
			// would not see each other.
			later = append(later, r)
			continue
		}
		r.batch = b
		b.present++
	}
	clear(g.waiting[len(later):])
	g.waiting = later
	return ctx, b
}

func (g *group) run(ctx context.Context, b *batch, isBatch bool) {
	defer b.cancel()
	if len(b.requests) == 1 {
		g.alone(ctx, b.requests[0])
	} else {
		g.together(ctx, b.requests)
	}
	for _, r := range b.requests {
		for _, s := range r.same {
			s.answerLike(r)
			close(s.done)
		}
		close(r.done)
	}
	// Those who just got their answer are likely to come back, and fit into
	// the next batch if they get the time to.
	for before := -1; g.grows(&before); {
		runtime.Gosched()
	}
	g.next(isBatch)
}

// grows tells whether more are waiting than before.
func (g *group) grows(before *int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := len(g.waiting)
	more := n > *before
	*before = n
	return more
}

// answerLike answers r, which is on the same key and from the same version as
// first: a Load with the same record, a Save with a conflict. Whether first won
// or lost, the version that both began from isn't the stored one any more, and
// no version returns. If first doesn't know, r doesn't either.
func (r *request) answerLike(first *request) {
	switch {
	case first.err != nil:
		r.err = first.err
	case r.new != "":
		r.err = twofactor.ErrConflict
	default:
		r.version, r.data = first.version, bytes.Clone(first.data)
	}
}
