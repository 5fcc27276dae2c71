package lockcode_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// edit changes what the controller keeps, behind its back.
func (s *site) edit(f func(*lockcode.LockState)) {
	s.t.Helper()
	require.NoError(s.t, s.keys.Update(s.t.Context(), func(st *lockcode.LockState) error {
		f(st)
		return nil
	}))
}

// A user more than there is room for is told so, also with the right PIN. The
// PIN stays good, and users who have a place keep it.
func TestOneUserTooMany(t *testing.T) {
	t.Parallel()
	w, p := freshPairing(t)
	w.edit(func(s *lockcode.LockState) { s.Crowd("ute", 256) })
	sent := pin(t, w.inbox["uwe"])
	require.Equal(t, lockcode.NoRoom, reason(t, p.Activate(t.Context(), w.lock, "uwe", sent)))
	devices, _, _, _ := w.state().Peek("uwe")
	require.Zero(t, devices)
	require.Equal(t, 1, w.state().Pendings())
	_, err := w.state().MarshalBinary()
	require.NoError(t, err)

	require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
	require.NoError(t, w.owner.Do(t.Context(), w.lock, w.ownerPIN, reset("crowd9")))
	require.NoError(t, p.Activate(t.Context(), w.lock, "uwe", sent))
}

// Whatever goes while a second device pairs, it gets no place beside the rest.
func TestSecondDeviceWithoutAPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then func(*lockcode.LockState)
		why  lockcode.Reason
	}{
		"its user is gone":           {func(s *lockcode.LockState) { s.Drop("ute") }, lockcode.ActivationFailed},
		"nothing is confirmed":       {func(s *lockcode.LockState) { s.Unconfirm() }, lockcode.ActivationFailed},
		"there are four of the user": {func(s *lockcode.LockState) { s.Fill("ute") }, lockcode.NoRoom},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, h := newHooked(t)
			c1, err := w.user.NewDeviceCode(t.Context(), w.lock, w.userPIN)
			require.NoError(t, err)
			tag := w.begin(lockcode.ModeAdd, "ute", c1.Characters(), 0)
			var before *lockcode.LockState
			h.then = func() {
				w.edit(c.then)
				before = w.state()
			}
			require.Equal(t, c.why, w.refused(tag))
			require.Equal(t, before, w.state())
			require.Equal(t, 2, w.count(lockcode.Activated), "the owner's and the user's first")
		})
	}
}

// A list that is full arms no pairing either, and says so under the seal.
func TestNoRoomForAPairing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range lockcode.MaxPendingList {
		u := string(rune('a'+i/26)) + string(rune('a'+i%26))
		w.grant(u, lockcode.Binding{Purpose: lockcode.Activate})
		_, sealed := w.send(hello(lockcode.ModeSendPIN, u))
		require.True(t, sealed, u)
	}
	before := w.state()
	_, err := w.user.NewDeviceCode(t.Context(), w.lock, w.userPIN)
	require.Equal(t, &lockcode.RefusedError{Reason: lockcode.NoRoom, Sealed: true}, err)
	require.Zero(t, w.count(lockcode.PairingArmed))
	require.Equal(t, before.Pendings(), w.state().Pendings())
	require.Zero(t, w.state().Wrong(w.user.record(w.lock).DeviceID()), "the PIN was right")
	w.clock.advance(16 * time.Minute)
	_, err = w.user.NewDeviceCode(t.Context(), w.lock, w.userPIN)
	require.NoError(t, err)
}

// A box that was never claimed can't be, also where its clock begins with 1970.
func TestClaimAtTheBeginningOfTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, "lock-1")
	s.clock.t = time.Unix(60, 0)
	p := newPhone(t, "olga", s.clock, s)
	require.Equal(t, lockcode.NotConfirmed, reason(t, p.RequestActivation(t.Context(), s.lock, "olga")))
	require.Zero(t, s.sent)
	require.Zero(t, s.state().Pendings())
	require.NoError(t, s.HardwareReset(t.Context()))
	p.activate(s)
}
