package lockcode_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// A hooked store runs something else between two transactions of one call, as
// happens when messages of one device are answered at the same time.
type hooked struct {
	lockcode.LockKeyStore
	then func()
}

func (h *hooked) Update(ctx context.Context, f func(*lockcode.LockState) error) error {
	err := h.LockKeyStore.Update(ctx, f)
	if then := h.then; then != nil {
		h.then = nil
		then()
	}
	return err
}

func newHooked(t *testing.T) (*world, *hooked) {
	t.Helper()
	h := &hooked{}
	return newWorld(t, func(c *lockcode.ControllerConfig) { h.LockKeyStore, c.Store = c.Store, h }), h
}

// A try is paid for in one transaction and settled in another. A right PIN of
// the same device in between must not mix with it: nobody's try is given back
// for another one's, the count never falls below zero, and the state is one
// that the controller can read again.
func TestRightPINBetweenPaymentAndTry(t *testing.T) {
	t.Parallel()
	add := lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}
	for name, c := range map[string]struct {
		b     lockcode.Binding
		body  func(w *world) string
		p     func(w *world) lockcode.PIN
		wrong int
	}{
		"a Code that is none": {add, func(*world) string { return "?????" }, nil, 0},
		"a Code with a wrong PIN": {add, func(w *world) string {
			c, err := w.user.record(w.lock).Encipher(w.another(1, add), add, w.clock.now().Unix()/60)
			require.NoError(t, err)
			return c.Characters()
		}, nil, 1},
		"a wrong PIN": {open("front"), nil, func(w *world) lockcode.PIN { return other(t, w.userPIN, 1) }, 1},
		"a right PIN": {open("front"), nil, func(w *world) lockcode.PIN { return w.userPIN }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, h := newHooked(t)
			rec, at := w.user.record(w.lock), w.clock.now().UnixMilli()
			var p lockcode.PIN
			var body []byte
			if c.p != nil {
				p = c.p(w)
			}
			if c.body != nil {
				body = []byte(c.body(w))
			}
			first, _, err := rec.SealRaw(at+10, at, p, c.b, body)
			require.NoError(t, err)
			second, _, err := rec.SealRaw(at+11, at, w.userPIN, open("back"), nil)
			require.NoError(t, err)
			h.then = func() { w.send(second) }
			w.send(first)
			require.Equal(t, "ute open door back", w.opened[0])
			require.Equal(t, c.wrong, w.state().Wrong(rec.DeviceID()))
			_, err = w.state().MarshalBinary()
			require.NoError(t, err)
		})
	}
}

// The tries since a right PIN are as many as ever, also for a request whose
// payment that right PIN has wiped away.
func TestNoTryBesideTheEight(t *testing.T) {
	t.Parallel()
	w, h := newHooked(t)
	rec, at := w.user.record(w.lock), w.clock.now().UnixMilli()
	ctr := at + 10
	seal := func(p lockcode.PIN) (msg, key []byte) {
		ctr++
		msg, key, err := rec.SealRaw(ctr, at, p, open("front"), nil)
		require.NoError(t, err)
		return msg, key
	}
	late, key := seal(w.userPIN)
	h.then = func() {
		right, _ := seal(w.userPIN)
		w.send(right)
		for i := range lockcode.MaxWrong {
			wrong, _ := seal(other(t, w.userPIN, i+1))
			w.send(wrong)
		}
	}
	answer, err := w.Do(t.Context(), w.lock, late)
	require.NoError(t, err)
	why, err := lockcode.OpenSealed(key, answer)
	require.NoError(t, err)
	require.Equal(t, lockcode.DeviceDisabled, why)
	require.Equal(t, 1, w.opens())
}

// Whoever cuts the power between a try and its answer has paid for it.
func TestTryIsPaidFirst(t *testing.T) {
	t.Parallel()
	w, h := newHooked(t)
	id, between := w.user.record(w.lock).DeviceID(), -1
	h.then = func() { between = w.state().Wrong(id) }
	require.Error(t, w.user.Do(t.Context(), w.lock, other(t, w.userPIN, 1), open("front")))
	require.Equal(t, 1, between)
	require.Equal(t, 1, w.state().Wrong(id))
}

// The same from the outside, without a hook.
func TestManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec, at := w.user.record(w.lock), w.clock.now().UnixMilli()
	add := lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}
	var wg sync.WaitGroup
	for i := range int64(50) {
		none, _, err := rec.SealRaw(at+10*i+10, at, lockcode.PIN{}, add, []byte("?????"))
		require.NoError(t, err)
		right, _, err := rec.SealRaw(at+10*i+11, at, w.userPIN, open("front"), nil)
		require.NoError(t, err)
		wg.Go(func() { _, _ = w.Do(t.Context(), w.lock, none) })
		_, _ = w.Do(t.Context(), w.lock, right)
		wg.Wait()
		require.GreaterOrEqual(t, w.state().Wrong(rec.DeviceID()), 0)
	}
}

// A state that couldn't be read again isn't written in the first place.
func TestDamagedStateIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.state()
	_, err := s.MarshalBinary()
	require.NoError(t, err)
	s.SetWrong(w.user.record(w.lock).DeviceID(), -1)
	_, err = s.MarshalBinary()
	require.Error(t, err)
}

// A wipeable store has a state that nobody can read any more, until wiped.
type wipeable struct {
	lockcode.LockKeyStore
	damaged bool
	wipeErr error
	wiped   int
}

var errDamaged = errors.New("damaged")

func (s *wipeable) Update(ctx context.Context, f func(*lockcode.LockState) error) error {
	if s.damaged {
		return errDamaged
	}
	return s.LockKeyStore.Update(ctx, f)
}

func (s *wipeable) Wipe(ctx context.Context) error {
	if s.wipeErr != nil {
		return s.wipeErr
	}
	s.damaged = false
	s.wiped++
	return s.LockKeyStore.Update(ctx, func(l *lockcode.LockState) error {
		*l = lockcode.LockState{}
		return nil
	})
}

// The button of the box works on a damaged state: that is what it is for.
func TestButtonOnADamagedState(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := &wipeable{}
	w := newWorld(t, func(c *lockcode.ControllerConfig) { store.LockKeyStore, c.Store = c.Store, store })
	require.Zero(t, store.wiped, "the first reset needs no wipe")
	store.damaged = true
	require.Error(t, w.owner.Do(ctx, w.lock, w.ownerPIN, open("front")))
	require.Zero(t, store.wiped, "only the button wipes")
	gone, cancel := context.WithCancel(ctx)
	cancel()
	require.Error(t, w.HardwareReset(gone))
	require.Zero(t, store.wiped, "a call that was given up wipes nothing")
	store.wipeErr = errDisk
	require.ErrorIs(t, w.HardwareReset(ctx), errDisk, "what isn't wiped isn't reset")
	require.Equal(t, 1, w.count(lockcode.HardwareReset))
	store.wipeErr = nil
	require.NoError(t, w.HardwareReset(ctx))
	require.Equal(t, 1, store.wiped)
	w.clock.advance(time.Minute)
	own := w.owner.activate(w.site)
	require.NoError(t, w.owner.ConfirmConfig(ctx, w.lock, own, w.config))
	require.NoError(t, w.owner.Do(ctx, w.lock, own, open("front")))
	require.Equal(t, 2, w.count(lockcode.HardwareReset))
}
