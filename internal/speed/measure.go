package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A contender does the same work as the others that it is compared with, in its
// own way.
type contender struct {
	name string

	// measure lets so many clients work for about as long as it is told.
	measure func(ctx context.Context, clients int, d time.Duration) (sample, error)
}

// A sample is what one measurement found.
type sample struct {
	done    int
	elapsed time.Duration
	cpu     time.Duration // of this process, not of the servers
	allocs  uint64
	bytes   uint64
}

func (s sample) perSecond() float64 { return float64(s.done) / s.elapsed.Seconds() }

// each is what one of those that were done has of total.
func (s sample) each(total float64) float64 { return total / float64(s.done) }

// errOver ends a measurement before its time, since a client has nothing left
// to do.
var errOver = errors.New("nothing left to do")

// loop calls do for each client over and over, with the number of the call. It
// stops all clients as soon as one is out of work, for fewer clients would be
// another measurement.
func loop(ctx context.Context, clients int, d time.Duration, do func(ctx context.Context, client, i int) error) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var stop atomic.Bool
	var total atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for c := range clients {
		wg.Go(func() {
			<-start
			i := 0
			for ; !stop.Load(); i++ {
				err := do(ctx, c, i)
				if err == nil {
					continue
				}
				if !errors.Is(err, errOver) {
					cancel(fmt.Errorf("client %d, call %d: %w", c, i, err))
				}
				stop.Store(true)
				break
			}
			total.Add(int64(i))
		})
	}
	runtime.GC() // what came before is not this one's to clear away
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, begun := cpuTime(), time.Now()
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	close(start)
	wg.Wait()
	timer.Stop()
	s := sample{done: int(total.Load()), elapsed: time.Since(begun), cpu: cpuTime() - cpu}
	runtime.ReadMemStats(&after)
	s.allocs, s.bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	return s, context.Cause(ctx)
}

// A contest has the samples of each contender, in the order of the contenders,
// round by round.
type contest [][]sample

// compete measures all contenders in turn, and that again in each round, so that
// whatever else the machine does meets all of them. Each round begins with
// another one. Before the first they warm up.
func compete(ctx context.Context, o options, clients int, all []contender) (contest, error) {
	found := make(contest, len(all))
	for round := -1; round < o.rounds; round++ {
		for i := range all {
			at := (i + max(round, 0)) % len(all)
			d := o.each
			if round < 0 {
				d /= 4
			}
			s, err := all[at].measure(ctx, clients, d)
			for ; err == nil && s.done == 0 && d < time.Minute; d *= 2 {
				s, err = all[at].measure(ctx, clients, d) // a machine with much else to do
			}
			if err == nil && s.done == 0 {
				err = fmt.Errorf("nothing was done in %v", d)
			}
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", all[at].name, plural(clients, "client"), err)
			}
			if round >= 0 {
				found[at] = append(found[at], s)
			}
		}
	}
	for i, c := range all {
		cpu := found.median(i, func(s sample) float64 { return s.each(s.cpu.Seconds() * 1e6) })
		o.note("\t%s, %s: %s/s, and %.0f µs of this process's processor time for each", plural(clients, "client"), c.name,
			thousands(found.median(i, sample.perSecond)), cpu)
	}
	return found, nil
}

// median is the median of what of says about the samples of a contender.
func (c contest) median(contender int, of func(sample) float64) float64 {
	var all []float64
	for _, s := range c[contender] {
		all = append(all, of(s))
	}
	return median(all)
}

// ratio is how many times as much a does as b: the median over the rounds, each
// of which compares what was measured at nearly the same time.
func (c contest) ratio(a, b int) float64 {
	var all []float64
	for round := range c[a] {
		all = append(all, c[a][round].perSecond()/c[b][round].perSecond())
	}
	return median(all)
}

func median(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	if n == 0 {
		return 0
	}
	return (all[(n-1)/2] + all[n/2]) / 2
}
