package twofactorhttp_test

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// bodies are the contract: each line of it, with a body of every field that it
// takes, or nil where it takes none. The path in place of {id} is "x".
var bodies = map[string]fields{
	"GET login":                     nil,
	"POST login/send":               {"method": "x"},
	"POST login/verify":             {"method": "x", "code": "123456", "codes": []string{"123456"}, "remember_device": true, "device_name": "x"},
	"POST login/lost-device":        {"last_digits": "5678"},
	"POST login/cancel":             nil,
	"GET settings":                  nil,
	"POST grant":                    {"password": secretPassword, "method": "x", "code": "123456", "codes": []string{"123456"}},
	"POST grant/send":               {"method": "x"},
	"POST enrollments":              {"kind": "totp", "name": "x", "phone": "0412345678", "method": "x"},
	"POST phone/send":               nil,
	"POST phone/verify":             {"code": "123456"},
	"PUT phone":                     {"number": "0412345678"},
	"DELETE phone":                  nil,
	"PUT enabled":                   {"enabled": true},
	"POST recovery-codes":           nil,
	"DELETE devices":                nil,
	"DELETE devices/{id}":           nil,
	"DELETE methods/{id}":           nil,
	"PATCH methods/{id}":            {"name": "x"},
	"GET enrollments/{id}/qr.png":   nil,
	"GET enrollments/{id}/qr.svg":   nil,
	"POST enrollments/{id}/send":    nil,
	"POST enrollments/{id}/confirm": {"code": "123456"},
}

// ungranted are the lines for a session that need no grant.
var ungranted = []string{"GET settings", "POST grant", "POST grant/send"}

// pathOf is an address of a route.
func pathOf(r twofactorhttp.Route) string { return strings.ReplaceAll(r.Path, "{id}", "x") }

func TestAPIRoutesAreTheContract(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range twofactorhttp.Routes() {
		names = append(names, r.Method+" "+r.Path)
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(bodies)), names)
}

// eachRoute runs a test for each line of the contract, as someone who is signed
// in, has a second factor and a grant, and a second login that is pending.
func eachRoute(t *testing.T, test func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string)) {
	for _, r := range twofactorhttp.Routes() {
		t.Run(r.Method+" "+r.Path, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, everything)
			b := a.member()
			a.scanned(b)
			b.cookies["__Host-2fa-pending"] = a.pending().cookies["__Host-2fa-pending"]
			good := ""
			if body := bodies[r.Method+" "+r.Path]; body != nil {
				data, err := json.Marshal(body)
				require.NoError(t, err)
				good = string(data)
			}
			require.NoError(t, a.svc.Drain(t.Context())) // of the notice about the app
			before := a.store.saves.Load()
			test(t, a, b, r, good)
			require.NoError(t, a.svc.Drain(t.Context()))
			require.Equal(t, before, a.store.saves.Load(), "something was written")
		})
	}
}

func TestAPIRefusesMalformedBodies(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string) {
		const json = "application/json"
		malformed := func(name, kind, body string) {
			t.Helper()
			w := a.raw(b, r.Method, pathOf(r), kind, body)
			p := problemOf(t, w)
			require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", name, w.Body)
			require.Regexp(t, `:malformed$`, p["type"], name)
			require.NotContains(t, w.Body.String(), "hunter", name)
			require.Empty(t, w.Result().Cookies(), name)
		}
		if r.Method == "GET" {
			return
		}
		malformed("too large", json, `{`+strings.Repeat(" ", 16<<10)+`}`)
		malformed("an array", json, `[]`)
		malformed("null", json, `null`)
		malformed("a string", json, `"hunter"`)
		malformed("unknown field", json, `{"hunter":1}`)
		malformed("W09 verified", json, `{"verified":true}`)
		malformed("W10 skip", json, `{"skip":true}`)
		if good == "" {
			malformed("a body", "text/plain", `hunter`)
			return
		}
		malformed("no content type", "", good)
		malformed("a form", "application/x-www-form-urlencoded", good)
		malformed("text", "text/plain", good)
		malformed("a content type that is none", "application/json;;=", good)
		malformed("empty", json, ``)
		malformed("cut", json, good[:len(good)-1])
		malformed("trailing object", json, good+`{}`)
		malformed("trailing garbage", json, good+`hunter`)
		malformed("in an array", json, `[`+good+`]`)
		malformed("not UTF-8 or JSON", json, "\xff\xfe{}")
		malformed("unknown field too", json, good[:len(good)-1]+`,"hunter":null}`)
		for name, value := range bodies[r.Method+" "+r.Path] {
			for _, wrong := range []string{`{}`, `[{}]`, `12.5`, `[[]]`} {
				malformed(name+" is "+wrong, json, `{"`+name+`":`+wrong+`}`)
			}
			if _, text := value.(string); text {
				malformed(name+" is true", json, `{"`+name+`":true}`)
			} else {
				malformed(name+" is a string", json, `{"`+name+`":"hunter"}`)
			}
			malformed(name+" in capitals", json, strings.Replace(good, name, strings.ToUpper(name), 1))
			malformed(name+" twice", json, good[:len(good)-1]+`,"`+name+`":null}`)
			malformed(name+" with an escape", json, strings.Replace(good, name, `\u00`+hex.EncodeToString([]byte(name[:1]))+name[1:], 1))
		}
	})
}

