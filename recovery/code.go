package recovery

import (
	"crypto/rand"
	"errors"
	"strings"
	"unicode"
)

const (
	alphabet  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford: no I, L, O, U
	random    = 24                                 // characters of 5 random bits each
	length    = random + 1                         // and the check character
	groupSize = 5

	// maxTyped leaves room for any separator between any two characters and
	// bounds the work on what isn't a code at all.
	maxTyped = 256
)

var (
	// ErrMalformed says that a text does not have the shape of a recovery code.
	ErrMalformed = errors.New("recovery: not in the form of a recovery code")

	// ErrCheck says that a text has the shape of a recovery code, but not its
	// check character: somebody mistyped it. It wraps [ErrMalformed].
	ErrCheck error = checkError{}
)

type checkError struct{}

func (checkError) Error() string { return "recovery: a character is mistyped" }
func (checkError) Unwrap() error { return ErrMalformed }

// A Code is a text in the one form that is compared: upper case, no separators,
// look-alikes resolved, check character right. It is a secret, and prints as
// a placeholder.
type Code struct {
	symbols [length]byte // values 0 to 31
}

// String returns a placeholder, so that no log gets a code by accident.
func (Code) String() string { return "[recovery code]" }

// GoString returns the same placeholder as String.
func (Code) GoString() string { return "[recovery code]" }

// LooksLikeCode reports whether text has the shape of a recovery code: 25
// letters and digits, with any spaces and hyphens between them. It lets one
// input box take recovery codes beside others: no code of fewer digits, as
// authenticator apps and messages have them, looks like one.
func LooksLikeCode(text string) bool {
	n := 0
	ok := scan(text, func(c rune) bool {
		n++
		return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	})
	return ok && n == length
}

// Parse reads a code as a person typed or pasted it. It returns [ErrMalformed]
// for a text of another shape and [ErrCheck] for a slip of the pen; neither
// says anything about any set of codes, so neither needs to cost a try.
func Parse(text string) (Code, error) {
	var code Code
	n := 0
	ok := scan(text, func(c rune) bool {
		switch c {
		case 'I', 'L':
			c = '1'
		case 'O':
			c = '0'
		}
		v := strings.IndexRune(alphabet, c)
		if v < 0 || n == length {
			return false
		}
		code.symbols[n] = byte(v)
		n++
		return true
	})
	if !ok || n != length {
		return Code{}, ErrMalformed
	}
	if checksum(code.symbols[:]) != 0 {
		return Code{}, ErrCheck
	}
	return code, nil
}

// scan calls each with the characters of text that matter, in upper case, until
// it returns false, and reports whether it never did. All that is forgiven in
// a typed code is forgiven here, before anything is compared.
func scan(text string, each func(rune) bool) bool {
	if len(text) > maxTyped {
		return false
	}
	for _, c := range text {
		switch {
		case unicode.IsSpace(c), unicode.Is(unicode.Pd, c), c == '\u2212': // minus sign
			continue
		case 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		if !each(c) {
			return false
		}
	}
	return true
}

// newCode makes a code from 120 random bits. The alphabet has 32 letters, so
// five bits of each random byte are uniform over it.
func newCode() Code {
	var code Code
	rand.Read(code.symbols[:random])
	for i := range random {
		code.symbols[i] &= 31
	}
	code.symbols[random] = checksum(code.symbols[:])
	return code
}

// format writes a code in its groups, for a person to keep.
func (c Code) format() string {
	var b strings.Builder
	for i, v := range c.symbols {
		if i > 0 && i%groupSize == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[v])
	}
	return b.String()
}

// checksum is the sum of all symbols, each times a weight of its own, over
// GF(32), and zero for a whole code. The weights are powers of x, which has
// order 31, so the 25 of them differ and none is zero: one wrong symbol changes
// the sum by weight times error, two swapped ones by the product of their
// differences, and neither product of nonzero elements is zero.
// The last symbol has weight 1, so it is the sum of all before it.
func checksum(symbols []byte) byte {
	var sum byte
	for _, v := range symbols {
		sum <<= 1 // times x
		if sum&32 != 0 {
			sum ^= 0b100101 // modulo x⁵+x²+1, which is primitive
		}
		sum ^= v
	}
	return sum
}
