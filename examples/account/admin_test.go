package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNewAdministratorsFactorWaits: with the password of an administrator who has
// no second factor, a thief sets one up.
func TestNewAdministratorsFactorWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t, "crm", func(c *config) { c.adminWait = 24 * time.Hour })
	bob := s.browser()
	bob.signIn("bob")
	bob.grant("bob")
	bob.phone()

	reset := fields{"user": "bob@example.com", "reason": "a thief's"}
	thief := s.browser()
	thief.signIn("admin")
	thief.grant("admin")
	phone, _ := thief.phone()
	require.Contains(t, thief.api("POST", "/api/admin/reset", reset, 400)["detail"], "too new")
	again := func() *browser { // with the factor that was there before
		b := s.browser()
		b.signIn("admin")
		b.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 200)
		return b
	}
	again().api("POST", "/api/admin/reset", reset, 400)
	require.Equal(t, statusSecondFactor, s.browser().signIn("bob"))
	require.Contains(t, s.sent("admin@example.com"), "was set up")

	s.clock.Advance(24 * time.Hour)
	again().api("POST", "/api/admin/reset", reset, 204)
	require.Equal(t, statusSignedIn, s.browser().signIn("bob"))
}