func TestAPIWantsItsFields(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	b := a.member()
	a.scanned(b)
	b.cookies["__Host-2fa-pending"] = a.pending().cookies["__Host-2fa-pending"]
	for route, body := range bodies {
		if body != nil {
			method, path, _ := strings.Cut(strings.ReplaceAll(route, "{id}", "x"), " ")
			a.call(b, method, path, fields{}, 400)
		}
	}
}

func TestAPIRefusesOtherOrigins(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string) {
		if r.Method == "GET" {
			return
		}
		for _, header := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://other.example"}, {"Origin", "null"},
		} {
			w := a.raw(b, r.Method, pathOf(r), "application/json", good, header...)
			require.Equal(t, http.StatusForbidden, w.Code, header)
			require.Regexp(t, `:cross_origin$`, problemOf(t, w)["type"])
			require.Empty(t, w.Result().Cookies())
		}
	})
}

func TestAPIRefusesOtherMethodsAndPaths(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string) {
		w := a.raw(b, "TRACE", pathOf(r), "application/json", good)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Contains(t, w.Header().Get("Allow"), r.Method)
		problemOf(t, w)
		for _, path := range []string{pathOf(r) + "/", pathOf(r) + "x/y/z", "/" + pathOf(r), "./" + pathOf(r), "x/../" + pathOf(r), ""} {
			w := a.raw(b, r.Method, path, "application/json", good)
			require.Equal(t, http.StatusNotFound, w.Code, path)
			problemOf(t, w)
		}
	})
}

// TestAPIRefusesWhoIsNotThere walks all lines with less than they need (W30 to
// W32, W35).
func TestAPIRefusesWhoIsNotThere(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string) {
		name := r.Method + " " + r.Path
		try := func(b *browser) (int, fields) {
			t.Helper()
			w := a.raw(b, r.Method, pathOf(r), "application/json", good)
			if w.Code < 400 {
				return w.Code, nil
			}
			return w.Code, problemOf(t, w)
		}
		pending, nobody, twice := newBrowser(), newBrowser(), newBrowser()
		pending.cookies["__Host-2fa-pending"] = b.cookies["__Host-2fa-pending"]
		maps.Copy(twice.cookies, b.cookies)
		twice.double = true
		if !r.Session {
			if name == "POST login/cancel" {
				status, _ := try(nobody)
				require.Equal(t, http.StatusNoContent, status, "there is nothing to cancel")
				return
			}
			full := newBrowser()
			full.cookies["sid"] = b.cookies["sid"]
			for _, b := range []*browser{nobody, twice, full} {
				status, p := try(b)
				require.Equal(t, 401, status)
				require.Equal(t, string(twofactor.ReasonLoginEnded), p["reason"])
			}
			return
		}
		for _, b := range []*browser{nobody, pending} {
			status, p := try(b)
			require.Equal(t, 401, status)
			require.Equal(t, string(twofactor.ReasonLoginEnded), p["reason"])
		}
		if slices.Contains(ungranted, name) {
			return
		}
		delete(b.cookies, "__Host-2fa-grant")
		for _, b := range []*browser{b, twice} {
			status, p := try(b)
			require.Equal(t, 403, status)
			require.Equal(t, string(twofactor.ReasonGrantRequired), p["reason"])
		}
	})
}

// TestAPIEnrollmentOnly walks all lines with a session that can only enroll
// (W35): by the contract, these lead on and no others.
func TestAPIEnrollmentOnly(t *testing.T) {
	t.Parallel()
	policy := everything
	policy.Required = true
	a := newAPI(t, policy)
	b := newBrowser()
	_, ok := a.begin(b).(*twofactor.EnrollmentOnly)
	require.True(t, ok)
	for _, r := range twofactorhttp.Routes() {
		area, _, _ := strings.Cut(r.Path, "/")
		if area == "login" {
			continue // not for sessions at all
		}
		w := a.raw(b, r.Method, pathOf(r), "application/json", "{}")
		if slices.Contains([]string{"settings", "grant", "enrollments", "phone"}, area) {
			require.NotEqual(t, 401, w.Code, r.Path)
			continue
		}
		require.Equal(t, 401, w.Code, r.Path)
		require.Equal(t, string(twofactor.ReasonEnrollmentRequired), problemOf(t, w)["reason"])
	}
}

func TestAPIFaultSaysNothing(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, good string) {
		switch r.Path { // with one kind of proof
		case "login/verify", "grant":
			good = `{"code":"123456"}`
		case "enrollments":
			good = `{"kind":"totp"}`
		}
		a.store.down.Store(true)
		w := a.raw(b, r.Method, pathOf(r), "application/json", good)
		require.Equal(t, http.StatusInternalServerError, w.Code, w.Body)
		require.JSONEq(t, `{"type":"about:blank","title":"Internal Server Error","status":500}`, w.Body.String())
		require.Empty(t, w.Result().Cookies())
	})
}

func TestAPIConfigIsChecked(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	for _, path := range []string{"", "2fa/", "/2fa", "/{x}/", "//", "/a//b/", "/a/../b/", "/a b/"} {
		_, err := a.gate.API(twofactorhttp.APIConfig{Path: path})
		require.ErrorContains(t, err, "Path", path)
	}
	_, err := a.gate.API(twofactorhttp.APIConfig{Path: "/2fa/"})
	require.ErrorContains(t, err, "CheckPassword")
}
