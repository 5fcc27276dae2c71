package lockcode_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// begin runs an exchange of a program's own up to its tag, the n-th one.
func (w *world) begin(m lockcode.Mode, user, secret string, n byte) (tag []byte) {
	w.t.Helper()
	answer, err := w.Do(w.t.Context(), w.lock, lockcode.Encode(lockcode.KindHello, []byte{byte(m)}, []byte(user)))
	require.NoError(w.t, err)
	k, f, err := lockcode.Decode(answer)
	require.NoError(w.t, err)
	require.Equal(w.t, lockcode.KindWelcome, k)
	sidA := bytes.Repeat([]byte{n}, 16)
	party, err := cpace.New([]byte(secret), lockcode.Channel(m, user, w.lock, f[0]), append(bytes.Clone(f[1]), sidA...))
	require.NoError(w.t, err)
	ada := cpace.Cat([]byte("x"), make([]byte, 8))
	answer, err = w.Do(w.t.Context(), w.lock, lockcode.Encode(lockcode.KindShareA, []byte{byte(m)}, []byte(user), sidA, party.Share(), ada))
	require.NoError(w.t, err)
	k, f, err = lockcode.Decode(answer)
	require.NoError(w.t, err)
	require.Equal(w.t, lockcode.KindShareB, k)
	keys, err := party.Initiator(ada, f[0], f[1])
	require.NoError(w.t, err)
	return lockcode.Encode(lockcode.KindTagA, []byte{byte(m)}, []byte(user), sidA, keys.TagA[:])
}

// refused sends a message and says why nothing came of it.
func (w *world) refused(msg []byte) lockcode.Reason {
	w.t.Helper()
	why, sealed := w.send(msg)
	require.False(w.t, sealed, "it was not refused")
	return why
}

func hello(m lockcode.Mode, user string) []byte {
	return lockcode.Encode(lockcode.KindHello, []byte{byte(m)}, []byte(user))
}

func shareA(user string, ada []byte) []byte {
	point := append([]byte{9}, make([]byte, 31)...)
	return lockcode.Encode(lockcode.KindShareA, []byte{byte(lockcode.ModeActivate)}, []byte(user), make([]byte, 16), point, ada)
}

// Four exchanges wait side by side. Three tries are three all the same, and the
// time of a PIN is over for an exchange that began in it.
func TestExchangesSideBySide(t *testing.T) {
	t.Parallel()
	w, _ := freshPairing(t)
	right := w.inbox["uwe"]
	wrong := other(t, pin(t, right), 1).Digits()
	tags := [][]byte{}
	for n := range byte(3) {
		tags = append(tags, w.begin(lockcode.ModeActivate, "uwe", wrong, n))
	}
	tags = append(tags, w.begin(lockcode.ModeActivate, "uwe", right, 3))
	for i, tag := range tags {
		require.Equal(t, lockcode.ActivationFailed, w.refused(tag), i)
	}
	require.Equal(t, 3, w.count(lockcode.ActivationWrong), "the fourth was looked at")
	require.Equal(t, lockcode.ActivationFailed, w.refused(hello(lockcode.ModeActivate, "uwe")))

	w, p := freshPairing(t)
	tag := w.begin(lockcode.ModeActivate, "uwe", w.inbox["uwe"], 0)
	before := w.state()
	w.clock.advance(15 * time.Minute)
	require.Equal(t, lockcode.ActivationFailed, w.refused(tag))
	require.Equal(t, before, w.state(), "no try was spent")
	p.activate(w.site)
}

// A PIN is good for a quarter of an hour from its making. Outside of it, and
// for a user who has none, no message gets any further, and none is a fault.
func TestNoPINIsWaitedFor(t *testing.T) {
	t.Parallel()
	w, p := freshPairing(t)
	ada := cpace.Cat([]byte("x"), make([]byte, 8))
	none := func(user string) {
		t.Helper()
		before := w.state()
		for _, msg := range [][]byte{hello(lockcode.ModeActivate, user), hello(lockcode.ModeAdd, user), shareA(user, ada)} {
			require.Equal(t, lockcode.ActivationFailed, w.refused(msg))
		}
		require.Equal(t, before, w.state())
		require.Zero(t, w.count(lockcode.Fault))
	}
	none("nobody")
	w.clock.advance(-time.Millisecond)
	none("uwe")
	w.clock.advance(time.Millisecond + 15*time.Minute)
	none("uwe")
	w.clock.advance(-time.Millisecond)
	require.NoError(t, p.Activate(t.Context(), w.lock, "uwe", pin(t, w.inbox["uwe"])))
}

