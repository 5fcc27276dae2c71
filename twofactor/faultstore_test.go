package twofactor_test

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A fail makes a store fail when due says so, which it asks at each call of the
// kind that it fails. cancel ends the request.
type fail func(s *tap, due func() bool, cancel func())

var faults = map[string]fail{
	"load fails":         failLoad(func() (twofactor.Record, error) { return twofactor.Record{}, errLost }),
	"load finds nothing": failLoad(func() (twofactor.Record, error) { return twofactor.Record{}, twofactor.ErrNotFound }),
	"load gives nothing": failLoad(func() (twofactor.Record, error) { return twofactor.Record{}, nil }),
	"load gives garbage": failLoad(func() (twofactor.Record, error) { return twofactor.Record{Data: []byte("x"), Version: "1"}, nil }),

	"save fails":                     failSave(outcome{notAtAll, errLost}),
	"save's answer is lost":          failSave(outcome{atOnce, errLost}),
	"save arrives late":              failSave(outcome{later, errLost}),
	"save conflicts":                 failSave(outcome{notAtAll, fmt.Errorf("wrapped: %w", twofactor.ErrConflict)}),
	"save is repeated by the driver": failSave(outcome{atOnce, twofactor.ErrConflict}),
	"save forgets":                   failSave(outcome{notAtAll, nil}),
	"save gives no version":          failSave(outcome{atOnce, nil}),
	"save fails twice":               failSave(outcome{notAtAll, errLost}, outcome{notAtAll, errLost}),
	"save fails twice, then its answer is lost": failSave(
		outcome{notAtAll, errLost}, outcome{notAtAll, errLost}, outcome{atOnce, errLost}),
	"save's answer is lost, and the look after it": failSaveBlind,

	"ended before load":      endLoad(false),
	"ended after load":       endLoad(true),
	"ended before save":      endSave(notAtAll, false),
	"ended in save":          endSave(atOnce, false),
	"ended with save":        endSave(atOnce, true),
	"someone else is faster": rivals,
}

func failLoad(load func() (twofactor.Record, error)) fail {
	return func(s *tap, due func() bool, _ func()) {
		s.onLoad = func(ctx context.Context, key string) (twofactor.Record, error) {
			if due() {
				return load()
			}
			return s.Store.Load(ctx, key)
		}
	}
}

func endLoad(answer bool) fail {
	return func(s *tap, due func() bool, cancel func()) {
		s.onLoad = func(ctx context.Context, key string) (twofactor.Record, error) {
			if !due() {
				return s.Store.Load(ctx, key)
			}
			rec, err := s.Store.Load(ctx, key)
			cancel()
			if answer {
				return rec, err
			}
			return twofactor.Record{}, context.Canceled
		}
	}
}

// A write is what becomes of a save that fails.
type write int

const (
	notAtAll write = iota
	atOnce
	later // when the next one is on its way
)

// An outcome is what becomes of a save, and what is said about it.
type outcome struct {
	write write
	err   error
}

// failSave has saves fail one after the other.
func failSave(outcomes ...outcome) fail {
	return func(s *tap, due func() bool, _ func()) {
		var late func()
		var next []outcome
		s.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
			if late != nil {
				late()
				late = nil
			}
			if due() {
				next = outcomes
			}
			if len(next) == 0 {
				return s.Store.Save(ctx, key, old, data)
			}
			o := next[0]
			next = next[1:]
			put := func() { s.Store.Save(context.WithoutCancel(ctx), key, old, data) }
			switch o.write {
			case atOnce:
				put()
			case later:
				late = put
			}
			return "", o.err
		}
	}
}

// failSaveBlind loses the answer of a save, and then the connection for one more
// call.
func failSaveBlind(s *tap, due func() bool, cancel func()) {
	failSave(outcome{atOnce, errLost})(s, due, cancel)
	save, blind := s.onSave, false
	s.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
		v, err := save(ctx, key, old, data)
		blind = err != nil
		return v, err
	}
	s.onLoad = func(ctx context.Context, key string) (twofactor.Record, error) {
		if blind {
			blind = false
			return twofactor.Record{}, errLost
		}
		return s.Store.Load(ctx, key)
	}
}

func endSave(when write, answer bool) fail {
	return func(s *tap, due func() bool, cancel func()) {
		s.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
			if !due() {
				return s.Store.Save(ctx, key, old, data)
			}
			var v twofactor.Version
			if when == atOnce {
				v, _ = s.Store.Save(ctx, key, old, data)
			}
			cancel()
			if answer {
				return v, nil
			}
			return "", ctx.Err()
		}
	}
}

// rivals has someone else write the same record first, a dozen times.
func rivals(s *tap, due func() bool, _ func()) {
	left := 0
	s.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
		if due() {
			left = 12
		}
		if left > 0 {
			left--
			if rec, err := s.Store.Load(ctx, key); err == nil {
				s.Store.Save(ctx, key, rec.Version, rec.Data)
			}
		}
		return s.Store.Save(ctx, key, old, data)
	}
}
