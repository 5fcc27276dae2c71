package twofactorhttp_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

func TestAPILogin(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	phone, id, codes := a.scanned(a.member())
	require.Len(t, codes, 10)

	b := a.pending()
	first := b.cookies["__Host-2fa-pending"]
	require.NotContains(t, b.cookies, "sid")
	l := has(t, a.call(b, "GET", "login", nil, 200),
		"methods preferred codes recovery lost_device remember_device expires_at remaining")
	require.True(t, instant(t, l["expires_at"]).Equal(a.clock.Now().Add(10*time.Minute)))
	require.Equal(t, fields{
		"methods":   []any{fields{"id": id, "kind": "totp", "name": "My phone", "hint": "", "digits": 6.0, "usable": true}},
		"preferred": id, "codes": 1.0, "recovery": true, "lost_device": true, "remember_device": true,
		"expires_at": l["expires_at"], "remaining": 5.0,
	}, l)

	wrong := a.refused(b, "POST", "login/verify", fields{"code": "000000"}, 403, twofactor.ReasonWrongCode)
	has(t, wrong, "type title status reason remaining")
	require.EqualValues(t, 4, wrong["remaining"])
	malformed := a.refused(b, "POST", "login/verify", fields{"code": "12"}, 400, twofactor.ReasonMalformedCode)
	has(t, malformed, "type title status reason")
	require.EqualValues(t, 4, a.call(b, "GET", "login", nil, 200)["remaining"], "it cost nothing")

	out := has(t, a.call(b, "POST", "login/verify", fields{
		"method": id, "code": phone.Code(a.clock.Now()), "remember_device": true, "device_name": "Firefox",
	}, 200), "status amr recovery device")
	require.Equal(t, "verified", out["status"])
	require.Equal(t, []any{"pwd", "otp", "mfa"}, out["amr"])
	require.Equal(t, fields{"spent": false, "left": 10.0, "low": false, "reset": false}, out["recovery"])
	device := has(t, out["device"], "id expires_at")
	require.True(t, instant(t, device["expires_at"]).Equal(a.clock.Now().Add(30*24*time.Hour)))

	require.NotContains(t, b.cookies, "__Host-2fa-pending")
	for _, name := range []string{"sid", "__Host-2fa-browser", "__Host-2fa-device"} {
		require.NotEmpty(t, b.cookies[name], name)
	}
	// The same code again, with the cookie that the browser has dropped.
	thief := newBrowser()
	thief.cookies["__Host-2fa-pending"] = first
	a.refused(thief, "POST", "login/verify", fields{"code": phone.Code(a.clock.Now())}, 401, twofactor.ReasonLoginEnded)
	a.refused(a.pending(), "POST", "login/verify", fields{"code": phone.Code(a.clock.Now())}, 403, twofactor.ReasonAlreadyUsed)
}

func TestAPILoginSendsCodes(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	m := a.member()
	e := a.call(m, "POST", "enrollments", fields{"kind": "email"}, 201)
	done := a.call(m, "POST", "enrollments/"+e["id"].(string)+"/confirm", fields{"code": a.code(mail)}, 200)
	id := done["method"].(fields)["id"].(string)
	a.clock.Advance(5 * time.Minute)

	b := a.pending()
	require.NotContains(t, a.call(b, "GET", "login", nil, 200)["methods"].([]any)[0].(fields)["hint"], "alice")
	s := has(t, a.call(b, "POST", "login/send", fields{"method": id}, 202), "method hint reference digits expires_at resend_at")
	require.Equal(t, id, s["method"])
	require.Regexp(t, `^[A-Z]+$`, s["reference"])
	require.EqualValues(t, 6, s["digits"])
	require.LessOrEqual(t, instant(t, s["resend_at"]).Sub(a.clock.Now()), 30*time.Second)
	require.True(t, instant(t, s["expires_at"]).After(a.clock.Now()))
	old := a.code(mail)

	a.refused(b, "POST", "login/send", fields{"method": id}, 429, twofactor.ReasonSendLimited)
	a.clock.Advance(30 * time.Second)
	a.call(b, "POST", "login/send", fields{"method": id}, 202)
	if old != a.code(mail) {
		p := a.refused(b, "POST", "login/verify", fields{"code": old}, 403, twofactor.ReasonSuperseded)
		require.True(t, instant(t, p["sent_at"]).Equal(a.clock.Now()))
	}
	out := a.call(b, "POST", "login/verify", fields{"code": a.code(mail)}, 200)
	require.Equal(t, "verified", out["status"])

	b = a.pending()
	a.clock.Advance(5 * time.Minute)
	a.fail.Store(true)
	a.refused(b, "POST", "login/send", fields{"method": id}, 403, twofactor.ReasonSendFailed)
	a.refused(b, "POST", "login/send", fields{"method": "another"}, 403, twofactor.ReasonNotUsable)
}

