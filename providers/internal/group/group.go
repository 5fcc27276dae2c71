// Package group lets requests to a database that come at the same moment go
// together.
package group

import (
	"bytes"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A Request is one Load, Save or Delete on its way, with its answer.
type Request struct {
	Key    string
	Old    twofactor.Version
	New    twofactor.Version // of a Save
	Remove bool              // a Delete
	Data   []byte            // to be saved, or that was loaded

	Version twofactor.Version // that was loaded
	Err     error

	began time.Time // if it went at once
	done  chan struct{}
	batch *batch
	same  []*Request // that get their answer from this one's
}

// A batch is what goes to the database in one step.
type batch struct {
	requests []*Request
	single   bool // for one request that had to wait
	present  int  // how many callers still wait for it
	cancel   context.CancelFunc
}

// A Group passes requests to the database. As long as there are few at a time,
// each goes at once and by itself, so that nobody waits for others. Those that
// find a batch under way, or too many single requests, wait and go together
// once it is their turn: the busier the database, the larger the batches.
//
// It has no goroutine of its own. One starts when requests that wait get their
// turn, and ends when none are left.
type Group struct {
	Few      int // requests, or one batch and requests, that may be under way; math.MaxInt for all
	Most     int // requests in a batch
	Batches  int // that may be under way, if not one
	Alone    func(context.Context, *Request)
	Together func(context.Context, []*Request)

	mu       sync.Mutex
	busy     int        // how many are under way
	batching int        // how many of them are batches
	atOnce   []*Request // in the order in which they began
	waiting  []*Request
	watched  bool // whether overtake is going to be called
}

const (
	// enough is how many have to wait for a batch to begin beside another one.
	enough = 8

	// mostBytes bounds a batch, so that large records don't hold up small ones.
	mostBytes = 1 << 20

	// patience is for a database that doesn't answer. Without it, a connection
	// that hangs would hold up all who wait behind it, for as long as the
	// patience of its own callers, who may have given no deadline at all.
	patience = 30 * time.Second
)

// Do returns when r has its answer or ctx ends.
func (g *Group) Do(ctx context.Context, r *Request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if g.Few == math.MaxInt {
		g.Alone(ctx, r)
		return r.Err
	}
	g.mu.Lock()
	if g.busy < g.Few && g.batching == 0 {
		g.busy++
		r.began = time.Now()
		g.atOnce = append(g.atOnce, r)
		g.mu.Unlock()
		defer g.answered(r)
		g.Alone(ctx, r)
		return r.Err
	}
	// The batch may outlive the caller, who then owns its data again.
	r.Data = bytes.Clone(r.Data)
	r.done = make(chan struct{})
	g.waiting = append(g.waiting, r)
	g.watch()
	if g.batching > 0 {
		g.next() // there may be enough for another one now
	}
	g.mu.Unlock()

	select {
	case <-r.done:
		return r.Err
	case <-ctx.Done():
		g.leave(r)
		return ctx.Err()
	}
}

// Now tells how many requests or batches are under way, and how many wait.
func (g *Group) Now() (busy, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.busy, len(g.waiting)
}

// leave withdraws r if it is still waiting. If it is under way it is left
// alone, for the sake of the others in its batch; only when all of them have
// gone is the batch given up.
func (g *Group) leave(r *Request) {
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

// answered is called when a request that went at once has its answer.
func (g *Group) answered(r *Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.atOnce, r); i >= 0 { // or it has been overtaken
		g.atOnce = slices.Delete(g.atOnce, i, i+1)
		g.busy--
		g.next()
	}
}

// watch sees to it that nobody waits for longer than patience for a request that
// went at once. One timer serves all: a timer for each request would cost more
// than all the rest that is done here.
func (g *Group) watch() {
	if !g.watched && len(g.waiting) > 0 && len(g.atOnce) > 0 {
		g.watched = true
		time.AfterFunc(patience-time.Since(g.atOnce[0].began), g.overtake)
	}
}

// overtake lets those who wait go past requests that have been under way for too
// long. Those keep waiting for their answer, as long as their callers do.
func (g *Group) overtake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watched = false
	if len(g.waiting) == 0 {
		return
	}
	before := len(g.atOnce)
	g.atOnce = slices.DeleteFunc(g.atOnce, func(r *Request) bool { return time.Since(r.began) >= patience })
	g.busy -= before - len(g.atOnce)
	g.next()
	g.watch()
}

// next starts what has been waiting for its turn.
func (g *Group) next() {
	switch {
	case g.busy >= g.Few:
		return
	case g.batching > 0 && (g.batching >= g.Batches || len(g.waiting) < enough):
		return
	case g.batching > 0 || len(g.waiting) > g.Few-g.busy:
		g.start(g.Most)
		return
	}
	// A batch is worth its while for those only who would have to queue.
	for len(g.waiting) > 0 {
		g.start(1)
	}
}

// start sends up to most of those who wait.
func (g *Group) start(most int) {
	ctx, b := g.take(most)
	b.single = most == 1
	if !b.single {
		g.batching++
	}
	g.busy++
	go g.run(ctx, b)
}

// take makes a batch of those who wait.
func (g *Group) take(most int) (context.Context, *batch) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	b := &batch{cancel: cancel}
	first := make(map[string]*Request)
	size := 0
	later := g.waiting[:0]
	for _, r := range g.waiting {
		f := first[r.Key]
		switch {
		case f == nil && len(b.requests) < most && (size == 0 || size+len(r.Data) <= mostBytes):
			first[r.Key] = r
			b.requests = append(b.requests, r)
			size += len(r.Data) + 1
		case f != nil && f.Old == r.Old && !f.Remove && !r.Remove:
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

func (g *Group) run(ctx context.Context, b *batch) {
	defer b.cancel()
	if len(b.requests) == 1 {
		g.Alone(ctx, b.requests[0])
	} else {
		g.Together(ctx, b.requests)
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
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	if !b.single {
		g.batching--
	}
	g.next()
}

// grows tells whether more are waiting than before.
func (g *Group) grows(before *int) bool {
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
func (r *Request) answerLike(first *Request) {
	switch {
	case first.Err != nil:
		r.Err = first.Err
	case r.New != "":
		r.Err = twofactor.ErrConflict
	default:
		r.Version, r.Data = first.Version, bytes.Clone(first.Data)
	}
}
