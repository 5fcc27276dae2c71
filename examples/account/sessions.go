package main

import (
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// How long a session lasts: NIST SP 800-63B-4, section 2.2.3.
const (
	sessionLife = 24 * time.Hour
	sessionIdle = time.Hour
)

// What a session holds.
const (
	tokenKey = "2fa"  // what the gate gave us
	liveKey  = "live" // its entry in app.live
	flashKey = "flash"
	sentKey  = "sent"
)

func newSessions(proxied bool, fail func(http.ResponseWriter, *http.Request, error)) *scs.SessionManager {
	name := "session"
	if proxied {
		name = "__Host-session" // from https, from this host and no subdomain, for all of it
	}
	// Not scs.New, which starts a goroutine for a store that isn't used here.
	return &scs.SessionManager{
		Lifetime: sessionLife, IdleTimeout: sessionIdle,
		Store: newSessionStore(), HashTokenInStore: true, // who reads the store has no session
		Codec: scs.GobCodec{}, ErrorFunc: fail,
		Cookie: scs.SessionCookie{
			Name: name, Path: "/", HttpOnly: true, Secure: proxied, SameSite: http.SameSiteLaxMode,
			Persist: false, // it ends with the browser
		},
	}
}

// startSession signs a user in: in a session with a new id, so that nobody can
// have planted it, and with nothing in it that was there before.
func (a *app) startSession(_ http.ResponseWriter, r *http.Request, s twofactor.Session) error {
	a.endSession(r)
	if err := a.sessions.Clear(r.Context()); err != nil {
		return err
	}
	if err := a.sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	key, err := a.live.start(r.Context(), s.UserID())
	if err != nil {
		return err
	}
	a.sessions.Put(r.Context(), tokenKey, s.Token())
	a.sessions.Put(r.Context(), liveKey, key)
	return nil
}

// sessionToken returns what startSession kept, if the session still lives.
func (a *app) sessionToken(r *http.Request) string {
	if !a.live.alive(a.sessions.GetString(r.Context(), liveKey)) {
		return ""
	}
	return a.sessions.GetString(r.Context(), tokenKey)
}

func (a *app) endSession(r *http.Request) {
	a.live.end(a.sessions.GetString(r.Context(), liveKey))
	a.sessions.Remove(r.Context(), tokenKey)
	a.sessions.Remove(r.Context(), liveKey)
}
