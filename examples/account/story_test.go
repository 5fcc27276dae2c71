package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCRM_B1toB11(t *testing.T) {
	t.Parallel()
	s := newSite(t, "crm")
	b := s.browser()
	b.signIn("alice")
	b.grant("alice")

	// B1, B9: the profile's number and no other.
	require.Equal(t, "policy", b.api("POST", "/2fa/enrollments", fields{"kind": "sms", "phone": "0498765432"}, 409)["reason"])
	e := b.api("POST", "/2fa/enrollments", fields{"kind": "sms"}, 201)
	code := s.code("+61412345678")
	s.clock.Advance(61 * time.Second) // B8
	require.Equal(t, "expired", b.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": code}, 403)["reason"])
	e = b.api("POST", "/2fa/enrollments", fields{"kind": "sms"}, 201)
	c := b.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": s.code("+61412345678")}, 200)
	require.NotEmpty(t, c["recovery_codes"])
	phone, c := b.phone() // B2, B3
	app := c["method"].(fields)["id"].(string)
	require.Equal(t, true, b.api("GET", "/2fa/settings", nil, 200)["enabled"], "B10")

	// B4, B5: a device is remembered for the app, never for SMS.
	trusted := s.browser()
	require.Equal(t, statusSecondFactor, trusted.signIn("alice"))
	login := trusted.api("GET", "/2fa/login", nil, 200)
	require.Equal(t, true, login["remember_device"])
	out := trusted.api("POST", "/2fa/login/verify", fields{"method": app, "code": phone.Code(s.clock.Now()), "remember_device": true}, 200)
	require.NotNil(t, out["device"])
	trusted.api("POST", "/api/sign-out", nil, 204)
	require.Equal(t, statusSignedIn, trusted.signIn("alice"))
	s.clock.Advance(30*24*time.Hour + time.Second)
	require.Equal(t, statusSecondFactor, trusted.signIn("alice"))

	// B6: the last four digits, and a code to the number.
	lost := s.browser()
	lost.signIn("alice")
	login = lost.api("GET", "/2fa/login", nil, 200)
	for _, m := range login["methods"].([]any) {
		require.NotContains(t, m.(fields)["hint"], "78", "the digits that are asked for")
	}
	before := len(s.app.messages.Messages())
	lost.api("POST", "/2fa/login/lost-device", fields{"last_digits": "0000"}, 202)
	require.NoError(t, s.app.drain(t.Context()))
	require.Len(t, s.app.messages.Messages(), before)
	s.clock.Advance(31 * time.Second)
	lost.api("POST", "/2fa/login/lost-device", fields{"last_digits": "5678"}, 202)
	lost.api("POST", "/2fa/login/verify", fields{"method": "lost_device", "code": s.code("+61412345678")}, 200)

	// B7: remove and set up again.
	lost.api("DELETE", "/2fa/methods/"+app, nil, 204)
	phone, _ = lost.phone()
	in := s.browser()
	in.signIn("alice")
	in.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)

	// B11: support resets, with a reason and a second factor of its own.
	admin := s.browser()
	admin.signIn("admin")
	reset := fields{"user": "alice@example.com", "reason": "lost everything, known by voice"}
	require.Equal(t, "grant_required", admin.api("POST", "/api/admin/reset", reset, 403)["reason"])
	admin.grant("admin")
	admin.phone()
	admin.api("POST", "/api/admin/reset", fields{"user": "alice@example.com", "reason": " "}, 400)
	admin.api("POST", "/api/admin/reset", fields{"user": "nobody@example.com", "reason": "x"}, 400)
	lost.api("POST", "/api/admin/reset", reset, 403)
	admin.api("POST", "/api/admin/reset", reset, 204)
	lost.api("GET", "/api/me", nil, 401)
	require.Contains(t, strings.ToLower(s.sent("alice@example.com")), "reset")
	require.Equal(t, statusSignedIn, s.browser().signIn("alice"))
	s.clock.Advance(5*time.Minute + time.Second)
	admin.api("POST", "/api/admin/reset", reset, 403)
}

