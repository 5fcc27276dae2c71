package totp

import (
	"errors"
	"unicode"
)

const (
	maxCodeDigits = 10
	// maxCodeText leaves room for ten digits of several bytes each, with
	// separators.
	maxCodeText = 64
)

// ErrMalformed says that a text is not a code at all: a character that is no
// digit, or too many or too few digits. No such text can be right, so it need
// not cost the person a try.
var ErrMalformed = errors.New("totp: malformed code")

// Normalize returns the digits of a code as a person typed or pasted it: 1 to 10
// ASCII digits. White space and dashes of any kind are dropped wherever they
// stand, and the decimal digits of other scripts and widths become ASCII. Anything
// else, and a text longer than 64 bytes, is refused with [ErrMalformed].
//
// [Key.Match] normalizes what it is given. Normalize is for other codes that
// people type, and wherever a code is compared, counted or remembered it has to
// come first: two spellings of one code must never pass for two codes.
func Normalize(text string) (string, error) {
	var digits [maxCodeDigits]byte
	n, err := fold(&digits, text)
	if err != nil {
		return "", err
	}
	return string(digits[:n]), nil
}

// fold writes the digits of text into digits, and returns how many there are.
func fold(digits *[maxCodeDigits]byte, text string) (n int, err error) {
	if len(text) > maxCodeText {
		return 0, ErrMalformed
	}
	for _, r := range text {
		d, ok := decimal(r)
		if !ok {
			if isSeparator(r) {
				continue
			}
			return 0, ErrMalformed
		}
		if n == len(digits) {
			return 0, ErrMalformed
		}
		digits[n] = '0' + d
		n++
	}
	if n == 0 {
		return 0, ErrMalformed
	}
	return n, nil
}

// decimal returns the value of a decimal digit of any script. Unicode keeps the
// digits of a script together, from 0 to 9, so that the place within a range
// gives the value.
func decimal(r rune) (byte, bool) {
	if r <= unicode.MaxASCII {
		return byte(r - '0'), '0' <= r && r <= '9'
	}
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10), true
		}
	}
	return 0, false
}

// number returns the value of a code of exactly n digits.
func number(text string, n int) (uint64, error) {
	var digits [maxCodeDigits]byte
	length, err := fold(&digits, text)
	if err != nil {
		return 0, err
	}
	if length != n {
		return 0, ErrMalformed
	}
	var v uint64
	for _, d := range digits[:n] {
		v = v*10 + uint64(d-'0')
	}
	return v, nil
}
