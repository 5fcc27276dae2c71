// Package ff1 is the format-preserving mode FF1 of NIST SP 800-38G for one
// format: five numerals of radix 32, a block of 25 bits.
//
// For this format all of FF1's parameters are constants and its modulo is a
// mask, so there are no big integers and no branch or table that depends on
// a secret. The domain of 2^25 meets the minimum of 1,000,000 that the drafts
// of SP 800-38G Rev. 1 ask for.
package ff1

import (
	"crypto/cipher"
	"encoding/binary"
)

// Size is the number of blocks: plaintexts and ciphertexts are below it.
const Size = 1 << 25

const (
	rounds    = 10
	leftBits  = 10 // u = 2 numerals; the right half has v = 3 numerals, 15 bits
	rightBits = 15
	leftMask  = 1<<leftBits - 1
	rightMask = 1<<rightBits - 1
)

// Encrypt returns the ciphertext of x, of which the lowest 25 bits count.
// The block must be AES; an interface, so that its key can stay in hardware.
func Encrypt(aes cipher.Block, tweak []byte, x uint32) uint32 {
	f := newRound(aes, tweak)
	a, b := x>>rightBits&leftMask, x&rightMask
	for i := range rounds {
		// The halves swap in each round, so their widths alternate.
		a, b = b, (a+f.y(i, b))&mask(i)
	}
	return a<<rightBits | b
}

// Decrypt is the inverse of [Encrypt].
func Decrypt(aes cipher.Block, tweak []byte, x uint32) uint32 {
	f := newRound(aes, tweak)
	a, b := x>>rightBits&leftMask, x&rightMask
	for i := rounds - 1; i >= 0; i-- {
		a, b = (b-f.y(i, a))&mask(i), a
	}
	return a<<rightBits | b
}

func mask(i int) uint32 {
	if i%2 == 0 {
		return leftMask
	}
	return rightMask
}

// A round is FF1's PRF with everything that doesn't change between rounds
// already absorbed: the CBC-MAC over P, the tweak and its padding.
type round struct {
	aes   cipher.Block
	state [16]byte // CBC-MAC before the last block
	last  [16]byte // the last block, its final three bytes still zero
	work  [16]byte
}

func newRound(aes cipher.Block, tweak []byte) *round {
	r := &round{aes: aes}
	// SP 800-38G, algorithm 7, step 5: version, method and addition, radix,
	// rounds, u, n, t.
	r.state = [16]byte{1, 2, 1, 0, 0, 32, rounds, 2, 0, 0, 0, 5}
	binary.BigEndian.PutUint32(r.state[12:], uint32(len(tweak)))
	aes.Encrypt(r.state[:], r.state[:])
	for len(tweak) > 13 {
		// A block without room for the round's three bytes is absorbed now;
		// one with more than 13 bytes of tweak is filled with zeros.
		n := min(len(tweak), 16)
		for i, t := range tweak[:n] {
			r.state[i] ^= t
		}
		aes.Encrypt(r.state[:], r.state[:])
		tweak = tweak[n:]
	}
	copy(r.last[:], tweak)
	return r
}

// y is NUM(S) of step 6 iii, as far as the mask leaves it: of the d = 8 bytes
// the lowest four are enough.
func (r *round) y(i int, half uint32) uint32 {
	r.work = r.last
	r.work[13] = byte(i)
	binary.BigEndian.PutUint16(r.work[14:], uint16(half))
	for j := range r.work {
		r.work[j] ^= r.state[j]
	}
	r.aes.Encrypt(r.work[:], r.work[:])
	return binary.BigEndian.Uint32(r.work[4:8])
}
