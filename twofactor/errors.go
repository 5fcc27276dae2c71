package twofactor

import (
	"errors"
	"time"
)

// ErrRejected matches every refusal: the request was understood and judged, and
// the answer is no. Any other error is a fault (a store that is down, a record
// that doesn't open), and a fault is never a yes either.
//
//	err := …
//	if rejected, ok := errors.AsType[*twofactor.RejectedError](err); ok {
//		// tell the user rejected.Reason
//	}
var ErrRejected = errors.New("twofactor: rejected")

// A RejectedError is a refusal with its reason. What it says is meant for
// someone whose password was right; it holds no code, number or address.
type RejectedError struct {
	Reason Reason

	// RetryAt is when the same request may succeed; zero where waiting doesn't help.
	RetryAt time.Time

	// Remaining is how many wrong codes are left before this login ends or the
	// account's budget is empty, whichever comes first.
	Remaining int

	// SentAt is, with ReasonSuperseded, when the newer code was sent.
	SentAt time.Time

	// Enrollment is, with ReasonEnrollmentRequired, the session that the user
	// gets in place of a full one. It can set up a second factor and no more.
	Enrollment *EnrollmentOnly
}

// Error names the reason.
func (e *RejectedError) Error() string { return "twofactor: rejected: " + string(e.Reason) }

// Is makes every RejectedError match [ErrRejected].
func (e *RejectedError) Is(target error) bool { return target == ErrRejected }

// A Reason says why a request was refused. The words are stable and part of the
// HTTP contract. More may come: take an unknown one as a refusal.
type Reason string

// The reasons there are.
const (
	// ReasonWrongCode: the code is not the one.
	ReasonWrongCode Reason = "wrong_code"
	// ReasonMalformedCode: what was typed can't be a code. It cost no try.
	ReasonMalformedCode Reason = "malformed_code"
	// ReasonAlreadyUsed: the code was right, once.
	ReasonAlreadyUsed Reason = "already_used"
	// ReasonExpired: the code was right, earlier.
	ReasonExpired Reason = "expired"
	// ReasonSuperseded: a newer code was sent, see SentAt.
	ReasonSuperseded Reason = "superseded"
	// ReasonPaused: there were too many wrong codes, see RetryAt.
	ReasonPaused Reason = "paused"
	// ReasonLoginEnded: the password has to be entered again.
	ReasonLoginEnded Reason = "login_ended"
	// ReasonSendLimited: no further message for now, see RetryAt. For a login that
	// has had all of its messages, that is its end.
	ReasonSendLimited Reason = "send_limited"
	// ReasonSendFailed: the message could not be sent.
	ReasonSendFailed Reason = "send_failed"
	// ReasonNotUsable: this method can't be used now.
	ReasonNotUsable Reason = "not_usable"
	// ReasonGrantRequired: the change needs a fresh proof first.
	ReasonGrantRequired Reason = "grant_required"
	// ReasonPolicy: the policy doesn't allow it.
	ReasonPolicy Reason = "policy"
	// ReasonEnrollmentRequired: a second factor has to be set up first.
	ReasonEnrollmentRequired Reason = "enrollment_required"
	// ReasonConflict: other requests of the same user came in between each time.
	ReasonConflict Reason = "conflict"
)

func reject(r Reason) *RejectedError { return &RejectedError{Reason: r} }
