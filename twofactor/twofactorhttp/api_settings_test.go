package twofactorhttp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

func TestAPISettings(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	m := a.member()
	const names = "enabled required methods allowed_kinds one_at_a_time devices recovery profile"
	st := has(t, a.call(m, "GET", "settings", nil, 200), names)
	require.Equal(t, fields{
		"enabled": false, "required": false, "methods": []any{}, "allowed_kinds": []any{"totp", "sms", "email"},
		"one_at_a_time": false, "devices": []any{}, "recovery": fields{"left": 0.0, "low": false},
		"profile": fields{"email_hint": st["profile"].(fields)["email_hint"], "phone_hint": st["profile"].(fields)["phone_hint"], "phone_verified": true},
	}, st)
	require.NotContains(t, st["profile"].(fields)["email_hint"], "alice")
	require.NotContains(t, st["profile"].(fields)["phone_hint"], "0412")

	phone, id, _ := a.scanned(m)
	added := a.clock.Now().Add(-30 * time.Second)
	b := a.pending()
	a.call(b, "POST", "login/verify", fields{"code": phone.Code(a.clock.Now()), "remember_device": true, "device_name": "Firefox"}, 200)
	st = has(t, a.call(b, "GET", "settings", nil, 200), names)
	require.Equal(t, true, st["enabled"])
	require.Equal(t, fields{"left": 10.0, "low": false}, st["recovery"])
	method := has(t, st["methods"].([]any)[0], "id kind name hint added_at last_used_at usable removable digits")
	require.True(t, instant(t, method["added_at"]).Equal(added))
	require.True(t, instant(t, method["last_used_at"]).Equal(a.clock.Now()))
	require.Equal(t, true, method["removable"])
	require.Equal(t, id, method["id"])
	device := has(t, st["devices"].([]any)[0], "id name created_at last_used_at expires_at current")
	require.Equal(t, "Firefox", device["name"])
	require.Equal(t, true, device["current"])
	for _, at := range []string{"created_at", "last_used_at", "expires_at"} {
		instant(t, device[at])
	}
	other := a.call(m, "GET", "settings", nil, 200)["devices"].([]any)[0].(fields)
	require.Equal(t, false, other["current"])
}

func TestAPIGrant(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	b := newBrowser()
	a.begin(b)
	a.refused(b, "POST", "enrollments", fields{"kind": "totp"}, 403, twofactor.ReasonGrantRequired)
	a.refused(b, "POST", "grant", fields{"password": "wrong"}, 403, twofactor.ReasonWrongCode)
	a.call(b, "POST", "grant", fields{"password": secretPassword, "code": "123456"}, 400)
	require.Empty(t, b.cookies["__Host-2fa-grant"])
	g := has(t, a.call(b, "POST", "grant", fields{"password": secretPassword}, 200), "expires_at")
	require.True(t, instant(t, g["expires_at"]).Equal(a.clock.Now().Add(5*time.Minute)))
	require.NotEmpty(t, b.cookies["__Host-2fa-grant"])

	phone, id, codes := a.scanned(b)
	a.refused(b, "POST", "grant", fields{"password": secretPassword}, 403, twofactor.ReasonGrantRequired)
	a.refused(b, "POST", "grant", fields{"method": id, "code": "000000"}, 403, twofactor.ReasonWrongCode)
	a.refused(b, "POST", "grant", fields{"code": codes[0]}, 403, twofactor.ReasonNotUsable)
	a.call(b, "POST", "grant", fields{"method": id, "code": phone.Code(a.clock.Now())}, 200)

	a.clock.Advance(5 * time.Minute)
	a.refused(b, "POST", "recovery-codes", nil, 403, twofactor.ReasonGrantRequired)
	e := a.grantByMail(b, phone)
	a.clock.Advance(5 * time.Minute)
	a.call(b, "POST", "grant/send", fields{"method": e}, 202)
	a.call(b, "POST", "grant", fields{"method": e, "code": a.code(mail)}, 200)
	a.call(b, "POST", "recovery-codes", nil, 201)
}

// grantByMail sets up codes by mail, after a grant by the app.
func (a *apiApp) grantByMail(b *browser, phone *twofactortest.Phone) (id string) {
	a.t.Helper()
	a.call(b, "POST", "grant", fields{"code": phone.Code(a.clock.Now())}, 200)
	e := a.call(b, "POST", "enrollments", fields{"kind": "email"}, 201)
	out := a.call(b, "POST", "enrollments/"+e["id"].(string)+"/confirm", fields{"code": a.code(mail)}, 200)
	return out["method"].(fields)["id"].(string)
}

func TestAPIPasswordTriesArePaused(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	b := newBrowser()
	a.begin(b)
	for range 10 {
		a.refused(b, "POST", "grant", fields{"password": "wrong"}, 403, twofactor.ReasonWrongCode)
	}
	p := a.refused(b, "POST", "grant", fields{"password": secretPassword}, 429, twofactor.ReasonPaused)
	require.True(t, instant(t, p["retry_at"]).After(a.clock.Now()))
}

