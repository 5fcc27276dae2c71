package totp

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
)

// The padding of HMAC (RFC 2104 section 2) for the longest block: the bytes 0x36
// and 0x5c.
const (
	ipad = "6666666666666666666666666666666666666666666666666666666666666666" +
		"6666666666666666666666666666666666666666666666666666666666666666"
	opad = `\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\` +
		`\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\`
)

// A schedule is a key made ready for any number of steps: the two padded keys
// of HMAC, each with room for what is hashed after it. It stays on the stack, so
// that a match leaves no keyed state behind on the heap.
type schedule struct {
	algorithm Algorithm
	modulus   uint64
	inner     [sha512.BlockSize + 8]byte
	outer     [sha512.BlockSize + sha512.Size]byte
}

// init prepares s for k, which must be complete.
func (s *schedule) init(k Key) {
	s.algorithm = k.Algorithm
	s.modulus = 1
	for range k.Digits {
		s.modulus *= 10
	}
	copy(s.inner[:], ipad)
	copy(s.outer[:], opad)
	// A secret is never longer than a block, so it is not hashed first.
	subtle.XORBytes(s.inner[:], s.inner[:], k.Secret.bytes())
	subtle.XORBytes(s.outer[:], s.outer[:], k.Secret.bytes())
}

// code returns the code of one step as a number (RFC 4226 section 5.3).
func (s *schedule) code(step uint64) uint64 {
	return uint64(s.truncated(step)) % s.modulus
}

// truncated returns the 31 bits that RFC 4226 section 5.3 takes from the HMAC.
// The branches are alike, but only direct calls of the Sum functions keep the
// state on the stack.
func (s *schedule) truncated(step uint64) uint32 {
	switch s.algorithm {
	case SHA256:
		const block, size = sha256.BlockSize, sha256.Size
		binary.BigEndian.PutUint64(s.inner[block:], step)
		sum := sha256.Sum256(s.inner[:block+8])
		copy(s.outer[block:], sum[:])
		sum = sha256.Sum256(s.outer[:block+size])
		return truncate(sum[:])
	case SHA512:
		const block, size = sha512.BlockSize, sha512.Size
		binary.BigEndian.PutUint64(s.inner[block:], step)
		sum := sha512.Sum512(s.inner[:block+8])
		copy(s.outer[block:], sum[:])
		sum = sha512.Sum512(s.outer[:block+size])
		return truncate(sum[:])
	default:
		const block, size = sha1.BlockSize, sha1.Size
		binary.BigEndian.PutUint64(s.inner[block:], step)
		sum := sha1.Sum(s.inner[:block+8])
		copy(s.outer[block:], sum[:])
		sum = sha1.Sum(s.outer[:block+size])
		return truncate(sum[:])
	}
}

func truncate(sum []byte) uint32 {
	offset := sum[len(sum)-1] & 0xf
	return binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
}

// equal returns 1 if a and b, both below 2^31, are the same code, and else 0,
// in constant time.
func equal(a, b uint64) int {
	return subtle.ConstantTimeEq(int32(a), int32(b))
}
