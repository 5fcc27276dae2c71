package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAccess_A1toA14(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	require.Equal(t, statusSignedIn, b.signIn("alice"))

	// A2: the password comes before the choice of a method.
	require.Equal(t, "grant_required", b.api("POST", "/2fa/enrollments", fields{"kind": "totp"}, 403)["reason"])
	require.Equal(t, "wrong_code", b.api("POST", "/2fa/grant", fields{"password": "not it"}, 403)["reason"])
	b.grant("alice")

	// A3: by QR code, or with the key beside it.
	e := b.api("POST", "/2fa/enrollments", fields{"kind": "totp"}, 201)
	require.NotEmpty(t, e["secret"])
	phone, c := b.phone()
	require.Equal(t, "totp", c["method"].(fields)["kind"], "A8")
	require.Equal(t, "email", c["next"], "A4")
	require.Nil(t, c["recovery_codes"], "A7: with the last step, not before")

	// A6: the address comes from the profile.
	e = b.api("POST", "/2fa/enrollments", fields{"kind": "email"}, 201)
	c = b.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": s.code("alice@example.com")}, 200)
	require.Len(t, c["recovery_codes"], 1, "A7")
	recoveryCode := texts(c["recovery_codes"])[0]

	// A5: the number is typed, as people write it.
	e = b.api("POST", "/2fa/enrollments", fields{"kind": "sms", "phone": "0498 765 432"}, 201)
	require.Empty(t, e["secret"])
	c = b.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": s.code("+61498765432")}, 200)
	require.Nil(t, c["recovery_codes"], "A7: never again")

	// A12: all are listed, and mail stays.
	settings := b.api("GET", "/2fa/settings", nil, 200)
	require.Len(t, settings["methods"], 3, "A14")
	for _, m := range settings["methods"].([]any) {
		m := m.(fields)
		status := 204
		if m["kind"] == "email" {
			status = 409
		}
		require.Equal(t, status == 204, m["removable"])
		if m["kind"] != "totp" {
			b.api("DELETE", "/2fa/methods/"+m["id"].(string), nil, status)
		}
	}
	e = b.api("POST", "/2fa/enrollments", fields{"kind": "sms", "phone": "+61 498 765 432"}, 201)
	s.clock.Advance(31 * time.Second)
	b.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/send", nil, 202)
	b.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": s.code("+61498765432")}, 200)

	// A13: off without removing, and on without set-up.
	b.api("PUT", "/2fa/enabled", fields{"enabled": false}, 200)
	require.Equal(t, statusSignedIn, s.browser().signIn("alice"))
	b.api("PUT", "/2fa/enabled", fields{"enabled": true}, 200)

	// A9, A14: asked from then on, with a choice.
	phoneApp := s.browser()
	require.Equal(t, statusSecondFactor, phoneApp.signIn("alice"))
	phoneApp.api("GET", "/api/me", nil, 401)
	ids := phoneApp.methods()
	require.Len(t, ids, 3)

	// A10: another code kills the one before.
	phoneApp.api("POST", "/2fa/login/send", fields{"method": ids["sms"]}, 202)
	first := s.code("+61498765432")
	s.clock.Advance(31 * time.Second)
	phoneApp.api("POST", "/2fa/login/send", fields{"method": ids["sms"]}, 202)
	require.Equal(t, "superseded", phoneApp.api("POST", "/2fa/login/verify", fields{"method": ids["sms"], "code": first}, 403)["reason"])
	phoneApp.api("POST", "/2fa/login/verify", fields{"method": ids["sms"], "code": s.code("+61498765432")}, 200)
	phoneApp.api("GET", "/api/me", nil, 200)

	other := s.browser()
	other.signIn("alice")
	out := other.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)
	require.Contains(t, out["amr"], "otp")

	// A11: the recovery code signs in and resets.
	lost := s.browser()
	lost.signIn("alice")
	out = lost.api("POST", "/2fa/login/verify", fields{"code": recoveryCode}, 200)
	require.Equal(t, true, out["recovery"].(fields)["reset"])
	lost.api("GET", "/api/me", nil, 200)
	require.Equal(t, false, lost.api("GET", "/2fa/settings", nil, 200)["enabled"])
	other.api("GET", "/api/me", nil, 401) // who got in by recovery ends the other sessions
	require.Equal(t, statusSignedIn, s.browser().signIn("alice"), "offered, not forced")
	lost.grant("alice")
	lost.phone()
	e = lost.api("POST", "/2fa/enrollments", fields{"kind": "email"}, 201)
	c = lost.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": s.code("alice@example.com")}, 200)
	require.NotEqual(t, recoveryCode, texts(c["recovery_codes"])[0])
}
