package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryRouteHasHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	calls := s.calls("x")
	for _, path := range []string{"/no-such-page", "/api/no-such-route", "/2fa/no-such-route"} {
		calls[path] = call{method: "GET", path: path, api: strings.Count(path, "/") > 1}
	}
	for pattern, c := range calls {
		b := s.browser().still()
		got := b.call(c)
		h := got.header
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", pattern)
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", pattern)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", pattern)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), pattern)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), pattern)
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"), pattern)
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"), pattern)
		require.NotEmpty(t, h.Get("Permissions-Policy"), pattern)
		require.Contains(t, h.Values("Vary"), "Cookie", pattern)
		if !slices.Contains([]string{"/style.css", "/icon.svg"}, c.path) {
			require.Contains(t, h.Values("Cache-Control"), "no-store", pattern)
		}
		if c.method == "GET" {
			head := s.browser().still().do("HEAD", c.path, "", "")
			require.Equal(t, got.status, head.status, "RFC 9110, section 9.3.2: %s", pattern)
			require.Equal(t, h.Get("Content-Type"), head.header.Get("Content-Type"), pattern)
			require.Empty(t, head.body, pattern)
		}
		if got.status >= 400 && c.api {
			require.Equal(t, "application/problem+json", h.Get("Content-Type"), pattern)
		} else if got.status >= 400 {
			require.Equal(t, "text/html; charset=utf-8", h.Get("Content-Type"), pattern)
		}
	}
}

func TestEveryRouteRefusesOtherOrigins(t *testing.T) {
	t.Parallel()
	store := new(countingStore)
	s := newSite(t, "access", counted(store))
	b := s.enrolled().still()
	walked := 0
	for pattern, c := range s.calls("x") {
		if c.method == "GET" {
			continue
		}
		walked++
		s.unwritten(store, pattern, func() {
			for _, header := range [][]string{
				{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
				{"Origin", "https://evil.example"}, {"Origin", "null"},
			} {
				got := b.call(c, header...)
				require.Equal(t, 403, got.status, "%s %v: %s", pattern, header, got.body)
				require.Empty(t, got.header.Values("Set-Cookie"), pattern)
			}
		})
		require.Equal(t, 200, b.get("/api/me").status, "%s ended the session", pattern)
	}
	require.Greater(t, walked, 40)
}

// No route does anything by a method that isn't its own.
func TestEveryRouteRefusesOtherMethods(t *testing.T) {
	t.Parallel()
	store := new(countingStore)
	s := newSite(t, "access", counted(store))
	b := s.enrolled().still()
	calls, methods := s.calls("x"), make(map[string][]string)
	for _, c := range calls {
		methods[c.path] = append(methods[c.path], c.method)
		if c.method == "GET" {
			methods[c.path] = append(methods[c.path], "HEAD")
		}
	}
	for pattern, c := range calls {
		s.unwritten(store, pattern, func() {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
				if slices.Contains(methods[c.path], method) {
					continue
				}
				got := b.do(method, c.path, c.kind, c.form, "Sec-Fetch-Site", "same-origin")
				require.Equal(t, 405, got.status, "%s %s", method, c.path)
				require.ElementsMatch(t, methods[c.path], strings.Split(got.header.Get("Allow"), ", "), "RFC 9110, section 15.5.6: %s", c.path)
			}
		})
	}
	require.Equal(t, 200, b.get("/api/me").status)
}
