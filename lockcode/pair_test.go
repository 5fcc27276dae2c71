package lockcode_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// freshPairing is a world in which uwe has asked for a PIN and not yet used it.
func freshPairing(t *testing.T) (*world, *phone) {
	t.Helper()
	w := newWorld(t)
	w.grant("uwe", open("front"), lockcode.Binding{Purpose: lockcode.Activate})
	p := newPhone(t, "uwe", w.clock, w.Controller)
	require.NoError(t, p.RequestActivation(t.Context(), w.lock, "uwe"))
	return w, p
}

func TestActivationGuesses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	try := func(w *world, p lockcode.PIN) error {
		// Each guess from an App of its own: the App's own bound is not the one
		// that holds an attacker.
		return newPhone(t, "uwe", w.clock, w.Controller).Activate(ctx, w.lock, "uwe", p)
	}
	w, p := freshPairing(t)
	right := pin(t, w.inbox["uwe"])
	for i := range 3 {
		require.Equal(t, lockcode.ActivationFailed, reason(t, try(w, other(t, right, i+1))))
	}
	require.Equal(t, lockcode.ActivationFailed, reason(t, try(w, right)), "a fourth try")

	// A resend kills the old PIN, a quarter of an hour the new one.
	w.clock.advance(time.Minute)
	require.NoError(t, p.RequestActivation(ctx, w.lock, "uwe"))
	second := pin(t, w.inbox["uwe"])
	if second != right {
		require.Equal(t, lockcode.ActivationFailed, reason(t, try(w, right)))
	}
	w.clock.advance(15 * time.Minute)
	require.Equal(t, lockcode.ActivationFailed, reason(t, try(w, second)))

	// New PINs buy no guesses without end: nine wrong ones and the owner has
	// to step in. Even the right PIN doesn't come then.
	for range 20 {
		w.clock.advance(time.Minute)
		if p.RequestActivation(ctx, w.lock, "uwe") != nil {
			break
		}
		sent := pin(t, w.inbox["uwe"])
		for i := range 3 {
			require.Error(t, try(w, other(t, sent, i+1)))
		}
	}
	require.LessOrEqual(t, w.count(lockcode.ActivationWrong), 11) // at most two over, within the last PIN
	w.clock.advance(time.Minute)
	require.Equal(t, lockcode.ActivationFailed, reason(t, p.RequestActivation(ctx, w.lock, "uwe")))
	require.NoError(t, w.owner.Do(ctx, w.lock, w.ownerPIN, reset("uwe")))
	p.activate(w.site)
}

// Hellos cost their sender nothing. Each PIN costs a message, a write to the
// flash, and the PIN that was sent before; so there is one a minute and ten a
// day for a user (W46), and the others change nothing.
func TestPINsWithoutEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("uwe", open("front"), lockcode.Binding{Purpose: lockcode.Activate})
	w.grant("ulf", lockcode.Binding{Purpose: lockcode.Activate})
	p := newPhone(t, "uwe", w.clock, w.Controller)
	ask := func() error { return p.RequestActivation(t.Context(), w.lock, "uwe") }
	before := w.sent
	require.NoError(t, ask())
	first, state := w.inbox["uwe"], w.state()
	for range 1000 {
		require.Equal(t, lockcode.NotDone, reason(t, ask()))
	}
	w.clock.advance(time.Minute - time.Millisecond)
	require.Equal(t, lockcode.NotDone, reason(t, ask()))
	require.Equal(t, state, w.state())
	require.Equal(t, 1, w.sent-before)
	require.NoError(t, p.Activate(t.Context(), w.lock, "uwe", pin(t, first)), "the first PIN lives")

	p = newPhone(t, "ulf", w.clock, w.Controller)
	ask = func() error { return p.RequestActivation(t.Context(), w.lock, "ulf") }
	sent := 0
	midnight := w.clock.now().Truncate(24 * time.Hour).Add(24 * time.Hour)
	for i := 0; w.clock.now().Add(20 * time.Minute).Before(midnight); i++ {
		if ask() == nil {
			sent++
		}
		// Every PIN is over by the next one, and what was counted is not, also
		// when others begin.
		w.clock.advance(16 * time.Minute)
		u := fmt.Sprint("u", i)
		w.grant(u, lockcode.Binding{Purpose: lockcode.Activate})
		require.NoError(t, newPhone(t, u, w.clock, w.Controller).RequestActivation(t.Context(), w.lock, u))
	}
	require.Equal(t, 10, sent)
	w.clock.t = midnight.AddDate(0, 0, -3)
	require.Equal(t, lockcode.NotDone, reason(t, ask()), "a clock set back begins no new day")
	w.clock.t = midnight
	p.activate(w.site)
}

