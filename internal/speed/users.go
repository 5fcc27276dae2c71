package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
)

// manyUsers prints what a Verify costs when only those who sign in have records,
// and when they are spread over a table of very many others.
func manyUsers(ctx context.Context, o options, out io.Writer) error {
	lines := [][]string{{"Verify", "clients", thousands(float64(o.active)) + " users", thousands(float64(o.users)) + " users", "times as much", "goal"}}
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

func measureUsers(ctx context.Context, o options, b backend) ([][]string, error) {
	p, err := b.run(o.dir)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	in := &signIns{town: o.town, people: o.active}
	people, err := o.town.first(ctx, o.active)
	if err != nil {
		return nil, err
	}
	var all []contender
	for _, users := range []int{o.active, o.users} {
		space := realserver.Name()
		s, err := p.store(ctx, space, false)
		if err != nil {
			return nil, err
		}
		if users > o.active {
			begun := time.Now()
			if err := p.fill(ctx, space, users, len(people[0].record)); err != nil {
				return nil, fmt.Errorf("fill: %w", err)
			}
			o.note("filled in %v", time.Since(begun).Round(time.Second/10))
		}
		all = append(all, verifier(fmt.Sprint(users), in, s))
	}
	var lines [][]string
	for _, clients := range []int{1, 8} {
		found, err := compete(ctx, o, clients, all)
		if err != nil {
			return nil, err
		}
		cost := func(i int) string {
			return fmt.Sprintf("%.0f µs", found.median(i, func(s sample) float64 { return 1e6 / s.perSecond() }))
		}
		lines = append(lines, []string{b.name, fmt.Sprint(clients), cost(0), cost(1), fmt.Sprintf("%.2f", found.ratio(0, 1)), "≤ 1.2"})
	}
	return lines, nil
}
