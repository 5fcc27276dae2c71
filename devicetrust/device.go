package devicetrust

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxLife is the longest that a device can be trusted: the longest that
	// browsers keep a cookie.
	MaxLife = 400 * 24 * time.Hour

	maxName     = 64 // characters
	maxAudience = 255
	maxMethods  = 8
	maxMethod   = 32

	deviceLabel     = "latchkey trusted device v1"
	credentialLabel = "latchkey trusted device credential v1"
)

var (
	errLife    = errors.New("devicetrust: life must be above zero and at most 400 days")
	errBinding = errors.New("devicetrust: user and audience are required, the audience with at most 255 bytes")
	errMethods = errors.New("devicetrust: at most 8 methods with names of 1 to 32 bytes")
)

// A Binding says what trust in a device hangs on. A token minted for one
// Binding is good for the very same only.
type Binding struct {
	User       string // Required. The person's immutable id, never a name that can change hands.
	Audience   string // Required. The site or app where the device is trusted.
	Epoch      uint64 // moves on whenever all trust of this person has to end
	Credential string // whatever changes with the password; only a keyed hash of it is kept
}

// A Grant says what kind of trust is given.
type Grant struct {
	Life    time.Duration // Required. At most [MaxLife], counted from now and never prolonged.
	Name    string        // shown in lists; trimmed, cut to 64 characters, control characters dropped
	Methods []string      // how the second factor was given, for the caller's policy to look at
}

// A Device is what is kept of one trusted device. Its ID is no secret: it may be
// shown in lists and used in addresses.
type Device struct {
	ID         string            `cbor:"1,keyasint"`
	Hash       [sha256.Size]byte `cbor:"2,keyasint"`
	Credential [sha256.Size]byte `cbor:"3,keyasint"`
	Epoch      uint64            `cbor:"4,keyasint,omitempty"`
	Audience   string            `cbor:"5,keyasint"`
	Name       string            `cbor:"6,keyasint,omitempty"`
	Methods    []string          `cbor:"7,keyasint,omitempty"`
	Created    int64             `cbor:"8,keyasint,omitempty"` // Unix seconds, as are all times
	LastUsed   int64             `cbor:"9,keyasint,omitempty"`
	Expires    int64             `cbor:"10,keyasint,omitempty"` // the first second without trust
}

// Mint makes a new token, 67 characters that are safe in a cookie, and the
// Device to keep in its place. The token is a secret and for the device alone.
func Mint(b Binding, g Grant, now time.Time) (Device, string, error) {
	switch {
	case b.User == "" || b.Audience == "" || len(b.Audience) > maxAudience:
		return Device{}, "", errBinding
	case g.Life < time.Second || g.Life > MaxLife:
		return Device{}, "", errLife
	case len(g.Methods) > maxMethods || slices.ContainsFunc(g.Methods, func(m string) bool {
		return m == "" || len(m) > maxMethod
	}):
		return Device{}, "", errMethods
	}
	tok, text := newToken()
	return Device{
		ID:         tok.id,
		Hash:       tok.tag(deviceLabel, b.User, b.Audience),
		Credential: tok.tag(credentialLabel, b.Credential),
		Epoch:      b.Epoch,
		Audience:   b.Audience,
		Name:       cleanName(g.Name),
		Methods:    slices.Clone(g.Methods),
		Created:    now.Unix(),
		LastUsed:   now.Unix(),
		Expires:    now.Unix() + int64(g.Life/time.Second),
	}, text, nil
}

// cleanName makes a name fit for a list. Names often come from a User-Agent
// header, so anything may be in them.
func cleanName(name string) string {
	name = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case c == utf8.RuneError || !unicode.IsPrint(c):
			return -1
		}
		return c
	}, name)
	name = strings.TrimSpace(name)
	n := 0
	for i := range name {
		if n == maxName {
			return strings.TrimSpace(name[:i])
		}
		n++
	}
	return name
}
