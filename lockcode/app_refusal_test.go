package lockcode_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
	"github.com/latchkey-auth/latchkey/providers/memory"
)

// impostor plays a controller that knows the PIN and has adb to say. A share of
// its own takes the place of the right one unless it is nil.
func impostor(t *testing.T, p lockcode.PIN, share, adb []byte) (relay relayFunc, tags *int) {
	t.Helper()
	tags = new(int)
	var keys *cpace.Keys
	return func(_ context.Context, lock string, msg []byte) ([]byte, error) {
		k, f, err := lockcode.Decode(msg)
		require.NoError(t, err)
		switch k {
		case lockcode.KindHello:
			return lockcode.Encode(lockcode.KindWelcome, make([]byte, 16), make([]byte, 16)), nil
		case lockcode.KindShareA:
			ci := lockcode.Channel(lockcode.ModeActivate, "uwe", lock, make([]byte, 16))
			party, err := cpace.New([]byte(p.Digits()), ci, append(make([]byte, 16), f[2]...))
			require.NoError(t, err)
			keys, err = party.Responder(f[3], f[4], adb)
			require.NoError(t, err)
			if share == nil {
				return lockcode.Encode(lockcode.KindShareB, party.Share(), adb), nil
			}
			return lockcode.Encode(lockcode.KindShareB, share, adb), nil
		case lockcode.KindTagA:
			*tags++
			return lockcode.Encode(lockcode.KindTagB, keys.TagB[:]), nil
		}
		return nil, errLost
	}, tags
}

// Somebody who knows the PIN can be the controller, and still says nothing that
// the App can't read. From a share of low order it doesn't go on.
func TestAppKeepsNoRecordOfNonsense(t *testing.T) {
	t.Parallel()
	id, public, at := make([]byte, 16), bytes.Repeat([]byte{9}, 32), make([]byte, 8)
	low := append([]byte{1}, make([]byte, 31)...)
	good := cpace.Cat(id, public, at, []byte{0})
	for name, c := range map[string]struct {
		share, adb []byte
		tags       int
	}{
		"nothing":            {nil, nil, 1},
		"half an id":         {nil, cpace.Cat(id[:8], public, at, []byte{0}), 1},
		"half a key":         {nil, cpace.Cat(id, public[:16], at, []byte{0}), 1},
		"no flags":           {nil, cpace.Cat(id, public, at), 1},
		"one field more":     {nil, cpace.Cat(id, public, at, []byte{0}, nil), 0},
		"a time without end": {nil, cpace.Cat(id, public, bytes.Repeat([]byte{0x7f}, 8), []byte{0}), 1},
		"a share of zeros":   {make([]byte, 32), good, 0},
		"a share of order 4": {low, good, 0},
	} {
		relay, tags := impostor(t, pin(t, "4711"), c.share, c.adb)
		p := newPhone(t, "uwe", &clock{t: start}, relay)
		require.ErrorIs(t, p.Activate(t.Context(), "lock-1", "uwe", pin(t, "4711")), lockcode.ErrReply, name)
		require.Equal(t, c.tags, *tags, name)
		_, err := p.Record(t.Context(), "lock-1")
		require.ErrorIs(t, err, lockcode.ErrNoRecord, name)
	}
	relay, _ := impostor(t, pin(t, "4711"), nil, good)
	p := newPhone(t, "uwe", &clock{t: start}, relay)
	require.NoError(t, p.Activate(t.Context(), "lock-1", "uwe", pin(t, "4711")), "the rest of it is right")
	require.Equal(t, public, p.record("lock-1").PublicKey())
}

// A phone that can't store its key isn't activated, and says so. Another PIN
// makes it good.
func TestAppThatCannotStoreItsKey(t *testing.T) {
	t.Parallel()
	w, p := freshPairing(t)
	keys := &fullPhone{AppKeys: new(memory.AppKeys), full: true}
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: keys, Relay: w, Now: w.clock.now})
	require.NoError(t, err)
	require.ErrorIs(t, a.Activate(t.Context(), w.lock, "uwe", pin(t, w.inbox["uwe"])), errDisk)
	_, err = a.Record(t.Context(), w.lock)
	require.ErrorIs(t, err, lockcode.ErrNoRecord)
	w.clock.advance(time.Minute)
	p.activate(w.site)
}

