package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStrangersFillNoMemory sends everything from nobody, with and without a
// cookie that looks like a login.
func TestStrangersFillNoMemory(t *testing.T) {
	t.Parallel()
	for _, product := range products() {
		s := unserved(t, product)
		store := s.app.sessions.Store.(*sessionStore)
		for _, route := range s.app.routes() {
			method, path, _ := strings.Cut(route.pattern, " ")
			if path == "" {
				continue // the contract, which keeps no sessions of its own
			}
			for _, cookie := range []string{"", "2fa-pending=forged", "session=forged"} {
				path := strings.NewReplacer("{$}", "", "{id}", "x").Replace(path)
				r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader("method=lost_device&last_digits=1&code=x"))
				r.RemoteAddr = "127.0.0.1:1234"
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("Cookie", cookie)
				w := httptest.NewRecorder()
				s.app.handler.ServeHTTP(w, r)
				require.Less(t, w.Code, http.StatusInternalServerError, route.pattern)
				require.Empty(t, store.sessions, "%s: %s, with %q", product, route.pattern, cookie)
			}
		}
	}
}
