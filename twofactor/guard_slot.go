package twofactor

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
)

// Counters are kept in a fixed number of slots, each a record of its own: a
// store has neither expiry nor listing, and must not grow with the numbers that
// someone makes up. A counter that is full again is as if it had never been, and
// is left out when its slot is next written.
const (
	slots    = 4096
	tagSize  = 12
	slotLine = tagSize + 8
	slotMax  = 64 << 10 / slotLine
)

// count changes one counter by compare-and-swap. change returns its new state,
// or false to leave it.
func (g *StoreGuard) count(ctx context.Context, c counter, change func(full int64, now time.Time) (int64, bool)) error {
	tag := g.tag(c.name)
	key := fmt.Sprintf(slotPrefix+"%03x", binary.BigEndian.Uint32(tag[tagSize:])%slots)
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		slot, version, err := g.loadSlot(ctx, key)
		if err != nil {
			return err
		}
		now := g.cfg.Now()
		full, ok := change(slot[[tagSize]byte(tag[:])], now)
		if !ok {
			return nil
		}
		slot[[tagSize]byte(tag[:])] = full
		_, err = g.cfg.Store.Save(ctx, key, version, g.ring.Seal(encodeSlot(slot, now), []byte(key)))
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("twofactor: saving counters: %w", err)
		}
	}
	return errors.New("twofactor: counters are too busy")
}

func (g *StoreGuard) loadSlot(ctx context.Context, key string) (map[[tagSize]byte]int64, Version, error) {
	stored, err := g.cfg.Store.Load(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return make(map[[tagSize]byte]int64), "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("twofactor: loading counters: %w", err)
	}
	if stored.Version == "" {
		return nil, "", errors.New("twofactor: the store returned counters without a version")
	}
	plain, err := g.ring.Open(stored.Data, []byte(key))
	if errors.Is(err, seal.ErrKey) {
		// Nobody was counted in it since long before its key was taken away. A
		// fault would keep everybody whose counter it holds from their codes.
		return make(map[[tagSize]byte]int64), stored.Version, nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("twofactor: loading counters: %w", err)
	}
	slot, err := decodeSlot(plain)
	return slot, stored.Version, err
}

func decodeSlot(data []byte) (map[[tagSize]byte]int64, error) {
	if len(data)%slotLine != 0 || len(data) > slotMax*slotLine {
		return nil, errors.New("twofactor: counters are malformed")
	}
	slot := make(map[[tagSize]byte]int64, len(data)/slotLine+1)
	for ; len(data) > 0; data = data[slotLine:] {
		slot[[tagSize]byte(data)] = int64(binary.BigEndian.Uint64(data[tagSize:]))
	}
	return slot, nil
}

// encodeSlot writes the counters that are not full. Should a slot ever be over
// its size, which takes millions of numbers in a day, it forgets some: that
// gives a few messages away, where refusing would stop everybody's.
func encodeSlot(slot map[[tagSize]byte]int64, now time.Time) []byte {
	out := make([]byte, 0, len(slot)*slotLine)
	for tag, full := range slot {
		if full <= now.Unix() || len(out) >= slotMax*slotLine {
			continue
		}
		out = append(out, tag[:]...)
		out = binary.BigEndian.AppendUint64(out, uint64(full))
	}
	return out
}

// nameKey is the key that names of counters are hashed with. It comes from the
// same of several keys whatever their order is, so that the counters don't begin
// anew with each step in which a key is replaced.
func nameKey(keys []Key) ([]byte, error) {
	least := keys[0]
	for _, k := range keys {
		if bytes.Compare(k.b[:], least.b[:]) < 0 {
			least = k
		}
	}
	return hkdf.Key(sha256.New, least.b[:], nil, "latchkey/v1 counter names", sha256.Size)
}
