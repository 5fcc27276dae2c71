package main

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/realserver"
)

// measureStore measures Verify on a backend, beside the barest code, beside the
// same without groups, and beside the engine's own tool.
func measureStore(ctx context.Context, o options, b backend) ([]row, error) {
	p, err := b.run(o.dir)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	in := &signIns{town: o.town}
	ours, err := p.store(ctx, realserver.Name(), false)
	if err != nil {
		return nil, err
	}
	hand, err := p.bare(ctx, realserver.Name())
	if err != nil {
		return nil, err
	}
	all := []contender{verifier("Verify", in, ours), barest(in, hand)}
	rows := []row{{what: "Verify, " + b.name, beside: "bare load and update"}}
	if b.goal > 0 {
		rows[0].goal = fmt.Sprintf("≥ %.2f", b.goal)
	}
	if b.grouped > 0 {
		alone, err := p.store(ctx, realserver.Name(), true)
		if err != nil {
			return nil, err
		}
		all = append(all, verifier("ungrouped", in, alone))
		rows = append(rows, row{what: "Verify, " + b.name, beside: "the same ungrouped", goal: fmt.Sprintf("≥ 0.95, –, ≥ %.2f", b.grouped)})
	}
	if b.tool != nil {
		if t, err := b.tool.contender(ctx, p, in); err != nil {
			o.note("%s: left out: %v", b.tool.name, err)
		} else {
			all = append(all, t)
			rows = append(rows, row{what: "Verify, " + b.name, beside: b.tool.name + ", updates alone"})
		}
	}
	for _, clients := range o.clients {
		found, err := compete(ctx, o, clients, all)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i].add(found, 0, i+1)
		}
	}
	return rows, nil
}
