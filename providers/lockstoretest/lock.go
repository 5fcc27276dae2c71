package lockstoretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/latchkey-auth/latchkey/lockcode"
)

type lockStore = lockcode.LockKeyStore

var lockRules = []rule[lockStore]{
	{"New", "A store that is new lends the zero LockState, with which a controller refuses everything.", lockNew},
	{"Keeps", "What f did is there at the next Update.", lockKeeps},
	{"KeepsOnRefusal", "A spent try stays spent: what f changed stays though it returned an error, and the error comes back.", lockKeepsOnRefusal},
	{"Reopened", "What Update returned from is durable: the next process finds it.", lockReopened},
	{"OnceEach", "Update calls f exactly once, or a guess would be paid for twice or never.", lockOnce},
	{"OneAfterTheOther", "Updates at the same time don't overlap: otherwise one Code opens twice.", lockSerial},
	{"LentNotGiven", "The state belongs to the store again when f returns; a caller that keeps it changes nothing.", lockLent},
	{"Canceled", "A context that is over is an error, and nothing is lost by it.", lockCanceled},
}

// states are n encoded states, all different, as a controller makes them.
func states(ctx context.Context, n int) ([][]byte, error) {
	one := new(oneState)
	c, _, err := controller("lock", one)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for range n {
		if err := c.HardwareReset(ctx); err != nil {
			return nil, err
		}
		b, err := one.s.MarshalBinary()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func put(ctx context.Context, s lockStore, state []byte) error {
	return s.Update(ctx, func(l *lockcode.LockState) error { return l.UnmarshalBinary(state) })
}

func expect(ctx context.Context, s lockStore, state []byte) error {
	var got []byte
	err := s.Update(ctx, func(l *lockcode.LockState) (err error) {
		got, err = l.MarshalBinary()
		return err
	})
	if err == nil && !bytes.Equal(got, state) {
		err = errors.New("another state than the one that was stored")
	}
	return err
}

func lockNew(ctx context.Context, open func() lockStore) error {
	zero, err := new(lockcode.LockState).MarshalBinary()
	if err != nil {
		return err
	}
	return expect(ctx, open(), zero)
}

func lockKeeps(ctx context.Context, open func() lockStore) error {
	all, err := states(ctx, 3)
	if err != nil {
		return err
	}
	s := open()
	for _, b := range all {
		if err := put(ctx, s, b); err != nil {
			return err
		}
		if err := expect(ctx, s, b); err != nil {
			return err
		}
	}
	return nil
}

func lockKeepsOnRefusal(ctx context.Context, open func() lockStore) error {
	all, err := states(ctx, 2)
	if err != nil {
		return err
	}
	s := open()
	if err := put(ctx, s, all[0]); err != nil {
		return err
	}
	refused := errors.New("refused")
	err = s.Update(ctx, func(l *lockcode.LockState) error { return errors.Join(l.UnmarshalBinary(all[1]), refused) })
	if !errors.Is(err, refused) {
		return fmt.Errorf("Update returned %v in place of f's error", err)
	}
	return expect(ctx, s, all[1])
}

func lockReopened(ctx context.Context, open func() lockStore) error {
	all, err := states(ctx, 3)
	if err != nil {
		return err
	}
	for i, b := range all {
		s := open()
		if i > 0 {
			if err := expect(ctx, s, all[i-1]); err != nil {
				return err
			}
		}
		if err := put(ctx, s, b); err != nil {
			return err
		}
	}
	return expect(ctx, open(), all[2])
}

func lockOnce(ctx context.Context, open func() lockStore) error {
	s := open()
	for _, want := range []error{nil, errors.New("refused")} {
		calls := 0
		err := s.Update(ctx, func(*lockcode.LockState) error { calls++; return want })
		if calls != 1 || !errors.Is(err, want) {
			return fmt.Errorf("f was called %d times, Update returned %v", calls, err)
		}
	}
	return nil
}

func lockSerial(ctx context.Context, open func() lockStore) error {
	s := open()
	const workers, each = 8, 25
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			c, _, err := controller("lock", s)
			for range each {
				err = errors.Join(err, c.HardwareReset(ctx))
			}
			errs[w] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var serial uint64
	if err := s.Update(ctx, func(l *lockcode.LockState) error { serial = l.Serial(); return nil }); err != nil {
		return err
	}
	if serial != workers*each {
		return fmt.Errorf("%d transactions left a serial of %d", workers*each, serial)
	}
	return nil
}

func lockLent(ctx context.Context, open func() lockStore) error {
	all, err := states(ctx, 2)
	if err != nil {
		return err
	}
	s := open()
	var kept *lockcode.LockState
	if err := s.Update(ctx, func(l *lockcode.LockState) error { kept = l; return l.UnmarshalBinary(all[0]) }); err != nil {
		return err
	}
	if err := kept.UnmarshalBinary(all[1]); err != nil {
		return err
	}
	return expect(ctx, s, all[0])
}

func lockCanceled(ctx context.Context, open func() lockStore) error {
	all, err := states(ctx, 2)
	if err != nil {
		return err
	}
	s := open()
	if err := put(ctx, s, all[0]); err != nil {
		return err
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if put(over, s, all[1]) == nil {
		return errors.New("Update returned nil")
	}
	if expect(ctx, s, all[0]) != nil && expect(ctx, s, all[1]) != nil {
		return errors.New("neither the old nor the new state is there")
	}
	return nil
}