// A Code of a day whose key is gone, or is a hundred years off, isn't made; and
// no device is announced with one.
func TestAppWithoutTheKeyOfThatDay(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	now, sealed, before := w.clock.now(), w.count(lockcode.RequestAccepted), w.user.record(w.lock)
	for _, years := range []int{-1, 101} {
		w.clock.t = now.AddDate(years, 0, 0)
		_, err := w.user.Code(ctx, w.lock, w.userPIN, open("front"))
		require.Equal(t, lockcode.WrongClock, reason(t, err), years)
		_, err = w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
		require.Equal(t, lockcode.WrongClock, reason(t, err), years)
	}
	require.Equal(t, before, w.user.record(w.lock), "it asked")

	// An answer of that time moves no key, however right it is.
	_, err := w.user.Status(ctx, w.lock)
	require.ErrorIs(t, err, lockcode.ErrPastDay)
	require.Equal(t, before.ChainValue(), w.user.record(w.lock).ChainValue())
	w.clock.t = now
	require.Equal(t, sealed, w.count(lockcode.RequestAccepted))
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
}

// A phone whose clock leaps to that of a controller a hundred years ahead, while
// they pair, isn't activated.
func TestAppThatLeapsWhileItPairs(t *testing.T) {
	t.Parallel()
	s := newSite(t, "lock-1")
	s.clock.t = time.Date(2086, 1, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, s.HardwareReset(t.Context()))
	phoneClock := &clock{t: time.Unix(0, 0)}
	p := newPhone(t, "olga", phoneClock, relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
		answer, err := s.Do(ctx, lock, msg)
		if k, _, _ := lockcode.Decode(answer); k == lockcode.KindShareB {
			phoneClock.t = s.clock.now()
		}
		return answer, err
	}))
	require.NoError(t, p.RequestActivation(t.Context(), s.lock, "olga"))
	require.ErrorIs(t, p.Activate(t.Context(), s.lock, "olga", pin(t, s.inbox["olga"])), lockcode.ErrPastDay)
	_, err := p.Record(t.Context(), s.lock)
	require.ErrorIs(t, err, lockcode.ErrNoRecord)
	s.clock.advance(time.Minute)
	p.activate(s)
}

// A public key of low order, to which nothing can be sealed, is a fault of the
// record. Nothing leaves the phone.
func TestAppWithADamagedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, err := w.user.record(w.lock).MarshalBinary()
	require.NoError(t, err)
	zeros := `"public":"` + base64.StdEncoding.EncodeToString(make([]byte, 32)) + `"`
	var rec lockcode.AppRecord
	require.NoError(t, rec.UnmarshalBinary(regexp.MustCompile(`"public":"[^"]*"`).ReplaceAll(text, []byte(zeros))))
	require.NoError(t, w.user.keys.Save(t.Context(), rec))
	r := &tap{next: w}
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Relay: r, Now: w.clock.now})
	require.NoError(t, err)
	err = a.Do(t.Context(), w.lock, w.userPIN, open("front"))
	require.Error(t, err)
	require.NotErrorIs(t, err, lockcode.ErrRefused)
	require.Empty(t, r.seen)
	require.Zero(t, w.opens())
}

// A strayed store has a record for every controller, and not that one's.
type strayed struct {
	*memory.AppKeys
	rec lockcode.AppRecord
}

func (s *strayed) Load(context.Context, string) (lockcode.AppRecord, error) { return s.rec, nil }

// A store that has nothing and says nothing, or that takes one controller for
// another, opens no door of either.
func TestAppTrustsNoStrayRecord(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	for name, c := range map[string]struct {
		rec  lockcode.AppRecord
		lock string
	}{
		"no record": {lockcode.AppRecord{}, w.lock}, "another controller's": {w.user.record(w.lock), "lock-2"},
	} {
		r := &tap{next: w}
		a, err := lockcode.NewApp(lockcode.AppConfig{Keys: &strayed{w.user.keys, c.rec}, Relay: r, Now: w.clock.now})
		require.NoError(t, err)
		_, noCode := a.Code(ctx, c.lock, w.userPIN, open("front"))
		_, noDevice := a.NewDeviceCode(ctx, c.lock, w.userPIN)
		_, noStatus := a.Status(ctx, c.lock)
		_, noRecord := a.Record(ctx, c.lock)
		for _, err := range []error{noCode, noDevice, noStatus, noRecord, a.Do(ctx, c.lock, w.userPIN, open("front"))} {
			require.ErrorIs(t, err, lockcode.ErrState, name)
		}
		require.Empty(t, r.seen, name)
	}
	require.Zero(t, w.opens())
}
