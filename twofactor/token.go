package twofactor

import (
	"encoding/base64"
	"errors"
)

// The kinds of tokens. Each is bound to its kind, so that none passes for
// another.
const (
	pendingToken = "pending"
	sessionToken = "session"
	browserToken = "browser"
)

// maxToken bounds what a cookie can hold (RFC 6265bis, section 5.6: 4096 octets
// with the name).
const maxToken = 4000

// A sealable is what a token holds.
type sealable interface {
	Encode() ([]byte, error)
	Decode([]byte) error
}

var errToken = errors.New("twofactor: token is not valid")

// sealToken returns v sealed as text for a cookie or a session store.
func (s *Service) sealToken(kind string, v sealable) (string, error) {
	plain, err := v.Encode()
	if err != nil {
		return "", err
	}
	var buf [512]byte // more than most tokens need
	text := base64.RawURLEncoding.AppendEncode(buf[:0], s.tokens.Seal(plain, []byte(kind)))
	if len(text) > maxToken {
		return "", errors.New("twofactor: token would be too long")
	}
	return string(text), nil
}

// openToken fills v from text. Its error says nothing of the cause: there is
// nobody who should know more than that the token is void.
func (s *Service) openToken(kind, text string, v sealable) error {
	if text == "" || len(text) > maxToken {
		return errToken
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return errToken
	}
	plain, err := s.tokens.Open(box, []byte(kind))
	if err != nil {
		return errToken
	}
	if v.Decode(plain) != nil {
		return errToken
	}
	return nil
}

// Resume turns a session's token back into the session, or returns an error
// that matches [ErrRejected].
//
// A token has no end of its own, and Resume asks no store: it turns a token from
// before a new password, a removed factor or a reset into a session like any
// other. So it belongs into a place that only the app can write and that it can
// empty, and the app has to end its sessions when a password has changed, and
// ought to offer it when factors have (OWASP ASVS 7.4.3). What changes factors
// asks for a grant in any case, and no grant outlives any of these.
//
// A sign-in under way is one of those sessions: it was judged before the change
// and starts its session after the app has ended them all. So the app notes when
// a request begins, and starts no session for one that such an end has overtaken.
func (s *Service) Resume(token string) (Session, error) {
	var st session
	if err := s.openToken(sessionToken, token, &st); err != nil || st.User == "" {
		return nil, reject(ReasonLoginEnded)
	}
	if st.Limited {
		return &EnrollmentOnly{s: st, token: token}, nil
	}
	return &Verified{s: st, token: token}, nil
}
