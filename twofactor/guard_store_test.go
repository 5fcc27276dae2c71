package twofactor_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// attacks exhaust one limit each, with requests that a last one falls under.
var attacks = []struct {
	limit string
	burn  traffic
	n     int
	last  twofactor.SendRequest
}{
	{"user", func(n int) twofactor.SendRequest { return text("alice", anywhere(n)) }, 5, text("alice", anywhere(9))},
	{"client", func(n int) twofactor.SendRequest { return from(text(someone(n), anywhere(n)), "192.0.2.1") }, 10, from(text("alice", anywhere(99)), "192.0.2.1")},
	{"destination", func(n int) twofactor.SendRequest { return text(someone(n), aliceMobile) }, 5, text("alice", aliceMobile)},
	{"unentered", func(n int) twofactor.SendRequest { return text(someone(n), mobile(3, n)) }, 10, text("alice", mobile(3, 99))},
	{"country", nil, 0, twofactor.SendRequest{User: "alice", Channel: "sms", To: "+8821234567", Country: ""}},
	{"proven", func(int) twofactor.SendRequest { return proven(text("alice", aliceMobile), false) }, 5, proven(text("alice", aliceMobile), false)},
	{"proven_destination", func(n int) twofactor.SendRequest { return proven(text(someone(n), aliceMobile), false) }, 10, proven(text("alice", aliceMobile), false)},
}

// A refusal is the same for every limit, to the byte: it doesn't tell whose
// traffic brought it about. Only the operator's log does.
func TestBypass_W46_RefusalTellsNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		var first string
		for _, a := range attacks {
			p := newTurnpike(t, on)
			for n := range a.n {
				require.NoError(t, p.reserve(a.burn(n)), a.limit)
			}
			err := p.reserve(a.last)
			no := denied(t, err, twofactor.ReasonSendLimited, a.limit)
			said := fmt.Sprintf("%s %+v", err, *no)
			if first == "" {
				first = said
			}
			require.Equal(t, first, said, a.limit)
			require.Contains(t, p.log.String(), "limit="+a.limit+" ")
		}
	})
}

// A refusal takes nothing from the limits that would have let it through.
func TestBypass_W46_RefusalCostsNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		p := newTurnpike(t, on)
		for n := range 5 {
			require.NoError(t, p.reserve(text(someone(n), aliceMobile)))
		}
		for range 50 {
			require.Error(t, p.reserve(from(text("alice", aliceMobile), "192.0.2.1")))
		}
		for n := range 5 {
			require.NoError(t, p.reserve(from(text("alice", anywhere(n)), "192.0.2.1")))
		}
	})
}

// Whatever others do with my number, numbers near it, my address, or the day's
// limit, my sign-in code goes out; and someone with my password who uses up what
// is there for others leaves what is there for my own browser.
func TestBypass_W46_NobodyStopsMySignInCode(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		p := newTurnpike(t, on, func(c *twofactor.GuardConfig) {
			c.Limits.Day = 64
			c.Keys = []twofactor.Key{keyOf(t, 1)} // which says what part of the day's limit is whose
		})
		for n := 0; n < 500; n += min(stride(on), 5) {
			_ = p.reserve(from(text(someone(n), aliceMobile), "192.0.2.1"))
			_ = p.reserve(text(someone(n), mobile(12, n)))
			_ = p.reserve(text(someone(n), anywhere(n)))
			_ = p.reserve(proven(text(someone(n), mobile(12, n)), false))
		}
		require.Error(t, p.reserve(text("mallory", anywhere(600))), "the day's limit is used up")
		for range 5 {
			require.NoError(t, p.reserve(proven(text("alice", aliceMobile), false)))
		}
		require.Error(t, p.reserve(proven(text("alice", aliceMobile), false)))
		for range 5 {
			require.NoError(t, p.reserve(proven(text("alice", aliceMobile), true)))
		}
	})
}

// 64 requests at once get what one after the other would.
func TestBypass_W46_InParallel(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for _, a := range attacks {
			if a.burn == nil {
				continue
			}
			p := newTurnpike(t, on, func(c *twofactor.GuardConfig) { c.Store = slowStore{c.Store} })
			yes := yeses(64, func(i int) error { return p.nodes[i%2].Reserve(t.Context(), a.burn(i)) })
			require.LessOrEqual(t, yes, a.n, a.limit)
			require.Positive(t, yes, a.limit)
		}
	})
}

