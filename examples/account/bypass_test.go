package main

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/stretchr/testify/require"
)

func TestBypass_W33_PasswordResetSignsNobodyIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, "twostep")
	other := s.browser()
	other.signIn("alice")
	other.grant("alice")
	phone, _ := other.phone()
	trusted := s.browser()
	trusted.signIn("alice")
	trusted.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)

	pending := s.browser()
	require.Equal(t, statusSecondFactor, pending.signIn("alice"))
	b := s.browser()
	got := b.post("/forgot-password", "user", "Alice@Example.com ")
	unknown := s.browser().post("/forgot-password", "user", "nobody@example.com")
	require.Equal(t, got.body, unknown.body, "who has an account is nobody's business")
	code := regexp.MustCompile(`\b[A-Z2-7]{26}\b`).FindString(s.sent("alice@example.com"))
	require.Equal(t, 400, b.post("/reset-password", "reset", strings.Repeat("A", 26), "new", "another-password").status)
	require.Equal(t, 400, b.post("/reset-password", "reset", code, "new", "short").status)
	got = b.post("/reset-password", "reset", code, "new", "another-password")
	require.Equal(t, "/sign-in", got.url.Path)
	s.clock.Advance(30 * time.Second)
	pending.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 401)

	for _, b := range []*browser{b, other, trusted} {
		b.api("GET", "/api/me", nil, 401)
	}
	require.Equal(t, 400, b.post("/reset-password", "reset", code, "new", "yet-another-password").status)
	b.api("POST", "/api/sign-in", fields{"user": "alice@example.com", "password": "alice-demo-password"}, 401)
	for _, b := range []*browser{b, trusted} {
		out := b.api("POST", "/api/sign-in", fields{"user": "alice@example.com", "password": "another-password"}, 200)
		require.Equal(t, statusSecondFactor, out["status"])
	}
}

func TestResetCodeEndsAfterHalfAnHour(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	b.post("/forgot-password", "user", "bob@example.com")
	code := regexp.MustCompile(`\b[A-Z2-7]{26}\b`).FindString(s.sent("bob@example.com"))
	b.post("/forgot-password", "user", "bob@example.com")
	require.NoError(t, s.app.drain(t.Context()))
	require.Len(t, s.app.messages.Messages(), 1, "one a minute")
	s.clock.Advance(resetLife)
	require.Equal(t, 400, b.post("/reset-password", "reset", code, "new", "another-password").status)
}

func TestBypass_W38_SessionChangesAtTheSecondStep(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	b.signIn("alice")
	b.grant("alice")
	first := b.cookie("session")
	phone, _ := b.phone()
	require.NotEqual(t, first, b.cookie("session"), "a new factor")
	require.NotEmpty(t, first)

	in := s.browser()
	in.signIn("alice")
	in.post("/second-step", "code", "000000") // the page keeps its sentence in a session
	before := in.cookie("session")
	require.NotEmpty(t, before)
	in.post("/second-step", "code", phone.Code(s.clock.Now()))
	require.NotEqual(t, before, in.cookie("session"))
	in.api("GET", "/api/me", nil, 200)
	planted := s.browser()
	planted.api("GET", "/api/me", nil, 401)
	for _, old := range []string{before, first} {
		got := planted.do("GET", "/api/me", "", "", "Cookie", "session="+old)
		require.Equal(t, 401, got.status)
	}

	// And it is good for nothing after the sign-out.
	last := in.cookie("session")
	in.post("/sign-out")
	require.Equal(t, 401, planted.do("GET", "/api/me", "", "", "Cookie", "session="+last).status)
}

func TestSignedOutSessionStaysDeadWhenASlowRequestSavesItAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	b.signIn("alice")
	key := b.cookie("session")
	ctx, err := s.app.sessions.Load(t.Context(), key) // the slow request has begun
	require.NoError(t, err)
	b.api("POST", "/api/sign-out", nil, 204)
	s.app.sessions.Put(ctx, "anything", "at all")
	_, _, err = s.app.sessions.Commit(ctx)
	require.NoError(t, err)
	require.Equal(t, 401, s.browser().do("GET", "/api/me", "", "", "Cookie", "session="+key).status)
}

func TestPasswordChangeEndsAllOtherSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	mine, other, bobs := s.browser(), s.browser(), s.browser()
	mine.signIn("alice")
	other.signIn("alice")
	bobs.signIn("bob")
	before := mine.cookie("session")
	require.Contains(t, mine.post("/password", "old", "wrong", "new", "another-password").body, `aria-describedby="notice"`)
	mine.post("/password", "old", "alice-demo-password", "new", "another-password")
	mine.api("GET", "/api/me", nil, 200)
	require.NotEqual(t, before, mine.cookie("session"))
	other.api("GET", "/api/me", nil, 401)
	bobs.api("GET", "/api/me", nil, 200)
}

// Nothing of a second factor outlives a password either: logins that wait, fresh
// proofs, trusted devices. The factor itself stays.
func TestBypass_W42_NewPasswordEndsWhatRestedOnTheOld(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *site, mine *browser){
		"changed": func(_ *site, mine *browser) {
			mine.api("POST", "/api/password", fields{"old": "alice-demo-password", "new": "another-password"}, 204)
			mine.api("GET", "/api/me", nil, 200)
		},
		"reset": func(s *site, mine *browser) {
			mine.post("/reset-password", "reset", s.resetCode("alice"), "new", "another-password")
			mine.api("GET", "/api/me", nil, 401)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "twostep")
			mine := s.browser()
			mine.signIn("alice")
			mine.grant("alice")
			phone, _ := mine.phone()
			other, pending := s.browser(), s.browser()
			other.signIn("alice")
			other.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)
			s.clock.Advance(30 * time.Second)
			other.api("POST", "/2fa/grant", fields{"code": phone.Code(s.clock.Now())}, 200)
			s.clock.Advance(30 * time.Second)
			require.Equal(t, statusSecondFactor, pending.signIn("alice"))

			change(s, mine)
			other.api("GET", "/api/me", nil, 401)
			other.api("GET", "/2fa/settings", nil, 401)
			other.api("POST", "/2fa/recovery-codes", nil, 401)
			pending.api("GET", "/2fa/login", nil, 401)
			pending.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 401)
			proof := mine.browser() // a session of today, with the proof of before
			again := fields{"user": "alice@example.com", "password": "another-password"}
			require.Equal(t, statusSecondFactor, other.api("POST", "/api/sign-in", again, 200)["status"], "the device was trusted")
			require.Equal(t, statusSecondFactor, proof.api("POST", "/api/sign-in", again, 200)["status"])
			s.clock.Advance(30 * time.Second)
			grant := other.cookie("2fa-grant")
			require.NotEmpty(t, grant)
			proof.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)
			session := proof.cookie("session")
			got := s.browser().do("POST", "/2fa/recovery-codes", "", "", "Cookie", "session="+session+"; 2fa-grant="+grant)
			require.Equal(t, 403, got.status)
			require.Contains(t, got.body, `"grant_required"`)
		})
	}
}

func TestNewPasswordEndsResetCodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	b.signIn("alice")
	code := s.resetCode("alice") // asked for by whoever else reads the mail
	b.api("POST", "/api/password", fields{"old": "alice-demo-password", "new": "another-password"}, 204)
	require.Equal(t, 400, s.browser().post("/reset-password", "reset", code, "new", "yet-another-password").status)
	b.api("GET", "/api/me", nil, 200)
}

// resetCode asks for a new password and reads the mail.
func (s *site) resetCode(name string) string {
	s.t.Helper()
	s.browser().post("/forgot-password", "user", name+"@example.com")
	require.NoError(s.t, s.app.drain(s.t.Context()))
	messages := s.app.messages.Messages()
	for i := len(messages) - 1; i >= 0; i-- {
		if code := regexp.MustCompile(`\b[A-Z2-7]{26}\b`).FindString(messages[i].Text); code != "" {
			return code
		}
	}
	s.t.Fatal("no code was sent")
	return ""
}

