package lockcode_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
)

// What an App can see for itself never leaves the phone.
func TestAppRefusesBeforeItAsks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	asked := 0
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Now: w.clock.now, Relay: relayFunc(func(context.Context, string, []byte) ([]byte, error) {
		asked++
		return nil, errLost
	})})
	require.NoError(t, err)
	own, no := w.userPIN, lockcode.PIN{}
	_, badPurpose := a.Code(ctx, w.lock, own, lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"})
	_, noTarget := a.Code(ctx, w.lock, own, open(""))
	_, noPIN := a.Code(ctx, w.lock, no, open("front"))
	_, noPINDevice := a.NewDeviceCode(ctx, w.lock, no)
	_, noRecord := a.Code(ctx, "elsewhere", own, open("front"))
	_, noLock := a.Status(ctx, "")
	for name, err := range map[string]error{
		"purpose": badPurpose, "target": noTarget, "PIN": noPIN, "PIN for a device": noPINDevice, "record": noRecord, "lock": noLock,
		"do": a.Do(ctx, w.lock, own, lockcode.Binding{Purpose: lockcode.ConfirmConfig}), "do without PIN": a.Do(ctx, w.lock, no, open("front")),
		"change from": a.ChangePIN(ctx, w.lock, no, own), "change to": a.ChangePIN(ctx, w.lock, own, no),
		"request": a.RequestActivation(ctx, w.lock, ""), "activate": a.Activate(ctx, w.lock, "ute", no), "activate whom": a.Activate(ctx, w.lock, "\n", own),
		"join": a.Join(ctx, w.lock, "ute", lockcode.Code{}), "submit": lockcode.SubmitCode(ctx, w, w.lock, "ute", lockcode.Code{}, open("front")),
	} {
		require.Error(t, err, name)
	}
	require.Zero(t, asked)
	require.ErrorIs(t, noRecord, lockcode.ErrNoRecord)
	require.ErrorIs(t, a.Do(ctx, w.lock, own, open("front")), errLost)
	require.Equal(t, 1, asked)
	rec, err := a.Record(ctx, w.lock)
	require.NoError(t, err)
	require.Len(t, rec.Fingerprint().String(), 16)
}

// fullPhone can't store anything any more.
type fullPhone struct {
	*memory.AppKeys
	full bool
}

func (f *fullPhone) Save(ctx context.Context, rec lockcode.AppRecord) error {
	if f.full {
		return errDisk
	}
	return f.AppKeys.Save(ctx, rec)
}

// A counter is stored before it leaves: a phone that can't store asks nothing.
func TestAppStoresBeforeItAsks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	keys, asked := &fullPhone{AppKeys: w.user.keys, full: true}, 0
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: keys, Now: w.clock.now, Relay: relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
		asked++
		if before := w.user.record(w.lock).Ctr(); asked > 1 {
			require.Equal(t, w.clock.now().UnixMilli(), before)
		}
		return w.Do(ctx, lock, msg)
	})})
	require.NoError(t, err)
	require.ErrorIs(t, a.Do(ctx, w.lock, w.userPIN, open("front")), errDisk)
	require.Zero(t, asked)
	require.Zero(t, w.opens())
	keys.full = false
	require.NoError(t, a.Do(ctx, w.lock, w.userPIN, open("front")))
}

// One who waits for another request of the same App gives up with the context.
func TestAppWaitsItsTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reached, leave := make(chan struct{}), make(chan struct{})
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Now: w.clock.now, Relay: relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
		close(reached)
		<-leave
		return w.Do(ctx, lock, msg)
	})})
	require.NoError(t, err)
	done := make(chan error)
	go func() { done <- a.Do(context.WithoutCancel(t.Context()), w.lock, w.userPIN, open("front")) }()
	<-reached
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, a.Do(over, w.lock, w.userPIN, open("front")), context.Canceled)
	close(leave)
	require.NoError(t, <-done)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	wrapped := errors.Join(&lockcode.RefusedError{Reason: lockcode.WrongPIN, TriesLeft: 3})
	require.ErrorIs(t, wrapped, lockcode.ErrRefused)
	got, ok := errors.AsType[*lockcode.RefusedError](wrapped)
	require.True(t, ok)
	require.Equal(t, 3, got.TriesLeft)
	require.Equal(t, "lockcode: wrong PIN", got.Error())
	require.NotErrorIs(t, errDisk, lockcode.ErrRefused)
	seen := map[string]bool{}
	for r := lockcode.InvalidCode; r <= lockcode.NotDone; r++ {
		require.False(t, seen[r.String()])
		seen[r.String()] = true
	}
	require.Equal(t, "refused", lockcode.Reason(200).String())
	for p := lockcode.OpenDoor; p <= lockcode.Activate; p++ {
		require.NotEqual(t, "unknown purpose", p.String())
	}
	require.Equal(t, "unknown purpose", lockcode.Purpose(0).String())
	require.Len(t, lockcode.DeviceID{}.String(), 32)
}