// What was reserved can be given back, exactly.
func TestGuardRelease(t *testing.T) {
	t.Parallel()
	for _, a := range attacks {
		if a.burn == nil {
			continue
		}
		p := newTurnpike(t, inMemory)
		for range 3 {
			for n := range a.n {
				require.NoError(t, p.reserve(a.burn(n)), a.limit)
			}
			denied(t, p.reserve(a.last), twofactor.ReasonSendLimited)
			for n := range a.n {
				require.NoError(t, p.nodes[1].Release(t.Context(), a.burn(n)))
			}
		}
	}
}

// Giving back returns the very place that was taken, also of the day's limit.
func TestGuardReleasesTheSamePlace(t *testing.T) {
	t.Parallel()
	p := newTurnpike(t, inMemory, func(c *twofactor.GuardConfig) { c.Limits.Day = 32 })
	for range 100 {
		require.NoError(t, p.reserve(text("alice", aliceMobile)))
		require.NoError(t, p.nodes[0].Release(t.Context(), text("alice", aliceMobile)))
	}
}

// In record-only mode everything goes out, and the log says what would not have.
func TestGuardRecordOnly(t *testing.T) {
	t.Parallel()
	for _, a := range attacks {
		p := newTurnpike(t, inMemory, func(c *twofactor.GuardConfig) { c.RecordOnly = true })
		for n := range a.n {
			require.NoError(t, p.reserve(a.burn(n)))
		}
		require.NotContains(t, p.log.String(), "send limit")
		require.NoError(t, p.reserve(a.last))
		require.Contains(t, p.log.String(), "limit="+a.limit+" record_only=true")
	}
}

// While a key is replaced, counters begin anew when it makes another name for
// them and when the old one can't be read any more, and not with each step; and
// none is ever in the way.
func TestGuardKeyRotation(t *testing.T) {
	t.Parallel()
	small, large := keyOf(t, 1), keyOf(t, 2)
	for _, turn := range []struct {
		before, after twofactor.Key
		want          int
	}{{small, large, 10}, {large, small, 15}} {
		before, after := turn.before, turn.after
		p := newTurnpike(t, inMemory)
		sent := 0
		for _, keys := range [][]twofactor.Key{{before}, {before, after}, {after, before}, {after}} {
			p.cfg.Keys = keys
			p.restart()
			for range 10 {
				if err := p.reserve(text("alice", aliceMobile)); err == nil {
					sent++
				} else {
					denied(t, err, twofactor.ReasonSendLimited)
				}
			}
		}
		require.Equal(t, turn.want, sent)
	}
}

// keyOf is a key that consists of one byte over and over.
func keyOf(t *testing.T, b byte) twofactor.Key {
	t.Helper()
	k, err := twofactor.ParseKey(base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)))
	require.NoError(t, err)
	return k
}

// Counters that can't be read or written let nothing through.
func TestGuardStoreDown(t *testing.T) {
	t.Parallel()
	store := &meter{tally: new(tally)}
	p := newTurnpike(t, inMemory, func(c *twofactor.GuardConfig) { store.Store = c.Store; c.Store = store })
	for call := range []int{1, 2, 3, 12} {
		store.reset(func(n int, _ string) breakdown {
			if n > call {
				return faultGone
			}
			return noFault
		})
		err := p.reserve(text("alice", aliceMobile))
		require.ErrorIs(t, err, errStore)
		require.NotErrorIs(t, err, twofactor.ErrRejected)
	}
	store.reset(nil)
	key := store.keyOf(t, p)
	stored, err := store.Load(t.Context(), key)
	require.NoError(t, err)
	_, err = store.Save(t.Context(), key, stored.Version, []byte("not a slot"))
	require.NoError(t, err)
	err = p.reserve(text("alice", aliceMobile))
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrRejected)
}

// keyOf is where a guard keeps the first counter of a request.
func (s *meter) keyOf(t *testing.T, p *turnpike) string {
	t.Helper()
	s.reset(nil)
	require.NoError(t, p.reserve(text("alice", aliceMobile)))
	s.mu.Lock()
	defer s.mu.Unlock()
	key := s.calls[0]
	s.calls = nil
	return key[len("load "):]
}

// A counter that is full again is as if it had never been.
func TestGuardForgetsWhatIsFull(t *testing.T) {
	t.Parallel()
	p := newTurnpike(t, inMemory)
	for n := range 5 {
		require.NoError(t, p.reserve(proven(text("alice", mobile(1, n)), false)))
	}
	p.clock.Advance(5 * time.Hour)
	for range 5 {
		require.NoError(t, p.reserve(proven(text("alice", aliceMobile), false)))
	}
	require.True(t, errors.Is(p.reserve(proven(text("alice", aliceMobile), false)), twofactor.ErrRejected))
}
