package lockcode_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

func TestOwnerReset(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	byCode := func(p *phone, own lockcode.PIN, target string) error {
		w.clock.advance(5 * time.Minute)
		c, err := p.Code(ctx, w.lock, own, reset(target))
		require.NoError(t, err)
		return w.VerifyCode(ctx, p.user, c, reset(target))
	}
	w.grant("uwe", lockcode.Binding{Purpose: lockcode.Activate})
	newPhone(t, "uwe", w.clock, w.Controller).activate(w.site)
	require.Equal(t, lockcode.NotAllowed, reason(t, byCode(w.user, w.userPIN, "uwe")))
	require.Equal(t, lockcode.NotAllowed, reason(t, byCode(w.user, w.userPIN, "olga")))
	require.Equal(t, lockcode.NotAllowed, reason(t, byCode(w.user, w.userPIN, "ute")))
	require.Equal(t, lockcode.NotAllowed, reason(t, byCode(w.owner, w.ownerPIN, "olga")), "the owner, themselves")
	require.Equal(t, lockcode.NotAllowed, reason(t, byCode(w.owner, w.ownerPIN, "nobody")))
	require.Equal(t, lockcode.NotAllowed, reason(t, w.owner.Do(ctx, w.lock, w.ownerPIN, reset("olga"))))

	c, err := w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
	require.NoError(t, err)
	second := newPhone(t, "ute", w.clock, w.Controller)
	require.NoError(t, second.Join(ctx, w.lock, "ute", c))
	w.clock.advance(5 * time.Minute)
	waiting, err := w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
	require.NoError(t, err)
	old := w.code(open("front"))

	// At once, while the pairing is still armed.
	require.NoError(t, w.owner.Do(ctx, w.lock, w.ownerPIN, reset("ute")))
	for _, p := range []*phone{w.user, second} {
		require.Equal(t, lockcode.NotActivated, reason(t, p.Do(ctx, w.lock, w.userPIN, open("front"))))
	}
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(old, open("front"))))
	third := newPhone(t, "ute", w.clock, w.Controller)
	require.Equal(t, lockcode.ActivationFailed, reason(t, third.Join(ctx, w.lock, "ute", waiting)))
	again := third.activate(w.site)
	require.Equal(t, lockcode.ActivationFailed, reason(t, newPhone(t, "ute", w.clock, w.Controller).Join(ctx, w.lock, "ute", waiting)))
	require.NoError(t, third.Do(ctx, w.lock, again, open("front")))
	require.Equal(t, lockcode.NotActivated, reason(t, second.Do(ctx, w.lock, again, open("front"))))
}

// TestHardwareReset: nothing from before the button counts, nothing happens
// without the button, and nothing opens before the owner has confirmed.
func TestHardwareReset(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	oldRec, oldCode := w.user.record(w.lock), w.code(open("front"))
	at := w.clock.now().UnixMilli()
	oldMsg, _, err := oldRec.SealRaw(at, at, w.userPIN, open("front"), nil)
	require.NoError(t, err)

	require.NoError(t, w.HardwareReset(ctx))
	// Ten minutes to claim, by one user, and the others wait.
	w.clock.advance(9*time.Minute + 59*time.Second)
	ownerPIN := w.owner.activate(w.site)
	require.Equal(t, lockcode.NotConfirmed, reason(t, w.user.RequestActivation(ctx, w.lock, "ute")))
	require.Equal(t, lockcode.NotConfirmed, reason(t, w.owner.Do(ctx, w.lock, ownerPIN, open("front"))))
	c, err := w.owner.Code(ctx, w.lock, ownerPIN, open("front"))
	require.NoError(t, err)
	require.Equal(t, lockcode.NotConfirmed, reason(t, w.VerifyCode(ctx, "olga", c, open("front"))))
	_, err = w.owner.NewDeviceCode(ctx, w.lock, ownerPIN)
	require.Equal(t, lockcode.NotConfirmed, reason(t, err))
	require.Zero(t, w.opens())

	// Confirmed means this configuration, and not one that came later.
	require.NoError(t, w.owner.ConfirmConfig(ctx, w.lock, ownerPIN, sha256.Sum256([]byte("another"))))
	require.Equal(t, lockcode.NotAllowed, reason(t, w.owner.Do(ctx, w.lock, ownerPIN, open("front"))))
	require.NoError(t, w.owner.ConfirmConfig(ctx, w.lock, ownerPIN, w.config))
	require.NoError(t, w.owner.Do(ctx, w.lock, ownerPIN, open("front")))

	// Old Codes and requests stay dead after the user is back.
	w.userPIN = w.user.activate(w.site)
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(oldCode, open("front"))))
	answer, err := w.Do(ctx, w.lock, oldMsg)
	require.NoError(t, err)
	k, _, err := lockcode.Decode(answer)
	require.NoError(t, err)
	require.Equal(t, lockcode.KindRefusal, k)
	require.Equal(t, lockcode.NotAllowed, reason(t, w.user.ConfirmConfig(ctx, w.lock, w.userPIN, w.config)))
	require.Equal(t, 1, w.opens())
}