func TestHosting_C1toC7(t *testing.T) {
	t.Parallel()
	s := newSite(t, "hosting")
	b := s.browser()
	b.signIn("alice")
	b.grant("alice")

	// C2: save, verify, enable.
	b.api("POST", "/2fa/enrollments", fields{"kind": "sms"}, 403)
	require.Contains(t, b.api("PUT", "/2fa/phone", fields{"number": "12"}, 400)["detail"], "phone")
	p := b.api("PUT", "/2fa/phone", fields{"number": "0412 345 678"}, 200)
	require.Equal(t, "+61412345678", p["e164"])
	require.Equal(t, false, p["verified"])
	b.api("POST", "/2fa/enrollments", fields{"kind": "sms"}, 409)
	b.api("POST", "/2fa/phone/send", nil, 202)
	require.Equal(t, true, b.api("POST", "/2fa/phone/verify", fields{"code": s.code("+61412345678")}, 200)["verified"])

	// C3: a changed number is unverified again.
	require.Equal(t, false, b.api("PUT", "/2fa/phone", fields{"number": "0498765432"}, 200)["verified"])
	b.api("DELETE", "/2fa/phone", nil, 204)
	b.api("PUT", "/2fa/phone", fields{"number": "0412345678"}, 200)
	s.clock.Advance(31 * time.Second)
	b.api("POST", "/2fa/phone/send", nil, 202)
	b.api("POST", "/2fa/phone/verify", fields{"code": s.code("+61412345678")}, 200)
	c := b.api("POST", "/2fa/enrollments", fields{"kind": "sms"}, 200)
	id := c["method"].(fields)["id"].(string)
	b.api("DELETE", "/2fa/phone", nil, 409)

	// C1: one at a time.
	require.Equal(t, "policy", b.api("POST", "/2fa/enrollments", fields{"kind": "totp"}, 409)["reason"])

	// C6, C7: the code goes out by itself.
	in := s.browser()
	require.NoError(t, s.app.drain(t.Context()))
	before := len(s.app.messages.Messages())
	require.Equal(t, statusSecondFactor, in.signIn("alice"))
	require.NoError(t, s.app.drain(t.Context()))
	require.Len(t, s.app.messages.Messages(), before+1)
	in.api("POST", "/2fa/login/verify", fields{"code": s.code("+61412345678")}, 200)

	// C1, C5: deactivate, then connect the app.
	b.api("DELETE", "/2fa/methods/"+id, nil, 204)
	b.grant("alice")
	phone, _ := b.phone()
	in = s.browser()
	in.signIn("alice")
	in.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)

	// C4: a number that a person of the account has verified.
	b = s.browser()
	b.signIn("bob")
	b.grant("bob")
	require.Equal(t, true, b.api("PUT", "/2fa/phone", fields{"number": "0412000111"}, 200)["verified"])
	c = b.api("POST", "/2fa/enrollments", fields{"kind": "sms"}, 200)
	require.Equal(t, "sms", c["method"].(fields)["kind"])
	require.Equal(t, statusSecondFactor, s.browser().signIn("bob"))
}

func TestTwoStep_D1toD4(t *testing.T) {
	t.Parallel()
	s := newSite(t, "twostep")
	b := s.browser()
	b.signIn("alice")
	b.grant("alice")
	b.api("POST", "/2fa/enrollments", fields{"kind": "sms", "phone": "0412345678"}, 409)
	e := b.api("POST", "/2fa/enrollments", fields{"kind": "totp"}, 201)
	phone, c := b.phone()
	codes := texts(c["recovery_codes"])
	require.Len(t, codes, 10, "D3")
	b.api("GET", "/2fa/enrollments/"+e["id"].(string)+"x/qr.png", nil, 403) // D4: an unknown one
	file := b.post("/settings/recovery-codes/text", "codes", codes[0], "codes", codes[1])
	require.Equal(t, 200, file.status)
	require.Contains(t, file.header.Get("Content-Disposition"), "attachment")
	require.Contains(t, file.body, codes[0])

	// D2: not asked again on this device, without a tick.
	device := s.browser()
	device.signIn("alice")
	out := device.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)
	require.NotNil(t, out["device"])
	s.clock.Advance(300 * 24 * time.Hour)
	require.Equal(t, statusSignedIn, device.signIn("alice"))
	require.Equal(t, "trusted_device", device.api("GET", "/api/me", nil, 200)["basis"])
	device.api("POST", "/api/sign-out", nil, 204)
	require.Equal(t, statusSecondFactor, device.signIn("alice"))
	device.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)
	device.api("POST", "/api/password", fields{"old": "wrong", "new": "another-password"}, 403)
	device.api("POST", "/api/password", fields{"old": "alice-demo-password", "new": "another-password"}, 204)
	next := device.api("POST", "/api/sign-in", fields{"user": "alice@example.com", "password": "another-password"}, 200)
	require.Equal(t, statusSecondFactor, next["status"], "the password was changed")

	// D3: each code once, in place of the app's.
	out = device.api("POST", "/2fa/login/verify", fields{"code": strings.ToLower(codes[3])}, 200)
	require.EqualValues(t, 9, out["recovery"].(fields)["left"])
	again := s.browser()
	again.api("POST", "/api/sign-in", fields{"user": "alice@example.com", "password": "another-password"}, 200)
	require.Equal(t, "already_used", again.api("POST", "/2fa/login/verify", fields{"code": codes[3]}, 403)["reason"])
	again.api("GET", "/api/me", nil, 401)
}

func TestStrict(t *testing.T) {
	t.Parallel()
	s := newSite(t, "strict")
	b := s.browser()
	require.Equal(t, statusEnrollmentRequired, b.signIn("alice"))
	b.api("GET", "/api/me", nil, 401)
	b.grant("alice")
	_, c := b.phone()
	b.api("GET", "/api/me", nil, 200)
	in := s.browser()
	in.signIn("alice")
	in.api("POST", "/2fa/login/verify", fields{"code": texts(c["recovery_codes"])[0]}, 200)
	in.api("GET", "/api/me", nil, 401) // recovered: set up anew first
}
