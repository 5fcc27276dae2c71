package outbound_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}

func post(t *testing.T, client *http.Client, to string) (outbound.Answer, error) {
	t.Helper()
	return outbound.Post(t.Context(), client, parse(t, to), http.Header{"Idempotency-Key": {"k"}}, strings.NewReader("body"))
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		raw            string
		good, insecure bool // whether it is good, and good as an insecure one
	}{
		{"https://api.example.com", true, true},
		{"https://api.example.com:8443/v1?key=1", true, true},
		{"http://localhost:8080", true, true},
		{"http://127.0.0.1:8080", true, true},
		{"http://127.8.9.1", true, true},
		{"http://[::1]:8080", true, true},
		{"http://api.example.com", false, true},
		{"http://localhost.example.com", false, true},
		{"http://127.0.0.1.example.com", false, true},
		{"http://192.168.1.1", false, true},
		{"", false, false},
		{"api.example.com", false, false},
		{"/path", false, false},
		{"https://", false, false},
		{"https://:443", false, false},
		{"https:api.example.com", false, false},
		{"ftp://api.example.com", false, false},
		{"https://user:password@api.example.com", false, false},
		{"https://api.example.com/#secret", false, false},
		{"https://api.example.com/\x7f", false, false},
	} {
		t.Run(test.raw, func(t *testing.T) {
			t.Parallel()
			_, err := outbound.Endpoint(test.raw, false)
			require.Equal(t, test.good, err == nil, "%v", err)
			_, err = outbound.Endpoint(test.raw, true)
			require.Equal(t, test.insecure, err == nil, "%v", err)
			if err != nil {
				require.NotContains(t, err.Error(), "example")
			}
		})
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		defer srv.Close()
		answer, err := post(t, outbound.Client(&http.Client{}), srv.URL)
		require.NoError(t, err)
		require.Equal(t, status, answer.Status)
	}
	require.Zero(t, reached.Load())
}

func TestClientKeepsNoCookie(t *testing.T) {
	t.Parallel()
	var cookies atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int32(len(r.Cookies())))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	}))
	defer srv.Close()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := outbound.Client(&http.Client{Jar: jar})
	for range 2 {
		_, err := post(t, client, srv.URL)
		require.NoError(t, err)
	}
	require.Zero(t, cookies.Load())
}

func TestClientLeavesItsModelAlone(t *testing.T) {
	t.Parallel()
	model := &http.Client{}
	require.NotSame(t, model, outbound.Client(model))
	require.Nil(t, model.CheckRedirect)
}

func TestPostReadsOnlySoMuch(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.CopyN(w, strings.NewReader(strings.Repeat("x", 1<<20)), 1<<20)
	}))
	defer srv.Close()
	answer, err := post(t, outbound.Client(nil), srv.URL)
	require.NoError(t, err)
	require.Len(t, answer.Body, 64<<10)
}

// The transport repeats requests that have an Idempotency-Key header, when a
// connection breaks that was used before.
func TestPostIsNotRepeatedByTheTransport(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if requests.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
	}))
	defer srv.Close()
	client := outbound.Client(nil)
	_, err := post(t, client, srv.URL)
	require.NoError(t, err)
	_, err = post(t, client, srv.URL)
	require.Error(t, err)
	require.NotErrorIs(t, err, otpcode.ErrNotSent)
	require.EqualValues(t, 2, requests.Load())
}

func TestPostFailures(t *testing.T) {
	t.Parallel()
	secured := httptest.NewTLSServer(http.NotFoundHandler())
	defer secured.Close()
	failing := func(err error) *http.Client {
		return outbound.Client(&http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err },
		}})
	}
	for _, test := range []struct {
		name   string
		client *http.Client
		to     string
		want   string
	}{
		{"certificate of an unknown CA", outbound.Client(nil), secured.URL, "server's certificate was refused: otpcode: message was not sent"},
		{"nobody listens", outbound.Client(nil), "http://127.0.0.1:1", "cannot connect: otpcode: message was not sent"},
		{"no such host", failing(&net.DNSError{Err: "no such host", Name: "sms.example.com"}), "http://sms.example.com", "server's name was not found: otpcode: message was not sent"},
		{"dial timed out", failing(context.DeadlineExceeded), "http://sms.example.com", "timed out: otpcode: message was not sent"},
		{"something else", failing(errors.New("+61491570156")), "http://sms.example.com", "connection failed: otpcode: message was not sent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := post(t, test.client, test.to)
			require.EqualError(t, err, test.want)
			require.ErrorIs(t, err, otpcode.ErrNotSent)
		})
	}
}

// A transport that reports to nobody could have sent anything.
type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
}

func TestPostOverUnknownTransport(t *testing.T) {
	t.Parallel()
	_, err := post(t, outbound.Client(&http.Client{Transport: silent{}}), "http://sms.example.com")
	require.EqualError(t, err, "cannot connect: message may have been sent")
	require.NotErrorIs(t, err, otpcode.ErrNotSent)
}

