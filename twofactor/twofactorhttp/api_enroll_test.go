package twofactorhttp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

func TestAPIEnrollApp(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	m := a.member()
	e := has(t, a.call(m, "POST", "enrollments", fields{"kind": "totp", "name": "My phone"}, 201),
		"id kind secret uri qr_png qr_svg expires_at")
	require.True(t, instant(t, e["expires_at"]).Equal(a.clock.Now().Add(15*time.Minute)))
	require.Contains(t, e["uri"], e["secret"])

	at := "enrollments/" + e["id"].(string)
	require.Equal(t, "/2fa/"+at+"/qr.png", e["qr_png"])
	require.Equal(t, "/2fa/"+at+"/qr.svg", e["qr_svg"])
	typed, err := twofactortest.NewPhone(e["uri"].(string))
	require.NoError(t, err)
	for path, kind := range map[string]string{e["qr_png"].(string): "image/png", e["qr_svg"].(string): "image/svg+xml"} {
		path = strings.TrimPrefix(path, "/2fa/")
		w := a.raw(m, "GET", path, "", "")
		require.Equal(t, 200, w.Code)
		require.Equal(t, kind, w.Header().Get("Content-Type"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		phone, err := twofactortest.ScanPhone(w.Body.Bytes())
		require.NoError(t, err)
		require.Equal(t, typed.Code(a.clock.Now()), phone.Code(a.clock.Now()))
		require.Equal(t, "Example", phone.Issuer())
		require.Equal(t, mail, phone.Account())

		// The picture is worth nothing without session and grant.
		require.Equal(t, 401, a.raw(newBrowser(), "GET", path, "", "").Code)
		other := newBrowser()
		a.begin(other)
		a.refused(other, "GET", path, nil, 403, twofactor.ReasonGrantRequired)
	}
	a.refused(m, "GET", "enrollments/other/qr.png", nil, 403, twofactor.ReasonExpired)
	a.refused(m, "POST", at+"/send", nil, 403, twofactor.ReasonNotUsable)
	a.refused(m, "POST", at+"/confirm", fields{"code": "000000"}, 403, twofactor.ReasonWrongCode)

	old := m.cookies["sid"]
	out := has(t, a.call(m, "POST", at+"/confirm", fields{"code": typed.Code(a.clock.Now())}, 200), "method recovery_codes")
	require.Len(t, out["recovery_codes"], 10)
	require.NotEqual(t, old, m.cookies["sid"], "W38: what the session rests on is another")
	method := has(t, out["method"], "id kind name hint added_at usable removable digits")
	require.Equal(t, "My phone", method["name"])
	a.refused(m, "GET", at+"/qr.png", nil, 403, twofactor.ReasonExpired)

	// Another one in its place, which ends when the new one is proven.
	id := method["id"].(string)
	a.refused(m, "POST", "enrollments", fields{"kind": "totp", "method": "other"}, 403, twofactor.ReasonNotUsable)
	e = a.call(m, "POST", "enrollments", fields{"kind": "totp", "method": id}, 201)
	next, err := twofactortest.NewPhone(e["uri"].(string))
	require.NoError(t, err)
	out = a.call(m, "POST", "enrollments/"+e["id"].(string)+"/confirm", fields{"code": next.Code(a.clock.Now())}, 200)
	require.NotContains(t, out, "recovery_codes")
	methods := a.call(m, "GET", "settings", nil, 200)["methods"].([]any)
	require.Len(t, methods, 1)
	require.NotEqual(t, id, methods[0].(fields)["id"])
}

func TestAPIEnrollMail(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	m := a.member()
	e := has(t, a.call(m, "POST", "enrollments", fields{"kind": "email"}, 201),
		"id kind hint reference digits resend_at expires_at")
	require.NotContains(t, e["hint"], "alice")
	at := "enrollments/" + e["id"].(string)
	a.refused(m, "GET", at+"/qr.png", nil, 403, twofactor.ReasonNotUsable)
	a.refused(m, "POST", at+"/send", nil, 429, twofactor.ReasonSendLimited)
	a.clock.Advance(30 * time.Second)
	s := a.call(m, "POST", at+"/send", nil, 202)
	require.NotEqual(t, e["reference"], s["reference"])
	a.call(m, "POST", at+"/confirm", fields{"code": a.code(mail)}, 200)
}

func TestAPIEnrollTwoKinds(t *testing.T) {
	t.Parallel()
	policy := everything
	policy.Backup = twofactor.Email
	a := newAPI(t, policy)
	m := a.member()
	e := a.call(m, "POST", "enrollments", fields{"kind": "totp"}, 201)
	phone, err := twofactortest.NewPhone(e["uri"].(string))
	require.NoError(t, err)
	out := a.call(m, "POST", "enrollments/"+e["id"].(string)+"/confirm", fields{"code": phone.Code(a.clock.Now())}, 200)
	require.Equal(t, "email", out["next"])
	require.Equal(t, "email", a.call(m, "GET", "settings", nil, 200)["next"])
}

func TestAPIEnrollVerifiedNumber(t *testing.T) {
	t.Parallel()
	policy := everything
	policy.Numbers, policy.VerifiedNumbersSuffice = twofactor.NumbersFromProfile, true
	a := newAPI(t, policy)
	m := a.member()
	out := has(t, a.call(m, "POST", "enrollments", fields{"kind": "sms"}, 200), "method recovery_codes")
	require.Equal(t, "sms", out["method"].(fields)["kind"])
	_, sent := a.outbox.Last(mobile)
	require.False(t, sent, "it needs no code")
}

func TestAPIEnrollNumberFromForm(t *testing.T) {
	t.Parallel()
	policy := everything
	policy.Numbers, policy.LostDevice = twofactor.NumbersFromForm, false
	a := newAPI(t, policy)
	m := a.member()
	require.Contains(t, a.call(m, "POST", "enrollments", fields{"kind": "sms", "phone": "12"}, 400)["type"], "input")
	e := a.call(m, "POST", "enrollments", fields{"kind": "sms", "phone": "0412 000 111"}, 201)
	a.call(m, "POST", "enrollments/"+e["id"].(string)+"/confirm", fields{"code": a.code("+61412000111")}, 200)
}

func TestAPIPhone(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	m := a.member()
	a.call(m, "PUT", "phone", fields{"number": "not a number"}, 400)
	p := has(t, a.call(m, "PUT", "phone", fields{"number": "0412 000 111"}, 200), "hint e164 verified")
	require.Equal(t, "+61412000111", p["e164"])
	require.Equal(t, false, p["verified"])
	a.refused(m, "POST", "phone/verify", fields{"code": "000000"}, 403, twofactor.ReasonNotUsable)

	has(t, a.call(m, "POST", "phone/send", nil, 202), "hint reference digits expires_at resend_at")
	a.refused(m, "POST", "phone/send", nil, 429, twofactor.ReasonSendLimited)
	code := a.code("+61412000111")
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	a.refused(m, "POST", "phone/verify", fields{"code": wrong}, 403, twofactor.ReasonWrongCode)
	p = has(t, a.call(m, "POST", "phone/verify", fields{"code": code}, 200), "hint verified")
	require.Equal(t, true, p["verified"])

	e := a.call(m, "POST", "enrollments", fields{"kind": "sms"}, 201)
	a.clock.Advance(30 * time.Second)
	a.call(m, "POST", "enrollments/"+e["id"].(string)+"/send", nil, 202)
	a.call(m, "POST", "enrollments/"+e["id"].(string)+"/confirm", fields{"code": a.code("+61412000111")}, 200)
	a.refused(m, "DELETE", "phone", nil, 409, twofactor.ReasonPolicy)
	id := a.call(m, "GET", "settings", nil, 200)["methods"].([]any)[0].(fields)["id"].(string)
	a.call(m, "DELETE", "methods/"+id, nil, 204)
	a.call(m, "DELETE", "phone", nil, 204)
}
