package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// open are the routes that are for everybody. A new one has to be added here on
// purpose; all others are walked below.
var open = []string{
	"GET /style.css", "GET /icon.svg",
	"GET /sign-in", "POST /sign-in", "POST /sign-out",
	"GET /second-step", "POST /second-step", "POST /second-step/send", "POST /second-step/lost-device", "POST /second-step/cancel",
	"GET /forgot-password", "POST /forgot-password", "GET /reset-password", "POST /reset-password",
	"POST /api/sign-in", "POST /api/sign-out", "/2fa/",
	"GET /outbox", "GET /outbox.json",
}

// contract are the rows of the JSON contract, with what they need.
var contract = []struct {
	method, path string
	enrolling    bool // also for a session that can only enroll
}{
	{"GET", "settings", true}, {"POST", "grant", true}, {"POST", "grant/send", true},
	{"POST", "enrollments", true}, {"GET", "enrollments/x/qr.png", true}, {"GET", "enrollments/x/qr.svg", true},
	{"POST", "enrollments/x/send", true}, {"POST", "enrollments/x/confirm", true},
	{"PUT", "phone", true}, {"DELETE", "phone", true}, {"POST", "phone/send", true}, {"POST", "phone/verify", true},
	{"PATCH", "methods/x", false}, {"DELETE", "methods/x", false}, {"PUT", "enabled", false},
	{"POST", "recovery-codes", false}, {"DELETE", "devices/x", false}, {"DELETE", "devices", false},
}

// still makes a browser that shows redirects.
func (b *browser) still() *browser {
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// enrolled sets up an authenticator app for alice.
func (s *site) enrolled() *browser {
	s.t.Helper()
	b := s.browser()
	b.signIn("alice")
	b.grant("alice")
	b.phone()
	return b
}

func TestBypass_W30_W31_W32_W35_EveryRoute(t *testing.T) {
	t.Parallel()
	access, required := newSite(t, "access"), newSite(t, "strict")
	access.enrolled()
	states := map[string]func(t *testing.T) *browser{
		"nobody": func(*testing.T) *browser { return access.browser() },
		"pending": func(t *testing.T) *browser {
			b := access.browser()
			require.Equal(t, statusSecondFactor, b.signIn("alice"))
			return b
		},
		"enrolling": func(t *testing.T) *browser {
			b := required.browser()
			require.Equal(t, statusEnrollmentRequired, b.signIn("bob"))
			return b
		},
	}
	var found []string
	for _, r := range access.app.routes() {
		if r.who == anyone {
			found = append(found, r.pattern)
		}
	}
	require.ElementsMatch(t, open, found)

	for name, enter := range states {
		t.Run(name, func(t *testing.T) {
			for _, r := range access.app.routes() {
				method, path, ok := strings.Cut(r.pattern, " ")
				if !ok {
					continue // the JSON contract, below
				}
				b := enter(t).still()
				path = strings.NewReplacer("{$}", "", "{id}", "x").Replace(path)
				got := b.do(method, path, "application/x-www-form-urlencoded", "")
				require.Less(t, got.status, 500, r.pattern)
				b.api("GET", "/api/me", nil, 401)
				if r.who == anyone || r.who == enrolling && name == "enrolling" {
					continue
				}
				if strings.HasPrefix(path, "/api/") {
					require.Equal(t, 401, got.status, r.pattern)
					require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
					continue
				}
				want := "/sign-in?note=ended"
				if name == "enrolling" {
					want = "/settings"
				}
				require.Equal(t, 303, got.status, "%s: %s", r.pattern, got.body)
				require.Equal(t, want, got.header.Get("Location"), r.pattern)
			}
			for _, r := range contract {
				if r.enrolling && name == "enrolling" {
					continue
				}
				b := enter(t)
				got := b.do(r.method, "/2fa/"+r.path, "application/json", "{}")
				require.Equal(t, 401, got.status, "%s %s", r.method, r.path)
				b.api("GET", "/api/me", nil, 401)
			}
		})
	}
}

func TestEveryRouteHasHeadersAndRefusesOtherOrigins(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	signedIn := s.enrolled().still()
	patterns := []string{"GET /no-such-page", "GET /2fa/settings", "GET /2fa/no-such-route"}
	for _, r := range s.app.routes() {
		patterns = append(patterns, r.pattern)
	}
	for _, pattern := range patterns {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok {
			continue
		}
		path = strings.NewReplacer("{$}", "", "{id}", "x").Replace(path)
		if method == "POST" {
			for _, other := range []string{"cross-site", "same-site"} {
				got := signedIn.do(method, path, "application/x-www-form-urlencoded", "", "Sec-Fetch-Site", other)
				require.Equal(t, 403, got.status, pattern)
			}
			got := signedIn.do(method, path, "text/plain", "", "Origin", "https://evil.example")
			require.Equal(t, 403, got.status, pattern)
			require.Equal(t, 200, signedIn.do("GET", "/api/me", "", "").status)
		}
		b := s.browser().still()
		got := b.do(method, path, "", "")
		h := got.header
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", pattern)
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", pattern)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", pattern)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), pattern)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), pattern)
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"), pattern)
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"), pattern)
		require.NotEmpty(t, h.Get("Permissions-Policy"), pattern)
		if !slices.Contains([]string{"/style.css", "/icon.svg"}, path) {
			require.Contains(t, h.Values("Cache-Control"), "no-store", pattern)
		}
	}
}
