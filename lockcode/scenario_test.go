package lockcode_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

func TestE1CodeIsFiveCharactersAndShortLived(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.code(open("front"))
	require.Regexp(t, "^[0-9A-HJKMNP-TV-Z]{5}$", c.Characters())
	late := w.code(open("back"))
	require.NoError(t, w.verify(c, open("front")))
	w.clock.advance(5 * time.Minute)
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(late, open("back"))))
}

// A tap keeps everything that passes through the relay.
type tap struct {
	next lockcode.Relay
	seen [][]byte
}

func (r *tap) Do(ctx context.Context, lockID string, msg []byte) ([]byte, error) {
	r.seen = append(r.seen, bytes.Clone(msg))
	answer, err := r.next.Do(ctx, lockID, msg)
	r.seen = append(r.seen, bytes.Clone(answer))
	return answer, err
}

func TestE2KeysNeverPassTheCloud(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newSite(t, "lock-1")
	r := &tap{next: s.Controller}
	w := settle(t, s, r)
	fresh := chosen(t, w.userPIN)
	require.NoError(t, w.user.ChangePIN(ctx, w.lock, w.userPIN, fresh))
	require.NoError(t, w.user.Do(ctx, w.lock, fresh, open("front")))
	c, err := w.user.NewDeviceCode(ctx, w.lock, fresh)
	require.NoError(t, err)
	second := newPhone(t, "ute", w.clock, r)
	require.NoError(t, second.Join(ctx, w.lock, "ute", c))

	require.Greater(t, len(r.seen), 20)
	for _, p := range []*phone{w.owner, w.user, second} {
		rec := p.record(w.lock)
		for _, secret := range [][]byte{rec.ChainValue(), rec.RequestKey(), []byte(fresh.Digits()), []byte(c.Characters())} {
			for _, msg := range r.seen {
				require.False(t, bytes.Contains(msg, secret))
			}
		}
	}
}

func TestE3CodeForTheWebAndPINInTheApp(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	require.NoError(t, lockcode.SubmitCode(ctx, w.Controller, w.lock, "ute", w.code(open("front")), open("front")))
	require.NoError(t, lockcode.SubmitCode(ctx, w.Controller, w.lock, "ute", w.code(office("front")), office("front")))
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("back")))
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, office("front")))
	require.Equal(t, []string{"ute open door front", "ute office mode front", "ute open door back", "ute office mode front"}, w.opened)
	require.Equal(t, lockcode.NotAllowed, reason(t, w.user.Do(ctx, w.lock, w.userPIN, office("back"))))
}

func TestE4OnlyOneControllerReadsTheCode(t *testing.T) {
	t.Parallel()
	w, elsewhere := newWorld(t), newWorld(t)
	elsewhere.user.keys, elsewhere.userPIN = w.user.keys, w.userPIN
	c := w.code(open("front"))
	require.Equal(t, lockcode.InvalidCode, reason(t, elsewhere.verify(c, open("front"))))
	require.NoError(t, w.verify(c, open("front")))
}

func TestE5FirstActivationThenOwnPIN(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, keep := range []bool{true, false} {
		w := newSite(t, "lock-1", func(c *lockcode.ControllerConfig) { c.InsecureKeepActivationPIN = keep })
		w.grant("olga", open("front"))
		require.NoError(t, w.HardwareReset(ctx))
		p := newPhone(t, "olga", w.clock, w.Controller)
		sent := p.activate(w)
		fresh := chosen(t, sent)
		st, err := p.Status(ctx, w.lock)
		require.NoError(t, err)
		require.Equal(t, !keep, st.MustChangePIN)
		if !keep {
			// Nothing goes before the PIN that was sent is changed.
			require.Equal(t, lockcode.MustChangePIN, reason(t, p.ConfirmConfig(ctx, w.lock, sent, w.config)))
			require.Equal(t, lockcode.MustChangePIN, reason(t, p.RevokeDevice(ctx, w.lock, sent, lockcode.DeviceID{})))
			require.Equal(t, lockcode.MustChangePIN, reason(t, p.Do(ctx, w.lock, sent, open("front"))))
			_, err := p.Code(ctx, w.lock, sent, open("front"))
			require.Equal(t, lockcode.MustChangePIN, reason(t, err))
		}
		require.Equal(t, lockcode.WeakPIN, reason(t, p.ChangePIN(ctx, w.lock, sent, pin(t, "1234"))))
		require.Equal(t, lockcode.WeakPIN, reason(t, p.ChangePIN(ctx, w.lock, sent, sent)))
		require.NoError(t, p.ChangePIN(ctx, w.lock, sent, fresh))
		require.NoError(t, p.ConfirmConfig(ctx, w.lock, fresh, w.config))
		require.Equal(t, lockcode.WrongPIN, reason(t, p.Do(ctx, w.lock, sent, open("front"))))
		require.NoError(t, p.Do(ctx, w.lock, fresh, open("front")))
	}
}

