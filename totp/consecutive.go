package totp

import (
	"crypto/subtle"
	"fmt"
	"time"
)

// consecutive is how many codes [Key.MatchConsecutive] asks for.
const consecutive = 3

// ErrNearMiss says that two codes of three are right: see [Key.MatchConsecutive].
// It matches [ErrMismatch] too.
var ErrNearMiss = fmt.Errorf("%w, but one of three", ErrMismatch)

// MatchConsecutive finds the steps n-2, n-1 and n that three codes, oldest
// first, belong to, and returns n. It is like [Key.Match] otherwise: all three
// steps must be above last, and n becomes the new one.
//
// It is for an owner whose guesses are used up, by someone else perhaps. Three
// codes prove possession of the app so well that trying costs nothing: for
// someone who knows none of them, six digits each are guessed with a chance of
// 1e-18 for each step of the window. That holds only because there is one answer
// for all three; don't check them one by one.
//
// Someone who saw two codes has only the third to guess, at 1e-6, and must not do
// that for nothing. So two right codes in their places, with a wrong one, are
// [ErrNearMiss], and n comes with it: store it as after a success, and tell the
// user no more than that the codes are wrong. None of the three is good for
// anything then, and an owner who mistyped one waits for three newer ones. Who
// knows no code gets here with 1e-11 a try, and so can't keep an owner waiting.
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
	used, match, near := 0, -1, -1
	for i := range positions {
		right := 0
		for j := range consecutive {
			right += equal(made[i+j], typed[j])
		}
		first, newest := oldest+int64(i), i+consecutive-1
		if first < 0 { // as in Match
			continue
		}
		all := subtle.ConstantTimeEq(int32(right), consecutive)
		if first <= last {
			used |= all
		} else {
			match = subtle.ConstantTimeSelect(all, newest, match)
		}
		// Even where the first code was used, the last one may not have been, and
		// ErrUsed would tell that it is right.
		if first+consecutive-1 > last {
			near = subtle.ConstantTimeSelect(subtle.ConstantTimeEq(int32(right), consecutive-1), newest, near)
		}
	}
	if used == 0 && match < 0 && near >= 0 {
		return oldest + int64(near), ErrNearMiss
	}
	return verdict(last, oldest, used, match)
}