// TestAppTriesToo: a relay that plays the controller learns from each run
// whether its guess was right, so the App makes three with one PIN.
func TestAppTriesToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("uwe", lockcode.Binding{Purpose: lockcode.Activate})
	adb := cpace.Cat(make([]byte, 16), make([]byte, 32), make([]byte, 8), []byte{0})
	evil, runs := impostor(t, pin(t, "0001"), nil, adb)
	p := newPhone(t, "uwe", w.clock, evil)
	require.NoError(t, p.RequestActivation(t.Context(), w.lock, "uwe"))
	for range 10 {
		require.Error(t, p.Activate(t.Context(), w.lock, "uwe", pin(t, "9999")))
	}
	require.Equal(t, 3, *runs)
	_, err := p.keys.Load(t.Context(), w.lock)
	require.ErrorIs(t, err, lockcode.ErrNoRecord)
	for range 10 {
		require.Error(t, p.Join(t.Context(), w.lock, "uwe", lockcode.CodeFrom(7)))
	}
	require.Equal(t, 6, *runs)

	// Neither a welcome of the relay's own nor another Code in between begins
	// the count anew.
	for range 10 {
		require.NoError(t, p.RequestActivation(t.Context(), w.lock, "uwe"))
		require.Equal(t, lockcode.ActivationFailed, reason(t, p.Activate(t.Context(), w.lock, "uwe", pin(t, "9999"))))
	}
	for range 10 {
		require.Error(t, p.Join(t.Context(), w.lock, "uwe", lockcode.CodeFrom(8)))
		require.Error(t, p.Join(t.Context(), w.lock, "uwe", lockcode.CodeFrom(7)))
	}
	require.Equal(t, 9, *runs)
}

type relayFunc func(ctx context.Context, lock string, msg []byte) ([]byte, error)

func (f relayFunc) Do(ctx context.Context, lock string, msg []byte) ([]byte, error) {
	return f(ctx, lock, msg)
}

// TestAbandonedRunLeaksNothing: whoever runs CPace with a guess and goes away
// before showing their tag has seen Yb and ADb, the same for every guess. Such
// runs cost no try, and there may be any number.
func TestAbandonedRunLeaksNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, p := freshPairing(t)
	right := pin(t, w.inbox["uwe"])
	welcome, err := w.Do(ctx, w.lock, lockcode.Encode(lockcode.KindHello, []byte{byte(lockcode.ModeActivate)}, []byte("uwe")))
	require.NoError(t, err)
	_, f, err := lockcode.Decode(welcome)
	require.NoError(t, err)
	epoch, sidC := f[0], f[1]
	for i := range 50 {
		sidA := bytes.Repeat([]byte{byte(i)}, 16)
		// Even a guess that happens to be right gets no tag of the controller.
		party, err := cpace.New([]byte(right.Digits()), lockcode.Channel(lockcode.ModeActivate, "uwe", w.lock, epoch), append(bytes.Clone(sidC), sidA...))
		require.NoError(t, err)
		ada := cpace.Cat([]byte("x"), make([]byte, 8))
		answer, err := w.Do(ctx, w.lock, lockcode.Encode(lockcode.KindShareA, []byte{byte(lockcode.ModeActivate)}, []byte("uwe"), sidA, party.Share(), ada))
		require.NoError(t, err)
		k, fields, err := lockcode.Decode(answer)
		require.NoError(t, err)
		require.Equal(t, lockcode.KindShareB, k)
		require.Len(t, fields, 2)
		keys, err := party.Initiator(ada, fields[0], fields[1])
		require.NoError(t, err)
		require.False(t, bytes.Contains(answer, keys.TagB[:16]))
	}
	// No guess was spent on any of it, and the honest App still gets in.
	require.NoError(t, p.Activate(ctx, w.lock, "uwe", right))
}

// TestRunsOfOthersAreNotSpoilt: four exchanges of one pairing live side by
// side; an honest App that is the newest is never the one to go.
func TestRunsOfOthersAreNotSpoilt(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, _ := freshPairing(t)
	noisy := relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
		k, f, err := lockcode.Decode(msg)
		require.NoError(t, err)
		if k == lockcode.KindTagA { // three foreign runs between share and tag
			for i := range 3 {
				point, err := ecdh.X25519().GenerateKey(rand.Reader)
				require.NoError(t, err)
				_, err = w.Do(ctx, lock, lockcode.Encode(lockcode.KindShareA, f[0], f[1], bytes.Repeat([]byte{byte(i)}, 16),
					point.PublicKey().Bytes(), cpace.Cat(nil, make([]byte, 8))))
				require.NoError(t, err)
			}
		}
		return w.Do(ctx, lock, msg)
	})
	p := newPhone(t, "uwe", w.clock, noisy)
	require.NoError(t, p.Activate(ctx, w.lock, "uwe", pin(t, w.inbox["uwe"])))
}

