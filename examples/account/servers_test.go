package main

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// TestRun_OnServers runs the whole program on the databases that several copies
// of it can share: two at once, and later another one.
func TestRun_OnServers(t *testing.T) {
	for _, server := range []struct {
		name string
		kind *realserver.Kind
		dsn  func(addr string) string
	}{
		{"postgresql", realserver.PostgreSQL, realserver.PostgreSQLDSN},
		{"redis", realserver.Redis, func(addr string) string { return "redis://" + addr }},
	} {
		t.Run(server.name, func(t *testing.T) {
			dsn := server.dsn(server.kind.Start(t).Addr)
			t.Setenv("XDG_CACHE_HOME", t.TempDir()) // where the key is
			s := &site{t: t, clock: twofactortest.NewClock(time.Now())}
			url, stop := start(t, "-db", dsn, "-policy", "twostep")
			other, stopOther := start(t, "-db", dsn, "-policy", "twostep")

			b := s.at(url)
			require.Equal(t, statusSignedIn, b.signIn("alice"))
			b.grant("alice")
			s.clock.Set(time.Now())  // which the programs go by, and they were slow to start perhaps
			phone, done := b.phone() // which moves the clock to the next code
			codes := texts(done["recovery_codes"])
			next := phone.Code(s.clock.Now())

			// enter sends a code to one of the copies and returns the reason of its no.
			enter := func(url, code string, status int) any {
				b := s.at(url)
				require.Equal(t, statusSecondFactor, b.signIn("alice"))
				b.api("GET", "/api/me", nil, 401)
				return b.api("POST", "/2fa/login/verify", fields{"code": code}, status)["reason"]
			}
			require.Equal(t, "wrong_code", enter(other, "000000", 403))
			enter(other, next, 200)
			require.Equal(t, "already_used", enter(url, next, 403))
			enter(url, codes[0], 200)
			require.Equal(t, "already_used", enter(other, codes[0], 403))
			require.NoError(t, stop())
			require.NoError(t, stopOther())

			url, stop = start(t, "-db", dsn, "-policy", "twostep")
			require.Equal(t, "already_used", enter(url, codes[0], 403))
			enter(url, codes[1], 200)
			require.NoError(t, stop())
		})
	}
}
