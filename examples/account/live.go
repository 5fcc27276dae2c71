package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// live says which sessions there are. The session store alone can't: a slow
// request that began before the sign-out saves its session afterwards and so
// brings it back. It also finds all sessions of one user, and knows which
// sign-ins under way were overtaken by the end of those.
type live struct {
	mu       sync.Mutex
	sessions map[string]liveSession
	ends     uint64            // counts the calls of endAll
	ended    map[string]uint64 // the last of them for a user
}

type liveSession struct {
	user string
	ends time.Time
}

func newLive() *live {
	return &live{sessions: make(map[string]liveSession), ended: make(map[string]uint64)}
}

// begunKey is what a request's context has the count of endings under that was
// reached when the request began.
type begunKey struct{}

// begin notes when a request begins: before any password or code is looked at.
func (l *live) begin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		begun := l.ends
		l.mu.Unlock()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), begunKey{}, &begun)))
	})
}

// start returns the key of a new session. A sign-in that began before the user's
// sessions were ended gets none: it rests on what had been true before.
func (l *live) start(ctx context.Context, user string) (key string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begun, ok := ctx.Value(begunKey{}).(*uint64)
	if !ok || l.ended[user] > *begun {
		return "", &twofactor.RejectedError{Reason: twofactor.ReasonLoginEnded}
	}
	now := time.Now()
	for k, s := range l.sessions {
		if now.After(s.ends) {
			delete(l.sessions, k)
		}
	}
	key = rand.Text()
	l.sessions[key] = liveSession{user, now.Add(sessionLife)}
	return key, nil
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

// endAll ends all sessions of a user, also those that are about to start. Only
// the request that it is called in may start one after it.
func (l *live) endAll(ctx context.Context, user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, s := range l.sessions {
		if s.user == user {
			delete(l.sessions, k)
		}
	}
	l.ends++
	if begun, ok := ctx.Value(begunKey{}).(*uint64); ok && l.ended[user] <= *begun {
		*begun = l.ends // unless another request's endAll has overtaken this one
	}
	l.ended[user] = l.ends
}