func TestBypass_W39_LostRecordIsAFault(t *testing.T) {
	t.Parallel()
	store := new(memory.Store)
	s := newSite(t, "access", func(c *config) { c.store = store })
	s.enrolled()
	for key, err := range store.Keys(t.Context()) {
		require.NoError(t, err)
		rec, err := store.Load(t.Context(), key)
		require.NoError(t, err)
		require.NoError(t, store.Delete(t.Context(), key, rec.Version))
	}
	b := s.browser()
	b.api("POST", "/api/sign-in", fields{"user": "alice@example.com", "password": "alice-demo-password"}, 500)
	require.Equal(t, 500, b.post("/sign-in", "user", "alice@example.com", "password", "alice-demo-password").status)
	b.api("GET", "/api/me", nil, 401)
}

func TestWrongPasswordAndUnknownUserAnswerAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	s.enrolled()
	send := func(user, password string) answer {
		return s.browser().do("POST", "/api/sign-in", "application/json", `{"user":"`+user+`","password":"`+password+`"}`)
	}
	known, unknown := send("alice@example.com", "nope"), send("nobody@example.com", "nope")
	require.Equal(t, 401, known.status)
	require.Equal(t, known.body, unknown.body)
	known.header.Del("Date")
	unknown.header.Del("Date")
	require.Equal(t, known.header, unknown.header)
	require.Empty(t, known.header.Values("Set-Cookie"))
}

func TestWrongPasswordsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	b := s.browser()
	wrong := fields{"user": "alice@example.com", "password": "nope"}
	for range passwordBurst {
		b.api("POST", "/api/sign-in", wrong, 401)
	}
	require.Equal(t, "paused", b.api("POST", "/api/sign-in", wrong, 429)["reason"])
	for kind, body := range map[string]string{
		"application/json":                  `{"user":"alice@example.com","password":"nope"}`,
		"application/x-www-form-urlencoded": "user=alice@example.com&password=nope",
	} {
		path := map[bool]string{true: "/api/sign-in", false: "/sign-in"}[kind == "application/json"]
		got := b.do("POST", path, kind, body, "Sec-Fetch-Site", "same-origin")
		require.Equal(t, 429, got.status)
		require.Equal(t, "10", got.header.Get("Retry-After"), path)
	}
	s.clock.Advance(passwordEvery)
	for range 3 { // a right one costs nothing
		require.Equal(t, statusSignedIn, s.browser().signIn("alice"))
	}
}

func TestCookiesBehindAProxy(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access", func(c *config) { c.proxied = true })
	r := httptest.NewRequestWithContext(t.Context(), "POST", "https://example.com/api/sign-in",
		strings.NewReader(`{"user":"alice@example.com","password":"alice-demo-password"}`))
	r.Header.Set("Content-Type", "application/json")
	r.TLS = new(tls.ConnectionState)
	w := httptest.NewRecorder()
	s.app.handler.ServeHTTP(w, r)
	require.Equal(t, 200, w.Code)
	cookies := w.Result().Cookies()
	require.NotEmpty(t, cookies)
	for _, c := range cookies {
		require.True(t, strings.HasPrefix(c.Name, "__Host-"), c.Name)
		require.True(t, c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "" && c.SameSite >= http.SameSiteLaxMode, c.Name)
	}
	require.NotEmpty(t, w.Header().Get("Strict-Transport-Security"))
}

func TestIdleSessionsEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	require.Equal(t, time.Hour, s.app.sessions.IdleTimeout)
	require.Equal(t, 24*time.Hour, s.app.sessions.Lifetime)
}

func TestNewSignInEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	s.enrolled()
	b := s.browser()
	b.signIn("bob")
	b.api("GET", "/api/me", nil, 200)
	require.Equal(t, statusSecondFactor, b.signIn("alice"))
	b.api("GET", "/api/me", nil, 401) // neither alice nor bob
}