func TestClaimNeedsTheButton(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newSite(t, "lock-1")
	p := newPhone(t, "olga", s.clock, s.Controller)
	require.Equal(t, lockcode.NotConfirmed, reason(t, p.RequestActivation(ctx, s.lock, "olga")), "a new box")
	require.NoError(t, s.HardwareReset(ctx))
	s.clock.advance(10 * time.Minute)
	require.Equal(t, lockcode.NotConfirmed, reason(t, p.RequestActivation(ctx, s.lock, "olga")), "too late")
	s.clock.advance(-11 * time.Minute)
	require.Equal(t, lockcode.NotConfirmed, reason(t, p.RequestActivation(ctx, s.lock, "olga")), "a clock set back")

	// Two who claim at once: one is the owner.
	require.NoError(t, s.HardwareReset(ctx))
	q := newPhone(t, "mallory", s.clock, s.Controller)
	require.NoError(t, q.RequestActivation(ctx, s.lock, "mallory"))
	p.activate(s)
	require.Equal(t, lockcode.NotConfirmed, reason(t, q.Activate(ctx, s.lock, "mallory", pin(t, s.inbox["mallory"]))))
	st, err := p.Status(ctx, s.lock)
	require.NoError(t, err)
	require.True(t, st.Owner)
}

// TestEpochIsBound: two boxes with the same name and the same users differ by
// their epoch alone, which is in CPace's channel and in every scope.
func TestEpochIsBound(t *testing.T) {
	t.Parallel()
	e1, e2 := make([]byte, 16), make([]byte, 16)
	e2[15] = 1
	for _, m := range []struct{ a, b []byte }{
		{lockcode.Channel(lockcode.ModeActivate, "u", "l", e1), lockcode.Channel(lockcode.ModeActivate, "u", "l", e2)},
		{lockcode.Channel(lockcode.ModeActivate, "u", "l", e1), lockcode.Channel(lockcode.ModeAdd, "u", "l", e1)},
		{lockcode.Channel(lockcode.ModeActivate, "u", "l", e1), lockcode.Channel(lockcode.ModeActivate, "l", "u", e1)},
	} {
		require.NotEqual(t, m.a, m.b)
	}
	require.NotEqual(t, lockcode.PINMAC(nil, "l", e1, "u", lockcode.PINFrom(1)), lockcode.PINMAC(nil, "l", e2, "u", lockcode.PINFrom(1)))
	w := newWorld(t)
	first := w.user.record(w.lock).EpochBytes()
	require.NoError(t, w.HardwareReset(t.Context()))
	w.owner.activate(w.site)
	require.NotEqual(t, first, w.owner.record(w.lock).EpochBytes())
}
