package twofactorhttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// flags are what a client might hope to be asked no code for.
var flags = []string{"skip", "skip_2fa", "verified", "trusted", "bypass", "user_id", "admin", "enforce"}

// A field that the contract doesn't have is refused with the whole request, and
// one beside the body is not looked at.
func TestBypass_W10_UnknownFields(t *testing.T) {
	t.Parallel()
	t.Run("in the body", func(t *testing.T) {
		t.Parallel()
		eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string) {
			for _, flag := range flags {
				body := `{"` + flag + `":true}`
				if good != "" {
					body = good[:len(good)-1] + `,"` + flag + `":true}`
				}
				if r.Method == http.MethodGet {
					continue
				}
				w := a.raw(b, r.Method, pathOf(r), "application/json", body)
				require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", flag, w.Body)
				require.Empty(t, w.Result().Cookies(), flag)
			}
		})
	})
	t.Run("beside the body", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, everything)
		phone, _, _ := a.scanned(a.member())
		b := a.pending()
		for _, flag := range flags[:4] { // a fifth wrong code would end the login
			w := a.raw(b, "POST", "login/verify?"+flag+"=true", "application/json", `{"code":"000000"}`,
				flag, "true", "X-"+flag, "true", "Cookie", "__Host-2fa-pending="+b.cookies["__Host-2fa-pending"]+"; "+flag+"=true")
			require.Equal(t, http.StatusForbidden, w.Code, "%s: %s", flag, w.Body)
			require.Equal(t, string(twofactor.ReasonWrongCode), problemOf(t, w)["reason"])
			require.Empty(t, w.Result().Cookies(), flag)
		}
		a.call(b, "POST", "login/verify", fields{"code": phone.Code(a.clock.Now())}, http.StatusOK)
	})
}

// Whatever is done in a login that waits for its code, no handler behind a guard
// runs before the code was right, and then each does.
func TestBypass_W31_NothingRunsWhileTheCodeIsAwaited(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	phone, _, _ := a.scanned(a.member())
	ran := 0
	inside := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran++ })
	guarded := []http.Handler{
		a.gate.RequireVerified(inside), a.gate.RequireSession(inside), a.gate.RequireFresh(time.Hour, inside),
	}
	b := a.pending()
	login := b.cookies["__Host-2fa-pending"]
	closed := func(after string) {
		t.Helper()
		// The app may have kept the pending login where it keeps its sessions.
		a.sessions["half-way"] = login
		for _, sid := range []string{"", "half-way"} {
			for _, h := range guarded {
				r := b.request(t.Context())
				if sid != "" {
					r.AddCookie(&http.Cookie{Name: "sid", Value: sid})
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				require.Equal(t, http.StatusUnauthorized, w.Code, after)
			}
		}
		require.Zero(t, ran, "after %s", after)
	}
	closed("the password")
	for _, step := range []struct {
		method, path string
		body         fields
		status       int
	}{
		{"GET", "login", nil, http.StatusOK},
		{"POST", "login/verify", fields{"code": "000000"}, http.StatusForbidden},
		{"POST", "login/verify", fields{"code": "12"}, http.StatusBadRequest},
		{"POST", "login/lost-device", fields{"last_digits": "5678"}, http.StatusAccepted},
		{"POST", "login/verify", fields{"method": "lost_device", "code": "000000"}, http.StatusForbidden},
		{"GET", "settings", nil, http.StatusUnauthorized},
		{"POST", "grant", fields{"password": secretPassword}, http.StatusUnauthorized},
	} {
		a.call(b, step.method, step.path, step.body, step.status)
		closed(step.method + " " + step.path)
	}
	a.call(b, "POST", "login/verify", fields{"code": phone.Code(a.clock.Now())}, http.StatusOK)
	for i, h := range guarded {
		h.ServeHTTP(httptest.NewRecorder(), b.request(t.Context()))
		require.Equal(t, i+1, ran)
	}
}
