package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// walkStrict is about accounts that need a second factor, and about the end of
// their tries.
func walkStrict(s *stage) {
	site := s.site("strict")
	w := s.window(site)
	w.signIn("alice")
	w.at("/settings")
	w.look("settings.limited")
	w.Open("/")
	w.at("/settings") // and nowhere else
	w.confirmPassword("alice")
	w.look("settings.limited-choose")
	w.setUpApp()
	code := w.recoveryCodes()[0]
	w.Follow("I have kept them")
	w.look("settings.required")

	site.guess()
	w.ClearCookies()
	w.signIn("alice")
	w.look("second-step.paused")
	w.Follow("Use a recovery code")
	w.Fill("Recovery code", code)
	w.Press("Sign in")
	require.Contains(s, w.Text(), "These take their place.")
	w.look("codes.replaced")
	w.Follow("I have kept them")
	w.at("/settings")
}

// walkThreeCodes is about an account without tries, whose owner has the app.
func walkThreeCodes(s *stage) {
	site := s.site("twostep")
	owner := site.browser()
	owner.signIn("alice")
	owner.grant("alice")
	phone, _ := owner.phone()
	site.guess()
	site.clock.Advance(time.Hour) // after which the method isn't paused any more
	w := s.window(site)
	w.signIn("alice")
	w.look("second-step.three")
	w.Fill("First code", w.next(phone))
	w.Fill("Second code", w.next(phone))
	w.Fill("Third code", w.next(phone))
	w.Press("Sign in")
	w.at("/")
}

// guess is what someone does who has alice's password, until her account has no
// tries left.
func (s *site) guess() {
	guesser := s.browser()
	for range 3 {
		require.Equal(s.t, statusSecondFactor, guesser.signIn("alice"))
		for range 4 {
			guesser.do("POST", "/2fa/login/verify", "application/json", `{"code":"000000"}`)
		}
	}
}

// walkErrors is about the pages on which nothing can be mended.
func walkErrors(s *stage) {
	store := &failing{Store: new(memory.Store)}
	site := s.site("access", func(c *config) { c.store = store })
	w := s.window(site)
	w.Open("/no-such-page")
	w.Refused(404)
	w.look("error.not-found")
	w.signIn("alice")
	store.down.Store(true)
	w.Open("/settings")
	w.Refused(500)
	w.look("error.fault")
	store.down.Store(false)
	w.Follow("Go to the start")
	w.at("/")

	// A form on another site.
	elsewhere := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = rw.Write([]byte(`<!DOCTYPE html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">
			<form method="post" action="` + site.url + `/settings/enabled"><button>Win</button></form></html>`))
	}))
	s.Cleanup(elsewhere.Close)
	other := &window{s.chromium.Window(s, elsewhere.URL), site, s.seen}
	other.Open("/")
	other.Press("Win")
	other.Refused(403)
	other.look("error.other-site")
}

// failing is a store that can be down.
type failing struct {
	twofactor.Store
	down atomic.Bool
}

func (f *failing) Load(ctx context.Context, key string) (twofactor.Record, error) {
	if f.down.Load() {
		return twofactor.Record{}, errors.New("down")
	}
	return f.Store.Load(ctx, key)
}
