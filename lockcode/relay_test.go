package lockcode_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// An evil relay does to each message whatever its dice say: drops it, holds
// it back for later, delivers it twice or an old one in its place, swaps
// parts between messages, edits bytes, or answers by itself. It keeps
// everything.
type evilRelay struct {
	*site
	rng     *rand.Rand
	asked   [][]byte
	answers [][]byte
	held    [][]byte
}

var errLost = errors.New("lost")

func (r *evilRelay) Do(ctx context.Context, lock string, msg []byte) ([]byte, error) {
	r.asked = append(r.asked, bytes.Clone(msg))
	pass := func(m []byte) []byte {
		answer, err := r.site.Do(ctx, lock, m)
		if err != nil {
			return nil
		}
		r.answers = append(r.answers, bytes.Clone(answer))
		return answer
	}
	pick := func(from [][]byte) []byte { return bytes.Clone(from[r.rng.IntN(len(from))]) }
	edit := func(m []byte) []byte {
		if len(m) > 0 {
			m[r.rng.IntN(len(m))] ^= byte(1 + r.rng.IntN(255))
		}
		return m
	}
	switch r.rng.IntN(12) {
	case 0: // drop
		return nil, errLost
	case 1: // deliver, and drop the answer
		pass(msg)
		return nil, errLost
	case 2: // hold back
		r.held = append(r.held, bytes.Clone(msg))
		return nil, errLost
	case 3: // deliver what was held, then this
		for _, m := range r.held {
			pass(m)
		}
		r.held = nil
	case 4: // twice
		first := pass(msg)
		pass(msg)
		return first, nil
	case 5: // an older one instead, or before
		pass(pick(r.asked))
	case 6: // edited
		return pass(edit(bytes.Clone(msg))), nil
	case 7: // the answer edited
		return edit(pass(msg)), nil
	case 8: // an older answer
		if len(r.answers) > 0 {
			pass(msg)
			return pick(r.answers), nil
		}
	case 9: // swap a field with another message's of the same kind
		if mixed := swap(r.rng, msg, pick(r.asked)); mixed != nil {
			return pass(mixed), nil
		}
	case 10: // answers itself
		return lockcode.Encode(lockcode.KindDone), nil
	}
	return pass(msg), nil
}

func swap(rng *rand.Rand, a, b []byte) []byte {
	ka, fa, errA := lockcode.Decode(a)
	kb, fb, errB := lockcode.Decode(b)
	if errA != nil || errB != nil || ka != kb || len(fa) == 0 {
		return nil
	}
	i := rng.IntN(len(fa))
	fa[i] = fb[i]
	return lockcode.Encode(ka, fa...)
}

