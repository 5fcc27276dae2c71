package lockcode_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// Whoever has the request key makes the MAC right, and still gets nothing by a
// box that can't be opened. Neither counter nor try moves.
func TestRightMACAroundNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec, at := w.user.record(w.lock), w.clock.now().UnixMilli()
	id := rec.DeviceID()
	msg, _, err := rec.SealRaw(at, at, w.userPIN, open("front"), nil)
	require.NoError(t, err)
	_, f, err := lockcode.Decode(msg)
	require.NoError(t, err)
	spoilt := bytes.Clone(f[2])
	spoilt[0] ^= 1
	before := w.state()
	for name, c := range map[string]struct{ enc, box []byte }{
		"a share of zeros":   {make([]byte, 32), f[2]},
		"a share of order 4": {append([]byte{1}, make([]byte, 31)...), f[2]},
		"another share":      {append([]byte{9}, make([]byte, 31)...), f[2]},
		"another box":        {f[1], spoilt},
	} {
		tag := lockcode.MAC(rec.RequestKey(), cpace.Cat(c.enc, c.box))
		require.Equal(t, lockcode.NotDone, w.refused(lockcode.Encode(lockcode.KindRequest, id[:], c.enc, c.box, tag)), name)
	}
	require.Equal(t, before, w.state())
	require.Zero(t, w.count(lockcode.RequestForged), "the MAC was right")
	require.Zero(t, w.count(lockcode.Fault))
	_, sealed := w.send(msg)
	require.True(t, sealed)
	require.Equal(t, 1, w.opens())
}

// A sealed answer has to be about this request, and a status has to be one.
func TestSealedNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	private := w.state().Private()
	var ctr int64
	var body []byte
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Now: w.clock.now, Relay: relayFunc(func(_ context.Context, lock string, msg []byte) ([]byte, error) {
		rec := w.user.record(lock)
		_, key, err := lockcode.OpenRaw(private, rec.RequestKey(), lockcode.Scope(lock, rec.EpochBytes(), "ute", rec.DeviceID()), msg)
		require.NoError(t, err)
		return lockcode.Encode(lockcode.KindReply, lockcode.SealReply(key, rec.Ctr()+ctr, 0, w.clock.now().UnixMilli(), body)), nil
	})})
	require.NoError(t, err)
	require.NoError(t, a.Do(t.Context(), w.lock, w.userPIN, open("front")), "the rest of it is right")
	for _, ctr = range []int64{-1, 1} {
		require.ErrorIs(t, a.Do(t.Context(), w.lock, w.userPIN, open("front")), lockcode.ErrReply, ctr)
	}
	ctr = 0
	notice := joined(seven, []byte("ute"), make([]byte, 16), make([]byte, 8), seven)
	for name, bad := range map[string][]byte{
		"nothing": nil, "two lists": joined(nil, nil), "a good notice and a bad PIN": joined(nil, joined(notice), joined(nil)),
	} {
		body = bad
		st, err := a.Status(t.Context(), w.lock)
		require.ErrorIs(t, err, lockcode.ErrReply, name)
		require.Equal(t, lockcode.Status{}, st, name)
	}
	body = joined(nil, joined(notice), nil)
	st, err := a.Status(t.Context(), w.lock)
	require.NoError(t, err)
	require.Len(t, st.Notices, 1)
}

// Where the phone's clock goes back while it waits, nobody knows how long that
// was: it learns no time.
func TestPhoneClockGoesBackWhileItWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phoneClock := &clock{t: w.clock.now()}
	var back time.Duration
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Now: phoneClock.now, Relay: relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
		answer, err := w.Do(ctx, lock, msg)
		phoneClock.advance(-back)
		return answer, err
	})})
	require.NoError(t, err)
	for _, c := range []struct {
		back time.Duration
		want int64
	}{{time.Millisecond, 0}, {time.Minute, 0}, {0, time.Minute.Milliseconds() + 1}} {
		back = c.back
		_, err = a.Status(t.Context(), w.lock)
		require.NoError(t, err)
		require.Equal(t, c.want, w.user.record(w.lock).Offset())
	}
}
