package totp

import (
	"fmt"
	"net/url"

	"github.com/pquerna/otp"
)

// KeyFromOTP returns the key of an [otp.Key], for applications that have used
// package otp so far. It doesn't look at the issuer and account, which that
// package writes in ways that can't always be read back, but is as strict about
// the key as [ParseURI]. The error wraps [ErrURI], and [ErrSecret] if that is
// why.
func KeyFromOTP(k *otp.Key) (Key, error) {
	// Not k's own accessors: they turn what they don't know into a default, and
	// so into a key whose codes never match.
	text := k.String()
	if len(text) > maxURI {
		return Key{}, fmt.Errorf("%w: longer than %d bytes", ErrURI, maxURI)
	}
	u, err := url.Parse(text)
	if err != nil || lower(u.Scheme) != "otpauth" {
		return Key{}, fmt.Errorf("%w: scheme is not otpauth", ErrURI)
	}
	params, err := parseQuery(u.RawQuery)
	if err != nil {
		return Key{}, err
	}
	return params.key(u.Host)
}

// OTP returns u as an [otp.Key], for code that works with package otp. The error
// is that of [URI.Encode].
func (u URI) OTP() (*otp.Key, error) {
	text, err := u.Encode()
	if err != nil {
		return nil, err
	}
	return otp.NewKeyFromURL(text)
}