func TestAPIMethods(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	m := a.member()
	_, id, first := a.scanned(m)
	out := a.call(m, "PATCH", "methods/"+id, fields{"name": "Büro"}, 200)
	require.Equal(t, fields{"id": id, "name": "Büro"}, out)
	require.Equal(t, "Büro", a.call(m, "GET", "settings", nil, 200)["methods"].([]any)[0].(fields)["name"])
	a.call(m, "PATCH", "methods/"+id, fields{"name": strings.Repeat("ü", 33)}, 400)
	a.call(m, "PATCH", "methods/"+id, fields{"name": "a\x00b"}, 400)
	a.refused(m, "PATCH", "methods/other", fields{"name": "x"}, 403, twofactor.ReasonNotUsable)

	codes := has(t, a.call(m, "POST", "recovery-codes", nil, 201), "recovery_codes")["recovery_codes"].([]any)
	require.Len(t, codes, 10)
	require.NotContains(t, codes, first[0])

	require.Equal(t, fields{"enabled": false}, a.call(m, "PUT", "enabled", fields{"enabled": false}, 200))
	require.Equal(t, false, a.call(m, "GET", "settings", nil, 200)["enabled"])
	require.Equal(t, fields{"enabled": true}, a.call(m, "PUT", "enabled", fields{"enabled": true}, 200))

	a.refused(m, "DELETE", "methods/other", nil, 403, twofactor.ReasonNotUsable)
	a.call(m, "DELETE", "methods/"+id, nil, 204)
	require.Empty(t, a.call(m, "GET", "settings", nil, 200)["methods"])
	a.refused(m, "PUT", "enabled", fields{"enabled": false}, 403, twofactor.ReasonEnrollmentRequired)
	a.refused(m, "POST", "recovery-codes", nil, 409, twofactor.ReasonPolicy)
}

func TestAPIPolicySaysNo(t *testing.T) {
	t.Parallel()
	a := newAPI(t, twofactor.Policy{Required: true})
	m := newBrowser()
	a.begin(m)
	for _, path := range []string{"DELETE devices", "POST recovery-codes", "PUT enabled", "DELETE methods/x", "PATCH methods/x"} {
		method, path, _ := strings.Cut(path, " ")
		a.refused(m, method, path, nil, 401, twofactor.ReasonEnrollmentRequired) // W35
	}
	require.Equal(t, true, a.call(m, "GET", "settings", nil, 200)["required"])
	a.call(m, "POST", "grant", fields{"password": secretPassword}, 200)
	a.refused(m, "POST", "enrollments", fields{"kind": "sms"}, 409, twofactor.ReasonPolicy)
	a.refused(m, "POST", "enrollments", fields{"kind": "totp", "phone": "0412345678"}, 409, twofactor.ReasonPolicy)
	a.refused(m, "PUT", "phone", fields{"number": "0412345678"}, 409, twofactor.ReasonPolicy)
	a.refused(m, "POST", "phone/send", nil, 409, twofactor.ReasonPolicy)
	a.refused(m, "DELETE", "phone", nil, 409, twofactor.ReasonPolicy)
	old := m.cookies["sid"]
	_, id, _ := a.scanned(m)
	require.NotEqual(t, old, m.cookies["sid"], "W38")
	a.refused(m, "PUT", "enabled", fields{"enabled": false}, 409, twofactor.ReasonPolicy)
	a.refused(m, "DELETE", "methods/"+id, nil, 409, twofactor.ReasonPolicy)
	a.refused(a.pending(), "POST", "login/lost-device", fields{"last_digits": "5678"}, 409, twofactor.ReasonPolicy)
}

func TestAPIDevices(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	phone, id, _ := a.scanned(a.member())
	var browsers []*browser
	for range 3 {
		b := a.pending()
		a.call(b, "POST", "login/verify", fields{"code": phone.Code(a.clock.Now()), "remember_device": true}, 200)
		browsers = append(browsers, b)
		a.clock.Advance(30 * time.Second)
	}
	b := browsers[0]
	a.refused(b, "DELETE", "devices", nil, 403, twofactor.ReasonGrantRequired)
	a.call(b, "POST", "grant", fields{"method": id, "code": phone.Code(a.clock.Now())}, 200)
	devices := a.call(b, "GET", "settings", nil, 200)["devices"].([]any)
	require.Len(t, devices, 3)
	a.call(b, "DELETE", "devices/"+devices[0].(fields)["id"].(string), nil, 204)
	require.Len(t, a.call(b, "GET", "settings", nil, 200)["devices"], 2)
	a.call(b, "DELETE", "devices", nil, 204)
	require.Empty(t, a.call(b, "GET", "settings", nil, 200)["devices"])
}

func TestAPIGrantCookie(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	b := newBrowser()
	a.begin(b)
	w := a.raw(b, "POST", "grant", "application/json; charset=utf-8", `{"password":"`+secretPassword+`"}`)
	require.Equal(t, 200, w.Code)
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	c := cookies[0]
	require.Equal(t, "__Host-2fa-grant", c.Name)
	require.Equal(t, http.SameSiteStrictMode, c.SameSite)
	require.True(t, c.Secure && c.HttpOnly)
	require.Equal(t, 300, c.MaxAge)
	var out fields
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out))
	require.NotContains(t, w.Body.String(), c.Value)
}
