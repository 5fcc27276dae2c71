package main

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

var (
	inputTag = regexp.MustCompile(`<(?:input|textarea)\b[^>]*>`)
	idOf     = regexp.MustCompile(`\bid="([^"]*)"`)
	refOf    = regexp.MustCompile(`\baria-(?:describedby|labelledby)="([^"]*)"`)
	methodOf = regexp.MustCompile(`name="method" value="([^"]*)"`)
	otpauth  = regexp.MustCompile(`href="(otpauth:[^"]*)"`)
	notice   = regexp.MustCompile(`id="notice"[^>]*role="(\w+)">([^<]*)<`)
)

// check holds a page to what all pages promise, and returns it.
func check(t *testing.T, a answer) answer {
	t.Helper()
	require.Less(t, a.status, 500)
	b := a.body
	require.Contains(t, b, `<html lang="en">`)
	require.Contains(t, b, `class="skip"`)
	for _, inline := range []string{"<script", "style=", " onclick", "onpaste", "javascript:", "type=\"number\""} {
		require.NotContains(t, b, inline)
	}
	ids := make(map[string]bool)
	for _, m := range idOf.FindAllStringSubmatch(b, -1) {
		require.False(t, ids[m[1]], "the id %s is there twice", m[1])
		ids[m[1]] = true
	}
	for _, m := range refOf.FindAllStringSubmatch(b, -1) {
		for id := range strings.FieldsSeq(m[1]) {
			require.True(t, ids[id], "nothing has the id %s", id)
		}
	}
	for _, tag := range inputTag.FindAllString(b, -1) {
		if strings.Contains(tag, `type="hidden"`) {
			continue
		}
		id := idOf.FindStringSubmatch(tag)
		require.NotNil(t, id, tag)
		require.Contains(t, b, `<label for="`+id[1]+`">`, tag)
		require.Contains(t, tag+`autocomplete="`, `autocomplete="`)
		if strings.Contains(tag, `name="code"`) && !strings.Contains(tag, "capitalize") {
			require.Contains(t, tag, `autocomplete="one-time-code"`)
			require.Contains(t, tag, `inputmode="numeric"`)
			require.Contains(t, tag, `type="text"`)
		}
	}
	return a
}

// says returns the sentence above a page, and its role.
func says(t *testing.T, a answer) (role, text string) {
	t.Helper()
	m := notice.FindStringSubmatch(a.body)
	require.NotNil(t, m, a.body)
	return m[1], html.UnescapeString(m[2])
}

func bad(t *testing.T, a answer, text string) {
	t.Helper()
	role, got := says(t, check(t, a))
	require.Equal(t, "alert", role)
	require.Contains(t, got, text)
}

func good(t *testing.T, a answer, text string) {
	t.Helper()
	role, got := says(t, check(t, a))
	require.Equal(t, "status", role)
	require.Contains(t, got, text)
}

// enter signs in by the form.
func (b *browser) enter(name string) answer {
	b.t.Helper()
	return check(b.t, b.post("/sign-in", "user", name+"@example.com", "password", name+"-demo-password"))
}

// scan sets up an authenticator app by the forms.
func (b *browser) scan() (*twofactortest.Phone, answer) {
	b.t.Helper()
	p := check(b.t, b.post("/settings/enrollments", "kind", "totp"))
	link := otpauth.FindStringSubmatch(p.body)
	require.NotNil(b.t, link)
	phone, err := twofactortest.NewPhone(html.UnescapeString(link[1]))
	require.NoError(b.t, err)
	require.Contains(b.t, p.body, `alt="`)
	bad(b.t, b.post(p.url.Path+"/confirm", "code", "no code"), "cost no try")
	code := phone.Code(b.clock.Now())
	done := check(b.t, b.post(p.url.Path+"/confirm", "code", code[:3]+" "+code[3:]))
	b.clock.Advance(30 * time.Second)
	return phone, done
}