// TestWhyNotX25519AndMAC shows what CPace is there for: with plain X25519 and
// a MAC over the PIN, a relay in the middle finds the PIN by trying them all
// against one tag. The same search against a CPace run finds nothing.
func TestWhyNotX25519AndMAC(t *testing.T) {
	t.Parallel()
	right := lockcode.PINFrom(4711)
	app, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	evil, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	shared, err := app.ECDH(evil.PublicKey())
	require.NoError(t, err)
	tagOf := func(key []byte, p lockcode.PIN) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(p.Digits()))
		return m.Sum(nil)
	}
	tag := tagOf(shared, right)
	found := 0
	for n := range 10_000 {
		if hmac.Equal(tagOf(shared, lockcode.PINFrom(n)), tag) {
			require.Equal(t, right, lockcode.PINFrom(n))
			found++
		}
	}
	require.Equal(t, 1, found)

	// CPace: the relay has one share of its own, made with one guess, and can
	// compute a tag to compare with for that guess only.
	ci, sid := []byte("ci"), []byte("sid")
	honest, err := cpace.New([]byte(right.Digits()), ci, sid)
	require.NoError(t, err)
	relay, err := cpace.New([]byte("0001"), ci, sid)
	require.NoError(t, err)
	ka, err := honest.Initiator(nil, relay.Share(), nil)
	require.NoError(t, err)
	kr, err := relay.Responder(honest.Share(), nil, nil)
	require.NoError(t, err)
	require.NotEqual(t, ka.TagA, kr.TagA)
}

// TestRelaySubstitution edits each byte of what the controller says while it
// pairs: its share, the device id, its public key, its time, its flags.
func TestRelaySubstitution(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for i := 3; i < 200; i++ {
		w, _ := freshPairing(t)
		reached, paired := false, false
		evil := relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
			answer, err := w.Do(ctx, lock, msg)
			if k, _, _ := lockcode.Decode(answer); k == lockcode.KindShareB && i < len(answer) {
				reached = true
				answer[i] ^= 0x10
			} else if k == lockcode.KindTagB {
				paired = true
			}
			return answer, err
		})
		p := newPhone(t, "uwe", w.clock, evil)
		err := p.Activate(ctx, w.lock, "uwe", pin(t, w.inbox["uwe"]))
		if !reached {
			require.NoError(t, err)
			require.Greater(t, i, 80)
			return
		}
		require.Error(t, err, "byte %d", i)
		require.False(t, paired, "byte %d: the controller paired", i)
		_, err = p.keys.Load(ctx, w.lock)
		require.ErrorIs(t, err, lockcode.ErrNoRecord)
	}
	t.Fatal("the end of the message was never reached")
}

// TestControllerTagIsChecked: an App takes no key from a controller that hasn't
// shown that it knows the PIN.
func TestControllerTagIsChecked(t *testing.T) {
	t.Parallel()
	w, _ := freshPairing(t)
	evil := relayFunc(func(ctx context.Context, lock string, msg []byte) ([]byte, error) {
		answer, err := w.Do(ctx, lock, msg)
		if k, _, _ := lockcode.Decode(answer); k == lockcode.KindTagB {
			answer[len(answer)-1] ^= 1
		}
		return answer, err
	})
	p := newPhone(t, "uwe", w.clock, evil)
	require.ErrorIs(t, p.Activate(t.Context(), w.lock, "uwe", pin(t, w.inbox["uwe"])), lockcode.ErrReply)
	_, err := p.keys.Load(t.Context(), w.lock)
	require.ErrorIs(t, err, lockcode.ErrNoRecord)
	// The controller has a device that never spoke. It doesn't keep the user
	// out, and is gone after the next activation.
	honest := newPhone(t, "uwe", w.clock, w.Controller)
	honest.activate(w.site)
	devices, _, _, _ := w.state().Peek("uwe")
	require.Equal(t, 1, devices)
}

func TestLowOrderShareEndsTheRun(t *testing.T) {
	t.Parallel()
	w, _ := freshPairing(t)
	for _, first := range []byte{0, 1} {
		point := make([]byte, 32)
		point[0] = first
		answer, err := w.Do(t.Context(), w.lock, lockcode.Encode(lockcode.KindShareA, []byte{byte(lockcode.ModeActivate)}, []byte("uwe"),
			make([]byte, 16), point, cpace.Cat(nil, make([]byte, 8))))
		require.NoError(t, err)
		k, f, err := lockcode.Decode(answer)
		require.NoError(t, err)
		require.Equal(t, lockcode.KindRefusal, k)
		require.Equal(t, lockcode.ActivationFailed, lockcode.Reason(f[0][0]))
	}
}

func TestAlreadyActivated(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	thief := newPhone(t, "ute", w.clock, w.Controller)
	sent := w.sent
	require.Equal(t, lockcode.AlreadyActivated, reason(t, thief.RequestActivation(ctx, w.lock, "ute")))
	require.Equal(t, sent, w.sent)
	require.Equal(t, lockcode.NotAllowed, reason(t, thief.RequestActivation(ctx, w.lock, "mallory")))
	require.NoError(t, w.user.Do(ctx, w.lock, w.userPIN, open("front")))
}

func TestFailedSendIsAFault(t *testing.T) {
	t.Parallel()
	w, p := freshPairing(t)
	w.clock.advance(time.Minute)
	w.sendErr = fmt.Errorf("gateway down")
	require.Equal(t, lockcode.NotDone, reason(t, p.RequestActivation(t.Context(), w.lock, "uwe")))
	require.Equal(t, 1, w.count(lockcode.Fault))
	w.sendErr = nil
	w.clock.advance(time.Minute)
	p.activate(w.site)
}
