package totp

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxIssuer  = 128 // bytes
	maxAccount = 256 // bytes; a mail address has at most 254
	// maxURI bounds what ParseURI reads. What Encode writes is always shorter,
	// and fits into a QR code.
	maxURI = 2048
)

// ErrURI says that a text is not an otpauth URI with a usable key, or that a
// [URI] has an issuer or account that can't be in one.
var ErrURI = errors.New("totp: invalid otpauth URI")

// A URI is what an authenticator app learns from a QR code: a key, and the two
// names under which it lists the key's codes. Both are UTF-8 without colon,
// control or format characters, or space at the ends. Some apps overwrite an
// entry with the same two names, so the account should be unique.
type URI struct {
	Issuer  string // the service, such as "Example"; up to 128 bytes
	Account string // the user's name for their account; up to 256 bytes
	Key     Key
}

// Encode returns the otpauth URI, which contains the secret. It has every
// parameter, and the issuer both as a parameter and before the account;
// everything but RFC 3986's unreserved characters is percent-encoded.
//
// It is meant for a QR code ([URI.QR]) and for a link on the page, which opens
// the app on the phone that shows it. The error wraps [ErrURI] or [ErrKey].
func (u URI) Encode() (string, error) {
	k, err := u.Key.complete()
	if err != nil {
		return "", err
	}
	if err := checkName("issuer", u.Issuer, maxIssuer); err != nil {
		return "", err
	}
	if err := checkName("account", u.Account, maxAccount); err != nil {
		return "", err
	}
	issuer := escape(u.Issuer)
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%d&period=%d",
		issuer, escape(u.Account), k.Secret.Base32(), issuer, k.Algorithm, k.Digits, k.Period), nil
}

// Lint returns an error if the issuer or account has a character that some
// authenticator apps are known to garble, though it is encoded as it should be:
// they decode the URI twice. It is advice for whoever picks the issuer's name.
func (u URI) Lint() error {
	const garbled = "&%#+?/="
	if strings.ContainsAny(u.Issuer, garbled) {
		return fmt.Errorf("totp: some apps garble an issuer with one of %s", garbled)
	}
	if strings.ContainsAny(u.Account, garbled) {
		return fmt.Errorf("totp: some apps garble an account with one of %s", garbled)
	}
	return nil
}

// checkName returns an error wrapping ErrURI if an app can't show name, or would
// show something else than it is.
func checkName(part, name string, limit int) error {
	problem := ""
	switch {
	case name == "":
		problem = "empty"
	case len(name) > limit:
		problem = fmt.Sprintf("longer than %d bytes", limit)
	case !utf8.ValidString(name):
		problem = "not UTF-8"
	case strings.Contains(name, ":"):
		// Apps disagree on which of two colons ends the issuer.
		problem = "colon"
	case strings.ContainsFunc(name, isInvisible):
		// Format characters include those that turn the direction of the text,
		// by which one name can look like another.
		problem = "control or format character"
	case strings.TrimSpace(name) != name:
		problem = "surrounding space"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s: %s", ErrURI, part, problem)
}

func isInvisible(r rune) bool {
	// Noncharacters can't be in XML, and so not in an SVG.
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point)
}

// escape percent-encodes all but the unreserved characters of RFC 3986 section
// 2.3. The functions of net/url leave & = + $ : @ alone or write + for a space,
// which apps read differently.
func escape(s string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
