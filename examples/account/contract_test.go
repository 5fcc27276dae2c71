package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every row of the contract does what it is for, over real connections, and
// answers with the status that it has then.
func TestContract_EveryRowAnswers(t *testing.T) {
	t.Parallel()
	answered := make(map[string]bool)
	row := func(b *browser, method, pattern, id string, body any, status int) fields {
		t.Helper()
		answered[method+" "+pattern] = true
		return b.api(method, "/2fa/"+strings.ReplaceAll(pattern, "{id}", id), body, status)
	}

	hosting := newSite(t, "hosting") // whose users look after a number
	b := hosting.browser()
	b.signIn("alice")
	row(b, "POST", "grant", "", fields{"password": "alice-demo-password"}, 200)
	row(b, "PUT", "phone", "", fields{"number": "0412345678"}, 200)
	row(b, "POST", "phone/send", "", nil, 202)
	row(b, "POST", "phone/verify", "", fields{"code": hosting.code("+61412345678")}, 200)
	row(b, "DELETE", "phone", "", nil, 204)

	crm := newSite(t, "crm") // which has the rest
	b = crm.browser()
	b.signIn("alice")
	b.grant("alice")
	e := row(b, "POST", "enrollments", "", fields{"kind": "sms"}, 201)
	crm.clock.Advance(31 * time.Second)
	row(b, "POST", "enrollments/{id}/send", e["id"].(string), nil, 202)
	c := row(b, "POST", "enrollments/{id}/confirm", e["id"].(string), fields{"code": crm.code("+61412345678")}, 200)
	codes := texts(c["recovery_codes"])
	require.NotEmpty(t, codes)
	app := b.api("POST", "/2fa/enrollments", fields{"kind": "totp"}, 201)
	for kind, file := range map[string]string{"image/png": "qr.png", "image/svg+xml": "qr.svg"} {
		answered["GET enrollments/{id}/"+file] = true
		got := b.get("/2fa/enrollments/" + app["id"].(string) + "/" + file)
		require.Equal(t, 200, got.status)
		require.Equal(t, kind, got.header.Get("Content-Type"))
	}
	phone, c := b.phone()
	method := c["method"].(fields)["id"].(string)
	row(b, "PATCH", "methods/{id}", method, fields{"name": "My phone"}, 200)
	row(b, "GET", "settings", "", nil, 200)

	trust := func() *browser {
		in := crm.browser()
		in.signIn("alice")
		out := row(in, "POST", "login/verify", "", fields{"code": phone.Code(crm.clock.Now()), "remember_device": true}, 200)
		require.NotNil(t, out["device"])
		crm.clock.Advance(31 * time.Second)
		return in
	}
	trust()
	in := trust()
	row(in, "POST", "grant/send", "", fields{"method": in.api("GET", "/2fa/settings", nil, 200)["methods"].([]any)[0].(fields)["id"]}, 202)
	in.api("POST", "/2fa/grant", fields{"code": crm.code("+61412345678")}, 200)
	device := in.api("GET", "/2fa/settings", nil, 200)["devices"].([]any)[0].(fields)["id"].(string)
	row(in, "DELETE", "devices/{id}", device, nil, 204)
	row(in, "DELETE", "devices", "", nil, 204)
	require.Len(t, row(in, "POST", "recovery-codes", "", nil, 201)["recovery_codes"], len(codes))
	row(in, "PUT", "enabled", "", fields{"enabled": false}, 200)
	in.api("PUT", "/2fa/enabled", fields{"enabled": true}, 200)

	waiting := crm.browser()
	require.Equal(t, statusSecondFactor, waiting.signIn("alice"))
	sms := row(waiting, "GET", "login", "", nil, 200)["methods"].([]any)[0].(fields)["id"]
	crm.clock.Advance(31 * time.Second)
	row(waiting, "POST", "login/send", "", fields{"method": sms}, 202)
	row(waiting, "POST", "login/lost-device", "", fields{"last_digits": "0000"}, 202)
	row(waiting, "POST", "login/cancel", "", nil, 204)
	row(in, "DELETE", "methods/{id}", method, nil, 204)

	var rows []string
	for _, r := range contract {
		rows = append(rows, r.method+" "+r.path)
	}
	require.ElementsMatch(t, rows, slices.Collect(maps.Keys(answered)))
}

