package twofactor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A history is what happened so far: to the service, and to the model.
type history struct {
	rt     *rapid.T
	r      *realm
	p      twofactor.Policy // with the defaults that the documentation names
	shaky  *shaky
	latest time.Time // the furthest that the clock has been
	quiet  bool      // nothing goes wrong by chance
	read   int       // of the messages
	sids   int
	calls  int

	gateway func(context.Context, otpcode.Message) error // what becomes of messages, where that is meant to go wrong
	breaks  []breakage                                   // what becomes of the call after the first, likewise

	actors    []*actor
	tries     []*try
	seats     []*seat
	permits   []*permit
	sentCodes []*sentCode
	drafts    []*draft
	keeps     []*keepsake
	cookies   []*cookie
	typed     []string // codes that were typed before, or never arrived

	mu   sync.Mutex
	log  bytes.Buffer // what the service logged
	errs strings.Builder
}

// aside is a testing.TB that isn't the test itself, so that a realm doesn't
// leave a clean-up behind for each of many histories.
type aside struct{ testing.TB }

func newHistory(t *testing.T, rt *rapid.T) *history {
	names := make([]string, 0, len(modelPolicies))
	for name := range modelPolicies {
		names = append(names, name)
	}
	slices.Sort(names)
	p := modelPolicies[rapid.SampledFrom(names).Draw(rt, "policy")]
	h := &history{rt: rt, p: documented(p)}
	h.r = newRealm(aside{t}, p, func(c *twofactor.Config) {
		h.shaky = &shaky{Store: c.Store}
		c.Store = h.shaky
		c.Keys = append(c.Keys, twofactor.NewKey())
		c.Logger = slog.New(slog.NewTextHandler(logOf{h}, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: timeless}))
	})
	h.r.b = h.r.node(func(c *twofactor.Config) { c.Keys = []twofactor.Key{c.Keys[1], c.Keys[0]} }) // in the middle of a change of keys
	for i, id := range []string{"alice", "bob", "carol"} {
		h.actors = append(h.actors, h.newActor(id, modelNumbers[i]))
	}
	for _, u := range h.actors {
		if rapid.Bool().Draw(rt, "has a factor") {
			h.setUpFor(u)
		}
	}
	return h
}

type logOf struct{ h *history }

func (w logOf) Write(b []byte) (int, error) {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	return w.h.log.Write(b)
}

func (h *history) now() time.Time { return h.r.clock.Now() }

func (h *history) draw(n int, what string) int { return rapid.IntRange(0, n-1).Draw(h.rt, what) }

// odds is true n times out of a hundred.
func (h *history) odds(n int, what string) bool { return h.draw(100, what) >= 100-n }

func (h *history) fail(format string, args ...any) {
	h.rt.Helper()
	h.rt.Fatalf(format, args...)
}

// some draws one of a list, and more often than not the newest. It skips the action
// where there is none.
func some[T any](h *history, what string, list []T) T {
	if len(list) == 0 {
		h.rt.SkipNow()
	}
	if h.odds(30, what+" from before") {
		return list[h.draw(len(list), what)]
	}
	return list[len(list)-1]
}

// An answered is what came of a call.
type answered struct {
	err    error
	yes    bool
	reason twofactor.Reason // of a refusal
	typo   bool             // it was an InputError
	fault  bool
	wrote  bool // the user's record is another one now
	calm   bool // nothing was made to go wrong
	had    bool // there was a record
	mail   []otpcode.Message
}

// perhaps says how much of what was asked for took place.
func (a answered) took() (something, certain bool) { return a.yes || a.fault && a.wrote, a.yes }

// call lets one of the nodes do something for a user, perhaps while the store, the
// sender or the request fails.
func (h *history) call(u *actor, what string, f func(context.Context, *twofactor.Service) error) answered {
	h.rt.Helper()
	h.calls++
	node := h.r.a
	if h.draw(2, "node") == 1 {
		node = h.r.b
	}
	ctx, cancel := context.WithCancel(h.r.ctx())
	defer cancel()
	a := answered{calm: true}
	if !h.quiet && h.odds(20, "trouble") {
		a.calm = false
		h.makeTrouble(cancel)
	}
	if h.breaks != nil {
		a.calm = false
		h.shaky.plan(h.breaks, cancel, 1)
	}
	if h.gateway != nil {
		a.calm = false
		h.r.onSend(h.gateway)
	}
	before := h.version(u)
	a.err = f(ctx, node)
	h.shaky.plan(nil, nil, 0)
	h.r.settle()
	h.r.onSend(nil)
	after := h.version(u)
	a.wrote, a.had = before != after, before != ""
	a.mail = h.newMail()

	no, refused := errors.AsType[*twofactor.RejectedError](a.err)
	_, a.typo = errors.AsType[*twofactor.InputError](a.err)
	a.yes = a.err == nil
	a.fault = a.err != nil && !refused && !a.typo
	if refused {
		a.reason = no.Reason
		if !errors.Is(a.err, twofactor.ErrRejected) {
			h.fail("%s: a refusal doesn't match ErrRejected", what)
		}
		if no.Remaining < 0 || no.Remaining > 5 {
			h.fail("%s: %d tries remain", what, no.Remaining)
		}
	}
	if a.err != nil {
		fmt.Fprintf(&h.errs, "%v %+v %#v\n", a.err, a.err, a.err)
	}
	if a.fault && a.calm && a.had && !errors.Is(a.err, errElsewhere) {
		h.fail("%s: a fault, though nothing failed: %v", what, a.err)
	}
	if a.wrote && a.calm && (a.typo || slices.Contains(free, a.reason)) {
		h.fail("%s: refused with %q, and the record has changed", what, a.reason)
	}
	h.rt.Logf("%s for %s: %s, calm %t, wrote %t, %d messages", what, u.id, reason(a.err), a.calm, a.wrote, len(a.mail))
	return a
}

// free are the refusals that leave everything as it was.
var free = []twofactor.Reason{
	twofactor.ReasonMalformedCode, twofactor.ReasonNotUsable, twofactor.ReasonPolicy, twofactor.ReasonGrantRequired,
	twofactor.ReasonLoginEnded, twofactor.ReasonPaused, twofactor.ReasonConflict,
}

// swallow keeps a message from going out. Its code must be none.
func (h *history) swallow(ctx context.Context, m otpcode.Message) error {
	if code := codeIn.FindStringSubmatch(m.Text); m.Reference != "" && code != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.typed = append(h.typed, code[1])
	}
	return notSent(ctx, m)
}

func (h *history) version(u *actor) twofactor.Version {
	rec, err := h.r.store.Store.Load(h.r.ctx(), "u/"+u.id)
	if !errors.Is(err, twofactor.ErrNotFound) {
		require.NoError(h.r.t, err)
	}
	return rec.Version
}

// newMail are the messages with a code since the last call.
func (h *history) newMail() []otpcode.Message {
	all := h.r.out.Messages()
	var out []otpcode.Message
	for _, d := range all[h.read:] {
		if d.Reference != "" {
			out = append(out, d.Message)
		}
	}
	h.read = len(all)
	return out
}
