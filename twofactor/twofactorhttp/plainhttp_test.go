package twofactorhttp_test

import (
	"cmp"
	"context"
	"net/http"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

func TestPlainHTTPIsRefusedBeforeAnythingIsSpent(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	phone, _ := a.enrolled()
	b := newBrowser()
	a.begin(b)
	code := phone.Code(a.clock.Now())

	b.tls = false
	for name, do := range map[string]func(http.ResponseWriter, *http.Request) error{
		"Begin": func(w http.ResponseWriter, r *http.Request) error {
			_, err := a.gate.Begin(w, r, twofactor.SignIn{UserID: user})
			return err
		},
		"Verify": func(w http.ResponseWriter, r *http.Request) error {
			_, err := a.gate.Verify(w, r, twofactor.Answer{Code: code})
			return err
		},
		"Grant": func(w http.ResponseWriter, r *http.Request) error {
			_, err := a.gate.Grant(w, r, twofactor.Answer{Code: code})
			return err
		},
		"GrantWithPassword": func(w http.ResponseWriter, r *http.Request) error {
			_, err := a.gate.GrantWithPassword(w, r, func(context.Context) error { return nil })
			return err
		},
		"Confirm": func(w http.ResponseWriter, r *http.Request) error {
			_, err := a.gate.Confirm(w, r, "id", code)
			return err
		},
	} {
		w := a.send(b, func(w http.ResponseWriter, r *http.Request) {
			err := do(w, r)
			require.ErrorIs(t, err, twofactorhttp.ErrPlainHTTP, name)
			require.NotErrorIs(t, err, twofactor.ErrRejected, name)
			a.gate.WriteError(w, r, err)
		})
		require.Equal(t, http.StatusBadRequest, w.Code, name)
		require.Contains(t, w.Body.String(), "needs https", name)
		require.Empty(t, w.Result().Cookies(), name)
	}

	b.tls = true
	_, err := a.verify(b, twofactor.Answer{Code: code})
	require.NoError(t, err, "the code was not spent")
}

func TestWhoSpeaksHTTPS(t *testing.T) {
	t.Parallel()
	proxy := func(c *twofactorhttp.Config) { c.BehindTLSProxy = true }
	insecure := func(c *twofactorhttp.Config) { c.InsecurePlainHTTP = true }
	for name, row := range map[string]struct {
		change func(*twofactorhttp.Config)
		host   string
		header string // X-Forwarded-Proto
		origin string
		peer   string // or else 127.0.0.1
		ok     bool
		prefix bool
	}{
		"by default":                        {host: "example.com"},
		"by default on this machine":        {host: "127.0.0.1:8080"},
		"a header is no proof":              {host: "example.com", header: "https"},
		"behind a proxy":                    {change: proxy, host: "example.com", ok: true, prefix: true},
		"insecure, 127.0.0.1":               {change: insecure, host: "127.0.0.1:8080", ok: true},
		"insecure, 127.0.0.1 without port":  {change: insecure, host: "127.0.0.1", ok: true},
		"insecure, localhost":               {change: insecure, host: "localhost:8080", ok: true},
		"insecure, LOCALHOST":               {change: insecure, host: "LOCALHOST", ok: true},
		"insecure, IPv6":                    {change: insecure, host: "[::1]:8080", ok: true},
		"insecure, IPv6 without port":       {change: insecure, host: "[::1]", ok: true},
		"insecure, in production":           {change: insecure, host: "example.com"},
		"insecure, in the next room":        {change: insecure, host: "192.168.1.5:8080"},
		"insecure, a name that begins so":   {change: insecure, host: "127.0.0.1.example.com"},
		"insecure, a name that ends so":     {change: insecure, host: "example.localhost.com"},
		"insecure, no host":                 {change: insecure, host: ""},
		"insecure, any address":             {change: insecure, host: "0.0.0.0:8080"},
		"insecure, behind a proxy, by name": {change: insecure, host: "example.com", header: "https"},
		"insecure, behind a proxy":          {change: insecure, host: "127.0.0.1:8080", header: "http"},
		"insecure, from elsewhere":          {change: insecure, host: "127.0.0.1:8080", peer: "203.0.113.7:5555"},
		"insecure, from nowhere":            {change: insecure, host: "127.0.0.1:8080", peer: "@"},
		"insecure, from [::1]":              {change: insecure, host: "localhost:8080", peer: "[::1]:5555", ok: true},
		"insecure, mapped":                  {change: insecure, host: "localhost:8080", peer: "[::ffff:127.0.0.1]:5555", ok: true},
		"insecure, a page of elsewhere":     {change: insecure, host: "127.0.0.1:8080", origin: "https://shop.example"},
		"insecure, a page with no origin":   {change: insecure, host: "127.0.0.1:8080", origin: "null", ok: true},
		"insecure, its own page":            {change: insecure, host: "127.0.0.1:8080", origin: "http://127.0.0.1:8080", ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, twofactor.Policy{}, nil)
			a.enrolled()
			cfg := twofactorhttp.Config{Service: a.svc, SessionToken: a.token, StartSession: a.start, Now: a.clock.Now}
			if row.change != nil {
				row.change(&cfg)
			}
			var err error
			a.gate, err = twofactorhttp.New(cfg)
			require.NoError(t, err)

			b := newBrowser()
			b.tls = false
			w := a.send(b, func(w http.ResponseWriter, r *http.Request) {
				r.Host = row.host
				r.RemoteAddr = cmp.Or(row.peer, "127.0.0.1:5555")
				for name, value := range map[string]string{"X-Forwarded-Proto": row.header, "Origin": row.origin} {
					if value != "" {
						r.Header.Set(name, value)
					}
				}
				_, err = a.gate.Begin(w, r, twofactor.SignIn{UserID: user})
			})
			if !row.ok {
				require.ErrorIs(t, err, twofactorhttp.ErrPlainHTTP)
				require.Empty(t, w.Result().Cookies())
				return
			}
			require.NoError(t, err)
			require.Len(t, w.Result().Cookies(), 1)
			line := w.Result().Cookies()[0].String()
			require.Equal(t, row.prefix, stored(line, true) && !stored(line, false), line)
			require.True(t, row.prefix || stored(line, false), "kept from plain http: %s", line)
			require.Contains(t, line, "HttpOnly; ")
			require.Contains(t, line, "SameSite=Strict")
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	whole := twofactorhttp.Config{Service: a.svc, SessionToken: a.token, StartSession: a.start}
	_, err := twofactorhttp.New(whole)
	require.NoError(t, err)
	for name, breakIt := range map[string]func(*twofactorhttp.Config){
		"Service":      func(c *twofactorhttp.Config) { c.Service = nil },
		"SessionToken": func(c *twofactorhttp.Config) { c.SessionToken = nil },
		"StartSession": func(c *twofactorhttp.Config) { c.StartSession = nil },
		"contradict":   func(c *twofactorhttp.Config) { c.BehindTLSProxy, c.InsecurePlainHTTP = true, true },
	} {
		cfg := whole
		breakIt(&cfg)
		_, err := twofactorhttp.New(cfg)
		require.ErrorContains(t, err, name)
	}
}
