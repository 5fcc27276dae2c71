package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

const verifyRoute = "login/verify"

// A site is what an application around the second step has, and what both
// contenders use alike: the sessions of those who got through.
type site struct {
	mu       sync.Mutex
	sessions map[string]string
}

func (s *site) start(w http.ResponseWriter, token string) {
	id := rand.Text()
	s.mu.Lock()
	if len(s.sessions) > 10_000 {
		clear(s.sessions) // they have no end here
	}
	s.sessions[id] = token
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// A way is how one contender serves the second step.
type way struct {
	handler func(path string, c *clock) (http.Handler, error) // of one client
	cookie  func(p *person, t turn) string                    // by which it knows the login that waits
	reset   func([]*person) error
}

// ourWay is Gate.API over store.
func ourWay(ctx context.Context, t *town, store twofactor.Store) way {
	s := &site{sessions: make(map[string]string)}
	return way{
		handler: func(path string, c *clock) (http.Handler, error) {
			svc, err := t.service(store, c)
			if err != nil {
				return nil, err
			}
			gate, err := twofactorhttp.New(twofactorhttp.Config{
				Service: svc, Now: c.now, InsecurePlainHTTP: true,
				SessionToken: func(*http.Request) string { return "" },
				StartSession: func(w http.ResponseWriter, _ *http.Request, session twofactor.Session) error {
					s.start(w, session.Token())
					return nil
				},
			})
			if err != nil {
				return nil, err
			}
			return gate.API(twofactorhttp.APIConfig{
				Path:          path,
				CheckPassword: func(context.Context, string, string) error { return twofactor.ErrWrongPassword },
				Account:       func(_ context.Context, user string) (string, error) { return user, nil },
			})
		},
		cookie: func(_ *person, t turn) string { return "2fa-pending=" + t.token },
		reset:  restore(ctx, store),
	}
}
