package twofactor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
)

// ErrNoListing says that a Store can't name its keys, which upkeep needs.
var ErrNoListing = errors.New("twofactor: the store is no Lister")

// Progress tells how far [Service.Reseal] has come.
type Progress struct {
	Seen       int // records looked at
	Resealed   int // brought to the first key
	Left       int // still under another key: they were changed at each try
	Unreadable int // under no configured key, or damaged
}

// Reseal brings every record under the first key, so that older keys can be
// taken out of the Config when nothing is Left or Unreadable. It runs beside
// live traffic: a record is replaced only if nobody else has changed it, and
// what others save is under the first key anyway. It can be stopped at any time
// and run again, and then passes quickly over what is done. report, if not nil,
// is called after each record.
func (s *Service) Reseal(ctx context.Context, report func(Progress)) (Progress, error) {
	var p Progress
	err := s.walk(ctx, func(key string) error {
		p.Seen++
		if err := s.reseal(ctx, key, &p); err != nil {
			return err
		}
		if report != nil {
			report(p)
		}
		return nil
	})
	return p, err
}

func (s *Service) reseal(ctx context.Context, key string, p *Progress) error {
	ring := s.ring(key)
	for range maxTries {
		stored, err := s.cfg.Store.Load(ctx, key)
		if errors.Is(err, ErrNotFound) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return fmt.Errorf("twofactor: loading: %w", err)
		}
		if ring.Current(stored.Data) {
			return nil
		}
		plain, err := ring.Open(stored.Data, []byte(key))
		if err != nil {
			p.Unreadable++
			return nil
		}
		_, err = s.cfg.Store.Save(ctx, key, stored.Version, ring.Seal(plain, []byte(key)))
		if err == nil {
			p.Resealed++
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("twofactor: saving: %w", err)
		}
	}
	p.Left++
	return nil
}

// walk calls visit for each of the service's keys in the store.
func (s *Service) walk(ctx context.Context, visit func(key string) error) error {
	lister, ok := s.cfg.Store.(Lister)
	if !ok {
		return ErrNoListing
	}
	for key, err := range lister.Keys(ctx) {
		if err != nil {
			return fmt.Errorf("twofactor: listing: %w", err)
		}
		if s.ring(key) == nil {
			continue // another's
		}
		if err := visit(key); err != nil {
			return err
		}
	}
	return nil
}

// ring is what the record under a key is sealed with.
func (s *Service) ring(key string) *seal.Ring {
	if strings.HasPrefix(key, userPrefix) {
		return s.records
	}
	if g, ok := s.cfg.Messaging.Guard.(*StoreGuard); ok && strings.HasPrefix(key, slotPrefix) {
		return g.ring
	}
	return nil
}

// Statistics are what an operator may want to know of all users at once.
type Statistics struct {
	Users         int          // with a record
	Enrolled      int          // with a second factor
	SwitchedOff   int          // of these, who switched it off
	Kinds         map[Kind]int // users with a factor of the kind
	NoRecovery    int          // enrolled users without a recovery code left
	RecoveryCodes int          // codes left in all
	Devices       int          // trusted devices
	Disabled      int          // factors that ran into MaxFailures
	OldKey        int          // records under another key than the first
	Unreadable    int          // records that don't open
}

// Statistics reads every record. On a large store this takes a while: call it
// from a job and not from a page.
func (s *Service) Statistics(ctx context.Context) (*Statistics, error) {
	now, err := s.now()
	if err != nil {
		return nil, err
	}
	out := &Statistics{Kinds: make(map[Kind]int)}
	return out, s.walk(ctx, func(key string) error {
		user, ok := strings.CutPrefix(key, userPrefix)
		if !ok {
			return nil
		}
		out.Users++
		stored, err := s.cfg.Store.Load(ctx, key)
		if errors.Is(err, ErrNotFound) {
			out.Users--
			return nil
		}
		if err != nil {
			return fmt.Errorf("twofactor: loading: %w", err)
		}
		if !s.records.Current(stored.Data) {
			out.OldKey++
		}
		rec, err := s.open(user, stored)
		if err != nil {
			out.Unreadable++
			return nil
		}
		out.Devices += len(rec.Devices.Prune(binary.BigEndian.Uint64(rec.Epoch[:]), now))
		out.RecoveryCodes += rec.Recovery.Left
		if len(rec.Factors) == 0 {
			return nil
		}
		out.Enrolled++
		if rec.Off {
			out.SwitchedOff++
		}
		if rec.Recovery.Left == 0 {
			out.NoRecovery++
		}
		seen := make(map[string]bool)
		for _, f := range rec.Factors {
			if f.Disabled {
				out.Disabled++
			}
			if !seen[f.Kind] {
				seen[f.Kind] = true
				out.Kinds[Kind(f.Kind)]++
			}
		}
		return nil
	})
}
