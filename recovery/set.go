package recovery

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"time"
)

const (
	// MaxCodes is how many codes a set can have. Ten are usual.
	MaxCodes = 16

	minKey   = 32 // bytes
	saltSize = 16 // bytes; NIST SP 800-63B-4 section 3.1.2.2 asks for 4
	tagLabel = "latchkey recovery code v1"
)

var (
	// ErrUnknown says that a code is not one of the set: a wrong guess.
	ErrUnknown = errors.New("recovery: no such code")

	// ErrSpent says that a code is one of the set and was spent before.
	ErrSpent = errors.New("recovery: code was used before")

	errKey   = errors.New("recovery: key is shorter than 32 bytes")
	errCount = errors.New("recovery: a set has 1 to 16 codes")
)

// A Set is what is kept of one person's codes. It is a value: no method changes
// the Set it is called on, nor what that Set's slices hold. The zero Set is
// valid and has no codes.
type Set struct {
	Salt     []byte   `cbor:"1,keyasint,omitempty"`
	Created  int64    `cbor:"2,keyasint,omitempty"` // Unix seconds
	Codes    []Entry  `cbor:"3,keyasint,omitempty"`
	Imported [][]byte `cbor:"4,keyasint,omitempty"` // unspent bcrypt hashes of another system
}

// An Entry is what is kept of one code. A spent one stays, so that using it
// again is told apart from a wrong guess.
type Entry struct {
	Hash    [sha256.Size]byte `cbor:"1,keyasint"`
	Spent   bool              `cbor:"2,keyasint,omitempty"`
	SpentAt int64             `cbor:"3,keyasint,omitempty"` // Unix seconds
}

// Generate makes n new codes, at most [MaxCodes], and the Set that replaces
// whatever the person had before. The texts are for showing once; nothing can
// bring them back. The key has to be given to [Set.Spend] again.
func Generate(key []byte, n int, now time.Time) (Set, []string, error) {
	if len(key) < minKey {
		return Set{}, nil, errKey
	}
	if n < 1 || n > MaxCodes {
		return Set{}, nil, errCount
	}
	set := Set{
		Salt:    make([]byte, saltSize),
		Created: now.Unix(),
		Codes:   make([]Entry, n),
	}
	rand.Read(set.Salt)
	texts := make([]string, n)
	for i := range n {
		code := newCode()
		set.Codes[i].Hash = at(i, set.tag(key, code))
		texts[i] = code.format()
	}
	return set, texts, nil
}

// Spend returns the Set in which code is spent. It returns [ErrUnknown] if the
// set has no such code and [ErrSpent] if that code was spent before; any other
// error is a fault of the caller's. With an error the returned Set is s.
//
// The caller must have replaced the old Set by the new one before it tells
// anybody that the code was right.
func (s Set) Spend(key []byte, code Code, now time.Time) (Set, error) {
	if len(key) < minKey {
		return s, errKey
	}
	// All codes are compared, spent or not, so that time tells nothing about
	// which of them matched.
	found := -1
	tag := s.tag(key, code)
	for i := range s.Codes {
		hash := at(i, tag)
		eq := subtle.ConstantTimeCompare(hash[:], s.Codes[i].Hash[:])
		found = subtle.ConstantTimeSelect(eq, i, found)
	}
	if found < 0 {
		return s, ErrUnknown
	}
	if s.Codes[found].Spent {
		return s, ErrSpent
	}
	next := s
	next.Codes = slices.Clone(s.Codes)
	next.Codes[found].Spent = true
	next.Codes[found].SpentAt = now.Unix()
	return next, nil
}

// Left returns how many codes can still be spent, imported ones included.
func (s Set) Left() int {
	n := len(s.Imported)
	for _, e := range s.Codes {
		if !e.Spent {
			n++
		}
	}
	return n
}

// tag is what a Set keeps of a code: its keyed hash under the set's random salt.
func (s Set) tag(key []byte, c Code) [sha256.Size]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(tagLabel))
	mac.Write(s.Salt)
	mac.Write(c.symbols[:])
	return [sha256.Size]byte(mac.Sum(nil))
}

// at makes the tag of a code that of the code at one position, so that equal
// codes never have equal hashes. The keyed part of the work is done once for
// all positions.
func at(position int, tag [sha256.Size]byte) [sha256.Size]byte {
	var in [sha256.Size + 1]byte
	copy(in[:], tag[:])
	in[sha256.Size] = byte(position)
	return sha256.Sum256(in[:])
}