func TestPages_Access(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	require.Equal(t, "/sign-in", check(t, b.get("/")).url.Path)
	got := check(t, b.post("/sign-in", "user", "alice@example.com", "password", "nope"))
	require.Equal(t, 401, got.status)
	bad(t, got, "wrong")
	require.Contains(t, got.body, `aria-describedby="notice"`)
	require.Equal(t, "/", b.enter("alice").url.Path)

	bad(t, b.post("/settings/enrollments", "kind", "totp"), "confirm first")
	bad(t, b.post("/settings/grant", "password", "nope"), "not your password")
	good(t, b.post("/settings/grant", "password", "alice-demo-password"), "five minutes")
	bad(t, b.post("/settings/enrollments", "kind", "sms", "phone", "12"), "too short")
	phone, done := b.scan()
	good(t, done, "an authenticator app. One thing is left: codes by mail")

	p := check(t, b.post("/settings/enrollments", "kind", "email"))
	require.Contains(t, p.body, "with the reference")
	bad(t, b.post(p.url.Path+"/send"), "No further message")
	bad(t, b.post(p.url.Path+"/confirm", "code", "000000"), "Tries left: 4")
	done = check(t, b.post(p.url.Path+"/confirm", "code", s.code("alice@example.com")))
	require.Contains(t, done.body, "registered: codes by mail")
	recoveryCode := regexp.MustCompile(`<code>([0-9A-Z-]{29})</code>`).FindStringSubmatch(done.body)
	require.NotNil(t, recoveryCode)
	require.NotContains(t, b.get("/settings").body, recoveryCode[1], "shown once")

	// Rename, switch off and on, remove.
	st, err := s.app.service.Status(t.Context(), "u-7f3a", "")
	require.NoError(t, err)
	good(t, b.post("/settings/methods/"+st.Methods[0].ID+"/rename", "name", `My "<b>" phone`), "new name")
	require.NotContains(t, b.get("/settings").body, "<b>")
	bad(t, b.post("/settings/methods/"+st.Methods[0].ID+"/rename", "name", strings.Repeat("x", 65)), "too long")
	bad(t, b.post("/settings/methods/"+st.Methods[1].ID+"/remove"), "not possible")
	good(t, b.post("/settings/enabled", "enabled", "false"), "switched off")
	good(t, b.post("/settings/enabled", "enabled", "true"), "switched on")
	require.Contains(t, check(t, b.post("/settings/recovery-codes")).body, "Your new recovery codes")
	require.Equal(t, "/sign-in", check(t, b.post("/sign-out")).url.Path)

	// The second step: by the app.
	p = b.enter("alice")
	require.Equal(t, "/second-step", p.url.Path)
	require.Equal(t, "/sign-in", b.get("/settings").url.Path)
	p = check(t, b.get("/second-step?method="+st.Methods[0].ID))
	bad(t, b.post("/second-step", "method", st.Methods[0].ID, "code", "000000"), "Tries left: 4")
	p = b.post("/second-step", "method", st.Methods[0].ID, "code", phone.Code(s.clock.Now()))
	require.Equal(t, "/", check(t, p).url.Path)

	// By mail: reloading sends nothing, sending twice is too soon.
	b.post("/sign-out")
	b.enter("alice")
	p = check(t, b.get("/second-step?method="+st.Methods[1].ID))
	before := len(s.app.messages.Messages())
	require.NotContains(t, p.body, `name="code"`)
	p = check(t, b.post("/second-step/send", "method", st.Methods[1].ID))
	require.Contains(t, p.body, "It is good until 09:")
	check(t, b.get(p.url.RequestURI()))
	require.Len(t, s.app.messages.Messages(), before+1)
	bad(t, b.post("/second-step/send", "method", st.Methods[1].ID), "try again in 30 seconds")
	require.Equal(t, "/sign-in", check(t, b.post("/second-step/cancel")).url.Path)
	require.Equal(t, "/sign-in", b.post("/second-step", "code", s.code("alice@example.com")).url.Path)

	// By recovery code: the first one was replaced.
	b.enter("alice")
	check(t, b.get("/second-step?method=recovery"))
	bad(t, b.post("/second-step", "method", twofactor.MethodRecovery, "code", recoveryCode[1]), "wrong")
	check(t, b.get("/outbox"))
}