// What a phone says of itself is a name and a time, or the exchange ends.
func TestExchangeWithNonsense(t *testing.T) {
	t.Parallel()
	w, p := freshPairing(t)
	at := make([]byte, 8)
	before := w.state()
	for name, ada := range map[string][]byte{
		"nothing":                  nil,
		"no time":                  cpace.Cat([]byte("x")),
		"half a time":              cpace.Cat([]byte("x"), at[:4]),
		"a time without end":       cpace.Cat([]byte("x"), bytes.Repeat([]byte{0x7f}, 8)),
		"a name of 41 bytes":       cpace.Cat(bytes.Repeat([]byte("x"), 41), at[:7]),
		"a name with a line break": cpace.Cat([]byte("a\nb"), at),
		"a name that is no text":   cpace.Cat([]byte{0xff}, at),
		"a field more":             cpace.Cat([]byte("x"), at, nil),
	} {
		_, _, err := lockcode.ParseADa(ada)
		require.ErrorIs(t, err, lockcode.ErrMessage, name)
		require.Equal(t, lockcode.NotDone, w.refused(shareA("uwe", ada)), name)
	}
	// Nor does a user whose id breaks a line get a PIN, whatever the rights say.
	sent := w.sent
	w.grant("u\nwe", lockcode.Binding{Purpose: lockcode.Activate})
	require.Equal(t, lockcode.NotDone, w.refused(hello(lockcode.ModeSendPIN, "u\nwe")))
	require.Equal(t, sent, w.sent)
	require.Equal(t, before, w.state())
	require.NoError(t, p.Activate(t.Context(), w.lock, "uwe", pin(t, w.inbox["uwe"])))
}

// An exchange is named by its user, its mode and the App's number together:
// a tag for another one of that number takes nothing away.
func TestTagOfAnother(t *testing.T) {
	t.Parallel()
	w, _ := freshPairing(t)
	tag := w.begin(lockcode.ModeActivate, "uwe", w.inbox["uwe"], 7)
	_, f, err := lockcode.Decode(tag)
	require.NoError(t, err)
	for _, msg := range [][]byte{
		lockcode.Encode(lockcode.KindTagA, f[0], []byte("ute"), f[2], f[3]),
		lockcode.Encode(lockcode.KindTagA, []byte{byte(lockcode.ModeAdd)}, f[1], f[2], f[3]),
		lockcode.Encode(lockcode.KindTagA, f[0], f[1], bytes.Repeat([]byte{8}, 16), f[3]),
	} {
		require.Equal(t, lockcode.ActivationFailed, w.refused(msg))
	}
	_, paired := w.send(tag)
	require.True(t, paired)
	require.Equal(t, lockcode.ActivationFailed, w.refused(tag), "once")
}

// Wrong PINs are counted over days, also while the list is cleared of what is
// over; and once there were nine, the last PIN is void though it has tries left.
func TestWrongActivationPINsOverDays(t *testing.T) {
	t.Parallel()
	w, p := freshPairing(t)
	sent := w.inbox["uwe"]
	for i := range 9 {
		tag := w.begin(lockcode.ModeActivate, "uwe", other(t, pin(t, sent), 1).Digits(), 0)
		require.Equal(t, lockcode.ActivationFailed, w.refused(tag))
		if i == 8 {
			break
		}
		w.clock.advance(24 * time.Hour)
		u := fmt.Sprint("u", i)
		w.grant(u, lockcode.Binding{Purpose: lockcode.Activate})
		require.NoError(t, newPhone(t, u, w.clock, w).RequestActivation(t.Context(), w.lock, u))
		require.NoError(t, p.RequestActivation(t.Context(), w.lock, "uwe"), i)
		sent = w.inbox["uwe"]
	}
	w.clock.advance(time.Minute)
	require.Equal(t, lockcode.ActivationFailed, reason(t, p.RequestActivation(t.Context(), w.lock, "uwe")))
	require.Equal(t, lockcode.ActivationFailed, w.refused(hello(lockcode.ModeActivate, "uwe")))
}
