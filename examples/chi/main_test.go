package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

type fields = map[string]any

// A client speaks JSON and keeps cookies.
type client struct {
	t    *testing.T
	url  string
	http *http.Client
}

func newClient(t *testing.T, url string) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &client{t, url, &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

func (c *client) do(method, path string, body any, status int) []byte {
	c.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(c.t, err)
	if body == nil {
		data = nil
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, bytes.NewReader(data))
	require.NoError(c.t, err)
	r.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(r)
	require.NoError(c.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, status, res.StatusCode, "%s %s: %s", method, path, text)
	return text
}

func (c *client) json(method, path string, body any, status int) (out fields) {
	c.t.Helper()
	require.NoError(c.t, json.Unmarshal(c.do(method, path, body, status), &out))
	return out
}

func TestSignInWithASecondStep(t *testing.T) {
	t.Parallel()
	clock := twofactortest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	h, err := handler(clock.Now, bcrypt.MinCost)
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	right := fields{"name": userName, "password": password}

	c := newClient(t, server.URL)
	c.do("POST", "/sign-in", fields{"name": userName, "password": "wrong"}, 403)
	c.do("POST", "/sign-in", fields{"name": "bob", "password": password}, 403)
	c.do("POST", "/sign-in", "alice", 400)
	c.do("GET", "/me", nil, 401)
	require.Equal(t, false, c.json("POST", "/sign-in", right, 200)["second_step"])
	require.Equal(t, []any{"pwd"}, c.json("GET", "/me", nil, 200)["amr"])

	c.json("POST", "/2fa/grant", fields{"password": password}, 200)
	e := c.json("POST", "/2fa/enrollments", fields{"kind": "totp"}, 201)
	phone, err := twofactortest.ScanPhone(c.do("GET", e["qr_png"].(string), nil, 200))
	require.NoError(t, err)
	c.json("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": phone.Code(clock.Now())}, 200)
	c.do("POST", "/sign-out", nil, 204)
	c.do("GET", "/me", nil, 401)
	clock.Advance(30 * time.Second)

	require.Equal(t, true, c.json("POST", "/sign-in", right, 200)["second_step"])
	for _, path := range []string{"/me", "/2fa/settings"} {
		c.do("GET", path, nil, 401)
	}
	c.json("POST", "/2fa/login/verify", fields{"code": "000000"}, 403)
	c.json("POST", "/2fa/login/verify", fields{"code": phone.Code(clock.Now())}, 200)
	require.Equal(t, []any{"pwd", "otp", "mfa"}, c.json("GET", "/me", nil, 200)["amr"])
}
