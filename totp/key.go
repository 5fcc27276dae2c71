package totp

import (
	"errors"
	"fmt"
)

// An Algorithm is the hash function below a [Key]'s HMAC. The zero value is
// SHA1, which is as safe here as the others and the only one that all
// authenticator apps follow: many ignore the choice and compute SHA1 anyway.
type Algorithm uint8

// The algorithms of RFC 6238 section 1.2.
const (
	SHA1 Algorithm = iota
	SHA256
	SHA512
)

// String returns the name used in otpauth URIs, such as "SHA1".
func (a Algorithm) String() string {
	switch a {
	case SHA1:
		return "SHA1"
	case SHA256:
		return "SHA256"
	case SHA512:
		return "SHA512"
	}
	return fmt.Sprintf("Algorithm(%d)", uint8(a))
}

// size returns the length of the algorithm's output in bytes.
func (a Algorithm) size() (n int, ok bool) {
	switch a {
	case SHA1:
		return 20, true
	case SHA256:
		return 32, true
	case SHA512:
		return 64, true
	}
	return 0, false
}

const (
	defaultDigits = 6
	minDigits     = 6 // RFC 4226 section 4, R4
	maxDigits     = 8

	defaultPeriod = 30
	minPeriod     = 5   // less than a person needs to type; apps refuse it
	maxPeriod     = 120 // NIST SP 800-63B-4 section 3.1.4.1
)

// ErrKey says that a [Key] has no secret, an unknown algorithm, or digits or a
// period out of range.
var ErrKey = errors.New("totp: invalid key")

// A Key is all that makes the codes of one authenticator app. With nothing but
// a Secret it is what every app can read: SHA1, 6 digits, 30 seconds. Other
// values are for keys imported from another system.
type Key struct {
	Secret    Secret // required
	Algorithm Algorithm
	Digits    int // length of a code, 6 to 8; 0 means 6
	Period    int // length of a step in seconds, 5 to 120; 0 means 30
}

// Validate returns nil if codes can be made with the key, and otherwise an error
// that wraps [ErrKey].
func (k Key) Validate() error {
	_, err := k.complete()
	return err
}

// complete returns k with its defaults filled in.
func (k Key) complete() (Key, error) {
	if k.Digits == 0 {
		k.Digits = defaultDigits
	}
	if k.Period == 0 {
		k.Period = defaultPeriod
	}
	if k.Secret.p == nil {
		return Key{}, fmt.Errorf("%w: no secret", ErrKey)
	}
	if _, ok := k.Algorithm.size(); !ok {
		return Key{}, fmt.Errorf("%w: unknown algorithm", ErrKey)
	}
	if k.Digits < minDigits || k.Digits > maxDigits {
		return Key{}, fmt.Errorf("%w: digits are not %d to %d", ErrKey, minDigits, maxDigits)
	}
	if k.Period < minPeriod || k.Period > maxPeriod {
		return Key{}, fmt.Errorf("%w: period is not %d to %d seconds", ErrKey, minPeriod, maxPeriod)
	}
	return k, nil
}
