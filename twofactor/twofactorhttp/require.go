package twofactorhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

type sessionKey struct{}

// Session returns the session that one of the Require methods let through, or
// nil where none stands before the handler.
func Session(r *http.Request) twofactor.Session {
	s, _ := r.Context().Value(sessionKey{}).(twofactor.Session)
	return s
}

// Verified returns the user that [Gate.RequireVerified] or [Gate.RequireFresh]
// let through. It returns nil where neither stands before the handler, unless
// [Gate.RequireSession] let the same kind of session through.
func Verified(r *http.Request) *twofactor.Verified {
	v, _ := Session(r).(*twofactor.Verified)
	return v
}

// RequireVerified lets those through to next who are signed in; next gets them
// by [Verified]. A login that waits for its code, a session that can only enroll,
// a token that is missing or forged are refused with status 401.
//
// It has to stand before every handler that isn't for everybody: pages, API,
// downloads, sockets. One without it is a way around the second factor.
func (g *Gate) RequireVerified(next http.Handler) http.Handler {
	return g.require(next, verified)
}

// RequireSession lets those through who are signed in, and those who have to set
// up a second factor first. It is for the handlers that they need for that.
func (g *Gate) RequireSession(next http.Handler) http.Handler {
	return g.require(next, func(twofactor.Session) error { return nil })
}

// RequireFresh lets those through who proved a second factor within a time
// before now, see [twofactor.Verified.Fresh]. Others who are signed in get
// status 403 with [twofactor.ReasonGrantRequired].
func (g *Gate) RequireFresh(within time.Duration, next http.Handler) http.Handler {
	return g.require(next, func(s twofactor.Session) error {
		if err := verified(s); err != nil {
			return err
		}
		if !s.(*twofactor.Verified).Fresh(g.cfg.Now(), within) {
			return &twofactor.RejectedError{Reason: twofactor.ReasonGrantRequired}
		}
		return nil
	})
}

func verified(s twofactor.Session) error {
	if _, ok := s.(*twofactor.Verified); !ok {
		return unauthorized{&twofactor.RejectedError{Reason: twofactor.ReasonEnrollmentRequired}}
	}
	return nil
}

func (g *Gate) require(next http.Handler, check func(twofactor.Session) error) http.Handler {
	return g.requireOr(g.cfg.Refuse, next, check)
}

func (g *Gate) requireOr(refuse func(http.ResponseWriter, *http.Request, error), next http.Handler, check func(twofactor.Session) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := g.session(r)
		if err == nil {
			err = check(s)
		}
		if err != nil {
			// Or the way back after the sign-in leads to the same refusal.
			w.Header().Set("Cache-Control", "no-store")
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, s)))
	})
}
