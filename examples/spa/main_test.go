package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

type fields = map[string]any

// A page sends what app.js sends.
type page struct {
	t    *testing.T
	url  string
	http *http.Client
}

func (p *page) fetch(method, path string, body any, status int) (http.Header, []byte) {
	p.t.Helper()
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		require.NoError(p.t, err)
		sent = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, sent)
	require.NoError(p.t, err)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := p.http.Do(r)
	require.NoError(p.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, status, res.StatusCode, "%s %s: %s", method, path, text)
	return res.Header, text
}

func (p *page) json(method, path string, body any, status int) (out fields) {
	p.t.Helper()
	_, text := p.fetch(method, path, body, status)
	require.NoError(p.t, json.Unmarshal(text, &out))
	return out
}

func open(t *testing.T) (*page, *twofactortest.Clock) {
	t.Helper()
	clock := twofactortest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	h, err := handler(clock.Now, bcrypt.MinCost)
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &page{t, server.URL, &http.Client{Jar: jar, Timeout: 30 * time.Second}}, clock
}

func TestPageRunsItsOwnScriptAlone(t *testing.T) {
	t.Parallel()
	p, _ := open(t)
	for path, kind := range map[string]string{"/": "text/html", "/app.js": "text/javascript"} {
		header, text := p.fetch("GET", path, nil, 200)
		require.Contains(t, header.Get("Content-Type"), kind)
		require.Contains(t, header.Get("Content-Security-Policy"), "script-src 'self';")
		require.NotContains(t, string(text), "innerHTML")
		// The policy would stop these, and the page with them.
		require.NotRegexp(t, `<script>|<style|style=|\bon[a-z]+="|https?://`, string(text))
	}
	p.fetch("GET", "/main.go", nil, 404)
}

// TestScriptKeepsToThePage looks up every element that the script names.
func TestScriptKeepsToThePage(t *testing.T) {
	t.Parallel()
	html, err := files.ReadFile("index.html")
	require.NoError(t, err)
	script, err := files.ReadFile("app.js")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?:\$|\bon)\("([a-z-]+)"`).FindAllSubmatch(script, -1)
	require.NotEmpty(t, found)
	for _, m := range found {
		require.Contains(t, string(html), `id="`+string(m[1])+`"`)
	}
}

func TestWhatTheScriptSends(t *testing.T) {
	t.Parallel()
	p, clock := open(t)
	right := fields{"name": userName, "password": password}
	p.fetch("GET", "/2fa/settings", nil, 401)
	p.fetch("GET", "/2fa/login", nil, 401)
	require.NotEmpty(t, p.json("POST", "/sign-in", fields{"name": userName, "password": "wrong"}, 403)["title"])
	require.Equal(t, false, p.json("POST", "/sign-in", right, 200)["second_step"])

	require.Equal(t, "grant_required", p.json("POST", "/2fa/enrollments", fields{"kind": "totp"}, 403)["reason"])
	require.Empty(t, p.json("GET", "/2fa/settings", nil, 200)["methods"])
	p.json("POST", "/2fa/grant", fields{"password": password}, 200)
	e := p.json("POST", "/2fa/enrollments", fields{"kind": "totp"}, 201)
	_, png := p.fetch("GET", e["qr_png"].(string), nil, 200)
	phone, err := twofactortest.ScanPhone(png)
	require.NoError(t, err)
	done := p.json("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": phone.Code(clock.Now())}, 200)
	codes := done["recovery_codes"].([]any)
	require.Len(t, codes, 10)
	p.fetch("POST", "/sign-out", nil, 204)
	clock.Advance(30 * time.Second)

	require.Equal(t, true, p.json("POST", "/sign-in", right, 200)["second_step"])
	require.EqualValues(t, 1, p.json("GET", "/2fa/login", nil, 200)["codes"])
	p.fetch("GET", "/2fa/settings", nil, 401)
	require.Equal(t, "wrong_code", p.json("POST", "/2fa/login/verify", fields{"code": "000000"}, 403)["reason"])
	p.fetch("POST", "/2fa/login/cancel", nil, 204)
	p.json("POST", "/sign-in", right, 200)
	p.json("POST", "/2fa/login/verify", fields{"code": codes[0]}, 200)

	require.Len(t, p.json("POST", "/2fa/recovery-codes", nil, 201)["recovery_codes"], 10)
	p.fetch("POST", "/sign-out", nil, 204)
	p.json("POST", "/sign-in", right, 200)
	require.Equal(t, "verified", p.json("POST", "/2fa/login/verify", fields{"code": phone.Code(clock.Now())}, 200)["status"])
	p.json("POST", "/2fa/grant", fields{"code": phone.Code(clock.Now().Add(30 * time.Second))}, 200)
	id := p.json("GET", "/2fa/settings", nil, 200)["methods"].([]any)[0].(fields)["id"].(string)
	p.fetch("DELETE", "/2fa/methods/"+id, nil, 204)
}