// TestEvilRelay lets two users work through such a relay. Doors open only as
// often as somebody asked, for whom and where they asked; no device is paired
// that isn't theirs; no message holds a PIN that was chosen.
func TestEvilRelay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			w := newWorld(t)
			evil := &evilRelay{site: w.site, rng: rand.New(rand.NewPCG(seed, 8))}
			people := map[string]*phone{}
			pins := map[string]lockcode.PIN{"olga": w.ownerPIN, "ute": w.userPIN}
			for id, p := range map[string]*phone{"olga": w.owner, "ute": w.user} {
				a, err := lockcode.NewApp(lockcode.AppConfig{Keys: p.keys, Relay: evil, Now: w.clock.now})
				require.NoError(t, err)
				people[id] = &phone{App: a, t: t, user: id, keys: p.keys}
				fresh := chosen(t, pins[id])
				require.NoError(t, p.ChangePIN(ctx, w.lock, pins[id], fresh))
				pins[id] = fresh
			}
			asked := map[string]int{}
			devices := 2
			for i := range 400 {
				w.clock.advance(time.Duration(evil.rng.IntN(90)) * time.Second)
				id := []string{"olga", "ute"}[i%2]
				p, b := people[id], []lockcode.Binding{open("front"), open("back"), office("front")}[evil.rng.IntN(3)]
				switch evil.rng.IntN(6) {
				case 0:
					c, err := p.Code(ctx, w.lock, pins[id], b)
					require.NoError(t, err)
					asked[fmt.Sprint(id, " ", b.Purpose, " ", b.Target)]++
					_ = lockcode.SubmitCode(ctx, evil, w.lock, id, c, b)
				case 1:
					_, _ = p.Status(ctx, w.lock)
				case 2:
					if c, err := p.NewDeviceCode(ctx, w.lock, pins[id]); err == nil && devices < 8 {
						devices++
						q := newPhone(t, id, w.clock, evil)
						_ = q.Join(ctx, w.lock, id, c)
					}
				default:
					asked[fmt.Sprint(id, " ", b.Purpose, " ", b.Target)]++
					_ = p.Do(ctx, w.lock, pins[id], b)
				}
			}
			done := map[string]int{}
			for _, o := range w.opened {
				done[o]++
			}
			for what, n := range done {
				// The App may ask once more by itself after a wrong clock, but
				// then the first one was refused.
				require.LessOrEqual(t, n, asked[what], what)
			}
			require.NotEmpty(t, done, "nothing ever got through")
			have := 0
			for id := range people {
				n, _, _, _ := w.state().Peek(id)
				have += n
				for _, p := range []*phone{people[id]} {
					require.GreaterOrEqual(t, w.state().Wrong(p.record(w.lock).DeviceID()), 0, "its device is gone")
				}
			}
			require.LessOrEqual(t, have, devices)
			// Four given bytes turn up in some of a megabyte of noise; in clear
			// they would stand in hundreds of messages.
			clear := 0
			for _, msg := range append(evil.asked, evil.answers...) {
				if bytes.Contains(msg, []byte(pins["ute"].Digits())) {
					clear++
				}
			}
			require.LessOrEqual(t, clear, 3)
			// And when the relay behaves again, all is as it should be.
			require.NoError(t, w.user.Do(ctx, w.lock, pins["ute"], open("front")))
			w.clock.advance(24 * time.Hour)
			require.NoError(t, w.verify(mustCode(t, w.user, w.lock, pins["ute"]), open("front")))
		})
	}
}

func mustCode(t *testing.T, p *phone, lock string, own lockcode.PIN) lockcode.Code {
	t.Helper()
	c, err := p.Code(t.Context(), lock, own, open("front"))
	require.NoError(t, err)
	return c
}

// TestRelayKnowsTheActivationPINButNotTheNext: at the weakest level the relay
// reads the PIN that it delivers; unless it was in the middle at that moment it
// gains nothing from it, and the PIN that the user chooses never passes it.
func TestRelayKnowsTheActivationPINButNotTheNext(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	sent := pin(t, w.inbox["ute"])
	relay := newPhone(t, "ute", w.clock, w.Controller)
	require.Equal(t, lockcode.ActivationFailed, reason(t, relay.Activate(ctx, w.lock, "ute", sent)))
	require.Equal(t, lockcode.AlreadyActivated, reason(t, relay.RequestActivation(ctx, w.lock, "ute")))
}

// Whatever the relay sends, a controller answers with a message, and quickly
// enough to be asked again.
func TestNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		msg := make([]byte, rng.IntN(200))
		for i := range msg {
			msg[i] = byte(rng.Uint32())
		}
		if len(msg) > 3 {
			msg[0], msg[1], msg[2] = 1, 1, byte(rng.IntN(12))
		}
		answer, err := w.Do(t.Context(), w.lock, msg)
		require.NoError(t, err)
		k, _, err := lockcode.Decode(answer)
		require.NoError(t, err)
		require.Equal(t, lockcode.KindRefusal, k)
	}
	_, err := w.Do(t.Context(), "another lock", nil)
	require.Error(t, err)
}
