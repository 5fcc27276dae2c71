package twofactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// force puts a record in place of whatever is there, or nothing if rec is nil, and
// tells of it. As in decide, an answer that didn't come is no failure yet: it may
// have taken place, and then has to be told.
func (s *Service) force(ctx context.Context, user string, rec *record.Record, e Event) error {
	if err := checkUser(user); err != nil {
		return err
	}
	var lost error
	faults := 0
	caller := ctx
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		stored, err := s.cfg.Store.Load(ctx, recordKey(user))
		missing := errors.Is(err, ErrNotFound)
		switch {
		case err != nil && !missing && faults > 0 && faults <= maxFaults:
			faults++
			continue
		case err != nil && !missing:
			return fmt.Errorf("twofactor: loading: %w", err)
		case rec == nil && missing && faults == 0:
			return nil // by someone else, or never there
		case rec == nil && missing, rec != nil && s.holds(user, stored, rec):
			s.forced(ctx, user, rec, e)
			return nil
		case caller.Err() != nil:
			return caller.Err()
		case faults > maxFaults:
			return fmt.Errorf("twofactor: saving: %w", lost)
		case rec == nil:
			err = s.cfg.Store.Delete(ctx, recordKey(user), stored.Version)
		default:
			_, err = s.save(ctx, user, stored.Version, rec)
		}
		switch {
		case err == nil:
			s.forced(ctx, user, rec, e)
			return nil
		case !errors.Is(err, ErrConflict):
			faults++
			lost = err
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(caller), settle)
			defer cancel()
		}
	}
	return reject(ReasonConflict)
}

// holds reports whether what is stored is a record, or what others have made of
// it since. The ids of records are random.
func (s *Service) holds(user string, stored Record, rec *record.Record) bool {
	now, err := s.open(user, stored)
	return err == nil && now.ID == rec.ID
}

func (s *Service) forced(ctx context.Context, user string, rec *record.Record, e Event) {
	s.emit(ctx, e)
	if rec != nil {
		s.remind(ctx, user, rec, e.At)
	}
}
