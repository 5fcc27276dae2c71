package twofactorhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// visit sends a request whose session holds token through a Require method.
func visit(t *testing.T, a *app, token string, require func(http.Handler) http.Handler) (w *httptest.ResponseRecorder, let *http.Request) {
	t.Helper()
	a.sessions["visit"] = token
	b := newBrowser()
	b.cookies["sid"] = "visit"
	w = a.send(b, require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		let = r
		io.WriteString(w, "inside")
	})).ServeHTTP)
	return w, let
}

// Nothing but a full sign-in opens RequireVerified: not what a login leaves
// behind half-way, not what belongs to it, not what somebody made up.
func TestBypass_W30_W31_OnlyVerifiedGetsThrough(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	phone, recovery := a.enrolled()

	b := newBrowser()
	pending := a.begin(b).(*twofactor.Pending).Token()
	require.Equal(t, pending, b.cookies["__Host-2fa-pending"])
	v, err := a.verify(b, twofactor.Answer{Code: phone.Code(a.clock.Now())})
	require.NoError(t, err)
	known := b.cookies["__Host-2fa-browser"]
	require.NotEmpty(t, known)
	a.clock.Advance(30 * time.Second)
	a.send(b, func(w http.ResponseWriter, r *http.Request) {
		_, err := a.gate.Grant(w, r, twofactor.Answer{Code: phone.Code(a.clock.Now())})
		require.NoError(t, err)
	})
	grant := b.cookies["__Host-2fa-grant"]
	require.NotEmpty(t, grant)

	stranger := newApp(t, twofactor.Policy{}, nil)
	foreign := stranger.begin(newBrowser()).(*twofactor.Verified).Token()
	required := newApp(t, twofactor.Policy{Required: true}, nil)
	limited := required.begin(newBrowser()).(*twofactor.EnrollmentOnly).Token()
	flipped := []byte(v.Token())
	flipped[len(flipped)/2] ^= 1

	for name, token := range map[string]string{
		"nothing":             "",
		"text":                "true",
		"the user's id":       user,
		"the pending login":   pending,
		"the known browser":   known,
		"the grant":           grant,
		"a recovery code":     recovery[0],
		"another key":         foreign,
		"another app's limit": limited,
		"a flipped bit":       string(flipped),
		"a cut token":         v.Token()[:len(v.Token())-1],
		"a longer token":      v.Token() + "A",
	} {
		for which, guard := range map[string]func(http.Handler) http.Handler{
			"verified": a.gate.RequireVerified, "session": a.gate.RequireSession,
			"fresh": func(next http.Handler) http.Handler { return a.gate.RequireFresh(time.Hour, next) },
		} {
			w, let := visit(t, a, token, guard)
			require.Nil(t, let, "%s: %s ran", name, which)
			require.Equal(t, http.StatusUnauthorized, w.Code, name)
			require.NotContains(t, w.Body.String(), "inside")
			require.Contains(t, w.Body.String(), `"reason":"login_ended"`, "all of them alike")
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
		}
	}

	w, let := visit(t, a, v.Token(), a.gate.RequireVerified)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "inside", w.Body.String())
	require.Equal(t, user, twofactorhttp.Verified(let).UserID())
	require.Equal(t, []string{"pwd", "otp", "mfa"}, twofactorhttp.Verified(let).AMR())
	require.Equal(t, user, twofactorhttp.Session(let).UserID())
}

func TestBypass_W35_EnrollmentOnlyReachesEnrollmentOnly(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{Required: true}, nil)
	b := newBrowser()
	limited := a.begin(b).(*twofactor.EnrollmentOnly).Token()

	for name, guard := range map[string]func(http.Handler) http.Handler{
		"verified": a.gate.RequireVerified,
		"fresh":    func(next http.Handler) http.Handler { return a.gate.RequireFresh(time.Hour, next) },
	} {
		w, let := visit(t, a, limited, guard)
		require.Nil(t, let, name)
		require.Equal(t, http.StatusUnauthorized, w.Code, name)
		require.Contains(t, w.Body.String(), `"reason":"enrollment_required"`, name)
	}
	w, let := visit(t, a, limited, a.gate.RequireSession)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, user, twofactorhttp.Session(let).UserID())
	require.Nil(t, twofactorhttp.Verified(let))

	before := b.cookies["sid"]
	a.enroll(b)
	require.NotEqual(t, before, b.cookies["sid"], "more rights, another session id")
	w, let = visit(t, a, a.sessions[b.cookies["sid"]], a.gate.RequireVerified)
	require.Equal(t, http.StatusOK, w.Code)
	require.True(t, twofactorhttp.Verified(let).Fresh(a.clock.Now(), time.Minute))
}

func TestRequireFresh(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	phone, recovery := a.enrolled()
	fresh := func(next http.Handler) http.Handler { return a.gate.RequireFresh(5*time.Minute, next) }

	b := newBrowser()
	a.begin(b)
	v, err := a.verify(b, twofactor.Answer{Code: phone.Code(a.clock.Now())})
	require.NoError(t, err)
	for _, row := range []struct {
		after time.Duration
		code  int
	}{{0, 200}, {5 * time.Minute, 200}, {time.Second, 403}, {24 * time.Hour, 403}} {
		a.clock.Advance(row.after)
		w, let := visit(t, a, v.Token(), fresh)
		require.Equal(t, row.code, w.Code)
		require.Equal(t, row.code == 200, let != nil)
		if row.code != 200 {
			require.Contains(t, w.Body.String(), `"reason":"grant_required"`)
		}
	}

	a.begin(b)
	v, err = a.verify(b, twofactor.Answer{Code: recovery[0]})
	require.NoError(t, err)
	w, _ := visit(t, a, v.Token(), fresh)
	require.Equal(t, http.StatusForbidden, w.Code, "a recovery code is no second factor")

	stranger := newApp(t, twofactor.Policy{}, nil)
	password := stranger.begin(newBrowser()).(*twofactor.Verified)
	w, _ = visit(t, stranger, password.Token(), func(next http.Handler) http.Handler {
		return stranger.gate.RequireFresh(time.Hour, next)
	})
	require.Equal(t, http.StatusForbidden, w.Code, "neither is a password")
}

func TestRefuseIsTheAppsAnswer(t *testing.T) {
	t.Parallel()
	var got error
	a := newApp(t, twofactor.Policy{}, func(c *twofactorhttp.Config) {
		c.Refuse = func(w http.ResponseWriter, r *http.Request, err error) {
			got = err
			http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		}
	})
	w, let := visit(t, a, "", a.gate.RequireVerified)
	require.Nil(t, let)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/sign-in", w.Header().Get("Location"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.ErrorIs(t, got, twofactor.ErrRejected)
}

func TestNoGuardNobody(t *testing.T) {
	t.Parallel()
	r := newBrowser().request(t.Context())
	require.Nil(t, twofactorhttp.Session(r))
	require.Nil(t, twofactorhttp.Verified(r))
}
