package twofactor

import (
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// A method is a kind of second factor: all that the service doesn't do in the
// same way for every kind. It changes only what it is handed, and never a
// budget: what a try costs is not a matter of its kind.
type method interface {
	kind() Kind

	// amr are the RFC 8176 values of a proof.
	amr() []string

	// hint tells factors of the kind apart without giving them away.
	hint(f *record.Factor) string

	// enroll completes an unproven factor that the user asked for.
	enroll(t *tx, e *record.Enrollment, req EnrollRequest) error

	// check compares a normalized code with the factor, or with what was sent
	// for it. Nil means that it was right, and that factor and challenge are now
	// in a state that refuses the same code. It returns a RejectedError for a
	// no, and leaves both as they were.
	check(t *tx, f *record.Factor, sent *otpcode.Challenge, b otpcode.Binding, code string) error
}

// An unlocker is a method whose owner can show possession so strongly that it
// needs no budget. It returns errNearMiss, with the codes spent, for what would let
// someone who has seen some of them guess the rest.
type unlocker interface {
	checkConsecutive(t *tx, f *record.Factor, codes []string) error
}

var errNearMiss = errors.New("twofactor: all but one code are right")

func (s *Service) method(k Kind) method {
	for _, m := range s.methods {
		if m.kind() == k {
			return m
		}
	}
	return nil
}

// enrolls returns how a kind works that the policy lets users set up, or nil.
func (s *Service) enrolls(k Kind) method {
	if !slices.Contains(s.policy.Kinds, k) {
		return nil
	}
	return s.method(k)
}

// asked reports whether a sign-in of the user needs a second factor.
func (s *Service) asked(rec *record.Record) bool {
	return len(rec.Factors) > 0 && (!rec.Off || s.policy.Required)
}

// allowed reports whether the policy counts the factor as one. If it counts none
// of a user's factors, because it was changed, each of them still proves its
// owner, but only to set up another: see limits.
func (s *Service) allowed(f *record.Factor) bool {
	return s.method(Kind(f.Kind)) != nil && slices.Contains(s.policy.Kinds, Kind(f.Kind)) && !s.forRecovery(Kind(f.Kind))
}

// forRecovery reports whether the policy takes factors of the kind for a way
// back in, and not for a second factor.
func (s *Service) forRecovery(k Kind) bool {
	return k == Email && s.policy.EmailPurpose == EmailRecoveryOnly
}

// recovers reports whether the factor is such a way. Where there is no other, the
// policy was changed under it, and it is outdated instead.
func (s *Service) recovers(rec *record.Record, f *record.Factor) bool {
	return s.forRecovery(Kind(f.Kind)) && !s.outdated(rec)
}

// outdated reports whether the policy counts none of the factors.
func (s *Service) outdated(rec *record.Record) bool {
	return len(rec.Factors) > 0 && !slices.ContainsFunc(rec.Factors, func(f record.Factor) bool { return s.allowed(&f) })
}

// usable returns nil if a code of the factor can be judged now.
func (s *Service) usable(rec *record.Record, f *record.Factor, now time.Time) *RejectedError {
	switch {
	case s.method(Kind(f.Kind)) == nil, f.Disabled,
		!s.allowed(f) && !s.outdated(rec) && !s.recovers(rec, f):
		return reject(ReasonNotUsable)
	case f.PausedUntil > now.Unix():
		return &RejectedError{Reason: ReasonPaused, RetryAt: time.Unix(f.PausedUntil, 0)}
	}
	return nil
}
