// Package linear checks that a twofactor.Store is linearizable: that whatever
// many clients do at the same moment on two nodes looks as if it had been done
// one after the other, each step at some moment between call and return.
//
// It goes beyond the cases of package storetest, which each look at one rule.
// Here clients do random things on few keys, some of them with contexts that
// end in the middle, and porcupine then searches for an order that explains
// every answer. A write whose outcome nobody learned may take place at any
// later time or never; so the suite can also be run through a network that
// cuts connections.
package linear

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/latchkey-auth/latchkey/twofactor"
)

const (
	rounds  = 5
	clients = 24 // half of them on each handle
	steps   = 20
	keys    = 4

	// searchTime bounds the search for an explanation. It takes milliseconds
	// unless very many calls were left without an answer.
	searchTime = 30 * time.Second
)

// Test records random histories on two handles on one empty backend, which open
// returns, and fails t if one of them has no explanation. The picture of such a
// history is in the test's artifact folder, which go test -artifacts keeps.
//
// Any error other than twofactor.ErrNotFound and twofactor.ErrConflict leaves
// open what happened, except that errors.ErrUnsupported says that nothing did.
func Test(t *testing.T, open func(t *testing.T) (a, b twofactor.Store)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	a, b := open(t)
	answered, unanswered := 0, 0
	for round := range rounds {
		h := record(ctx, fmt.Sprint("round ", round), a, b)
		answered += h.answered
		unanswered += h.unanswered
		if err := h.check(filepath.Join(t.ArtifactDir(), fmt.Sprintf("history-%d.html", round))); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	if answered < unanswered {
		t.Errorf("only %d of %d calls were answered, which proves little", answered, answered+unanswered)
	}
}

// errImpossible says that a history can't be that of a linearizable store.
var errImpossible = errors.New("no order of the operations explains what the clients were told")

// check returns an error if the history has no explanation, and draws it to a
// file then.
func (h *history) check(picture string) error {
	if h.wrong != nil {
		return fmt.Errorf("%w: %w", errImpossible, h.wrong)
	}
	result, info := porcupine.CheckOperationsVerbose(model, h.ops, searchTime)
	switch result {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("no explanation of %d operations was found in time, and none excluded", len(h.ops))
	}
	if err := porcupine.VisualizePath(model, info, picture); err != nil {
		return fmt.Errorf("%w; and drawing them failed: %w", errImpossible, err)
	}
	return fmt.Errorf("%w; see %s", errImpossible, picture)
}
