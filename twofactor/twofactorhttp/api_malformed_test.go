package twofactorhttp_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

func marshal(t *testing.T, body fields) []byte {
	t.Helper()
	data, err := json.Marshal(body)
	require.NoError(t, err)
	return data
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
			if body := contract[r.Method+" "+r.Path].body; body != nil {
				good = string(marshal(t, body))
			}
			a.stranger = a.memberAs("user-2")
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
		malformed("UTF-16", json, utf16of(good))
		malformed("deep", json, strings.Repeat(`{"x":`, 3000))
		malformed("deep and whole", json, strings.Repeat("[", 8000)+strings.Repeat("]", 8000))
		malformed("unknown field too", json, good[:len(good)-1]+`,"hunter":null}`)
		for name, value := range contract[r.Method+" "+r.Path].body {
			for _, wrong := range []string{`{}`, `[{}]`, `12.5`, `[[]]`} {
				malformed(name+" is "+wrong, json, `{"`+name+`":`+wrong+`}`)
			}
			if _, text := value.(string); text {
				malformed(name+" is true", json, `{"`+name+`":true}`)
			} else {
				malformed(name+" is a string", json, `{"`+name+`":"hunter"}`)
			}
			malformed(name+" is deep", json, `{"`+name+`":`+strings.Repeat("[", 8000)+strings.Repeat("]", 8000)+`}`)
			malformed(name+" is not UTF-8", json, `{"`+name+`":"`+"1\xff\xc0\x80"+`"}`)
			malformed(name+" in capitals", json, strings.Replace(good, name, strings.ToUpper(name), 1))
			malformed(name+" twice", json, good[:len(good)-1]+`,"`+name+`":null}`)
			malformed(name+" with an escape", json, strings.Replace(good, name, `\u00`+hex.EncodeToString([]byte(name[:1]))+name[1:], 1))
		}
	})
}

// utf16of is what some clients take for text.
func utf16of(text string) string {
	var out strings.Builder
	out.WriteString("\xfe\xff")
	for _, c := range []byte(text) {
		out.WriteString("\x00" + string(rune(c)))
	}
	return out.String()
}

func TestAPIWantsItsFields(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	b := a.member()
	a.scanned(b)
	b.cookies["__Host-2fa-pending"] = a.pending().cookies["__Host-2fa-pending"]
	for route, row := range contract {
		if row.body != nil {
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
