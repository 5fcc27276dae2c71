package main

import (
	"crypto/rand"
	"net/http"
	"sync"
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
	a.sessions.Put(r.Context(), tokenKey, s.Token())
	a.sessions.Put(r.Context(), liveKey, a.live.start(s.UserID()))
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

// live says which sessions there are. The session store alone can't: a slow
// request that began before the sign-out saves its session afterwards and so
// brings it back. It also finds all sessions of one user.
type live struct {
	mu       sync.Mutex
	sessions map[string]liveSession
}

type liveSession struct {
	user string
	ends time.Time
}

func newLive() *live { return &live{sessions: make(map[string]liveSession)} }

func (l *live) start(user string) (key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for k, s := range l.sessions {
		if now.After(s.ends) {
			delete(l.sessions, k)
		}
	}
	key = rand.Text()
	l.sessions[key] = liveSession{user, now.Add(sessionLife)}
	return key
}

func (l *live) alive(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[key]
	return ok && time.Now().Before(s.ends)
}

func (l *live) end(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, key)
}

// endAll ends all sessions of a user.
func (l *live) endAll(user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, s := range l.sessions {
		if s.user == user {
			delete(l.sessions, k)
		}
	}
}
