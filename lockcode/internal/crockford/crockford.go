// Package crockford spells 25 bits as five characters of Crockford's base32,
// whose alphabet leaves out I, L, O and U, and reads them as people type them.
package crockford

import "errors"

// Len is the number of characters that carry bits.
const Len = 5

// maxInput bounds what Decode looks at: five characters with plenty of spaces.
const maxInput = 32

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ErrMalformed says that a text isn't five characters of the alphabet. It
// doesn't repeat the text, which may be somebody's Code.
var ErrMalformed = errors.New("crockford: not five characters of the alphabet")

// Encode spells the lowest 25 bits of x, most significant first.
func Encode(x uint32) string {
	var out [Len]byte
	for i := range out {
		out[i] = alphabet[x>>(5*(Len-1-i))&31]
	}
	return string(out[:])
}

// Decode reads either letter case, O as 0, I and L as 1, and skips hyphens
// and ASCII white space. Everything else, and any other length, is an error.
func Decode(s string) (uint32, error) {
	if len(s) > maxInput {
		return 0, ErrMalformed
	}
	var x uint32
	n := 0
	for i := range len(s) {
		v := value(s[i])
		switch {
		case v == skip:
			continue
		case v == bad:
			return 0, ErrMalformed
		}
		x = x<<5 | uint32(v)
		n++
	}
	if n != Len {
		return 0, ErrMalformed
	}
	return x, nil
}

const (
	bad  = 0xff
	skip = 0xfe
)

// value works on bytes, so that no letter outside ASCII (the Kelvin sign, a
// full-width digit) can fold into the alphabet.
func value(c byte) byte {
	switch c {
	case ' ', '\t', '\r', '\n', '-':
		return skip
	case 'O', 'o':
		return 0
	case 'I', 'i', 'L', 'l':
		return 1
	}
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	for i := range len(alphabet) {
		if alphabet[i] == c {
			return byte(i)
		}
	}
	return bad
}
