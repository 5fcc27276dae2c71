package twofactor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// adminFresh is how old an administrator's own proof may be for a reset.
const adminFresh = 5 * time.Minute

// Reset removes a user's second factors, recovery codes and budgets on the word
// of an administrator, who has proven a second factor of their own within five
// minutes and is someone else. It works on a record that no key opens any more,
// and leaves a record behind. why goes into the event and must not be empty.
//
// Who has no second factor sets one up with the password alone, and has then
// proven it: without more, an administrator's password is enough to reset
// anybody. Give administrators their factor when they become one, or let a new
// one wait until they must have read the mail about it.
func (s *Service) Reset(ctx context.Context, admin *Verified, user, why string) error {
	now, err := s.now()
	if err != nil {
		return err
	}
	if why == "" || len(why) > 500 {
		return errors.New("twofactor: a reset needs a reason of at most 500 bytes")
	}
	if admin == nil || !admin.Fresh(now, adminFresh) {
		return reject(ReasonGrantRequired)
	}
	if admin.UserID() == user {
		return reject(ReasonPolicy)
	}
	e := Event{Type: EventReset, UserID: user, At: now, Actor: admin.UserID(), Why: why}
	rec := record.New()
	t := &tx{s: s, user: user, rec: rec, now: now}
	if old, _, err := s.load(ctx, user, true); err == nil { // no matter if it doesn't open
		t.before, rec.Notices = mails(old.Factors), old.Notices
	}
	t.notice(e)
	return s.force(ctx, user, rec, e)
}

// PasswordChanged tells that a user's password is another one now. It ends
// pending logins, enrollments, grants and the trust in devices; the second
// factors stay, and are asked for after a password reset as well.
func (s *Service) PasswordChanged(ctx context.Context, user string) error {
	return unlessMissing(s.update(ctx, user, true, func(t *tx) error {
		t.endAll()
		t.event(Event{Type: EventPassword})
		return nil
	}))
}

// Delete removes all that is kept of a user, whose account is no more.
func (s *Service) Delete(ctx context.Context, user string) error {
	return s.force(ctx, user, nil, Event{Type: EventDeleted, UserID: user, At: s.cfg.Now()})
}

// An Import is what another system knows of a user's second factor.
type Import struct {
	Keys []ImportedKey

	// RecoveryHashes are bcrypt hashes of unused recovery codes. They are
	// compared slowly until they are used up. They are only as hard to guess as
	// the other system made them, so unlike codes that were made here they are
	// limited as all other codes are, and refused when the tries are used up; and
	// while there are some, a slip of the pen in any recovery code costs a try.
	RecoveryHashes [][]byte
}

// An ImportedKey is an authenticator app that a user has set up with another
// system.
type ImportedKey struct {
	Key  totp.Key
	Name string
}

// Import takes over a user who has a second factor elsewhere, and none here yet.
// A code of the current step or an earlier one is refused: the other system may
// have accepted it.
func (s *Service) Import(ctx context.Context, user string, in Import) error {
	if len(in.Keys) == 0 || len(in.Keys) > record.MaxFactors {
		return fmt.Errorf("twofactor: an import has 1 to %d keys", record.MaxFactors)
	}
	for i, k := range in.Keys {
		if err := k.Key.Validate(); err != nil {
			return err
		}
		// A code is spent for one factor: under two with one secret, it would be
		// good twice.
		if slices.ContainsFunc(in.Keys[:i], func(o ImportedKey) bool {
			return bytes.Equal(o.Key.Secret.Bytes(), k.Key.Secret.Bytes())
		}) {
			return errors.New("twofactor: an import has the same key twice")
		}
		if !utf8Name(k.Name) {
			return errName()
		}
	}
	if s.policy.Recovery.None && len(in.RecoveryHashes) > 0 {
		return errors.New("twofactor: an import has recovery codes, but the policy has none")
	}
	codes, err := recovery.Set{}.Import(in.RecoveryHashes)
	if err != nil {
		return err
	}
	return s.update(ctx, user, false, func(t *tx) error {
		if len(t.rec.Factors) > 0 {
			return t.refuse(reject(ReasonPolicy))
		}
		for _, k := range in.Keys {
			state := newTOTP(k.Key, -1)
			state.Last = stepAt(state, t.now)
			t.rec.Factors = append(t.rec.Factors, record.Factor{
				ID: rand.Text(), Kind: string(TOTP), Name: k.Name, Added: t.now.Unix(), TOTP: state,
			})
		}
		if err := t.rec.Recovery.Replace(codes); err != nil {
			return err
		}
		t.endTrust()
		t.event(Event{Type: EventImported, Kind: TOTP})
		return nil
	})
}

// unlessMissing takes a user without a record for one with nothing to change.
func unlessMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
