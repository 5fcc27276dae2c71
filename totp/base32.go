package totp

import (
	"fmt"
	"unicode"
)

// maxSecretText leaves room for the longest secret with a separator after each
// character.
const maxSecretText = 256

// decodeBase32 reads RFC 4648 section 6 with the liberties that [ParseSecret]
// describes.
func decodeBase32(text string) ([]byte, error) {
	if len(text) > maxSecretText {
		return nil, fmt.Errorf("%w: text longer than %d bytes", ErrSecret, maxSecretText)
	}
	chars := make([]byte, 0, len(text))
	pos, padding := 0, 0
	for _, r := range text {
		pos++
		// Only ASCII letters are folded: unicode.ToUpper would take the Kelvin
		// sign for a K.
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		switch {
		case isSeparator(r):
		case r == '=':
			padding++
		case ('A' <= r && r <= 'Z') || ('2' <= r && r <= '7'):
			if padding > 0 {
				return nil, fmt.Errorf("%w: padding before character %d", ErrSecret, pos)
			}
			chars = append(chars, byte(r))
		default:
			return nil, fmt.Errorf("%w: character %d, %q, is not Base32", ErrSecret, pos, r)
		}
	}
	if padding > 0 && (len(chars)%8 == 0 || len(chars)%8+padding != 8) {
		return nil, fmt.Errorf("%w: wrong padding", ErrSecret)
	}
	b := make([]byte, noPadding.DecodedLen(len(chars)))
	n, err := noPadding.Decode(b, chars)
	// Decode ignores the bits after the last whole byte, and so reads several
	// texts as the same secret (RFC 4648 section 3.5).
	if err != nil || noPadding.EncodeToString(b[:n]) != string(chars) {
		return nil, fmt.Errorf("%w: not whole bytes; characters are missing or wrong", ErrSecret)
	}
	return b[:n], nil
}

// isSeparator reports whether r is white space or a dash of any script, which
// people and programs put between groups.
func isSeparator(r rune) bool {
	const minus = '\u2212'
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == minus
}
