package lockcode_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

func (w *world) send(msg []byte) (lockcode.Reason, bool) {
	w.t.Helper()
	answer, err := w.Do(w.t.Context(), w.lock, msg)
	require.NoError(w.t, err)
	k, f, err := lockcode.Decode(answer)
	require.NoError(w.t, err)
	if k == lockcode.KindRefusal {
		return lockcode.Reason(f[0][0]), false
	}
	return 0, true
}

func TestSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec := w.user.record(w.lock)
	at := w.clock.now().UnixMilli()
	seal := func(ctr, at int64, b lockcode.Binding) []byte {
		msg, _, err := rec.SealRaw(ctr, at, w.userPIN, b, nil)
		require.NoError(t, err)
		return msg
	}

	// Every byte edited: nothing is accepted, no try is spent.
	msg := seal(at+1, at, open("front"))
	for i := range msg {
		bad := bytes.Clone(msg)
		bad[i] ^= 1
		_, sealed := w.send(bad)
		require.False(t, sealed, "byte %d", i)
	}
	for i := range msg {
		_, sealed := w.send(msg[:i])
		require.False(t, sealed, "cut at %d", i)
	}
	require.Zero(t, w.opens())
	require.Zero(t, w.state().Wrong(rec.DeviceID()))
	require.Positive(t, w.count(lockcode.RequestForged))

	// Once, and then never again; nor one that was drawn before it.
	earlier := seal(at, at, open("back"))
	_, sealed := w.send(msg)
	require.True(t, sealed)
	require.Equal(t, 1, w.opens())
	for _, m := range [][]byte{msg, msg, earlier} {
		_, sealed := w.send(m)
		require.False(t, sealed)
	}
	require.Equal(t, 1, w.opens())
	require.Equal(t, 3, w.count(lockcode.RequestReplayed))

	// Held back for more than two minutes, either way.
	for i, off := range []time.Duration{2*time.Minute + time.Millisecond, -2*time.Minute - time.Millisecond} {
		late := seal(at+10+int64(i), at+off.Milliseconds(), open("front"))
		_, sealed = w.send(late)
		require.True(t, sealed)
		require.Equal(t, 1, w.opens())
	}
	require.Equal(t, 2, w.count(lockcode.RequestWrongTime))
	edge := seal(at+20, at+2*60*1000, open("front"))
	w.send(edge)
	require.Equal(t, 2, w.opens())

	// Under another device's key, a request of this one is a forgery.
	o := w.owner.record(w.lock)
	_, f, err := lockcode.Decode(seal(at+30, at, open("front")))
	require.NoError(t, err)
	id := o.DeviceID()
	_, sealed = w.send(lockcode.Encode(lockcode.KindRequest, id[:], f[1], f[2], f[3]))
	require.False(t, sealed)
}

