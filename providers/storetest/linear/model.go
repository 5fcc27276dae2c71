package linear

import (
	"fmt"
	"maps"
	"slices"

	"github.com/anishathalye/porcupine"
)

// model is one record: its state is the write that made it.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := make(map[string][]porcupine.Operation)
		for _, op := range history {
			key := op.Input.(input).key
			byKey[key] = append(byKey[key], op)
		}
		return slices.Collect(maps.Values(byKey))
	},
	Init: func() any { return none },
	Step: func(state, in, out any) (bool, any) { return step(state.(write), in.(input), out.(output)) },
	DescribeOperation: func(in, out any) string {
		return describe(in.(input), out.(output))
	},
}

// step tells whether a call on a record in that state can have that outcome,
// and which state it leaves.
//
// An unknown write is one that succeeds if it can. That covers the one that
// never took place too: it may be put at the very end, where nobody looks.
func step(state write, in input, out output) (bool, write) {
	matches := state == in.old
	switch {
	case in.call == load:
		return state == out.found, state
	case in.call == remove && state == none:
		return out.outcome != conflict, state
	case in.call == remove && in.old == none:
		matches = false // the zero Version never matches a record
	}
	if !matches {
		return out.outcome != done, state
	}
	return out.outcome != conflict, in.new // which is none for a Delete
}

func describe(in input, out output) string {
	result := [...]string{done: "done", conflict: "conflict", unknown: "?"}[out.outcome]
	switch in.call {
	case load:
		return fmt.Sprintf("Load: %d", out.found)
	case save:
		return fmt.Sprintf("Save %d over %d: %s", in.new, in.old, result)
	}
	return fmt.Sprintf("Delete %d: %s", in.old, result)
}
