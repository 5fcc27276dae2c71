package twofactorhttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

var kinds = []string{"pending", "grant", "browser", "device"}

// stored does with a Set-Cookie line what a browser does before it keeps the
// cookie (draft-ietf-httpbis-rfc6265bis, section 5.7, steps 8 to 22), as far as
// our cookies can run into it.
func stored(line string, secureOrigin bool) bool {
	name, value, attrs := "", "", map[string]string{}
	for i, part := range strings.Split(line, ";") {
		k, v, found := strings.Cut(part, "=")
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		switch {
		case i == 0 && !found:
			value = k
		case i == 0:
			name, value = k, v
		default:
			attrs[strings.ToLower(k)] = v
		}
	}
	_, secure := attrs["secure"]
	domain := attrs["domain"]
	fold := strings.ToLower(name)
	switch {
	case secure && !secureOrigin:
		return false
	case strings.EqualFold(attrs["samesite"], "none") && !secure:
		return false
	case strings.HasPrefix(fold, "__secure-") && !secure:
		return false
	case strings.HasPrefix(fold, "__host-") && (!secure || domain != "" || attrs["path"] != "/"):
		return false
	case name == "" && (strings.HasPrefix(strings.ToLower(value), "__host-") || strings.HasPrefix(strings.ToLower(value), "__secure-")):
		return false
	}
	// A public suffix list would be needed to say more of a domain.
	return domain == "" || domain == "site.example"
}

func TestBrowserModel(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/cookie_prefix.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			Note         string `json:"note"`
			SecureOrigin bool   `json:"secure_origin"`
			SetCookie    string `json:"set_cookie"`
			Stored       bool   `json:"stored"`
		} `json:"vectors"`
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Vectors, 15)
	for _, v := range file.Vectors {
		require.Equal(t, v.Stored, stored(v.SetCookie, v.SecureOrigin), "%s: %s", v.Note, v.SetCookie)
	}
}

func TestBrowsersKeepAndDeleteOurCookies(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	for _, kind := range kinds {
		c, err := a.gate.Build(kind, "value", a.clock.Now().Add(time.Hour))
		require.NoError(t, err)
		require.True(t, stored(c.String(), true), c.String())
		require.False(t, stored(c.String(), false), "never kept from plain http")

		b := newBrowser()
		b.cookies[c.Name] = c.Value
		w := a.send(b, func(w http.ResponseWriter, r *http.Request) { a.gate.Forget(kind, w, r) })
		gone := w.Result().Header.Get("Set-Cookie")
		require.True(t, stored(gone, true), "or it survives: %s", gone)
		require.Contains(t, gone, "Max-Age=0")
		require.Empty(t, b.cookies)
	}
}

func TestCookieAttributes(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	for kind, line := range map[string]string{
		"pending": "__Host-2fa-pending=v; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Strict",
		"grant":   "__Host-2fa-grant=v; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Strict",
		"browser": "__Host-2fa-browser=v; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
		"device":  "__Host-2fa-device=v; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
	} {
		c, err := a.gate.Build(kind, "v", a.clock.Now().Add(10*time.Minute))
		require.NoError(t, err)
		require.Equal(t, line, c.String())
	}
}

func TestCookieLife(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	const days400 = 400 * 24 * 60 * 60
	for name, row := range map[string]struct {
		life time.Duration
		want int // seconds, or 0 for a refusal
	}{
		"minutes":              {5 * time.Minute, 300},
		"rounded up":           {100 * time.Millisecond, 1},
		"400 days":             {400 * 24 * time.Hour, days400},
		"longer than browsers": {401 * 24 * time.Hour, days400},
		"over":                 {-time.Hour, 0},
		"over at this moment":  {0, 0},
	} {
		c, err := a.gate.Build("device", "value", a.clock.Now().Add(row.life))
		if row.want == 0 {
			require.ErrorContains(t, err, "Config.Now", name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, row.want, c.MaxAge, name)
	}
	_, err := a.gate.Build("device", "value", time.Time{})
	require.Error(t, err, "no end was given")
}

func TestCookieSize(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	end := a.clock.Now().Add(time.Hour)
	room := 4096 - len("__Host-2fa-device")
	_, err := a.gate.Build("device", strings.Repeat("x", room), end)
	require.NoError(t, err)
	_, err = a.gate.Build("device", strings.Repeat("x", room+1), end)
	require.Error(t, err)
	_, err = a.gate.Build("device", "a;b", end)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "a;b", "no token in an error")

	require.Len(t, a.gate.Read("device", withHeader(t, "__Host-2fa-device="+strings.Repeat("x", room))), room)
	require.Empty(t, a.gate.Read("device", withHeader(t, "__Host-2fa-device="+strings.Repeat("x", room+1))))
}

func TestOnlyTheExactCookieCounts(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	plain := newApp(t, twofactor.Policy{}, func(c *twofactorhttp.Config) { c.InsecurePlainHTTP = true })
	for name, row := range map[string]struct{ header, want, wantPlain string }{
		"ours":                            {"__Host-2fa-pending=x", "x", ""},
		"among others":                    {"a=1; __Host-2fa-pending=x; b=2", "x", ""},
		"none":                            {"", "", ""},
		"without prefix":                  {"2fa-pending=x", "", "x"},
		"other case, same to browsers":    {"__HOST-2fa-pending=x", "", ""},
		"nameless":                        {"=__Host-2fa-pending=x", "", ""},
		"two with one name":               {"__Host-2fa-pending=x; __Host-2fa-pending=y", "", ""},
		"two with one name and value":     {"__Host-2fa-pending=x; __Host-2fa-pending=x", "", ""},
		"two, without prefix":             {"2fa-pending=x; 2fa-pending=y", "", ""},
		"name at the end of a longer one": {"x__Host-2fa-pending=x", "", ""},
		"name at the start of a longer":   {"__Host-2fa-pending2=x", "", ""},
	} {
		require.Equal(t, row.want, a.gate.PendingToken(withHeader(t, row.header)), name)
		require.Equal(t, row.wantPlain, plain.gate.PendingToken(withHeader(t, row.header)), name)
	}
	r := withHeader(t, "__Host-2fa-pending=x")
	r.Header.Add("Cookie", "__Host-2fa-pending=y")
	require.Empty(t, a.gate.PendingToken(r), "two headers")
}

func TestForgetLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	w := httptest.NewRecorder()
	a.gate.SignOut(w, withHeader(t, "__Host-2fa-grant=x; __Host-2fa-browser=y; __Host-2fa-device=z; sid=1"))
	require.Len(t, w.Result().Cookies(), 1)
	require.Equal(t, "__Host-2fa-grant", w.Result().Cookies()[0].Name)
}
