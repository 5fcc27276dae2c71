package devicetrust

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

const (
	prefix     = "d1." // tells this format from any later one
	idSize     = 16
	secretSize = 32
)

var encoding = base64.RawURLEncoding

// tokenSize is the length of every token. 48 bytes fill their Base64 characters
// to the last bit, so a token has one spelling only.
var tokenSize = len(prefix) + encoding.EncodedLen(idSize+secretSize)

// A token is what a device holds: which of the person's devices it is, and the
// proof of it.
type token struct {
	id     string
	secret [secretSize]byte
}

func newToken() (token, string) {
	var raw [idSize + secretSize]byte
	rand.Read(raw[:])
	return split(raw[:]), prefix + encoding.EncodeToString(raw[:])
}

// parseToken reads the one spelling that a token has.
func parseToken(text string) (token, bool) {
	body, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) != tokenSize {
		return token{}, false
	}
	raw, err := encoding.DecodeString(body)
	// The decoder skips line breaks, which leaves fewer bytes.
	if err != nil || len(raw) != idSize+secretSize {
		return token{}, false
	}
	return split(raw), true
}

func split(raw []byte) token {
	return token{
		id:     encoding.EncodeToString(raw[:idSize]),
		secret: [secretSize]byte(raw[idSize:]),
	}
}

// tag proves the token's secret for some values without revealing either. The
// label keeps the kinds of tags apart and the length before each value keeps
// neighboring values apart.
func (t token) tag(label string, values ...string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, t.secret[:])
	var size [8]byte
	for _, v := range append([]string{label}, values...) {
		binary.BigEndian.PutUint64(size[:], uint64(len(v)))
		mac.Write(size[:])
		mac.Write([]byte(v))
	}
	return [sha256.Size]byte(mac.Sum(nil))
}
