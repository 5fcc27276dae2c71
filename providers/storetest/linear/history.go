package linear

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A write names a state of a record: each Save writes data of its own, so that
// a state is known by the Save that made it. None is the missing record.
type write uint64

const none write = 0

type call int

const (
	load call = iota
	save
	remove
)

// An input is a call as the model sees it.
type input struct {
	call call
	key  string
	old  write // the state that a Save or Delete names
	new  write // the state that a Save makes
}

type outcome int

const (
	done     outcome = iota
	conflict         // ErrConflict
	unknown          // any other error: it took place at some time, or never
)

type output struct {
	outcome outcome
	found   write // by a Load
}

// A history is what clients did to a store and what they were told.
type history struct {
	start time.Time

	mu         sync.Mutex
	ops        []porcupine.Operation
	last       write
	versions   map[write]twofactor.Version // as far as known
	wrong      error                       // what no order of the operations could explain
	answered   int
	unanswered int
}

func record(ctx context.Context, name string, a, b twofactor.Store) *history {
	h := &history{start: time.Now(), versions: make(map[write]twofactor.Version)}
	var wg sync.WaitGroup
	for i := range clients {
		s := a
		if i%2 == 1 {
			s = b
		}
		wg.Go(func() { h.client(ctx, i, s, name) })
	}
	wg.Wait()
	h.settle()
	return h
}

// client does random things. It remembers for each key what it saw last, which
// others may have replaced since, and sometimes comes back with what it saw
// long ago.
func (h *history) client(ctx context.Context, id int, s twofactor.Store, name string) {
	type seen struct {
		write   write
		version twofactor.Version
	}
	past := make(map[string][]seen)
	for range steps {
		key := fmt.Sprintf("%s, key %d", name, rand.IntN(keys))
		var known seen
		if p := past[key]; len(p) > 0 {
			known = p[len(p)-1]
			if rand.IntN(10) == 0 {
				known = p[rand.IntN(len(p))]
			}
		}
		ctx, cancel := context.WithCancel(ctx)
		if rand.IntN(10) == 0 {
			yields := rand.IntN(50)
			go func() {
				for range yields {
					runtime.Gosched()
				}
				cancel()
			}()
		}
		switch rand.IntN(10) {
		case 0:
			in := input{call: remove, key: key, old: known.write}
			at := h.now()
			err := s.Delete(ctx, key, known.version)
			h.add(id, at, in, outcomeOf(err), none, err)
		case 1, 2, 3, 4:
			in := input{call: save, key: key, old: known.write, new: h.next()}
			at := h.now()
			v, err := s.Save(ctx, key, known.version, encode(in.new))
			h.add(id, at, in, outcomeOf(err), none, err)
			if err == nil {
				h.same(in.new, v)
				past[key] = append(past[key], seen{in.new, v})
			}
		default:
			at := h.now()
			rec, err := s.Load(ctx, key)
			switch {
			case errors.Is(err, twofactor.ErrNotFound):
				h.add(id, at, input{call: load, key: key}, done, none, nil)
				past[key] = append(past[key], seen{})
			case err != nil:
				h.add(id, at, input{call: load, key: key}, unknown, none, err)
			default:
				w, err := decode(rec.Data)
				if err != nil {
					h.fail(err)
				}
				h.add(id, at, input{call: load, key: key}, done, w, nil)
				h.same(w, rec.Version)
				past[key] = append(past[key], seen{w, rec.Version})
			}
		}
		cancel()
	}
}

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return done
	case errors.Is(err, twofactor.ErrConflict):
		return conflict
	}
	return unknown
}

func (h *history) now() int64 { return int64(time.Since(h.start)) }

func (h *history) next() write {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	return h.last
}

func (h *history) add(client int, at int64, in input, o outcome, found write, err error) {
	now := h.now()
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if o == unknown {
		h.unanswered++
		if in.call == load {
			return // It says nothing.
		}
		now = math.MaxInt64
	} else {
		h.answered++
	}
	if errors.Is(err, twofactor.ErrNotFound) {
		h.wrong = errors.Join(h.wrong, fmt.Errorf("a write ended in ErrNotFound: %w", err))
	}
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Call: at, Return: now, Input: in, Output: output{o, found}})
}

func (h *history) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wrong = errors.Join(h.wrong, err)
}

// same notes that a state was seen in a version, which must always be the same.
func (h *history) same(w write, v twofactor.Version) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if known, ok := h.versions[w]; ok && known != v {
		h.wrong = errors.Join(h.wrong, fmt.Errorf("write %d was seen in versions %q and %q", w, known, v))
	}
	h.versions[w] = v
}

// settle makes use of what was learned later: a write that somebody saw has
// taken place, even if its own client doesn't know.
func (h *history) settle() {
	for i, op := range h.ops {
		in := op.Input.(input)
		if _, seen := h.versions[in.new]; in.call == save && seen && op.Output == (output{outcome: unknown}) {
			h.ops[i].Output = output{outcome: done}
		}
	}
	of := make(map[twofactor.Version]write)
	for w, v := range h.versions {
		if other, taken := of[v]; taken {
			h.wrong = errors.Join(h.wrong, fmt.Errorf("writes %d and %d have the same version %q", w, other, v))
		}
		of[v] = w
	}
}

// encode and decode carry the name of a write in data of random length.
func encode(w write) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(w))
	return append(b, bytes.Repeat(b[7:], rand.IntN(2000))...)
}

func decode(data []byte) (write, error) {
	if len(data) < 8 || len(bytes.Trim(data[8:], string(data[7:8]))) > 0 {
		return none, errors.New("a Load returned data that nobody saved")
	}
	return write(binary.BigEndian.Uint64(data)), nil
}