// TestSealedAnswer: no answer but the controller's to this very request counts.
func TestSealedAnswer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newSite(t, "lock-1")
	var edit func(answer []byte) []byte
	w := settle(t, s, relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
		answer, err := s.Do(ctx, lock, msg)
		if edit != nil {
			answer = edit(answer)
		}
		return answer, err
	}))
	var kept []byte
	edit = func(a []byte) []byte { kept = bytes.Clone(a); return a }
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
	length := len(kept)
	edit = func([]byte) []byte { return kept }
	require.ErrorIs(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")), lockcode.ErrReply, "an older answer")
	for i := range length {
		edit = func(a []byte) []byte { a[i] ^= 1; return a }
		require.Error(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")), "byte %d", i)
		edit = func(a []byte) []byte { return a[:i] }
		require.Error(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")), "cut at %d", i)
	}
	// What the relay says by itself is marked as such and deletes nothing.
	for r := range 255 {
		edit = func([]byte) []byte { return lockcode.Encode(lockcode.KindRefusal, []byte{byte(r)}) }
		got, ok := errors.AsType[*lockcode.RefusedError](w.user.Do(ctx, w.lock, w.userPIN, open("front")))
		require.True(t, ok)
		require.False(t, got.Sealed)
	}
	edit = func([]byte) []byte { return lockcode.Encode(lockcode.KindDone) }
	require.ErrorIs(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")), lockcode.ErrReply)
	edit = nil
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
}

// clone is another phone with a copy of this one's record.
func (p *phone) clone(w *world) *phone {
	p.t.Helper()
	c := newPhone(p.t, p.user, w.clock, w.Controller)
	require.NoError(p.t, c.keys.Save(p.t.Context(), p.record(w.lock)))
	return c
}

// TestRestoredBackup: a record that comes back from a backup has counters that
// were used. It is refused and reported as often as the phone has asked since,
// however much time went by.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	backup := w.user.clone(w)
	for range 20 {
		w.clock.advance(time.Hour)
		require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
	}
	for i := range 20 {
		w.clock.advance(time.Hour)
		require.Equal(t, lockcode.NotDone, reason(t, backup.Do(ctx, w.lock, w.userPIN, open("front"))))
		require.Equal(t, i+1, w.count(lockcode.RequestReplayed))
	}
	require.Equal(t, 20, w.opens())
	require.Zero(t, w.state().Wrong(w.user.record(w.lock).DeviceID()), "its PIN was not looked at")
}

// TestClonedPhoneIsNoticed: a copy of the record that asks for anything takes
// the counter that the phone would use next, so one of them is refused and
// reported each time that the other one was first.
func TestClonedPhoneIsNoticed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	clone := w.user.clone(w)
	require.NoError(t, clone.Do(ctx, w.lock, w.userPIN, open("front")))
	w.clock.advance(time.Hour)
	require.Equal(t, lockcode.NotDone, reason(t, w.user.Do(ctx, w.lock, w.userPIN, open("front"))))
	require.Equal(t, 1, w.count(lockcode.RequestReplayed))
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")), "and goes on")
	require.Equal(t, lockcode.NotDone, reason(t, clone.Do(ctx, w.lock, w.userPIN, open("front"))))
}

// TestStolenPhoneReadsNoOldPIN: the phone's own record opens neither the Codes
// of earlier days nor any sealed request, though the relay kept them all.
func TestStolenPhoneReadsNoOldPIN(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newSite(t, "lock-1")
	r := &tap{next: s.Controller}
	w := settle(t, s, r)
	step := w.clock.now().Unix() / 60
	old := w.code(open("front"))
	_, readable := w.user.record(w.lock).Decipher(old, open("front"), step)
	require.True(t, readable, "on the same day it can be read")
	require.NoError(t, w.verify(old, open("front")))
	before := w.user.record(w.lock)

	w.clock.advance(48 * time.Hour)
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
	stolen := w.user.record(w.lock)
	require.Equal(t, before.Day()+2, stolen.Day())
	_, readable = stolen.Decipher(old, open("front"), step)
	require.False(t, readable)
	// And the controller's flash doesn't either, once a Code of today came.
	require.NoError(t, w.verify(w.code(open("front")), open("front")))
	require.Equal(t, w.clock.now().Unix()/86400-1, w.state().DeviceDay(stolen.DeviceID()))

	// All that the phone has, tried as a key of the recorded requests.
	requests := 0
	for _, msg := range r.seen {
		k, f, err := lockcode.Decode(msg)
		if err != nil || k != lockcode.KindRequest {
			continue
		}
		requests++
		for _, key := range [][]byte{stolen.RequestKey(), stolen.ChainValue(), stolen.PublicKey()} {
			private, err := hpke.DHKEM(ecdh.X25519()).NewPrivateKey(key)
			require.NoError(t, err)
			_, err = hpke.Open(private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), nil, append(f[1], f[2]...))
			require.Error(t, err)
		}
		require.False(t, bytes.Contains(msg, []byte(w.userPIN.Digits())))
	}
	require.Positive(t, requests)
}

func TestFullList(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	// Hellos of users who never come back fill the list, and then only theirs
	// are refused; it empties by itself.
	refused := 0
	for i := range lockcode.MaxPendingList + 36 {
		u := string(rune('a'+i/26)) + string(rune('a'+i%26))
		w.grant(u, lockcode.Binding{Purpose: lockcode.Activate})
		if err := newPhone(t, u, w.clock, w.Controller).RequestActivation(ctx, w.lock, u); err != nil {
			require.Equal(t, lockcode.NoRoom, reason(t, err))
			refused++
		}
	}
	require.Equal(t, 36, refused)
	require.Equal(t, lockcode.MaxPendingList, w.state().Pendings())
	w.clock.advance(16 * time.Minute)
	newPhone(t, "aa", w.clock, w.Controller).activate(w.site)
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
}

// Messages that anybody can send write nothing: flash wears.
func TestForgeriesWriteNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, err := w.state().MarshalBinary()
	require.NoError(t, err)
	id := w.user.record(w.lock).DeviceID()
	w.send(lockcode.Encode(lockcode.KindRequest, id[:], make([]byte, 32), make([]byte, 40), make([]byte, 32)))
	w.send(lockcode.Encode(lockcode.KindHello, []byte{byte(lockcode.ModeSendPIN)}, []byte("ute")))
	w.send(lockcode.Encode(lockcode.KindHello, []byte{byte(lockcode.ModeAdd)}, []byte("ute")))
	w.send(lockcode.Encode(lockcode.KindCode, []byte("nobody"), []byte("AAAAA"), []byte{1}, []byte("front")))
	w.send(lockcode.Encode(lockcode.KindTagA, []byte{byte(lockcode.ModeActivate)}, []byte("uwe"), make([]byte, 16), make([]byte, 64)))
	after, err := w.state().MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

func TestDoorThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.doorErr = errors.New("motor stuck")
	got, _ := errors.AsType[*lockcode.RefusedError](w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
	require.Equal(t, &lockcode.RefusedError{Reason: lockcode.NotDone, Sealed: true}, got)
	require.Equal(t, lockcode.NotDone, reason(t, w.verify(w.code(open("front")), open("front"))))
	require.Equal(t, 2, w.count(lockcode.Fault))
}
