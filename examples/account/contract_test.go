package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nothing that a client can send is a fault: each row of the contract answers
// what it can't read with a problem.
func TestContract_MalformedRequestsAreProblems(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	b.signIn("alice")
	b.grant("alice")
	b.phone()
	rows := contract
	for _, path := range []string{"login/send", "login/verify", "login/lost-device", "login/cancel"} {
		rows = append(rows, struct {
			method, path string
			enrolling    bool
		}{"POST", path, true})
	}
	long := strings.Repeat("x", 100)
	for _, r := range rows {
		for name, send := range map[string]struct{ kind, body string }{
			"no body":       {"application/json", ""},
			"no JSON":       {"application/json", "{"},
			"array":         {"application/json", "[]"},
			"null":          {"application/json", "null"},
			"two objects":   {"application/json", "{}{}"},
			"unknown field": {"application/json", `{"skip":true}`},
			"wrong types":   {"application/json", `{"code":1,"method":[],"kind":{},"number":2,"name":false,"enabled":"yes","last_digits":1}`},
			"too large":     {"application/json", `{"code":"` + strings.Repeat("1", 16<<10) + `"}`},
			"form":          {"application/x-www-form-urlencoded", "code=123456"},
			"no type":       {"", "{}"},
			"long code":     {"application/json", `{"code":"` + long + `"}`},
			"long name":     {"application/json", `{"name":"` + long + `"}`},
			"long kind":     {"application/json", `{"kind":"` + long + `"}`},
			"named app":     {"application/json", `{"kind":"totp","name":"` + long + `"}`},
			"line break":    {"application/json", `{"kind":"totp","name":"a\nb"}`},
			"long number":   {"application/json", `{"number":"` + long + `"}`},
			"long phone":    {"application/json", `{"kind":"sms","phone":"` + long + `"}`},
			"long password": {"application/json", `{"password":"` + long + `"}`},
			"four codes":    {"application/json", `{"codes":["123456","123456","123456","123456"]}`},
		} {
			got := b.do(r.method, "/2fa/"+r.path, send.kind, send.body)
			require.Less(t, got.status, 500, "%s %s, %s: %s", r.method, r.path, name, got.body)
			require.Contains(t, got.header.Values("Cache-Control"), "no-store")
			if got.status < 400 {
				continue // a row that takes no body, or this one
			}
			require.Equal(t, "application/problem+json", got.header.Get("Content-Type"), "%s %s, %s", r.method, r.path, name)
			var p struct {
				Type, Title string
				Status      int
			}
			require.NoError(t, json.Unmarshal([]byte(got.body), &p))
			require.Equal(t, got.status, p.Status)
			require.NotEmpty(t, p.Type)
			require.NotEmpty(t, p.Title)
			require.NotContains(t, got.body, long, "%s %s, %s", r.method, r.path, name)
		}
	}
}

func TestContract_AppsEndpointsRefuseWhatTheyCantRead(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	b.signIn("alice")
	for _, path := range []string{"/api/sign-in", "/api/password"} {
		for _, body := range []string{"", "{", "[]", "null", "{}{}", `{"skip":1}`, `{"user":1,"old":2}`, `{"user":"` + strings.Repeat("x", maxBody) + `"}`} {
			got := b.do("POST", path, "application/json", body)
			require.Equal(t, 400, got.status, "%s %.20s: %s", path, body, got.body)
			require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
		}
		require.Equal(t, 400, b.do("POST", path, "text/plain", "{}").status)
	}
}
