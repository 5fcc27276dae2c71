package twofactorhttp_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// TestBypass_W30_W32_APIWithLessThanItNeeds walks all lines as everybody who may
// not call them.
func TestBypass_W30_W32_APIWithLessThanItNeeds(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string) {
		name := r.Method + " " + r.Path
		refused := func(who string, b *browser, status int, reason twofactor.Reason) {
			t.Helper()
			w := a.raw(b, r.Method, pathOf(r), "application/json", good)
			require.Equal(t, status, w.Code, "%s: %s", who, w.Body)
			require.Equal(t, string(reason), problemOf(t, w)["reason"], who)
			for _, c := range w.Result().Cookies() {
				require.Negative(t, c.MaxAge, "%s got %s", who, c.Name)
			}
		}
		with := func(names ...string) *browser {
			part := newBrowser()
			for _, name := range names {
				require.NotEmpty(t, b.cookies[name], name)
				part.cookies[name] = b.cookies[name]
			}
			return part
		}
		const sid, pending, granted = "sid", "__Host-2fa-pending", "__Host-2fa-grant"
		doubled := with(sid, pending, granted)
		doubled.double = true
		planted := with(sid, pending, granted)
		planted.cookies[sid] = planted.cookies[pending] // a pending login is no session

		row := contract[name]
		if row.need == login {
			if name == "POST login/cancel" {
				w := a.raw(newBrowser(), r.Method, pathOf(r), "application/json", good)
				require.Equal(t, http.StatusNoContent, w.Code, "there is nothing to cancel")
				return
			}
			for who, b := range map[string]*browser{"nobody": newBrowser(), "signed in": with(sid, granted), "doubled": doubled} {
				refused(who, b, 401, twofactor.ReasonLoginEnded)
			}
			late := with(pending)
			a.clock.Advance(10*time.Minute + time.Second)
			refused("late", late, 401, twofactor.ReasonLoginEnded)
			return
		}
		for who, b := range map[string]*browser{"nobody": newBrowser(), "pending": with(pending), "pending as session": planted, "grant alone": with(granted)} {
			refused(who, b, 401, twofactor.ReasonLoginEnded)
		}
		if row.need == session {
			return
		}
		stolen := with(sid, granted)
		stolen.cookies[granted] = a.stranger.cookies[granted]
		for who, b := range map[string]*browser{"no proof": with(sid), "doubled": doubled, "someone else's proof": stolen} {
			refused(who, b, 403, twofactor.ReasonGrantRequired)
		}
		a.clock.Advance(5*time.Minute + time.Second)
		refused("an old proof", b, 403, twofactor.ReasonGrantRequired)
	})
}

// TestBypass_W36_APIOfSomeoneElse calls all lines with an id for the factors,
// enrollments and devices of another user, whose record has to stay as it is.
func TestBypass_W36_APIOfSomeoneElse(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	alice := a.member()
	phone, method, _ := a.scanned(alice)
	trusted := a.pending()
	a.call(trusted, "POST", "login/verify", fields{"code": phone.Code(a.clock.Now()), "remember_device": true}, 200)
	settings := a.call(alice, "GET", "settings", nil, 200)
	ids := map[string]string{
		"methods": method, "devices": settings["devices"].([]any)[0].(fields)["id"].(string),
		"enrollments": a.call(alice, "POST", "enrollments", fields{"kind": "email"}, 201)["id"].(string),
	}
	bob := a.memberAs("user-2")
	a.scanned(bob)

	walked := 0
	for _, r := range twofactorhttp.Routes() {
		area, _, _ := strings.Cut(r.Path, "/")
		path := strings.ReplaceAll(r.Path, "{id}", ids[area])
		if path == r.Path {
			continue
		}
		walked++
		var body fields
		if body = contract[r.Method+" "+r.Path].body; area == "enrollments" && body != nil {
			body = fields{"code": a.code(mail)} // the right one
		}
		text := ""
		if body != nil {
			text = string(marshal(t, body))
		}
		w := a.raw(bob, r.Method, path, "application/json", text)
		require.Contains(t, []int{403, 404, 409}, w.Code, "%s %s: %s", r.Method, r.Path, w.Body)
		problemOf(t, w)
	}
	require.Equal(t, 7, walked)
	after := a.call(alice, "GET", "settings", nil, 200)
	require.Equal(t, settings, after)
}

// TestBypass_W35_APIEnrollmentOnly walks all lines with a session that can only
// enroll: those that need no member lead on, and no others.
func TestBypass_W35_APIEnrollmentOnly(t *testing.T) {
	t.Parallel()
	policy := everything
	policy.Required = true
	a := newAPI(t, policy)
	b := newBrowser()
	_, ok := a.begin(b).(*twofactor.EnrollmentOnly)
	require.True(t, ok)
	for _, r := range twofactorhttp.Routes() {
		w := a.raw(b, r.Method, pathOf(r), "application/json", "{}")
		switch contract[r.Method+" "+r.Path].need {
		case login: // not for sessions at all
		case member:
			require.Equal(t, 401, w.Code, r.Path)
			require.Equal(t, string(twofactor.ReasonEnrollmentRequired), problemOf(t, w)["reason"])
		default:
			require.NotEqual(t, 401, w.Code, r.Path)
		}
	}
}

func TestAPIRefusesOtherMethodsAndPaths(t *testing.T) {
	t.Parallel()
	methods := make(map[string][]string) // by path
	for _, r := range twofactorhttp.Routes() {
		methods[r.Path] = append(methods[r.Path], r.Method)
		if r.Method == http.MethodGet {
			methods[r.Path] = append(methods[r.Path], http.MethodHead)
		}
	}
	eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string) {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post", "BREW"} {
			if slices.Contains(methods[r.Path], method) {
				continue
			}
			w := a.raw(b, method, pathOf(r), "application/json", good)
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
			require.ElementsMatch(t, methods[r.Path], strings.Split(w.Header().Get("Allow"), ", "), "RFC 9110, section 15.5.6")
			problemOf(t, w)
		}
		for _, path := range []string{pathOf(r) + "/", pathOf(r) + "x/y/z", "/" + pathOf(r), "./" + pathOf(r), "x/../" + pathOf(r), ""} {
			w := a.raw(b, r.Method, path, "application/json", good)
			require.Equal(t, http.StatusNotFound, w.Code, path)
			problemOf(t, w)
		}
		if r.Method == "GET" {
			get, head := a.raw(b, "GET", pathOf(r), "", ""), a.raw(b, "HEAD", pathOf(r), "", "")
			require.Equal(t, get.Code, head.Code, "RFC 9110, section 9.3.2")
			require.Equal(t, slices.Sorted(maps.Keys(get.Header())), slices.Sorted(maps.Keys(head.Header())))
		}
	})
}
