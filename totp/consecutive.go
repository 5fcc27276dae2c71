package totp

import (
	"crypto/subtle"
	"time"
)

// consecutive is how many codes [Key.MatchConsecutive] asks for.
const consecutive = 3

// MatchConsecutive finds the steps n-2, n-1 and n that three codes, oldest
// first, belong to, and returns n. It is like [Key.Match] otherwise: all three
// steps must be above last, and n becomes the new one.
//
// It is for an owner whose guesses are used up, by someone else perhaps. Three
// codes prove possession of the app so well that trying costs nothing: six
// digits are guessed with a chance of 1e-18 for each step of the window. That
// holds only because there is one answer for all three; don't check them one by
// one.
//
// The window is for the newest code. A person who waits for three codes and
// sends them while the last is shown needs {0, 0}; {1, 1} forgives one step of
// delay and one of a fast clock, as for a single code. The two older codes are
// those of the steps right before, and so lie up to Back + 2 steps back.
func (k Key) MatchConsecutive(codes [3]string, now time.Time, last int64, w Window) (int64, error) {
	k, err := k.complete()
	if err != nil {
		return last, err
	}
	if err := w.Validate(); err != nil {
		return last, err
	}
	var typed [consecutive]uint64
	for i, code := range codes {
		if typed[i], err = number(code, k.Digits); err != nil {
			return last, err
		}
	}

	var s schedule
	s.init(k)
	oldest := stepAt(now, k.Period) - int64(w.Back) - (consecutive - 1)
	positions := w.Back + 1 + w.Ahead
	var made [2*maxWindow + consecutive]uint64
	for i := range positions + consecutive - 1 {
		made[i] = s.code(uint64(oldest + int64(i)))
	}
	used, match := 0, -1
	for i := range positions {
		same := 1
		for j := range consecutive {
			same &= equal(made[i+j], typed[j])
		}
		switch first := oldest + int64(i); {
		case first < 0: // as in Match
		case first <= last:
			used |= same
		default:
			match = subtle.ConstantTimeSelect(same, i+consecutive-1, match)
		}
	}
	return verdict(last, oldest, used, match)
}