func TestAPILoginByRecoveryCode(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	_, _, codes := a.scanned(a.member())
	b := a.pending()
	out := a.call(b, "POST", "login/verify", fields{"code": codes[0]}, 200)
	require.Equal(t, fields{"spent": true, "left": 9.0, "low": false, "reset": false}, out["recovery"])
	require.NotEmpty(t, b.cookies["__Host-2fa-grant"], "the sign-in has a grant from the start")
	a.call(b, "POST", "recovery-codes", nil, 201)

	replace := everything
	replace.Recovery.OnUse = twofactor.Replace
	a = newAPI(t, replace)
	_, _, codes = a.scanned(a.member())
	out = a.call(a.pending(), "POST", "login/verify", fields{"method": "recovery", "code": codes[0]}, 200)
	require.Len(t, out["recovery"].(fields)["codes"], 10)

	enroll := everything
	enroll.RecoveredEnrollOnly = true
	a = newAPI(t, enroll)
	_, _, codes = a.scanned(a.member())
	b = a.pending()
	out = a.call(b, "POST", "login/verify", fields{"code": codes[0]}, 200)
	require.Equal(t, "enrollment_required", out["status"], "W35: it is no sign-in")
	a.call(b, "GET", "settings", nil, 200)
	a.refused(b, "POST", "recovery-codes", nil, 401, twofactor.ReasonEnrollmentRequired)
}

func TestAPILoginWithThreeCodes(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	phone, id, _ := a.scanned(a.member())
	for range 2 {
		b := a.pending()
		for range 5 {
			a.refused(b, "POST", "login/verify", fields{"code": "000000"}, 403, twofactor.ReasonWrongCode)
		}
		a.refused(b, "POST", "login/verify", fields{"code": "000000"}, 401, twofactor.ReasonLoginEnded)
		require.NotContains(t, b.cookies, "__Host-2fa-pending", "it is of no use any more")
	}
	b := a.pending()
	l := a.call(b, "GET", "login", nil, 200)
	require.EqualValues(t, 3, l["codes"])
	require.EqualValues(t, 0, l["remaining"])
	p := a.refused(b, "POST", "login/verify", fields{"code": phone.Code(a.clock.Now())}, 429, twofactor.ReasonPaused)
	require.True(t, instant(t, p["retry_at"]).After(a.clock.Now()))
	a.refused(b, "POST", "login/verify", fields{"codes": []string{"000000"}}, 400, twofactor.ReasonMalformedCode)

	a.clock.Advance(31 * time.Minute) // past the pause of the app itself
	b = a.pending()
	last := a.clock.Now()
	out := a.call(b, "POST", "login/verify", fields{"method": id, "codes": phone.Codes(3, last)}, 200)
	require.Equal(t, "verified", out["status"])
}

func TestAPILostDevice(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	a.scanned(a.member())
	b := a.pending()
	require.Equal(t, fields{}, a.call(b, "POST", "login/lost-device", fields{"last_digits": "0000"}, 202))
	require.NoError(t, a.svc.Drain(t.Context()))
	_, sent := a.outbox.Last(mobile)
	require.False(t, sent)
	a.refused(b, "POST", "login/lost-device", fields{"last_digits": "567"}, 400, twofactor.ReasonMalformedCode)

	b = a.pending()
	require.Equal(t, fields{}, a.call(b, "POST", "login/lost-device", fields{"last_digits": "5678"}, 202))
	require.NoError(t, a.svc.Drain(t.Context()))
	out := a.call(b, "POST", "login/verify", fields{"method": "lost_device", "code": a.code(mobile)}, 200)
	require.Contains(t, out["amr"], "lost_device")
	require.NotContains(t, out["amr"], "mfa")
	require.NotEmpty(t, b.cookies["__Host-2fa-grant"])
}

func TestAPILoginCancel(t *testing.T) {
	t.Parallel()
	a := newAPI(t, everything)
	phone, _, _ := a.scanned(a.member())
	b := a.pending()
	a.refused(b, "POST", "login/verify", fields{"code": "000000"}, 403, twofactor.ReasonWrongCode)
	token := b.cookies["__Host-2fa-pending"]
	a.call(b, "POST", "login/cancel", nil, 204)
	require.NotContains(t, b.cookies, "__Host-2fa-pending")
	b.cookies["__Host-2fa-pending"] = token
	a.refused(b, "POST", "login/verify", fields{"code": phone.Code(a.clock.Now())}, 401, twofactor.ReasonLoginEnded)
}
