package twofactor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// What the service keeps in a store is told from others' records, and users from
// counters, by how the keys begin.
const (
	userPrefix = "u/"
	slotPrefix = "n/"
)

const (
	maxTries  = 64              // rounds of one update before it gives up
	maxFaults = 2               // faults around a save of unknown outcome before it gives up
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
	old     Version // what the write replaces
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
	err := s.decide(ctx, user, mustExist, decide)
	if _, typo := errors.AsType[*InputError](err); err != nil && !typo && !errors.Is(err, ErrRejected) {
		s.emit(ctx, Event{Type: EventFault, UserID: user, At: s.cfg.Now()})
	}
	return err
}

func (s *Service) decide(ctx context.Context, user string, mustExist bool, decide func(*tx) error) error {
	var r *round // the one that was saved last, whatever came of it
	var lost error
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
		switch {
		case err != nil && faults > 0 && faults <= maxFaults:
			faults++ // whether it was saved is still to be seen
			continue
		case err != nil:
			return err
		case r != nil && slices.Contains(rec.Writes, r.id):
			return s.tell(ctx, user, r)
		case caller.Err() != nil:
			return caller.Err()
		case faults > maxFaults:
			return fmt.Errorf("twofactor: saving: %w", lost)
		case r == nil || r.old != version:
			// Should an earlier write still be under way, it comes too late: no
			// version comes back.
			rec.Prune(now.Unix())
			t := &tx{s: s, user: user, rec: rec, now: now, before: mails(rec.Factors)}
			verdict := decide(t)
			if verdict != nil && (!errors.Is(verdict, ErrRejected) || t.free) {
				s.emit(ctx, slices.DeleteFunc(t.events, func(e Event) bool { return e.Type != EventRejected })...) // nothing else took place
				return verdict
			}
			r = &round{old: version, rec: rec, verdict: verdict, events: t.events}
			if !t.quiet {
				r.due = t.claim()
			}
			rand.Read(r.id[:])
			rec.Wrote(r.id)
		default:
			// The same write again: if the first one does arrive, this one is
			// refused, and either way what was decided and shown is what is kept.
		}
		_, err = s.save(ctx, user, r.old, r.rec)
		switch {
		case err == nil:
			return s.tell(ctx, user, r)
		case errors.Is(err, ErrConflict):
			// It may be our own write that came first: drivers repeat requests.
		default:
			// Nobody knows whether it was saved. The caller may be gone, but a
			// code may have been spent in its name: look again without it, so
			// that a save that did succeed is not taken for one that failed.
			faults++
			lost = err
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(caller), settle)
			defer cancel()
		}
	}
	return reject(ReasonConflict)
}

// view loads a user's record to look at it only.
func (s *Service) view(ctx context.Context, user string, mustExist bool) (*tx, error) {
	now, err := s.now()
	if err != nil {
		return nil, err
	}
	rec, _, err := s.load(ctx, user, mustExist)
	if err != nil {
		return nil, err
	}
	rec.Prune(now.Unix())
	return &tx{s: s, user: user, rec: rec, now: now}, nil
}

// tell says what was decided, once it is saved.
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
	rec, err := s.open(user, stored)
	return rec, stored.Version, err
}

// open reads what save has written.
func (s *Service) open(user string, stored Record) (*record.Record, error) {
	plain, err := s.records.Open(stored.Data, []byte(recordKey(user)))
	if err != nil {
		return nil, fmt.Errorf("twofactor: loading: %w", err)
	}
	rec, err := record.Decode(plain)
	if err != nil {
		return nil, fmt.Errorf("twofactor: loading: %w", err)
	}
	return rec, nil
}

func (s *Service) save(ctx context.Context, user string, old Version, rec *record.Record) (Version, error) {
	plain, err := record.Encode(rec)
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
func recordKey(user string) string { return userPrefix + user }

func checkUser(user string) error {
	if user == "" || len(user) > 200 || !utf8.ValidString(user) {
		return errors.New("twofactor: a user id has 1 to 200 bytes of UTF-8")
	}
	for i := range len(user) {
		if user[i] < 0x20 || user[i] == 0x7f {
			return errors.New("twofactor: a user id has no control characters")
		}
	}
	return nil
}
