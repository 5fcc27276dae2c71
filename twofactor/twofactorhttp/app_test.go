package twofactorhttp_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// An app is what stands around a Gate: users, sessions, a clock.
type app struct {
	t     testing.TB
	clock *twofactortest.Clock
	svc   *twofactor.Service
	gate  *twofactorhttp.Gate

	mu       sync.Mutex
	sessions map[string]string // id to token
	broken   error             // what StartSession returns
}

const user = "user-1"

func newApp(t testing.TB, policy twofactor.Policy, change func(*twofactorhttp.Config)) *app {
	t.Helper()
	return newAppWith(t, twofactor.Config{Store: new(memory.Store), Policy: policy}, change)
}

// newAppWith fills in what every service needs.
func newAppWith(t testing.TB, service twofactor.Config, change func(*twofactorhttp.Config)) *app {
	t.Helper()
	a := &app{
		t: t, clock: twofactortest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)),
		sessions: make(map[string]string),
	}
	service.Keys, service.Issuer, service.Now = []twofactor.Key{twofactor.NewKey()}, "Example", a.clock.Now
	var err error
	a.svc, err = twofactor.New(service)
	require.NoError(t, err)
	cfg := twofactorhttp.Config{Service: a.svc, SessionToken: a.token, StartSession: a.start, Now: a.clock.Now}
	if change != nil {
		change(&cfg)
	}
	a.gate, err = twofactorhttp.New(cfg)
	require.NoError(t, err)
	return a
}

func (a *app) token(r *http.Request) string {
	c, err := r.Cookie("sid")
	if err != nil {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sessions[c.Value]
}

func (a *app) start(w http.ResponseWriter, r *http.Request, s twofactor.Session) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken != nil {
		return a.broken
	}
	if old, err := r.Cookie("sid"); err == nil {
		delete(a.sessions, old.Value)
	}
	id := rand.Text()
	a.sessions[id] = s.Token()
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: id, Path: "/", Secure: true, HttpOnly: true})
	return nil
}

// A browser keeps cookies, by name alone: it has only ever seen one host.
type browser struct {
	cookies map[string]string
	tls     bool
	double  bool // each of the Gate's cookies comes twice, as if one was planted
}

func newBrowser() *browser { return &browser{cookies: make(map[string]string), tls: true} }

// request returns a request with the browser's cookies.
func (b *browser) request(ctx context.Context) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
	if b.tls {
		r.TLS = &tls.ConnectionState{}
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
		if b.double && name != "sid" {
			r.AddCookie(&http.Cookie{Name: name, Value: "planted"})
		}
	}
	return r
}

// keep does with the cookies of an answer what a browser does.
func (b *browser) keep(w *httptest.ResponseRecorder) {
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
}

// send lets a handler answer a request of the browser.
func (a *app) send(b *browser, do func(http.ResponseWriter, *http.Request)) *httptest.ResponseRecorder {
	a.t.Helper()
	w := httptest.NewRecorder()
	do(w, b.request(a.t.Context()))
	b.keep(w)
	return w
}

// begin signs in with the password.
func (a *app) begin(b *browser) twofactor.Outcome {
	a.t.Helper()
	return a.beginAs(b, user)
}

func (a *app) beginAs(b *browser, id string) twofactor.Outcome {
	a.t.Helper()
	var out twofactor.Outcome
	a.send(b, func(w http.ResponseWriter, r *http.Request) {
		var err error
		out, err = a.gate.Begin(w, r, twofactor.SignIn{UserID: id})
		require.NoError(a.t, err)
	})
	return out
}

// verify answers a pending login.
func (a *app) verify(b *browser, answer twofactor.Answer) (v *twofactor.Verified, err error) {
	a.t.Helper()
	a.send(b, func(w http.ResponseWriter, r *http.Request) { v, err = a.gate.Verify(w, r, answer) })
	return v, err
}

// enroll sets up an authenticator app for the user who is signed in with b, and
// moves the clock on to its next code.
func (a *app) enroll(b *browser) (*twofactortest.Phone, []string) {
	a.t.Helper()
	a.send(b, func(w http.ResponseWriter, r *http.Request) {
		_, err := a.gate.GrantWithPassword(w, r, func(context.Context) error { return nil })
		require.NoError(a.t, err)
	})
	var phone *twofactortest.Phone
	var out *twofactor.Confirmation
	a.send(b, func(w http.ResponseWriter, r *http.Request) {
		s, err := a.svc.Resume(a.token(r))
		require.NoError(a.t, err)
		e, err := a.svc.Enroll(r.Context(), s, a.gate.GrantToken(r), twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
		require.NoError(a.t, err)
		uri, err := e.URI.Encode()
		require.NoError(a.t, err)
		phone, err = twofactortest.NewPhone(uri)
		require.NoError(a.t, err)
		out, err = a.gate.Confirm(w, r, e.ID, phone.Code(a.clock.Now()))
		require.NoError(a.t, err)
	})
	a.clock.Advance(30 * time.Second)
	return phone, out.RecoveryCodes
}

// enrolled returns the phone and recovery codes of a user who has set up an
// authenticator app, in a browser that is of no further interest.
func (a *app) enrolled() (*twofactortest.Phone, []string) {
	a.t.Helper()
	b := newBrowser()
	a.begin(b)
	return a.enroll(b)
}

// withHeader returns a request with one Cookie header as it stands.
func withHeader(t *testing.T, cookie string) *http.Request {
	t.Helper()
	r := newBrowser().request(t.Context())
	if cookie = strings.TrimSpace(cookie); cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	return r
}
