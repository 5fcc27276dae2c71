package cpace

import (
	"crypto/sha512"
	"encoding/binary"

	"filippo.io/edwards25519/field"
)

// generator is calculate_generator of the draft's section 7.2: the password
// and the names of everything concerned, hashed to a point of which nobody
// knows the logarithm.
func generator(prs, ci, sid []byte) []byte {
	h := sha512.Sum512(generatorString(prs, ci, sid))
	h[31] &= 0x7f // decodeUCoordinate for 255 bits
	u, err := new(field.Element).SetBytes(h[:32])
	if err != nil {
		panic("cpace: 32 bytes are not a field element") // they always are
	}
	return elligator2(u).Bytes()
}

// generatorString pads so that the password alone fills the first block of
// SHA-512; what the attacker can choose comes after it.
func generatorString(prs, ci, sid []byte) []byte {
	pad := max(0, sha512.BlockSize-1-prefixed(len(prs))-prefixed(len(dsi)))
	return Cat([]byte(dsi), prs, make([]byte, pad), ci, sid)
}

func prefixed(n int) int {
	return len(binary.AppendUvarint(nil, uint64(n))) + n
}

// elligator2 is RFC 9380 section 6.7.1 for curve25519 with Z = 2, the u
// coordinate only. It runs in constant time, since r comes from the password.
func elligator2(r *field.Element) *field.Element {
	one := new(field.Element).One()
	a := new(field.Element).Mult32(one, 486662)

	// x1 = -A / (1 + 2r^2); 1 + 2r^2 is never zero, as -1/2 is no square.
	d := new(field.Element).Square(r)
	d.Add(d, d)
	d.Add(d, one)
	x1 := new(field.Element).Invert(d)
	x1.Multiply(x1, a)
	x1.Negate(x1)

	// gx1 = x1^3 + A x1^2 + x1 = x1 (x1 (x1 + A) + 1)
	g := new(field.Element).Add(x1, a)
	g.Multiply(g, x1)
	g.Add(g, one)
	g.Multiply(g, x1)
	_, square := new(field.Element).SqrtRatio(g, one)

	// x2 = -x1 - A
	x2 := new(field.Element).Negate(x1)
	x2.Subtract(x2, a)
	return new(field.Element).Select(x1, x2, square)
}