func TestFailureKeepsTheContextsEnd(t *testing.T) {
	t.Parallel()
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		err := outbound.Failure(&url.Error{Op: "Post", URL: "https://+61491570156", Err: end}, false)
		require.ErrorIs(t, err, end)
		require.NotErrorIs(t, err, otpcode.ErrNotSent)
		require.NotContains(t, err.Error(), "61491570156")
		_, ok := errors.AsType[*url.Error](err)
		require.False(t, ok, "the error with the URL can be unwrapped")
	}
}

func TestCheckLengths(t *testing.T) {
	t.Parallel()
	email := func(local, domain int) otpcode.Message {
		d := strings.Repeat("d", domain-4) + ".net"
		return otpcode.Message{Channel: otpcode.Email, To: strings.Repeat("l", local) + "@" + d, Text: "x"}
	}
	sms := func(to, text string) otpcode.Message {
		return otpcode.Message{Channel: otpcode.SMS, To: to, Text: text}
	}
	subject := func(n int) otpcode.Message {
		m := email(1, 10)
		m.Subject = strings.Repeat("s", n)
		return m
	}
	html := email(1, 10)
	html.HTML = "\xff"
	for _, test := range []struct {
		name string
		m    otpcode.Message
		good bool
	}{
		{"local part of 64", email(64, 10), true},
		{"local part of 65", email(65, 10), false},
		{"address of 254", email(64, 189), true},
		{"address of 255", email(64, 190), false},
		{"domain literal", otpcode.Message{Channel: otpcode.Email, To: "jo@[192.0.2.1]", Text: "x"}, true},
		{"subject of 900", subject(900), true},
		{"subject of 901", subject(901), false},
		{"7 digits", sms("+6834567", "x"), true},
		{"6 digits", sms("+683456", "x"), false},
		{"15 digits", sms("+123456789012345", "x"), true},
		{"16 digits", sms("+1234567890123456", "x"), false},
		{"text of 1600", sms("+61491570156", strings.Repeat("é", 1600)), true},
		{"text of 1601", sms("+61491570156", strings.Repeat("é", 1601)), false},
		{"no text", sms("+61491570156", ""), false},
		{"text not UTF-8", sms("+61491570156", "\xff"), false},
		{"HTML not UTF-8", html, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := outbound.Check(t.Context(), test.m, otpcode.SMS, otpcode.Email)
			if test.good {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, otpcode.ErrUndeliverable)
			}
		})
	}
}

func TestIsAddress(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"jo@example.net", "jo+2fa@example.net", "o'neil_%1@example.net", "renée@exämple.net", "用户@例え.テスト",
		"ελ@παράδειγμα.δοκιμή", "अ@उदाहरण.परीक्षा", "jo@col·legi.cat", "jo@xn--exmple-cua.net",
	} {
		require.True(t, outbound.IsAddress(good), "%q", good)
	}
	for name, bad := range map[string]string{
		"line separator":      "jo@example.net\u2028",
		"paragraph separator": "jo\u2029@example.net",
		"next line":           "jo@example.net\u0085",
		"no-break space":      "a\u00a0b@example.net",
		"right to left":       "jo@example.net\u202e",
		"isolate":             "\u2066jo@example.net",
		"Arabic mark":         "jo\u061c@example.net",
		"zero width":          "jo\u200b@example.net",
		"byte order mark":     "\ufeffjo@example.net",
		"soft hyphen":         "jo\u00ad@example.net",
		"Hangul filler":       "jo\u3164@example.net",
		"variation selector":  "jo\ufe0f@example.net",
		"tag":                 "jo\U000e0061@example.net",
		"ideographic dot":     "jo@example\u3002net",
		"full-width dot":      "jo@example\uff0enet",
		"half-width dot":      "jo@example\uff61net",
		"small dot":           "jo@example\ufe52net",
		"leader":              "jo@example\u2024net",
		"full-width at":       "jo\uff20example.org@example.net",
		"small at":            "jo\ufe6bexample.org@example.net",
		"full-width comma":    "jo@example.net\uff0ceve@example.org",
		"private use":         "jo\ue000@example.net",
		"not UTF-8":           "jo\xff@example.net",
		"comma":               "jo@example.net,eve@example.org",
		"name":                "Jo <jo@example.net>",
		"quoted":              `"a b"@example.net`,
	} {
		require.False(t, outbound.IsAddress(bad), name)
	}
}

func FuzzCheckEmail(f *testing.F) {
	f.Add("jo@example.net", "Your sign-in")
	f.Add("jo@example.net\r\nBcc: eve@example.org", "a\nb")
	f.Add(`"a b"@example.net`, "\u2028")
	f.Add("Jo <jo@example.net>, eve@example.org", "")
	f.Fuzz(func(t *testing.T, to, subject string) {
		m := otpcode.Message{Channel: otpcode.Email, To: to, Subject: subject, Text: "x"}
		if outbound.Check(t.Context(), m, otpcode.Email) != nil {
			return
		}
		if strings.ContainsAny(to+subject, "\r\n\x00") || strings.ContainsAny(to, " ,<>\"") || len(to) > 254 {
			t.Fatalf("taken: %q, %q", to, subject)
		}
	})
}
