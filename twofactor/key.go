package twofactor

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"

	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
)

// A Key seals everything that leaves the process: records on their way into the
// store, tokens on their way into a cookie. Whoever has it can read the users'
// TOTP secrets, so it belongs in a secrets manager, or in a file of its own that
// only the app can read, and never beside the database.
type Key struct {
	// A pointer, because fmt calls no method on an unexported field of somebody's
	// struct, and would print the bytes; of a pointer it prints the address.
	b *[seal.KeySize]byte
}

// NewKey returns a random key.
func NewKey() Key {
	b := new([seal.KeySize]byte)
	rand.Read(b[:])
	return Key{b}
}

// ParseKey reads what [Key.Encode] wrote.
func ParseKey(text string) (Key, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != seal.KeySize {
		return Key{}, fmt.Errorf("twofactor: a key is %d bytes in unpadded base64url", seal.KeySize)
	}
	return Key{new([seal.KeySize]byte(b))}, nil
}

// Encode returns the key as text, to be kept secret.
func (k Key) Encode() string { return base64.RawURLEncoding.EncodeToString(k.bytes()) }

// bytes is empty for the zero Key, which seals nothing.
func (k Key) bytes() []byte {
	if k.b == nil {
		return nil
	}
	return k.b[:]
}

// String hides the key from logs; use [Key.Encode] to store it.
func (k Key) String() string { return "twofactor.Key(hidden)" }

// GoString hides the key from %#v.
func (k Key) GoString() string { return k.String() }

// LogValue hides the key from slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// newRing makes a ring of keys for one purpose.
func newRing(keys []Key, purpose string) (*seal.Ring, error) {
	masters := make([][]byte, len(keys))
	for i := range keys {
		masters[i] = keys[i].bytes()
	}
	return seal.New(masters, purpose)
}

// An Unwrapper opens a key that a key management service has wrapped, so that
// the key itself is nowhere at rest in the clear.
type Unwrapper interface {
	Unwrap(ctx context.Context, wrapped []byte) ([]byte, error)
}

// UnwrapKey asks w for the key inside wrapped.
func UnwrapKey(ctx context.Context, w Unwrapper, wrapped []byte) (Key, error) {
	b, err := w.Unwrap(ctx, wrapped)
	if err != nil {
		return Key{}, fmt.Errorf("twofactor: unwrapping a key: %w", err)
	}
	if len(b) != seal.KeySize {
		return Key{}, errors.New("twofactor: the unwrapped key has the wrong length")
	}
	return Key{new([seal.KeySize]byte(b))}, nil
}