func TestE6OwnerResetsPIN(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	b := reset("ute")
	c, err := w.owner.Code(ctx, w.lock, w.ownerPIN, b)
	require.NoError(t, err)
	require.NoError(t, w.VerifyCode(ctx, "olga", c, b))

	// The user's App shows that it isn't activated, gets a PIN again and goes on.
	_, err = w.user.Status(ctx, w.lock)
	require.Equal(t, lockcode.NotActivated, reason(t, err))
	require.Equal(t, lockcode.NotActivated, reason(t, w.user.Do(ctx, w.lock, w.userPIN, open("front"))))
	again := w.user.activate(w.site)
	require.NoError(t, w.user.Do(ctx, w.lock, again, open("front")))
	fresh := chosen(t, again)
	require.NoError(t, w.user.ChangePIN(ctx, w.lock, again, fresh))
	require.NoError(t, w.owner.Do(ctx, w.lock, w.ownerPIN, open("front")))
}

func TestE7HardwareReset(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	require.NoError(t, w.HardwareReset(ctx))
	for _, p := range []*phone{w.owner, w.user} {
		_, err := p.Status(ctx, w.lock)
		require.Equal(t, lockcode.NotActivated, reason(t, err))
	}
	w.ownerPIN = w.owner.activate(w.site)
	require.Equal(t, lockcode.NotConfirmed, reason(t, w.owner.Do(ctx, w.lock, w.ownerPIN, open("front"))))
	require.Equal(t, lockcode.NotConfirmed, reason(t, w.user.RequestActivation(ctx, w.lock, "ute")))
	require.NoError(t, w.owner.ConfirmConfig(ctx, w.lock, w.ownerPIN, w.config))
	w.userPIN = w.user.activate(w.site)
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
	require.NoError(t, w.owner.Do(ctx, w.lock, w.ownerPIN, open("front")))
}

func TestE8SecondDevice(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	c, err := w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
	require.NoError(t, err)
	second := newPhone(t, "ute", w.clock, w.Controller)
	require.NoError(t, second.Join(ctx, w.lock, "ute", c))
	require.NoError(t, second.Do(ctx, w.lock, w.userPIN, open("front")))
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))

	st, err := w.user.Status(ctx, w.lock)
	require.NoError(t, err)
	require.Len(t, st.Devices, 2)
	require.Len(t, st.Notices, 1)
	require.Equal(t, second.record(w.lock).Fingerprint(), st.Notices[0].Fingerprint)
	st, err = w.user.Status(ctx, w.lock)
	require.NoError(t, err)
	require.Empty(t, st.Notices, "a notice that was shown comes again")
}

func TestE9OwnerOnlyAndOnePurposeOnly(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	b := reset("olga")
	require.Equal(t, lockcode.NotAllowed, reason(t, w.user.Do(ctx, w.lock, w.userPIN, b)))
	require.Equal(t, lockcode.NotAllowed, reason(t, w.verify(w.code(b), b)))
	w.clock.advance(2 * time.Minute)
	require.Equal(t, lockcode.InvalidCode, reason(t, w.verify(w.code(open("front")), office("front"))))
	require.Zero(t, w.opens())
}
