package twofactorhttp_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

func TestWriteError(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	at := a.clock.Now()
	local := time.FixedZone("Sydney", 11*60*60)
	for name, row := range map[string]struct {
		err        error
		status     int
		body       string
		retryAfter string
	}{
		"wrong code": {
			err: &twofactor.RejectedError{Reason: twofactor.ReasonWrongCode, Remaining: 3}, status: 403,
			body: `{"type":"tag:latchkey-auth.github.io,2026:wrong_code","title":"The code is wrong","status":403,"reason":"wrong_code","remaining":3}`,
		},
		"the last wrong code": {
			err: &twofactor.RejectedError{Reason: twofactor.ReasonWrongCode}, status: 403,
			body: `{"type":"tag:latchkey-auth.github.io,2026:wrong_code","title":"The code is wrong","status":403,"reason":"wrong_code","remaining":0}`,
		},
		"no code at all": {
			err: &twofactor.RejectedError{Reason: twofactor.ReasonMalformedCode}, status: 400,
			body: `{"type":"tag:latchkey-auth.github.io,2026:malformed_code","title":"That is no code","status":400,"reason":"malformed_code"}`,
		},
		"superseded": {
			err: &twofactor.RejectedError{Reason: twofactor.ReasonSuperseded, Remaining: 2, SentAt: at.In(local)}, status: 403,
			body: `{"type":"tag:latchkey-auth.github.io,2026:superseded","title":"A newer code was sent","status":403,"reason":"superseded","remaining":2,"sent_at":"2026-03-01T09:00:00Z"}`,
		},
		"paused": {
			err: &twofactor.RejectedError{Reason: twofactor.ReasonPaused, RetryAt: at.Add(90 * time.Second).In(local)}, status: 429, retryAfter: "90",
			body: `{"type":"tag:latchkey-auth.github.io,2026:paused","title":"Too many wrong codes","status":429,"reason":"paused","retry_at":"2026-03-01T09:01:30Z"}`,
		},
		"wrapped": {
			err: fmt.Errorf("around: %w", &twofactor.RejectedError{Reason: twofactor.ReasonPolicy}), status: 409,
			body: `{"type":"tag:latchkey-auth.github.io,2026:policy","title":"The policy doesn't allow it","status":409,"reason":"policy"}`,
		},
		"a reason that is new": {
			err: &twofactor.RejectedError{Reason: "later"}, status: 403,
			body: `{"type":"tag:latchkey-auth.github.io,2026:later","title":"Refused","status":403,"reason":"later"}`,
		},
		"a fault": {
			err: errors.New("store: password=hunter2 is down"), status: 500,
			body: `{"type":"about:blank","title":"Internal Server Error","status":500}`,
		},
		"no error": {
			err: nil, status: 500,
			body: `{"type":"about:blank","title":"Internal Server Error","status":500}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			w.Header().Set("Content-Length", "1")
			a.gate.WriteError(w, newBrowser().request(t.Context()), row.err)
			require.Equal(t, row.status, w.Code)
			require.Equal(t, row.body+"\n", w.Body.String())
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
			require.Equal(t, row.retryAfter, w.Header().Get("Retry-After"))
			require.Empty(t, w.Header().Get("Content-Length"))
		})
	}
}

func TestStatusOfEachReason(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	for reason, status := range map[twofactor.Reason]int{
		twofactor.ReasonWrongCode:          http.StatusForbidden,
		twofactor.ReasonMalformedCode:      http.StatusBadRequest,
		twofactor.ReasonAlreadyUsed:        http.StatusForbidden,
		twofactor.ReasonExpired:            http.StatusForbidden,
		twofactor.ReasonSuperseded:         http.StatusForbidden,
		twofactor.ReasonPaused:             http.StatusTooManyRequests,
		twofactor.ReasonLoginEnded:         http.StatusUnauthorized,
		twofactor.ReasonSendLimited:        http.StatusTooManyRequests,
		twofactor.ReasonSendFailed:         http.StatusForbidden,
		twofactor.ReasonNotUsable:          http.StatusForbidden,
		twofactor.ReasonGrantRequired:      http.StatusForbidden,
		twofactor.ReasonPolicy:             http.StatusConflict,
		twofactor.ReasonEnrollmentRequired: http.StatusForbidden,
		twofactor.ReasonConflict:           http.StatusConflict,
	} {
		w := httptest.NewRecorder()
		a.gate.WriteError(w, newBrowser().request(t.Context()), &twofactor.RejectedError{Reason: reason})
		require.Equal(t, status, w.Code, reason)
		require.Equal(t, status == http.StatusUnauthorized, w.Header().Get("WWW-Authenticate") != "", reason)
		require.NotContains(t, w.Body.String(), "Refused", reason)
		require.Empty(t, w.Header().Get("Retry-After"), "nobody said when")
	}
}

// RFC 9110, section 10.2.3: whole seconds. Never fewer than it takes.
func TestRetryAfterIsRoundedUp(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	for wait, want := range map[time.Duration]string{
		400 * time.Millisecond: "1", time.Second: "1", time.Second + 1: "2", 30 * time.Minute: "1800",
		6*time.Hour - time.Millisecond: "21600", -time.Minute: "0",
	} {
		w := httptest.NewRecorder()
		a.gate.WriteError(w, newBrowser().request(t.Context()), &twofactor.RejectedError{
			Reason: twofactor.ReasonPaused, RetryAt: a.clock.Now().Add(wait),
		})
		require.Equal(t, want, w.Header().Get("Retry-After"), wait)
	}
}

func TestFaultsAreLoggedAndRefusalsAreNot(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := newApp(t, twofactor.Policy{}, func(c *twofactorhttp.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	r := newBrowser().request(t.Context())
	a.gate.WriteError(httptest.NewRecorder(), r, &twofactor.RejectedError{Reason: twofactor.ReasonWrongCode})
	require.Empty(t, log.String())
	a.gate.WriteError(httptest.NewRecorder(), r, errors.New("store is down"))
	require.Contains(t, log.String(), "store is down")
}
