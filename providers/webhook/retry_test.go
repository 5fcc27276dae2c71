package webhook_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/gatewaytest"
	"github.com/latchkey-auth/latchkey/providers/webhook"
)

// A script answers one request after the other, on a clock that stands still
// between them.
type script struct {
	steps []step
	times []time.Duration // since the first
	stamp []string
	start time.Time
}

type step struct {
	status     int
	retryAfter string
	err        error
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.start.IsZero() {
		s.start = time.Now()
	}
	now := s.steps[len(s.times)]
	s.times = append(s.times, time.Since(s.start))
	s.stamp = append(s.stamp, r.Header.Get("Latchkey-Timestamp"))
	if now.err != nil {
		return nil, now.err
	}
	header := http.Header{}
	if now.retryAfter != "" {
		header.Set("Retry-After", now.retryAfter)
	}
	return &http.Response{StatusCode: now.status, Header: header, Body: io.NopCloser(strings.NewReader(""))}, nil
}

func TestRetries(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, test := range []struct {
		name    string
		steps   []step
		timeout time.Duration
		want    gatewaytest.Outcome
		// The n-th try begins after earliest[n] and not after latest[n].
		earliest, latest []time.Duration
	}{
		{
			"second try",
			[]step{{status: 503, retryAfter: "0"}, {status: 200}},
			0, gatewaytest.Sent,
			[]time.Duration{0, 125 * ms},
			[]time.Duration{0, 250 * ms},
		},
		{
			"all fail",
			[]step{{status: 503, retryAfter: "0"}, {status: 429}, {status: 503, retryAfter: "0"}},
			0, gatewaytest.NotSent,
			[]time.Duration{0, 125 * ms, 375 * ms},
			[]time.Duration{0, 250 * ms, 750 * ms},
		},
		{
			"refused on the second try",
			[]step{{status: 503, retryAfter: "0"}, {status: 422}},
			0, gatewaytest.Undeliverable,
			[]time.Duration{0, 125 * ms},
			[]time.Duration{0, 250 * ms},
		},
		{
			"unknown ends it",
			[]step{{status: 503, retryAfter: "0"}, {err: errors.New("cut")}},
			0, gatewaytest.Unknown,
			[]time.Duration{0, 125 * ms},
			[]time.Duration{0, 250 * ms},
		},
		{
			"unavailable ends it unless the gateway asks for a try",
			[]step{{status: 503}},
			0, gatewaytest.Unknown,
			[]time.Duration{0},
			[]time.Duration{0},
		},
		{
			"unavailable with nonsense ends it",
			[]step{{status: 503, retryAfter: "soon"}},
			0, gatewaytest.Unknown,
			[]time.Duration{0},
			[]time.Duration{0},
		},
		{
			"internal error ends it",
			[]step{{status: 500}},
			0, gatewaytest.Unknown,
			[]time.Duration{0},
			[]time.Duration{0},
		},
		{
			"gateway asks for seconds",
			[]step{{status: 429, retryAfter: "3"}, {status: 200}},
			0, gatewaytest.Sent,
			[]time.Duration{0, 3 * time.Second},
			[]time.Duration{0, 3 * time.Second},
		},
		{
			"gateway asks for a date",
			[]step{{status: 503, retryAfter: "Sat, 01 Jan 2000 00:00:02 GMT"}, {status: 200}},
			0, gatewaytest.Sent,
			[]time.Duration{0, 2 * time.Second},
			[]time.Duration{0, 2 * time.Second},
		},
		{
			"gateway asks for a date that is past",
			[]step{{status: 503, retryAfter: "Fri, 31 Dec 1999 00:00:00 GMT"}, {status: 200}},
			0, gatewaytest.Sent,
			[]time.Duration{0, 125 * ms},
			[]time.Duration{0, 250 * ms},
		},
		{
			"gateway asks for nonsense",
			[]step{{status: 429, retryAfter: "-1"}, {status: 200}},
			0, gatewaytest.Sent,
			[]time.Duration{0, 125 * ms},
			[]time.Duration{0, 250 * ms},
		},
		{
			"gateway asks for more time than there is",
			[]step{{status: 429, retryAfter: "16"}},
			0, gatewaytest.NotSent,
			[]time.Duration{0},
			[]time.Duration{0},
		},
		{
			"gateway asks for an age",
			[]step{{status: 429, retryAfter: "2000000000"}},
			0, gatewaytest.NotSent,
			[]time.Duration{0},
			[]time.Duration{0},
		},
		{
			"no time for a pause",
			[]step{{status: 503, retryAfter: "0"}},
			125 * ms, gatewaytest.NotSent,
			[]time.Duration{0},
			[]time.Duration{0},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: test.steps}
				sender := newSender(t, webhook.Config{
					URL: "https://sms.example.com", Timeout: test.timeout, Client: &http.Client{Transport: s},
				})
				begin := time.Now()
				require.Equal(t, test.want, gatewaytest.OutcomeOf(sender.Send(t.Context(), message())))
				require.Len(t, s.times, len(test.earliest))
				for i, at := range s.times {
					require.GreaterOrEqual(t, at, test.earliest[i])
					require.LessOrEqual(t, at, test.latest[i])
				}
				require.Equal(t, s.times[len(s.times)-1], time.Since(begin), "Send waited after its last try")
			})
		})
	}
}

// Without a key the receiver couldn't tell a second try from another message.
func TestNoRetryWithoutKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{status: 429}, {status: 200}}}
		sender := newSender(t, webhook.Config{URL: "https://sms.example.com", Client: &http.Client{Transport: s}})
		m := message()
		m.IdempotencyKey = ""
		require.ErrorIs(t, sender.Send(t.Context(), m), otpcode.ErrNotSent)
		require.Len(t, s.times, 1)
	})
}

func TestRetrySignsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{status: 503, retryAfter: "2"}, {status: 200}}}
		sender := newSender(t, webhook.Config{URL: "https://sms.example.com", Client: &http.Client{Transport: s}})
		require.NoError(t, sender.Send(t.Context(), message()))
		require.Equal(t, []string{"946684800", "946684802"}, s.stamp) // a bubble begins in 2000
	})
}

func TestRetryAfterFailedConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, &net.OpError{Op: "dial", Err: errors.New("refused +61491570156")}
		}}
		sender := newSender(t, webhook.Config{URL: "https://sms.example.com", Client: &http.Client{Transport: transport}})
		err := sender.Send(t.Context(), message())
		require.EqualError(t, err, "webhook: cannot connect: otpcode: message was not sent")
		require.Equal(t, 3, dials)
	})
}

func TestCanceledPauseIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{status: 503, retryAfter: "9"}}}
		sender := newSender(t, webhook.Config{URL: "https://sms.example.com", Client: &http.Client{Transport: s}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		require.ErrorIs(t, sender.Send(ctx, message()), otpcode.ErrNotSent)
		require.Equal(t, time.Second, time.Since(begin))
	})
}
