package lockcode_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

func TestSecondDevice(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	armed := func() lockcode.Code {
		w.clock.advance(5 * time.Minute)
		c, err := w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
		require.NoError(t, err)
		return c
	}
	device := func() *phone { return newPhone(t, "ute", w.clock, w.Controller) }

	// Typed as people type.
	c, err := lockcode.ParseCode(" " + armed().Characters())
	require.NoError(t, err)
	second := device()
	require.NoError(t, second.Join(ctx, w.lock, "ute", c))
	require.Equal(t, lockcode.ActivationFailed, reason(t, device().Join(ctx, w.lock, "ute", c)), "one use")

	c = armed()
	w.clock.advance(3 * time.Minute)
	require.Equal(t, lockcode.ActivationFailed, reason(t, device().Join(ctx, w.lock, "ute", c)), "three minutes")

	c = armed()
	for i := range 3 {
		require.Equal(t, lockcode.ActivationFailed, reason(t, device().Join(ctx, w.lock, "ute", lockcode.CodeFrom(uint32(i)))))
	}
	require.Equal(t, lockcode.ActivationFailed, reason(t, device().Join(ctx, w.lock, "ute", c)), "three tries")

	// For nobody else, and not by way of the web.
	c = armed()
	require.Equal(t, lockcode.ActivationFailed, reason(t, newPhone(t, "olga", w.clock, w.Controller).Join(ctx, w.lock, "olga", c)))
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(c, lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"})))
	overheard, err := w.user.record(w.lock).Encipher(w.userPIN, open("front"), w.clock.now().Unix()/60)
	require.NoError(t, err)
	require.Error(t, device().Join(ctx, w.lock, "ute", overheard))

	// A wrong PIN is told, and arms nothing.
	w.clock.advance(5 * time.Minute)
	before := w.count(lockcode.PairingArmed)
	_, err = w.user.NewDeviceCode(ctx, w.lock, w.another(1, lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}))
	require.Equal(t, &lockcode.RefusedError{Reason: lockcode.WrongPIN, TriesLeft: 7, Sealed: true}, err)
	require.Equal(t, before, w.count(lockcode.PairingArmed))

	// Four devices at most.
	for i := range 3 {
		c, err := w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
		if i < 2 {
			require.NoError(t, err)
			require.NoError(t, device().Join(ctx, w.lock, "ute", c))
		} else {
			require.Equal(t, lockcode.NoRoom, reason(t, err))
		}
		w.clock.advance(5 * time.Minute)
	}
	require.NoError(t, second.Do(ctx, w.lock, w.userPIN, open("front")))
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
}

func TestLostDevice(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	c, err := w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
	require.NoError(t, err)
	lost := newPhone(t, "ute", w.clock, w.Controller)
	require.NoError(t, lost.Join(ctx, w.lock, "ute", c))
	id := lost.record(w.lock).DeviceID()
	own := w.user.record(w.lock).DeviceID()
	olga := w.owner.record(w.lock).DeviceID()

	require.Equal(t, lockcode.NotAllowed, reason(t, w.user.RevokeDevice(ctx, w.lock, w.userPIN, olga)))
	require.Equal(t, lockcode.NotAllowed, reason(t, w.user.RevokeDevice(ctx, w.lock, w.userPIN, own)))
	require.Equal(t, lockcode.WrongPIN, reason(t, w.user.RevokeDevice(ctx, w.lock, other(t, w.userPIN, 1), id)))
	// A pairing that the lost device armed goes with it.
	w.clock.advance(5 * time.Minute)
	waiting, err := lost.NewDeviceCode(ctx, w.lock, w.userPIN)
	require.NoError(t, err)
	require.NoError(t, w.user.RevokeDevice(ctx, w.lock, w.userPIN, id))
	require.Equal(t, lockcode.NotActivated, reason(t, lost.Do(ctx, w.lock, w.userPIN, open("front"))))
	require.Equal(t, lockcode.ActivationFailed, reason(t, newPhone(t, "ute", w.clock, w.Controller).Join(ctx, w.lock, "ute", waiting)))
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))

	require.NoError(t, lost.Forget(ctx, w.lock))
	require.NoError(t, lost.Forget(ctx, w.lock))
	require.ErrorIs(t, lost.Do(ctx, w.lock, w.userPIN, open("front")), lockcode.ErrNoRecord)

	// The owner takes a user's only device; the user begins anew.
	require.NoError(t, w.owner.RevokeDevice(ctx, w.lock, w.ownerPIN, own))
	w.user.activate(w.site)
}

// Somebody who pairs again and again pushes out no notice about others.
func TestNoticesStay(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	c, err := w.owner.NewDeviceCode(ctx, w.lock, w.ownerPIN)
	require.NoError(t, err)
	require.NoError(t, newPhone(t, "olga", w.clock, w.Controller).Join(ctx, w.lock, "olga", c))
	var last lockcode.Fingerprint
	for range 12 {
		w.clock.advance(5 * time.Minute)
		c, err := w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
		require.NoError(t, err)
		p := newPhone(t, "ute", w.clock, w.Controller)
		require.NoError(t, p.Join(ctx, w.lock, "ute", c))
		last = p.record(w.lock).Fingerprint()
		require.NoError(t, w.user.RevokeDevice(ctx, w.lock, w.userPIN, p.record(w.lock).DeviceID()))
	}
	st, err := w.owner.Status(ctx, w.lock)
	require.NoError(t, err)
	require.Len(t, st.Notices, 8)
	users := map[string]int{}
	for _, n := range st.Notices {
		users[n.UserID]++
	}
	require.Equal(t, map[string]int{"olga": 1, "ute": 7}, users)
	require.Equal(t, last, st.Notices[7].Fingerprint)
	st, err = w.owner.Status(ctx, w.lock)
	require.NoError(t, err)
	require.Empty(t, st.Notices)
}

func TestPINThroughTheOwner(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newSite(t, "lock-1", func(c *lockcode.ControllerConfig) { c.PINToOwner = true })
	owner, user := newPhone(t, "olga", s.clock, s.Controller), newPhone(t, "ute", s.clock, s.Controller)
	s.grant("ute", open("front"), lockcode.Binding{Purpose: lockcode.Activate})
	require.NoError(t, s.HardwareReset(ctx))
	ownerPIN := owner.activate(s)
	require.NoError(t, owner.ConfirmConfig(ctx, s.lock, ownerPIN, s.config))
	require.NoError(t, user.RequestActivation(ctx, s.lock, "ute"))
	require.Empty(t, s.inbox["ute"])
	st, err := owner.Status(ctx, s.lock)
	require.NoError(t, err)
	require.Len(t, st.PINs, 1)
	require.Equal(t, "ute", st.PINs[0].UserID)
	require.NoError(t, user.Activate(ctx, s.lock, "ute", st.PINs[0].PIN))
	for _, p := range []*phone{owner, user} {
		st, err = p.Status(ctx, s.lock)
		require.NoError(t, err)
		require.Empty(t, st.PINs)
	}
}
