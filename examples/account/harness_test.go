package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// A site is the app behind a real server, with a clock to move.
type site struct {
	t     *testing.T
	app   *app
	url   string
	clock *twofactortest.Clock
}

func newSite(t *testing.T, product string, changes ...func(*config)) *site {
	t.Helper()
	s := unserved(t, product, changes...)
	server := httptest.NewServer(s.app.handler)
	s.url = server.URL
	t.Cleanup(server.Close)
	return s
}

// unserved is the app with no server yet.
func unserved(t *testing.T, product string, changes ...func(*config)) *site {
	t.Helper()
	s := &site{t: t, clock: twofactortest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	cfg := config{
		store: new(memory.Store), notes: new(memoryNotes), key: twofactor.NewKey(), product: product, outbox: true,
		passwordCost: bcrypt.MinCost, now: s.clock.Now, logger: slog.New(slog.DiscardHandler),
	}
	for _, change := range changes {
		change(&cfg)
	}
	var err error
	s.app, err = newApp(cfg)
	require.NoError(t, err)
	return s
}

// memoryNotes keep the notes as long as the test runs.
type memoryNotes struct{ users sync.Map }

func (n *memoryNotes) enrolled(_ context.Context, user string) (bool, error) {
	_, ok := n.users.Load(user)
	return ok, nil
}

func (n *memoryNotes) note(_ context.Context, user string, enrolled bool) error {
	if enrolled {
		n.users.Store(user, true)
	} else {
		n.users.Delete(user)
	}
	return nil
}

// A browser keeps cookies and follows redirects, as people's do.
type browser struct {
	*site
	client *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	return &browser{s, client}
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	url    *url.URL
	body   string
}

func (b *browser) do(method, path, kind, body string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	require.NoError(b.t, err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(r)
	require.NoError(b.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return answer{res.StatusCode, res.Header, res.Request.URL, string(text)}
}

// api sends JSON, wants a status and returns the fields of the answer.
func (b *browser) api(method, path string, body any, status int) map[string]any {
	b.t.Helper()
	text, kind := []byte(nil), ""
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		require.NoError(b.t, err)
		kind = "application/json"
	}
	got := b.do(method, path, kind, string(text))
	require.Equal(b.t, status, got.status, "%s %s: %s", method, path, got.body)
	out := map[string]any{}
	if got.body != "" {
		require.NoError(b.t, json.NewDecoder(bytes.NewBufferString(got.body)).Decode(&out))
	}
	return out
}

type fields = map[string]any

// get shows a page.
func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do("GET", path, "", "")
}

// post sends a form and shows the page that it leads to.
func (b *browser) post(path string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do("POST", path, "application/x-www-form-urlencoded", form.Encode(), "Sec-Fetch-Site", "same-origin")
}

// signIn enters the password of a demo user and returns what comes next.
func (b *browser) signIn(name string) string {
	b.t.Helper()
	out := b.api("POST", "/api/sign-in", fields{"user": name + "@example.com", "password": name + "-demo-password"}, 200)
	return out["status"].(string)
}

// cookie returns the value of a cookie that the browser has.
func (b *browser) cookie(name string) string {
	u, err := url.Parse(b.url)
	require.NoError(b.t, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// sent returns the newest message to a number or address.
func (s *site) sent(to string) string {
	s.t.Helper()
	require.NoError(s.t, s.app.drain(s.t.Context()))
	d, ok := s.app.messages.Last(to)
	require.True(s.t, ok, "nothing was sent to %s", to)
	return d.Text
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code returns the code in the newest message with one.
func (s *site) code(to string) string {
	s.t.Helper()
	require.NoError(s.t, s.app.drain(s.t.Context()))
	messages := s.app.messages.Messages()
	for i := len(messages) - 1; i >= 0; i-- {
		if c := sixDigits.FindString(messages[i].Text); messages[i].To == to && c != "" {
			return c
		}
	}
	s.t.Fatalf("no code was sent to %s", to)
	return ""
}

// phone enrols an authenticator app through the JSON contract. The browser has a
// grant already.
func (b *browser) phone() (*twofactortest.Phone, fields) {
	b.t.Helper()
	e := b.api("POST", "/2fa/enrollments", fields{"kind": "totp"}, 201)
	require.Equal(b.t, "image/png", b.get(e["qr_png"].(string)).header.Get("Content-Type"))
	scanned, err := twofactortest.NewPhone(e["uri"].(string))
	require.NoError(b.t, err)
	c := b.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": scanned.Code(b.clock.Now())}, 200)
	b.clock.Advance(30 * time.Second)
	return scanned, c
}

// grant gives the password as the fresh proof.
func (b *browser) grant(name string) {
	b.t.Helper()
	b.api("POST", "/2fa/grant", fields{"password": name + "-demo-password"}, 200)
}

// methods returns the ids of the pending login's methods, by kind.
func (b *browser) methods() map[string]string {
	b.t.Helper()
	ids := make(map[string]string)
	for _, m := range b.api("GET", "/2fa/login", nil, 200)["methods"].([]any) {
		ids[m.(fields)["kind"].(string)] = m.(fields)["id"].(string)
	}
	return ids
}

func texts(list any) []string {
	var out []string
	for _, v := range list.([]any) {
		out = append(out, v.(string))
	}
	return out
}
