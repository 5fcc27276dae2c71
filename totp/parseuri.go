package totp

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// ParseURI reads an otpauth URI, of another system too, so that its users can
// keep their apps. What is left out has its default, and an issuer may be
// missing. Where apps read a URI differently, or where the key would make codes
// that [Key.Match] doesn't, it is refused: a parameter twice, two issuers, an
// unknown algorithm, a counter-based (HOTP) key, a Steam key, a Google
// Authenticator export ("otpauth-migration:"). Other parameters are ignored.
//
// The error wraps [ErrURI], also [ErrSecret] if that is why, and repeats nothing
// of the text but at most one character that is not Base32.
func ParseURI(text string) (URI, error) {
	if len(text) > maxURI {
		return URI{}, fmt.Errorf("%w: longer than %d bytes", ErrURI, maxURI)
	}
	scheme, rest, _ := strings.Cut(text, "://")
	switch lower(scheme) {
	case "otpauth":
	case "otpauth-migration":
		return URI{}, fmt.Errorf("%w: an export of many keys, not a key", ErrURI)
	default:
		return URI{}, fmt.Errorf("%w: scheme is not otpauth", ErrURI)
	}
	for _, c := range []byte(rest) {
		if c <= ' ' || c > '~' || c == '#' {
			return URI{}, fmt.Errorf("%w: character that must be percent-encoded", ErrURI)
		}
	}
	rest, query, _ := strings.Cut(rest, "?")
	kind, label, labeled := strings.Cut(rest, "/")
	params, err := parseQuery(query)
	if err != nil {
		return URI{}, err
	}
	var u URI
	if u.Key, err = params.key(kind); err != nil {
		return URI{}, err
	}
	if !labeled {
		return URI{}, fmt.Errorf("%w: no label", ErrURI)
	}
	if u.Issuer, u.Account, err = parseLabel(label); err != nil {
		return URI{}, err
	}
	if issuer, ok := params["issuer"]; ok {
		if u.Issuer != "" && u.Issuer != issuer {
			return URI{}, fmt.Errorf("%w: issuer parameter and label prefix differ", ErrURI)
		}
		if err := checkName("issuer", issuer, maxIssuer); err != nil {
			return URI{}, err
		}
		u.Issuer = issuer
	}
	return u, nil
}

// parseLabel splits the path of an otpauth URI, "issuer:account" or "account".
// The colon may be encoded, and spaces may follow it.
func parseLabel(label string) (issuer, account string, err error) {
	label, err = url.PathUnescape(label)
	if err != nil {
		return "", "", fmt.Errorf("%w: label: bad percent-encoding", ErrURI)
	}
	account = label
	if prefix, after, found := strings.Cut(label, ":"); found {
		issuer, account = prefix, strings.TrimLeft(after, " ")
		if err := checkName("issuer", issuer, maxIssuer); err != nil {
			return "", "", err
		}
	}
	return issuer, account, checkName("account", account, maxAccount)
}

// parameters are the decoded parameters of an otpauth URI, by lower-case name.
type parameters map[string]string

func parseQuery(query string) (parameters, error) {
	params := parameters{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fmt.Errorf("%w: parameter name: bad percent-encoding", ErrURI)
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, fmt.Errorf("%w: parameter: bad percent-encoding", ErrURI)
		}
		name = lower(name)
		if _, ok := params[name]; ok {
			// Which of the two counts differs from app to app.
			return nil, fmt.Errorf("%w: repeated parameter", ErrURI)
		}
		params[name] = value
	}
	return params, nil
}

// key returns the key of a URI of the given type, such as "totp".
func (p parameters) key(kind string) (Key, error) {
	switch lower(kind) {
	case "totp":
	case "hotp":
		return Key{}, fmt.Errorf("%w: type hotp: codes that depend on a counter are not supported", ErrURI)
	default:
		return Key{}, fmt.Errorf("%w: type is not totp", ErrURI)
	}
	if encoder := p["encoder"]; encoder != "" {
		return Key{}, fmt.Errorf("%w: encoder: only digits are supported", ErrURI)
	}
	text, ok := p["secret"]
	if !ok {
		return Key{}, fmt.Errorf("%w: no secret", ErrURI)
	}
	secret, err := ParseSecret(text)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrURI, err)
	}
	k := Key{Secret: secret}
	if name, ok := p["algorithm"]; ok {
		if k.Algorithm, ok = algorithm(name); !ok {
			return Key{}, fmt.Errorf("%w: algorithm is not SHA1, SHA256 or SHA512", ErrURI)
		}
	}
	if k.Digits, err = p.number("digits", defaultDigits, minDigits, maxDigits); err != nil {
		return Key{}, err
	}
	if k.Period, err = p.number("period", defaultPeriod, minPeriod, maxPeriod); err != nil {
		return Key{}, err
	}
	return k, nil
}

// number returns a parameter that is a decimal number without sign or leading
// zero.
func (p parameters) number(name string, byDefault, least, most int) (int, error) {
	text, ok := p[name]
	if !ok {
		return byDefault, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(n) != text || n < least || n > most {
		return 0, fmt.Errorf("%w: %s is not %d to %d", ErrURI, name, least, most)
	}
	return n, nil
}

// algorithm returns the algorithm of that name, in upper or lower case.
func algorithm(name string) (Algorithm, bool) {
	for _, a := range []Algorithm{SHA1, SHA256, SHA512} {
		if lower(name) == lower(a.String()) {
			return a, true
		}
	}
	return 0, false
}

// lower turns ASCII letters into lower case and leaves other characters alone,
// of which strings.ToLower makes ASCII letters too.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
