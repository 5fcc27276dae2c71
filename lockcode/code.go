package lockcode

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
	"github.com/latchkey-auth/latchkey/lockcode/internal/crockford"
	"github.com/latchkey-auth/latchkey/lockcode/internal/ff1"
)

// A Code is the five characters that carry a PIN, enciphered for one
// controller, one purpose, one target and one minute. It prints as "[Code]"
// under every verb, and the zero Code is no Code.
type Code struct {
	n     uint32
	valid bool
}

// ParseCode reads a Code as people type it: in either letter case, with O for
// 0, I and L for 1, and with spaces and hyphens anywhere.
func ParseCode(s string) (Code, error) {
	n, err := crockford.Decode(s)
	if err != nil {
		return Code{}, ErrMalformedCode
	}
	return Code{n: n, valid: true}, nil
}

// Characters returns the Code in clear, for the person who asked for it.
func (c Code) Characters() string {
	if !c.valid {
		return ""
	}
	return crockford.Encode(c.n)
}

// String hides the Code. See [Code.Characters].
func (c Code) String() string { return "[Code]" }

// Format hides the Code under every verb.
func (c Code) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// tweak names everything that a Code is for. Whatever stands in here can't be
// exchanged by those who carry the Code.
func tweak(scope []byte, b Binding, step int64) [sha256.Size]byte {
	return sha256.Sum256(cpace.Cat([]byte("code"), scope,
		[]byte{byte(b.Purpose), PINDigits}, []byte(b.Target), beUint64(uint64(step))))
}

// encipher and decipher are the only two places that know the cipher. A
// decipherment of pinCount or more is no PIN: the unused values of the block
// are what authenticates a Code (encode-then-encipher).
func encipher(dayKey []byte, t [sha256.Size]byte, p PIN) (Code, error) {
	block, err := aes.NewCipher(dayKey)
	if err != nil {
		return Code{}, err
	}
	return Code{n: ff1.Encrypt(block, t[:], uint32(p.number())), valid: true}, nil
}

func decipher(dayKey []byte, t [sha256.Size]byte, c Code) (PIN, error) {
	block, err := aes.NewCipher(dayKey)
	if err != nil {
		return PIN{}, err
	}
	m := ff1.Decrypt(block, t[:], c.n)
	if m >= pinCount {
		return PIN{}, ErrMalformedPIN
	}
	return makePIN(uint16(m)), nil
}

func beUint64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