// Nothing that a client can send is a fault: each row of the contract answers
// what it can't read with a problem.
func TestContract_MalformedRequestsAreProblems(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	b.signIn("alice")
	b.grant("alice")
	b.phone()
	long := strings.Repeat("x", 100)
	for pattern, c := range s.calls("x") {
		if !strings.HasPrefix(c.path, "/2fa/") {
			continue
		}
		for name, send := range map[string]struct{ kind, body string }{
			"no body":       {"application/json", ""},
			"no JSON":       {"application/json", "{"},
			"array":         {"application/json", "[]"},
			"null":          {"application/json", "null"},
			"two objects":   {"application/json", "{}{}"},
			"unknown field": {"application/json", `{"skip":true}`},
			"wrong types":   {"application/json", `{"code":1,"method":[],"kind":{},"number":2,"name":false,"enabled":"yes","last_digits":1}`},
			"too large":     {"application/json", `{"code":"` + strings.Repeat("1", 16<<10) + `"}`},
			"no UTF-8":      {"application/json", `{"code":"` + "\xff" + `"}`},
			"deep":          {"application/json", strings.Repeat(`[`, 15<<10)},
			"form":          {"application/x-www-form-urlencoded", "code=123456"},
			"no type":       {"", "{}"},
			"long code":     {"application/json", `{"code":"` + long + `"}`},
			"long name":     {"application/json", `{"name":"` + long + `"}`},
			"long kind":     {"application/json", `{"kind":"` + long + `"}`},
			"named app":     {"application/json", `{"kind":"totp","name":"` + long + `"}`},
			"line break":    {"application/json", `{"kind":"totp","name":"a\nb"}`},
			"long number":   {"application/json", `{"number":"` + long + `"}`},
			"long phone":    {"application/json", `{"kind":"sms","phone":"` + long + `"}`},
			"long password": {"application/json", `{"password":"` + long + `"}`},
			"four codes":    {"application/json", `{"codes":["123456","123456","123456","123456"]}`},
		} {
			got := b.do(c.method, c.path, send.kind, send.body)
			require.Less(t, got.status, 500, "%s, %s: %s", pattern, name, got.body)
			require.Contains(t, got.header.Values("Cache-Control"), "no-store")
			if got.status < 400 {
				continue // a row that takes no body, or this one
			}
			isProblem(t, got, pattern+", "+name)
			require.NotContains(t, got.body, long, "%s, %s", pattern, name)
		}
	}
}

// isProblem wants a problem document (RFC 9457, section 3.1).
func isProblem(t *testing.T, got answer, name string) {
	t.Helper()
	require.Equal(t, "application/problem+json", got.header.Get("Content-Type"), name)
	var p struct {
		Type, Title string
		Status      int
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &p), name)
	require.Equal(t, got.status, p.Status, name)
	require.NotEmpty(t, p.Type, name)
	require.NotEmpty(t, p.Title, name)
}

// The app's own endpoints are as strict.
func TestContract_AppsEndpointsRefuseWhatTheyCantRead(t *testing.T) {
	t.Parallel()
	store := new(countingStore)
	s := newSite(t, "access", counted(store))
	admin := s.browser()
	admin.signIn("admin")
	admin.grant("admin")
	admin.phone() // so that all of them are open
	names := map[string][2]string{
		"POST /api/sign-in": {"user", "password"}, "POST /api/password": {"old", "new"}, "POST /api/admin/reset": {"user", "reason"},
	}
	walked := 0
	for pattern, c := range s.calls("x") {
		if !strings.HasPrefix(c.path, "/api/") || c.method == "GET" || c.path == "/api/sign-out" {
			continue
		}
		walked++
		a, b := names[pattern][0], names[pattern][1]
		good := `{"` + a + `":"hunter","` + b + `":"hunter-hunter"}`
		for name, body := range map[string]string{
			"empty": "", "blank": " \n", "cut": good[:len(good)-1], "array": "[" + good + "]", "null": "null", "text": `"hunter"`,
			"trailing object": good + "{}", "trailing garbage": good + "hunter", "unknown field": `{"hunter":"hunter"}`,
			"number": `{"` + a + `":12}`, "object": `{"` + a + `":{}}`, "null field": `{"` + a + `":null}`,
			"twice": `{"` + a + `":"hunter",` + good[1:], "in capitals": strings.Replace(good, a, strings.ToUpper(a), 1),
			"no UTF-8": strings.Replace(good, "hunter", "hunter\xff", 1), "deep": strings.Repeat(`{"`+a+`":`, 5000),
			"too large": `{"` + a + `":"` + strings.Repeat("x", maxBody) + `"}`, "byte order mark": "\ufeff" + good,
		} {
			s.unwritten(store, pattern, func() {
				got := admin.do(c.method, c.path, "application/json", body)
				require.Equal(t, 400, got.status, "%s, %s: %s", pattern, name, got.body)
				isProblem(t, got, pattern+", "+name)
				require.NotContains(t, got.body, "hunter", "%s, %s", pattern, name)
			})
		}
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json;;="} {
			got := admin.do(c.method, c.path, kind, good)
			require.Equal(t, 400, got.status, "%s, %s", pattern, kind)
			isProblem(t, got, pattern)
		}
	}
	require.Equal(t, len(names), walked)
	admin.api("GET", "/api/me", nil, 200)
}
