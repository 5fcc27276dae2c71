package totp

import (
	"crypto/subtle"
	"errors"
	"time"
)

// maxWindow bounds either side of a [Window] (RFC 6238 section 6).
const maxWindow = 2

var (
	// ErrMismatch says that a code is wrong: it belongs to no step of the
	// window.
	ErrMismatch = errors.New("totp: wrong code")

	// ErrUsed says that a code is right but spent: it is that of the last
	// accepted step, or of an older one. The person may have pressed a button
	// twice, or someone else was faster, which is worth telling the owner.
	ErrUsed = errors.New("totp: code already used")

	// ErrWindow says that a [Window] is out of range.
	ErrWindow = errors.New("totp: window is not 0 to 2 steps on either side")
)

// A Window says how many steps around the present one are accepted. The zero
// Window accepts the present step only. {1, 1} is right for most: one step back
// for a code that was typed slowly, one ahead for a phone whose clock is fast.
// Each step is one more chance for a guess.
type Window struct {
	Back  int // 0 to 2
	Ahead int // 0 to 2
}

// Validate returns nil or [ErrWindow].
func (w Window) Validate() error {
	if w.Back < 0 || w.Back > maxWindow || w.Ahead < 0 || w.Ahead > maxWindow {
		return ErrWindow
	}
	return nil
}

// Match finds the step that a typed code belongs to, and returns it if it is
// above last, the step that Match returned the time before. Steps are counted
// from the epoch (RFC 6238 section 4.2); before anything was accepted, last is
// -1. Nil is the only yes, and then the caller must store the step, by
// compare-and-swap, before acting on it. With any error Match returns last.
//
// [ErrMismatch], [ErrUsed] and [ErrMalformed] are about the code; an error that
// wraps [ErrKey] or [ErrWindow] is a fault of the caller.
//
// Neighbouring steps have the same code once in a million times. Then the newer
// one is taken, so that the code can't be used again under the other; and where
// only the older one was in the window, its code is spent for the newer too.
func (k Key) Match(code string, now time.Time, last int64, w Window) (int64, error) {
	k, err := k.complete()
	if err != nil {
		return last, err
	}
	if err := w.Validate(); err != nil {
		return last, err
	}
	typed, err := number(code, k.Digits)
	if err != nil {
		return last, err
	}

	var s schedule
	s.init(k)
	oldest, steps := stepAt(now, k.Period)-int64(w.Back), w.Back+1+w.Ahead
	if last == oldest-1 {
		// One step more, too old to be accepted: if the oldest step in the
		// window has the same code, this is a replay.
		oldest, steps = last, steps+1
	}
	used, match := 0, -1
	for i := range steps {
		// All steps are computed and compared, whatever the outcome. The
		// branches below depend only on the time and on last.
		step := oldest + int64(i)
		same := equal(s.code(uint64(step)), typed)
		switch {
		case step < 0: // uint64(step) is no step, but the code of a far future
		case step <= last:
			used |= same
		default:
			match = subtle.ConstantTimeSelect(same, i, match)
		}
	}
	return verdict(last, oldest, used, match)
}

// verdict turns what the loops of Match and MatchConsecutive found into their
// result: match is the place of the newest match, counted from oldest, or -1.
func verdict(last, oldest int64, used, match int) (int64, error) {
	if used == 1 {
		return last, ErrUsed
	}
	if match < 0 {
		return last, ErrMismatch
	}
	return oldest + int64(match), nil
}

// stepAt returns the number of whole periods since the epoch, rounded towards
// the past. It can't overflow when a window is added, since a period has
// several seconds.
func stepAt(now time.Time, period int) int64 {
	seconds, p := now.Unix(), int64(period)
	step := seconds / p
	if seconds%p < 0 {
		step--
	}
	return step
}
