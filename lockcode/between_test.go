package lockcode_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// A Code is paid for in one transaction and looked at in the next. A user who
// was reset in between opens nothing with it.
func TestUserGoesBetweenPaymentAndLook(t *testing.T) {
	t.Parallel()
	w, h := newHooked(t)
	c := w.code(open("front"))
	h.then = func() { require.NoError(t, w.owner.Do(t.Context(), w.lock, w.ownerPIN, reset("ute"))) }
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(c, open("front"))))
	require.Zero(t, w.opens())
	require.Zero(t, w.count(lockcode.CodeAccepted))
	require.Equal(t, 1, w.count(lockcode.UserReset))
}

// The same with a request, and a device that was revoked. It is told so under
// its seal.
func TestDeviceGoesBetweenPaymentAndTry(t *testing.T) {
	t.Parallel()
	w, h := newHooked(t)
	id := w.user.record(w.lock).DeviceID()
	h.then = func() { require.NoError(t, w.owner.RevokeDevice(t.Context(), w.lock, w.ownerPIN, id)) }
	accepted := w.count(lockcode.RequestAccepted)
	err := w.user.Do(t.Context(), w.lock, w.userPIN, open("front"))
	require.Equal(t, &lockcode.RefusedError{Reason: lockcode.NotActivated, Sealed: true}, err)
	require.Zero(t, w.opens())
	require.Equal(t, accepted+1, w.count(lockcode.RequestAccepted), "the owner's")
}

// What happens to a PIN while an exchange goes on ends the exchange: before the
// tag is paid for, and after that before the device is stored. The PIN that came
// in its place has all of its tries.
func TestPINGoesDuringAnExchange(t *testing.T) {
	t.Parallel()
	resend := func(w *world) {
		w.clock.advance(time.Minute)
		require.NoError(w.t, newPhone(w.t, "uwe", w.clock, w).RequestActivation(w.t.Context(), w.lock, "uwe"))
	}
	gone := func(w *world) {
		require.NoError(w.t, w.owner.Do(w.t.Context(), w.lock, w.ownerPIN, reset("uwe")))
	}
	button := func(w *world) { require.NoError(w.t, w.HardwareReset(w.t.Context())) }
	for name, c := range map[string]struct {
		then func(w *world)
		back bool // another PIN is there
	}{
		"another PIN is sent": {resend, true}, "the owner resets the user": {gone, false}, "the button is pressed": {button, false},
	} {
		for at, when := range []string{"after the share", "while the share is made", "between payment and device"} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				w, h := newHooked(t)
				w.grant("uwe", open("front"), lockcode.Binding{Purpose: lockcode.Activate})
				p := newPhone(t, "uwe", w.clock, w)
				require.NoError(t, p.RequestActivation(t.Context(), w.lock, "uwe"))
				if at == 1 { // a hello is the transaction before the share's
					h.then = func() { h.then = func() { c.then(w) } }
				}
				tag := w.begin(lockcode.ModeActivate, "uwe", w.inbox["uwe"], 0)
				switch at {
				case 0:
					c.then(w)
				case 2:
					h.then = func() { c.then(w) }
				}
				require.Equal(t, lockcode.ActivationFailed, w.refused(tag))
				require.Zero(t, w.count(lockcode.ActivationWrong))
				devices, _, _, _ := w.state().Peek("uwe")
				require.Zero(t, devices)
				if !c.back {
					require.Zero(t, w.state().Pendings())
					return
				}
				for n := range byte(2) {
					w.refused(w.begin(lockcode.ModeActivate, "uwe", other(t, pin(t, w.inbox["uwe"]), 1).Digits(), n))
				}
				require.NoError(t, p.Activate(t.Context(), w.lock, "uwe", pin(t, w.inbox["uwe"])))
			})
		}
	}
}
