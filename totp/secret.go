package totp

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

const (
	// minSecret is 128 bits: RFC 4226 section 4, R6.
	minSecret = 16
	// maxSecret is the output of the longest hash (RFC 6238 section 5.1). No
	// hash here has a shorter block, so no secret is ever hashed before use.
	maxSecret = 64

	redacted = "[redacted]"
)

var (
	// ErrSecret says that something is not a usable secret: not Base32, too
	// short or too long, or the same byte throughout.
	ErrSecret = errors.New("totp: invalid secret")

	// ErrShortSecret says that a secret has fewer than 16 bytes, which is all
	// that is wrong with it. It wraps ErrSecret. An application that imports
	// keys meets it where an older system made secrets of 80 bits; those users
	// have to enrol anew.
	ErrShortSecret = fmt.Errorf("%w: shorter than %d bytes", ErrSecret, minSecret)
)

// A Secret is what the server and the authenticator app share: 16 to 64 bytes.
// It is immutable. The zero Secret is empty, and is refused wherever a secret
// is needed.
//
// Printing, logging and marshaling a Secret gives "[redacted]"; [Secret.Bytes],
// [Secret.Base32] and [Secret.Groups] are the ways to its content.
type Secret struct {
	_ [0]func() // not comparable: == would take a time that depends on the secret

	// A pointer, because fmt calls no method on an unexported field of
	// somebody's struct, and would print the bytes; of a pointer it prints the
	// address. A pointer to that, because with a verb that doesn't suit a
	// pointer, such as %s, fmt follows the first one.
	p **[]byte
}

// NewSecret returns a new random Secret of the length of the algorithm's
// output, as RFC 6238 section 5.1 recommends: 20, 32 or 64 bytes.
func NewSecret(a Algorithm) (Secret, error) {
	n, ok := a.size()
	if !ok {
		return Secret{}, fmt.Errorf("%w: unknown algorithm", ErrKey)
	}
	b := make([]byte, n)
	rand.Read(b)
	return SecretFromBytes(b)
}

// SecretFromBytes returns a Secret of a copy of b. The error wraps [ErrSecret].
func SecretFromBytes(b []byte) (Secret, error) {
	switch {
	case len(b) < minSecret:
		return Secret{}, ErrShortSecret
	case len(b) > maxSecret:
		return Secret{}, fmt.Errorf("%w: longer than %d bytes", ErrSecret, maxSecret)
	case bytes.Count(b, b[:1]) == len(b):
		// Zeros of a buffer that nobody filled, spaces of a blank column. A
		// random secret looks like this once in 2^120 times or less.
		return Secret{}, fmt.Errorf("%w: one byte repeated", ErrSecret)
	}
	return Secret{p: new(new(slices.Clone(b)))}, nil
}

// ParseSecret reads a secret in Base32 as people type or paste it: upper or
// lower case, with or without spaces, hyphens and correct padding. It is strict
// otherwise, guesses nothing (0 is not taken for O), and refuses what another
// decoder might read differently. The error wraps [ErrSecret] and names at most
// the one character that is not Base32.
func ParseSecret(text string) (Secret, error) {
	b, err := decodeBase32(text)
	if err != nil {
		return Secret{}, err
	}
	return SecretFromBytes(b)
}

// Bytes returns a copy of the secret.
func (s Secret) Bytes() []byte { return slices.Clone(s.bytes()) }

// Base32 returns the secret in upper-case Base32 without padding, the form that
// otpauth URIs and other libraries use.
func (s Secret) Base32() string { return noPadding.EncodeToString(s.bytes()) }

// Groups returns the secret in Base32, in groups of four characters separated by
// spaces, for people who type it into their app.
func (s Secret) Groups() string {
	var b strings.Builder
	for group := range slices.Chunk([]byte(s.Base32()), 4) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.Write(group)
	}
	return b.String()
}

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// Format writes "[redacted]", whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]", which no Secret can be read from.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (s Secret) bytes() []byte {
	if s.p == nil {
		return nil
	}
	return **s.p
}

var noPadding = base32.StdEncoding.WithPadding(base32.NoPadding)
