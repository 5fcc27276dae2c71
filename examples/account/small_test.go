package main

import (
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRedirectsStayHere(t *testing.T) {
	t.Parallel()
	s := newSite(t, "crm")
	b := s.browser()
	b.signIn("bob")
	b.grant("bob")
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, end := range []string{"confirm", "send"} {
		got := b.post("/settings/enrollments/..%2f..%2f%5cevil.example/"+end, "code", "123456")
		require.Equal(t, http.StatusSeeOther, got.status)
		require.Equal(t, "/settings/enrollments/..%2F..%2F%5Cevil.example", got.header.Get("Location"))
	}
}

func TestOutboxIsForThisMachine(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	for host, status := range map[string]int{
		"127.0.0.1:8080": 200, "localhost:8080": 200, "[::1]:8080": 200, "localhost": 200, "127.0.0.1": 200,
		"evil.example:8080": 404, "evil.example": 404, "127.0.0.1.evil.example": 404,
	} {
		for _, path := range []string{"/outbox", "/outbox.json"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
			require.NoError(t, err)
			r.Host = host
			res, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, status, res.StatusCode, "%s at %s", path, host)
		}
	}
}

func TestDatabaseIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := openDatabase(t.Context(), filepath.Join(folder, "account.db"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.close()) })
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, f.Name())
	}
}

// TestThrottleIsNeverShut: a full table forgets some address, and bounds the
// others as before.
func TestThrottleIsNeverShut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	tries := newThrottle(func() time.Time { return now })
	for i := range throttleSize + 10 {
		require.NoError(t, tries.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})))
		require.LessOrEqual(t, len(tries.full), throttleSize)
	}
	one := netip.MustParseAddr("203.0.113.7")
	for range passwordBurst {
		require.NoError(t, tries.take(one))
	}
	require.Error(t, tries.take(one))
}
