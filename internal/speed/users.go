package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// manyUsers prints what a Verify costs when only those who sign in have records,
// and when they are spread over a table of very many others.
func manyUsers(ctx context.Context, o options, out io.Writer) error {
	lines := [][]string{{thousands(float64(o.active)) + " → " + thousands(float64(o.users)) + " users", "1 client", "8 clients", "goal"}}
	for _, b := range backends {
		name := "users/" + b.name
		if o.users == 0 || b.kind == realserver.DynamoDB || !o.wants(name) {
			continue
		}
		o.note("%s", name)
		more, err := measureUsers(ctx, o, b)
		if err = o.unless(name, err); err != nil {
			return err
		}
		lines = append(lines, more...)
	}
	if len(lines) > 1 {
		table(out, lines)
	}
	return nil
}

// measureUsers returns what a Verify costs with few users and with many, and how
// many times as much that is, with one client and with eight; and below it the
// same of the barest code, which is how much of it is the engine's.
func measureUsers(ctx context.Context, o options, b backend) ([][]string, error) {
	p, err := b.run(o.dir)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	in := &signIns{town: o.town, people: o.active}
	var all []contender // Verify and the barest with few users, then both with many
	for _, users := range []int{o.active, o.users} {
		ours, err := p.populated(ctx, o, users, func(space string) (twofactor.Store, error) { return p.store(ctx, space, false) })
		if err != nil {
			return nil, err
		}
		hand, err := p.populated(ctx, o, users, func(space string) (twofactor.Store, error) { return p.bare(ctx, space) })
		if err != nil {
			return nil, err
		}
		all = append(all, verifier("Verify", in, ours), barest(in, hand))
		for i := len(all) - 2; i < len(all); i++ {
			all[i].name += " among " + thousands(float64(users))
		}
	}
	lines := [][]string{{"Verify, " + b.name}, {"bare load and update, " + b.name}}
	for _, clients := range []int{1, 8} {
		found, err := compete(ctx, o, clients, all)
		if err != nil {
			return nil, err
		}
		cost := func(i int) float64 { return found.median(i, func(s sample) float64 { return 1e6 / s.perSecond() }) }
		for i := range lines {
			lines[i] = append(lines[i], fmt.Sprintf("%.0f → %.0f µs, %.2f", cost(i), cost(i+2), found.ratio(i, i+2)))
		}
	}
	lines[0] = append(lines[0], "≤ 1.20")
	lines[1] = append(lines[1], "")
	return lines, nil
}

// populated opens a store in a space of its own, with rows of so many users.
func (p *place) populated(ctx context.Context, o options, users int, open func(space string) (twofactor.Store, error)) (twofactor.Store, error) {
	space := realserver.Name()
	s, err := open(space)
	if err != nil || users == o.active {
		return s, err
	}
	people, err := o.town.first(ctx, o.active)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := p.fill(ctx, space, users, len(people[0].record)); err != nil {
		return nil, fmt.Errorf("fill: %w", err)
	}
	o.note("filled in %v", time.Since(begun).Round(time.Second/10))
	return s, nil
}
