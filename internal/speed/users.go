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
	lines := [][]string{{"Verify with " + thousands(float64(o.active)) + " → " + thousands(float64(o.users)) + " users", "1 client", "8 clients", "goal"}}
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
		if more != nil {
			lines = append(lines, more)
		}
	}
	if len(lines) > 1 {
		table(out, lines)
	}
	return nil
}

// measureUsers returns what a Verify costs with few users and with many, and how
// many times as much that is, with one client and with eight.
func measureUsers(ctx context.Context, o options, b backend) ([]string, error) {
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
	line := []string{b.name}
	for _, clients := range []int{1, 8} {
		found, err := compete(ctx, o, clients, all)
		if err != nil {
			return nil, err
		}
		cost := func(i int) float64 { return found.median(i, func(s sample) float64 { return 1e6 / s.perSecond() }) }
		line = append(line, fmt.Sprintf("%.0f → %.0f µs, %.2f", cost(0), cost(1), found.ratio(0, 1)))
	}
	return append(line, "≤ 1.20"), nil
}
