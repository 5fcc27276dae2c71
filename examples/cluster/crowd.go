package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// workers is how many people do something at the same time.
const workers = 32

// A crowd is all the people.
type crowd struct {
	people []*person

	mu   sync.Mutex
	lost []string // what shouldn't have happened
}

func newCrowd(n int) *crowd {
	c := new(crowd)
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	for i := range n {
		c.people = append(c.people, &person{
			name: fmt.Sprintf("user-%04d", i+1), browser: newBrowser(transport),
			onPaper: i%4 == 0, yes: make(map[string]int),
		})
	}
	return c
}

// each calls do for all people, some at a time.
func (c *crowd) each(do func(p *person)) {
	queue := make(chan *person)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for p := range queue {
				do(p)
			}
		})
	}
	for _, p := range c.people {
		queue <- p
	}
	close(queue)
	wg.Wait()
}

// setUp has all of them set up an authenticator app.
func (c *crowd) setUp(ctx context.Context, site string) error {
	var mu sync.Mutex
	var failed error
	c.each(func(p *person) {
		if err := p.setUp(ctx, site); err != nil {
			mu.Lock()
			defer mu.Unlock()
			failed = fmt.Errorf("%s can't set up an app: %w", p.name, err)
		}
	})
	return failed
}

// signIn has all of them sign in by app, and some by recovery code after that.
// After so many sign-ins it calls strike.
func (c *crowd) signIn(ctx context.Context, site string, after int, strike func(yes int)) {
	var yes atomic.Int64
	enter := func(p *person, code code) {
		if err := p.signIn(ctx, site, code); err != nil {
			c.lose("%s can't sign in: %v", p.name, err)
		} else if yes.Add(1) == int64(after) {
			strike(after)
		}
	}
	c.each(func(p *person) {
		enter(p, p.next(time.Now()))
		if p.onPaper {
			enter(p, p.fromPaper())
		}
	})
}

// tell says how the sign-ins went.
func (c *crowd) tell(say say) {
	people, paper := 0, 0
	var sum fate
	for _, p := range c.people {
		people++
		paper += p.spent
		sum.cut += p.fate.cut
		sum.counted += p.fate.counted
		sum.not += p.fate.not
		sum.tooOld += p.fate.tooOld
	}
	say("sign-ins", "%d by app, and then %d by recovery code", people, paper)
	say("cut", "%d requests got no answer and were sent again; of the codes in them", sum.cut)
	say("", "%d had counted, %d had not, %d were too old by then to know", sum.counted, sum.not, sum.tooOld)
}

func (c *crowd) lose(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = append(c.lost, fmt.Sprintf(format, args...))
}
