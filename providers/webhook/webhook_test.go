package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/gatewaytest"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
	"github.com/latchkey-auth/latchkey/providers/webhook"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func newSender(t *testing.T, cfg webhook.Config) *webhook.Sender {
	t.Helper()
	if cfg.Secret == nil {
		cfg.Secret = secret
	}
	s, err := webhook.New(cfg)
	require.NoError(t, err)
	return s
}

func message() otpcode.Message {
	return otpcode.Message{Channel: otpcode.SMS, To: "+61491570156", Text: "Your code is 007731", IdempotencyKey: "4Q6C"}
}

var protocol = gatewaytest.Protocol{
	Decode: func(t testing.TB, r *http.Request, body []byte) sendertest.Received {
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "/hook?site=1", r.URL.RequestURI())
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		assert.NoError(t, webhook.Verify(secret, r.Header, body, time.Now(), 0))
		var m map[string]string
		assert.NoError(t, json.Unmarshal(body, &m))
		assert.Equal(t, m["idempotency_key"], r.Header.Get("Idempotency-Key"))
		return sendertest.Received{To: m["to"], Subject: m["subject"], Text: m["text"], HTML: m["html"], IdempotencyKey: m["idempotency_key"]}
	},
	Answer: func(w http.ResponseWriter, s sendertest.State, got sendertest.Received) {
		switch s {
		case sendertest.Refusing:
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, gatewaytest.Echo(got))
		case sendertest.Failing:
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, gatewaytest.Echo(got))
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	},
}

func TestSenderConforms(t *testing.T) {
	t.Parallel()
	for _, channel := range []otpcode.Channel{otpcode.SMS, otpcode.Email} {
		t.Run(string(channel), func(t *testing.T) {
			t.Parallel()
			sendertest.Test(t, func(t *testing.T) sendertest.Target {
				gateway := gatewaytest.Start(t, protocol)
				target := gateway.Target(newSender(t, webhook.Config{URL: gateway.URL + "/hook?site=1", Channel: channel}), channel)
				target.Idempotent = true
				return target
			})
		})
	}
}

func TestWireFormat(t *testing.T) {
	t.Parallel()
	var header http.Header
	var got string
	gateway := gatewaytest.Start(t, gatewaytest.Protocol{
		Decode: func(_ testing.TB, r *http.Request, body []byte) sendertest.Received {
			header, got = r.Header, string(body)
			return sendertest.Received{}
		},
		Answer: func(http.ResponseWriter, sendertest.State, sendertest.Received) {},
	})
	s := newSender(t, webhook.Config{URL: gateway.URL, Now: func() time.Time { return time.Unix(1793620800, 0) }})
	m := message()
	m.Locale, m.Reference = "en-AU", "KD"
	require.NoError(t, s.Send(t.Context(), m))
	require.Equal(t, `{"channel":"sms","to":"+61491570156","text":"Your code is 007731","locale":"en-AU","reference":"KD","idempotency_key":"4Q6C"}`, got)
	require.Equal(t, "1793620800", header.Get("Latchkey-Timestamp"))
	// printf '%s.%s' 1793620800 "$body" | openssl dgst -sha256 -hmac "$secret"
	require.Equal(t, "v1=55307f1ef550af44d091c45828fa6576cdd804555d613bf689ea7b15e35cdfd3", header.Get("Latchkey-Signature"))
	require.Equal(t, "4Q6C", header.Get("Idempotency-Key"))
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		want   gatewaytest.Outcome
		tries  int
	}{
		{200, gatewaytest.Sent, 1},
		{202, gatewaytest.Sent, 1},
		{204, gatewaytest.Sent, 1},
		{307, gatewaytest.Unknown, 1},
		{400, gatewaytest.NotSent, 1},
		{401, gatewaytest.NotSent, 1},
		{404, gatewaytest.NotSent, 1},
		{422, gatewaytest.Undeliverable, 1},
		{429, gatewaytest.NotSent, 2},
		{500, gatewaytest.Unknown, 1},
		{502, gatewaytest.Unknown, 1},
		{408, gatewaytest.Unknown, 1},
		{409, gatewaytest.Unknown, 1},
		{499, gatewaytest.Unknown, 1},
		{503, gatewaytest.Unknown, 1},
		{504, gatewaytest.Unknown, 1},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			t.Parallel()
			gateway := gatewaytest.Start(t, gatewaytest.Protocol{
				Decode: func(testing.TB, *http.Request, []byte) sendertest.Received { return sendertest.Received{} },
				Answer: func(w http.ResponseWriter, _ sendertest.State, _ sendertest.Received) {
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(test.status)
				},
			})
			s := newSender(t, webhook.Config{URL: gateway.URL, Tries: 2})
			require.Equal(t, test.want, gatewaytest.OutcomeOf(s.Send(t.Context(), message())))
			require.Len(t, gateway.Received(), test.tries)
		})
	}
}

func TestSendRefusesKeysThatCannotBeHeaders(t *testing.T) {
	t.Parallel()
	s := newSender(t, webhook.Config{URL: "https://127.0.0.1:1"})
	for _, key := range []string{"a b", "a\r\nX: y", "ä", strings.Repeat("k", 256)} {
		m := message()
		m.IdempotencyKey = key
		require.ErrorIs(t, s.Send(t.Context(), m), otpcode.ErrUndeliverable)
	}
}

func TestNewCopiesTheSecret(t *testing.T) {
	t.Parallel()
	gateway := gatewaytest.Start(t, protocol)
	mine := []byte(string(secret))
	s := newSender(t, webhook.Config{URL: gateway.URL + "/hook?site=1", Secret: mine})
	clear(mine)
	require.NoError(t, s.Send(t.Context(), message())) // protocol verifies under the old secret
}

func TestNewRefusesBadConfigs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(cfg *webhook.Config)
	}{
		{"no URL", func(cfg *webhook.Config) { cfg.URL = "" }},
		{"plaintext", func(cfg *webhook.Config) { cfg.URL = "http://sms.example.com" }},
		{"no secret", func(cfg *webhook.Config) { cfg.Secret = nil }},
		{"short secret", func(cfg *webhook.Config) { cfg.Secret = secret[:31] }},
		{"unknown channel", func(cfg *webhook.Config) { cfg.Channel = "fax" }},
		{"too many tries", func(cfg *webhook.Config) { cfg.Tries = 11 }},
		{"negative tries", func(cfg *webhook.Config) { cfg.Tries = -1 }},
		{"negative timeout", func(cfg *webhook.Config) { cfg.Timeout = -1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := webhook.Config{URL: "https://sms.example.com/hook", Secret: secret}
			_, err := webhook.New(cfg)
			require.NoError(t, err, "the config is good before the change")
			test.change(&cfg)
			_, err = webhook.New(cfg)
			require.ErrorContains(t, err, "webhook: ")
		})
	}
	_, err := webhook.New(webhook.Config{URL: "http://sms.example.com", Secret: secret, InsecurePlaintext: true})
	require.NoError(t, err)
}

func TestBypass_W49_SecretThatPrints(t *testing.T) {
	t.Parallel()
	cfg := webhook.Config{URL: "https://sms.example.com/hook", Secret: secret}
	s := newSender(t, cfg)
	gatewaytest.AssertHidden(t, string(secret), cfg, &cfg, s, *s)
}
