package twofactor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

const (
	maxTries  = 64              // rounds of one update before it gives up
	maxFaults = 2               // saves of unknown outcome before it gives up
	settle    = 2 * time.Second // how long an outcome is looked for after the request is gone
)

// A tx is one round of an update: a record, and what is decided about it.
type tx struct {
	s       *Service
	user    string
	rec     *record.Record
	now     time.Time
	events  []Event
	free    bool     // the refusal changed nothing, so there is nothing to save
	quiet   bool     // the update is about notices and sends none itself
	profile Profile  // where the decision hangs on it
	before  []string // the user's addresses as they were
}

// A round is what one round of an update decided, kept until it is known
// whether its write took place.
type round struct {
	id      [8]byte
	old     Version
	rec     *record.Record
	verdict error
	events  []Event
	due     []record.Notice // that this write claims
}

// update loads a user's record, lets decide change it, and saves it. What decide
// returned is told only after the save won: a yes that no write backs could be
// given twice, and a no could be had for nothing.
//
// decide may run several times, each time on a fresh record; it must not do
// anything else. If it returns a fault, nothing is saved.
func (s *Service) update(ctx context.Context, user string, mustExist bool, decide func(*tx) error) error {
	var unsure *round // saved, and nobody knows whether it took place
	faults := 0
	caller := ctx
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		now, err := s.now()
		if err != nil {
			return err
		}
		rec, version, err := s.load(ctx, user, mustExist)
		if err != nil {
			return err
		}
		if unsure != nil && slices.Contains(rec.Writes, unsure.id) {
			return s.tell(ctx, user, unsure)
		}
		if caller.Err() != nil {
			return caller.Err()
		}
		r := unsure
		if r == nil || r.old != version {
			rec.Prune(now.Unix())
			t := &tx{s: s, user: user, rec: rec, now: now, before: mails(rec.Factors)}
			verdict := decide(t)
			if verdict != nil && (!errors.Is(verdict, ErrRejected) || t.free) {
				s.emit(ctx, t.events...)
				return verdict
			}
			r = &round{old: version, rec: rec, verdict: verdict, events: t.events}
			if !t.quiet {
				r.due = t.claim()
			}
			rand.Read(r.id[:])
			rec.Wrote(r.id)
		}
		_, err = s.save(ctx, user, version, r.rec)
		switch {
		case err == nil:
			return s.tell(ctx, user, r)
		case errors.Is(err, ErrConflict):
			// The same write, under way since an earlier round, may have come first.
		case faults < maxFaults:
			// Nobody knows whether it was saved. The caller may be gone, but a
			// code may have been spent in its name: look again without it, so
			// that a save that did succeed is not taken for one that failed. Until
			// the record has another version it still may succeed, so that very
			// write is tried again and not a new decision: what decide left with
			// its caller is then what is saved, whichever of the two comes first.
			faults++
			unsure = r
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(caller), settle)
			defer cancel()
		default:
			return fmt.Errorf("twofactor: saving: %w", err)
		}
	}
	return reject(ReasonConflict)
}

// tell returns the verdict of a round whose write took place.
func (s *Service) tell(ctx context.Context, user string, r *round) error {
	s.sendNotices(ctx, user, r.due, r.rec.Factors)
	s.emit(ctx, r.events...)
	return r.verdict
}

// load returns the user's record, a new one if there is none and there need not
// be one.
func (s *Service) load(ctx context.Context, user string, mustExist bool) (*record.Record, Version, error) {
	if err := checkUser(user); err != nil {
		return nil, "", err
	}
	key := recordKey(user)
	stored, err := s.cfg.Store.Load(ctx, key)
	switch {
	case errors.Is(err, ErrNotFound) && !mustExist:
		return record.New(), "", nil
	case errors.Is(err, ErrNotFound):
		// The caller knows that this user has a second factor. Taking the loss
		// of a row for "no second factor" would switch it off.
		return nil, "", fmt.Errorf("twofactor: the record of an enrolled user: %w", err)
	case err != nil:
		return nil, "", fmt.Errorf("twofactor: loading: %w", err)
	case stored.Version == "":
		return nil, "", errors.New("twofactor: the store returned a record without a version")
	}
	plain, err := s.records.Open(stored.Data, []byte(key))
	if err != nil {
		return nil, "", fmt.Errorf("twofactor: loading: %w", err)
	}
	rec, err := s.codec.Decode(plain)
	if err != nil {
		return nil, "", fmt.Errorf("twofactor: loading: %w", err)
	}
	return rec, stored.Version, nil
}

func (s *Service) save(ctx context.Context, user string, old Version, rec *record.Record) (Version, error) {
	plain, err := s.codec.Encode(rec)
	if err != nil {
		return "", err
	}
	key := recordKey(user)
	version, err := s.cfg.Store.Save(ctx, key, old, s.records.Seal(plain, []byte(key)))
	if err == nil && version == "" {
		return "", errors.New("the store returned no version")
	}
	return version, err
}

// pause waits a little before each round but the first few, longer with each
// and never two callers for the same time, so that a crowd on one record
// disperses.
func pause(ctx context.Context, try int) error {
	if try < 4 {
		return ctx.Err()
	}
	most := min(time.Millisecond<<(min(try, 10)-4), 32*time.Millisecond)
	var spread [1]byte
	rand.Read(spread[:])
	timer := time.NewTimer(most * time.Duration(spread[0]) / 256)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// recordKey is the key of a user's record in the store, and what its seal is
// bound to: a record copied over another user's row doesn't open.
func recordKey(user string) string { return "u/" + user }

func checkUser(user string) error {
	if user == "" || len(user) > 200 {
		return errors.New("twofactor: a user id has 1 to 200 bytes")
	}
	for i := range len(user) {
		if user[i] < 0x20 || user[i] == 0x7f {
			return errors.New("twofactor: a user id has no control characters")
		}
	}
	return nil
}
