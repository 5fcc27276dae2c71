package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("SMARTLOCK_BOX"); dir != "" {
		boxProcess(dir) // the process that TestKilledController kills
		return
	}
	os.Exit(m.Run())
}

func TestWalk(t *testing.T) {
	t.Parallel()
	w, err := newWorld(0, t.TempDir())
	require.NoError(t, err)
	defer w.close()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, walk(ctx, w, &out), out.String())
	for _, rule := range []string{"E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E9"} {
		require.Contains(t, out.String(), "\n"+rule+" ")
	}
	require.Contains(t, out.String(), "all nine rules walked")
}

// A browser posts forms and reads pages.
type browser struct{ t *testing.T }

func (b browser) read(resp *http.Response, err error) string {
	b.t.Helper()
	require.NoError(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	require.Equal(b.t, http.StatusOK, resp.StatusCode, string(body))
	csp := resp.Header.Get("Content-Security-Policy")
	require.Contains(b.t, csp, "default-src 'none'")
	require.NotContains(b.t, csp, "unsafe")
	require.NotContains(b.t, string(body), "<script")
	require.NotContains(b.t, string(body), "style=")
	return string(body)
}

func (b browser) get(u string) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, u, nil)
	require.NoError(b.t, err)
	return b.read(http.DefaultClient.Do(req))
}

func (b browser) post(u string, fields ...string) string {
	b.t.Helper()
	f := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, u, strings.NewReader(f.Encode()))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.read(http.DefaultClient.Do(req))
}

var codeOn = regexp.MustCompile(`three minutes: ([0-9A-Z]{5})`)

// TestPages does with forms what a person does with a mouse.
func TestPages(t *testing.T) {
	t.Parallel()
	w, err := newWorld(0, t.TempDir())
	require.NoError(t, err)
	defer w.close()
	b := browser{t}
	house, p1, p2 := w.boxes[0], w.phones[0], w.phones[1]
	who := func(user string, more ...string) []string {
		return append([]string{"user", user, "lock", "house"}, more...)
	}
	sent := func(user string) string { return pinIn.FindString(w.cloud.lastSMS(user)) }

	require.Contains(t, b.get(p1.url+"/?user=olga"), "house: not activated")
	require.Contains(t, b.post(p1.url+"/do/request", who("olga")...), "has not confirmed")
	b.post(house.url + "/button")
	require.Contains(t, b.post(p1.url+"/do/request", who("olga")...), "on its way")
	pin := sent("olga")
	require.Contains(t, b.get(w.cloud.url+"/"), pin)
	require.Contains(t, b.post(p1.url+"/do/activate", who("olga", "pin", pin)...), "Activated.")
	cfg, err := fetchConfig(t.Context(), w.cloud.web, w.cloud.url, "house")
	require.NoError(t, err)
	shown := strings.ReplaceAll(string(cfg.text()), "\n", "\r\n")
	require.Contains(t, b.post(p1.url+"/do/confirm", who("olga", "pin", pin, "shown", shown)...), "is confirmed")
	require.Contains(t, b.post(p1.url+"/do/open", who("olga", "pin", pin, "purpose", "open", "door", "front")...), "Done.")
	require.Contains(t, b.get(house.url+"/"), "open door, for olga")

	page := b.post(p1.url+"/do/code", who("olga", "pin", pin, "purpose", "office", "door", "garage")...)
	code := codeOn.FindStringSubmatch(page)
	require.Len(t, code, 2)
	form := who("olga", "purpose", "office", "door", "garage", "code", strings.ToLower(code[1]))
	require.Contains(t, b.post(w.cloud.url+"/code", form...), "Done.")
	require.Contains(t, b.post(w.cloud.url+"/code", form...), "invalid code")
	require.Contains(t, b.get(house.url+"/"), "office mode")

	// A right that the web page gives counts when the owner has confirmed it.
	b.post(p2.url+"/do/request", who("uwe")...)
	uwe := sent("uwe")
	require.Contains(t, b.post(p2.url+"/do/activate", who("uwe", "pin", uwe)...), "Activated.")
	ask := who("uwe", "pin", uwe, "purpose", "office", "door", "front")
	require.Contains(t, b.post(p2.url+"/do/open", ask...), "not allowed")
	require.Contains(t, b.post(w.cloud.url+"/rights", "lock", "house", "user", "uwe", "open", "on", "office", "on"), "Saved.")
	require.Contains(t, b.post(p2.url+"/do/open", ask...), "not allowed")
	require.Contains(t, b.post(p1.url+"/do/confirm", who("olga", "pin", pin, "shown", shown)...), "has changed since")
	cfg, err = fetchConfig(t.Context(), w.cloud.web, w.cloud.url, "house")
	require.NoError(t, err)
	require.Contains(t, b.post(p1.url+"/do/confirm", who("olga", "pin", pin, "shown", string(cfg.text()))...), "is confirmed")
	require.Contains(t, b.post(p2.url+"/do/open", ask...), "Done.")

	// A second device, and what the first one shows of it.
	code = codeOn.FindStringSubmatch(b.post(p1.url+"/do/device", who("olga", "pin", pin)...))
	require.Len(t, code, 2)
	require.Contains(t, b.post(p2.url+"/do/join", who("olga", "code", code[1])...), "is activated")
	require.Contains(t, b.get(p1.url+"/?user=olga"), "A new device of olga")

	require.Contains(t, b.get(w.cloud.url+"/log"), "web form of olga")
	require.Contains(t, b.get(w.cloud.url+"/style.css"), "body")
}

func TestOtherOriginsAndNamesAreRefused(t *testing.T) {
	t.Parallel()
	w, err := newWorld(0, t.TempDir())
	require.NoError(t, err)
	defer w.close()
	for _, u := range []string{w.boxes[0].url + "/button", w.phones[0].url + "/do/open", w.cloud.url + "/code"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u, strings.NewReader("user=olga"))
		require.NoError(t, err)
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusForbidden, resp.StatusCode)
	}
	_, err = w.phones[0].app("../../etc")
	require.Error(t, err)
	for _, action := range []string{"", "open", "nonsense"} {
		_, err := w.phones[0].do(t.Context(), action, url.Values{"user": {"olga"}, "lock": {"house"}, "pin": {"1"}})
		require.Error(t, err)
	}
}
