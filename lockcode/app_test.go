package lockcode_test

import (
	"context"
	"errors"
	"strings"
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
	relay := relayFunc(func(context.Context, string, []byte) ([]byte, error) {
		asked++
		return nil, errLost
	})
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Now: w.clock.now, Relay: relay})
	require.NoError(t, err)
	own, no := w.userPIN, lockcode.PIN{}
	before := w.user.record(w.lock)
	code := func(lock string, p lockcode.PIN, b lockcode.Binding) error {
		_, err := a.Code(ctx, lock, p, b)
		return err
	}
	device := func(lock string, p lockcode.PIN) error {
		_, err := a.NewDeviceCode(ctx, lock, p)
		return err
	}
	status := func(lock string) error {
		_, err := a.Status(ctx, lock)
		return err
	}
	add := lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}
	const badPIN, badCode, badID, what = "a PIN has four digits", "a Code has five letters", "an id has 1 to 64", "PIN resets, with a target"
	const whatCode = "a PIN reset, with a target"
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"Code: purpose":            {code(w.lock, own, add), whatCode},
		"Code: target":             {code(w.lock, own, open("")), whatCode},
		"Code: PIN":                {code(w.lock, no, open("front")), badPIN},
		"Code: lock":               {code("", own, open("front")), badID},
		"Code: record":             {code("elsewhere", own, open("front")), "no record of this controller"},
		"device: PIN":              {device(w.lock, no), badPIN},
		"device: lock":             {device("", own), badID},
		"status: lock":             {status(""), badID},
		"status: record":           {status("elsewhere"), "no record of this controller"},
		"do: purpose":              {a.Do(ctx, w.lock, own, add), what},
		"do: target":               {a.Do(ctx, w.lock, own, open("")), what},
		"do: PIN":                  {a.Do(ctx, w.lock, no, open("front")), badPIN},
		"do: lock":                 {a.Do(ctx, "a\nb", own, open("front")), badID},
		"change: from":             {a.ChangePIN(ctx, w.lock, no, own), badPIN},
		"change: to":               {a.ChangePIN(ctx, w.lock, own, no), badPIN},
		"confirm: PIN":             {a.ConfirmConfig(ctx, w.lock, no, w.config), badPIN},
		"revoke: PIN":              {a.RevokeDevice(ctx, w.lock, no, lockcode.DeviceID{}), badPIN},
		"request: user":            {a.RequestActivation(ctx, w.lock, ""), badID},
		"request: a user too long": {a.RequestActivation(ctx, w.lock, strings.Repeat("u", 65)), badID},
		"request: lock":            {a.RequestActivation(ctx, "", "ute"), badID},
		"activate: PIN":            {a.Activate(ctx, w.lock, "ute", no), badPIN},
		"activate: user":           {a.Activate(ctx, w.lock, "\n", own), badID},
		"activate: lock":           {a.Activate(ctx, "", "ute", own), badID},
		"join: Code":               {a.Join(ctx, w.lock, "ute", lockcode.Code{}), badCode},
		"join: user":               {a.Join(ctx, w.lock, "", lockcode.CodeFrom(1)), badID},
		"join: lock":               {a.Join(ctx, "\xff", "ute", lockcode.CodeFrom(1)), badID},
		"forget: lock":             {a.Forget(ctx, ""), badID},
		"submit: Code":             {lockcode.SubmitCode(ctx, relay, w.lock, "ute", lockcode.Code{}, open("front")), badCode},
	} {
		require.ErrorContains(t, c.err, c.want, name)
	}
	require.Equal(t, before, w.user.record(w.lock), "no counter was used up")
	require.Zero(t, asked)
	require.ErrorIs(t, code("elsewhere", own, open("front")), lockcode.ErrNoRecord)
	require.ErrorIs(t, a.Do(ctx, w.lock, own, open("front")), errLost)
	require.Equal(t, 1, asked)
	rec, err := a.Record(ctx, w.lock)
	require.NoError(t, err)
	require.Len(t, rec.Fingerprint().String(), 16)
}

// fullPhone can't store anything any more, but for a few times.
type fullPhone struct {
	*memory.AppKeys
	full bool
	left int
}

func (f *fullPhone) Save(ctx context.Context, rec lockcode.AppRecord) error {
	if f.left--; f.full && f.left < 0 {
		return errDisk
	}
	return f.AppKeys.Save(ctx, rec)
}

func (f *fullPhone) Delete(ctx context.Context, lockID string) error {
	if f.full {
		return errDisk
	}
	return f.AppKeys.Delete(ctx, lockID)
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

// What an answer taught is stored before the App says yes to anything, and what
// is to be forgotten is gone.
func TestAppStoresWhatItLearnt(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	keys := &fullPhone{AppKeys: w.user.keys, full: true}
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: keys, Relay: w, Now: w.clock.now})
	require.NoError(t, err)
	keys.left = 1
	require.ErrorIs(t, a.Do(ctx, w.lock, w.userPIN, open("front")), errDisk)
	for _, keys.left = range []int{1, 2} {
		_, err = a.Status(ctx, w.lock)
		require.ErrorIs(t, err, errDisk)
	}
	require.ErrorIs(t, a.Forget(ctx, w.lock), errDisk)
	require.Equal(t, 1, w.opens(), "the fault is the phone's, and later than the door")
	keys.full = false
	require.NoError(t, a.Do(ctx, w.lock, w.userPIN, open("front")))
	require.NoError(t, a.Forget(ctx, w.lock))
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
	require.NotErrorIs(t, wrapped, lockcode.ErrReply)
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
