package otpcode

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
)

const (
	minDigits = 6 // NIST SP 800-63B-4 section 3.1.3.2
	maxDigits = 10

	// Letters that are told apart in any font and in handwriting, without
	// vowels, so that they make no words.
	referenceLetters = "BCDFGHJKMNPRSTVWXZ"
	referenceSize    = 4
)

// newCode returns digits that are uniform over all codes of that length,
// leading zeros included.
func newCode(digits int) string {
	n := uint64(1)
	for range digits {
		n *= 10
	}
	return fmt.Sprintf("%0*d", digits, uniform(n))
}

// newReference returns a few letters for a person to match page and message.
// They are no secret.
func newReference() string {
	var r [referenceSize]byte
	for i := range r {
		r[i] = referenceLetters[uniform(uint64(len(referenceLetters)))]
	}
	return string(r[:])
}

// uniform returns a random number below n. Numbers at the top of the range, from
// where on not every remainder comes equally often, are drawn again.
func uniform(n uint64) uint64 {
	limit := math.MaxUint64 - math.MaxUint64%n
	for {
		var b [8]byte
		rand.Read(b[:])
		if v := binary.NativeEndian.Uint64(b[:]); v < limit {
			return v % n
		}
	}
}

// isCode reports whether text is a code in the one form that is compared: 6 to
// 10 ASCII digits.
func isCode(text string) bool {
	if len(text) < minDigits || len(text) > maxDigits {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
