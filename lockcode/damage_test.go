package lockcode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// A store may hand out a state that it could never have read. Without its key
// the controller opens no request and begins no exchange; each is a fault of the
// box, and nobody's try.
func TestStateWithoutItsKey(t *testing.T) {
	t.Parallel()
	w, p := freshPairing(t)
	sent := pin(t, w.inbox["uwe"])
	w.edit(func(s *lockcode.LockState) { s.LoseKey() })
	before := w.state()
	require.Equal(t, lockcode.NotDone, w.refused(shareA("uwe", cpace.Cat([]byte("x"), make([]byte, 8)))))
	require.Equal(t, lockcode.NotDone, reason(t, p.Activate(t.Context(), w.lock, "uwe", sent)))
	require.Equal(t, lockcode.NotDone, reason(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front"))))
	require.Equal(t, 3, w.count(lockcode.Fault))
	require.Equal(t, before, w.state())
	require.Zero(t, w.opens())
}

// A PIN in the state that is none makes no user, though both sides agree on it.
func TestStateWithAPINThatIsNone(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"471", "47ll", "47110"} {
		w, _ := freshPairing(t)
		w.edit(func(s *lockcode.LockState) { s.SetSecret("uwe", secret) })
		require.Equal(t, lockcode.NotDone, w.refused(w.begin(lockcode.ModeActivate, "uwe", secret, 0)), secret)
		require.Equal(t, 1, w.count(lockcode.Fault))
		devices, _, _, _ := w.state().Peek("uwe")
		require.Zero(t, devices)
	}
}