func TestPages_CRM(t *testing.T) {
	t.Parallel()
	s := newSite(t, "crm")
	b := s.browser()
	b.enter("alice")
	b.post("/settings/grant", "password", "alice-demo-password")
	phone, done := b.scan()
	require.Contains(t, done.body, "never again")
	b.post("/sign-out")
	p := b.enter("alice")
	require.Contains(t, p.body, `name="remember"`)
	id := methodOf.FindStringSubmatch(p.body)[1]
	b.post("/second-step", "method", id, "code", phone.Code(s.clock.Now()), "remember", "yes")
	require.Contains(t, check(t, b.get("/settings")).body, "This one")
	b.post("/sign-out")
	require.Equal(t, "/", b.enter("alice").url.Path)

	// A fresh proof, and the device is asked again.
	s.clock.Advance(30 * time.Second)
	good(t, b.post("/settings/grant", "method", id, "code", phone.Code(s.clock.Now())), "five minutes")
	good(t, b.post("/settings/devices/revoke"), "asked for a code again")
	b.post("/sign-out")
	require.Equal(t, "/second-step", b.enter("alice").url.Path)

	// Lost device.
	check(t, b.get("/second-step?method=lost_device"))
	p = check(t, b.post("/second-step/lost-device", "last_digits", "5678", "method", "lost_device"))
	require.Contains(t, p.body, "If the digits were right")
	p = b.post("/second-step", "method", "lost_device", "code", s.code("+61412345678"))
	good(t, p, "without your second factor")
	good(t, b.post("/settings/methods/"+id+"/remove"), "removed")

	// An administrator's page.
	require.Equal(t, 403, check(t, b.get("/admin")).status)
	a := s.browser()
	a.enter("admin")
	require.NotContains(t, check(t, a.get("/admin")).body, `name="reason"`)
	a.post("/settings/grant", "password", "admin-demo-password")
	a.scan()
	require.Contains(t, check(t, a.get("/admin")).body, `name="reason"`)
	bad(t, a.post("/admin/reset", "user", "nobody@example.com", "reason", "x"), "no such user")
	bad(t, a.post("/admin/reset", "user", "admin@example.com", "reason", "x"), "not possible")
	good(t, a.post("/admin/reset", "user", "alice@example.com", "reason", "lost phone"), "was reset")
	require.Equal(t, "/sign-in", b.get("/settings").url.Path)
}

func TestPages_Hosting(t *testing.T) {
	t.Parallel()
	s := newSite(t, "hosting")
	b := s.browser()
	b.enter("alice")
	b.post("/settings/grant", "password", "alice-demo-password")
	bad(t, b.post("/settings/phone", "phone", "hello"), "not a phone number")
	good(t, b.post("/settings/phone", "phone", "0412 345 678"), "+61 412 345 678")
	require.Contains(t, check(t, b.get("/settings")).body, "verify your mobile number first")
	good(t, b.post("/settings/phone/send"), "reference")
	bad(t, b.post("/settings/phone/verify", "phone_code", "000000"), "wrong")
	good(t, b.post("/settings/phone/verify", "phone_code", s.code("+61412345678")), "verified")
	require.Contains(t, check(t, b.post("/settings/enrollments", "kind", "sms")).body, "registered: codes by SMS")
	require.Contains(t, check(t, b.get("/settings")).body, "Only one method at a time")
	b.post("/sign-out")
	p := b.enter("alice")
	require.Contains(t, p.body, "A code was sent to")
	id := methodOf.FindStringSubmatch(p.body)[1]
	p = b.post("/second-step", "method", id, "code", s.code("+61412345678"))
	require.Equal(t, "/", check(t, p).url.Path)
}

func TestPages_Strict(t *testing.T) {
	t.Parallel()
	s := newSite(t, "strict")
	b := s.browser()
	p := b.enter("alice")
	require.Equal(t, "/settings", p.url.Path)
	require.Contains(t, p.body, "needs a second factor")
	require.Equal(t, "/settings", b.get("/").url.Path)
	b.post("/settings/grant", "password", "alice-demo-password")
	_, done := b.scan()
	recoveryCode := regexp.MustCompile(`<code>([0-9A-Z-]{29})</code>`).FindStringSubmatch(done.body)[1]
	require.Equal(t, "/", check(t, b.get("/")).url.Path)
	b.post("/sign-out")
	b.enter("alice")
	p = check(t, b.post("/second-step", "method", "recovery", "code", recoveryCode))
	require.Contains(t, p.body, "Your new recovery codes")
	require.Equal(t, "/settings", b.get("/").url.Path)
}
