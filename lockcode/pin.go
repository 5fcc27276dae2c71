package lockcode

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"unique"
)

// PINDigits is the length of a PIN. A Code has room for no more: with six
// digits one random Code in seven would already look like a PIN.
const PINDigits = 4

const pinCount = 10_000

var (
	// ErrMalformedPIN says that a text isn't four digits.
	ErrMalformedPIN = errors.New("lockcode: a PIN has four digits")
	// ErrMalformedCode says that a text isn't five characters of a Code. It
	// is a typing error, and nothing was spent on it.
	ErrMalformedCode = errors.New("lockcode: a Code has five letters and digits")
)

// A PIN is what its user knows. It prints as "[PIN]" under every verb, and the
// zero PIN is no PIN. PINs can be compared with ==.
type PIN struct {
	// A handle, since fmt calls no method on what is in somebody's unexported
	// field: it prints as an address there, and not as the number.
	h unique.Handle[uint16]
}

func makePIN(n uint16) PIN { return PIN{unique.Make(n)} }

func (p PIN) valid() bool { return p != PIN{} }

func (p PIN) number() uint16 {
	if !p.valid() {
		return 0
	}
	return p.h.Value()
}

// ParsePIN reads exactly four ASCII digits.
func ParsePIN(s string) (PIN, error) {
	if len(s) != PINDigits {
		return PIN{}, ErrMalformedPIN
	}
	var n uint16
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return PIN{}, ErrMalformedPIN
		}
		n = n*10 + uint16(s[i]-'0')
	}
	return makePIN(n), nil
}

// randomPIN draws from all PINs alike, weak ones too: leaving some out would
// only help whoever guesses at this one.
func randomPIN() (PIN, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(pinCount))
	if err != nil {
		return PIN{}, fmt.Errorf("lockcode: drawing a PIN: %w", err)
	}
	return makePIN(uint16(n.Int64())), nil
}

// Digits returns the PIN in clear, for the person whom it belongs to.
func (p PIN) Digits() string {
	if !p.valid() {
		return ""
	}
	return fmt.Sprintf("%0*d", PINDigits, p.number())
}

// String hides the PIN. See [PIN.Digits].
func (p PIN) String() string { return "[PIN]" }

// Format hides the PIN under every verb.
func (p PIN) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

func (p PIN) equal(q PIN) bool {
	return p.valid() && q.valid() && subtle.ConstantTimeEq(int32(p.number()), int32(q.number())) == 1
}
