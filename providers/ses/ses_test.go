package ses_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/gatewaytest"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
	"github.com/latchkey-auth/latchkey/providers/ses"
)

// client is the real one, led to another server.
func client(endpoint string) *sesv2.Client {
	return sesv2.New(sesv2.Options{
		Region:       "ap-southeast-2",
		BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

func newSender(t *testing.T, cfg ses.Config) *ses.Sender {
	t.Helper()
	if cfg.From == "" {
		cfg.From = "Exámple <login@example.com>"
	}
	s, err := ses.New(cfg)
	require.NoError(t, err)
	return s
}

func message() otpcode.Message {
	return otpcode.Message{Channel: otpcode.Email, To: "jo@example.net", Subject: "Your sign-in", Text: "Your code is 007731"}
}

type content struct{ Data, Charset string }

// request is the body that SES documents for SendEmail.
type request struct {
	FromEmailAddress     string
	ConfigurationSetName string
	Destination          struct{ ToAddresses []string }
	Content              struct {
		Simple struct {
			Subject content
			Body    struct{ Text, HTML content }
			Headers []struct{ Name, Value string }
		}
	}
}

func decode(t testing.TB, r *http.Request, body []byte) request {
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Equal(t, "/v2/email/outbound-emails", r.URL.RequestURI())
	assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
	gatewaytest.AssertSigV4(t, r, body, "AKIDEXAMPLE", "secret", "ap-southeast-2", "ses")
	var in request
	assert.NoError(t, json.Unmarshal(body, &in))
	return in
}

var protocol = gatewaytest.Protocol{
	Decode: func(t testing.TB, r *http.Request, body []byte) sendertest.Received {
		in := decode(t, r, body)
		assert.Equal(t, "=?utf-8?q?Ex=C3=A1mple?= <login@example.com>", in.FromEmailAddress)
		assert.Equal(t, []struct{ Name, Value string }{{"Auto-Submitted", "auto-generated"}}, in.Content.Simple.Headers)
		assert.Equal(t, "UTF-8", in.Content.Simple.Subject.Charset)
		assert.Equal(t, "UTF-8", in.Content.Simple.Body.Text.Charset)
		assert.Len(t, in.Destination.ToAddresses, 1)
		return sendertest.Received{
			To:      in.Destination.ToAddresses[0],
			Subject: in.Content.Simple.Subject.Data,
			Text:    in.Content.Simple.Body.Text.Data,
			HTML:    in.Content.Simple.Body.HTML.Data,
		}
	},
	Answer: func(w http.ResponseWriter, s sendertest.State, got sendertest.Received) {
		switch s {
		case sendertest.Refusing:
			fail(w, http.StatusBadRequest, "MessageRejected", gatewaytest.Echo(got))
		case sendertest.Failing:
			fail(w, http.StatusTooManyRequests, "TooManyRequestsException", gatewaytest.Echo(got))
		default:
			fmt.Fprint(w, `{"MessageId":"0100"}`)
		}
	},
}

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%s}`, message)
}

func TestSenderConforms(t *testing.T) {
	t.Parallel()
	sendertest.Test(t, func(t *testing.T) sendertest.Target {
		gateway := gatewaytest.Start(t, protocol)
		return gateway.Target(newSender(t, ses.Config{API: client(gateway.URL)}), otpcode.Email)
	})
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		code   string
		want   gatewaytest.Outcome
	}{
		{200, "", gatewaytest.Sent},
		{400, "MessageRejected", gatewaytest.Undeliverable},
		{400, "BadRequestException", gatewaytest.Undeliverable},
		{400, "AccountSuspendedException", gatewaytest.NotSent},
		{400, "SendingPausedException", gatewaytest.NotSent},
		{400, "MailFromDomainNotVerifiedException", gatewaytest.NotSent},
		{400, "LimitExceededException", gatewaytest.NotSent},
		{404, "NotFoundException", gatewaytest.NotSent},
		{403, "InvalidSignatureException", gatewaytest.NotSent},
		{429, "TooManyRequestsException", gatewaytest.NotSent},
		{400, "SomethingNewException", gatewaytest.NotSent},
		{503, "Throttling", gatewaytest.NotSent},
		{503, "ServiceUnavailable", gatewaytest.Unknown},
		{503, "", gatewaytest.Unknown},
		{408, "", gatewaytest.Unknown},
		{409, "", gatewaytest.Unknown},
		{409, "ConflictException", gatewaytest.NotSent},
		{500, "InternalServiceErrorException", gatewaytest.Unknown},
		{502, "", gatewaytest.Unknown},
	} {
		t.Run(fmt.Sprint(test.status, " ", test.code), func(t *testing.T) {
			t.Parallel()
			gateway := gatewaytest.Start(t, gatewaytest.Protocol{
				Decode: func(t testing.TB, r *http.Request, body []byte) sendertest.Received {
					decode(t, r, body)
					return sendertest.Received{}
				},
				Answer: func(w http.ResponseWriter, _ sendertest.State, _ sendertest.Received) {
					fail(w, test.status, test.code, `"about jo@example.net"`)
				},
			})
			err := newSender(t, ses.Config{API: client(gateway.URL)}).Send(t.Context(), message())
			require.Equal(t, test.want, gatewaytest.OutcomeOf(err), "%v", err)
			require.Len(t, gateway.Received(), 1, "the SDK tried again")
			if err != nil {
				require.ErrorContains(t, err, test.code)
			}
		})
	}
}

func TestErrorCodeThatIsNone(t *testing.T) {
	t.Parallel()
	gateway := gatewaytest.Start(t, gatewaytest.Protocol{
		Decode: func(testing.TB, *http.Request, []byte) sendertest.Received { return sendertest.Received{} },
		Answer: func(w http.ResponseWriter, _ sendertest.State, _ sendertest.Received) {
			fail(w, http.StatusBadRequest, "jo@example.net", `""`)
		},
	})
	err := newSender(t, ses.Config{API: client(gateway.URL)}).Send(t.Context(), message())
	require.EqualError(t, err, "ses: service error: status 400: otpcode: message was not sent")
}

func TestConfigurationSet(t *testing.T) {
	t.Parallel()
	var in request
	gateway := gatewaytest.Start(t, gatewaytest.Protocol{
		Decode: func(t testing.TB, r *http.Request, body []byte) sendertest.Received {
			in = decode(t, r, body)
			return sendertest.Received{}
		},
		Answer: protocol.Answer,
	})
	s := newSender(t, ses.Config{API: client(gateway.URL), ConfigurationSet: "codes"})
	require.NoError(t, s.Send(t.Context(), message()))
	require.Equal(t, "codes", in.ConfigurationSetName)
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := newSender(t, ses.Config{API: client("http://127.0.0.1:1")})
	require.EqualError(t, s.Send(t.Context(), message()), "ses: cannot connect: otpcode: message was not sent")
}

// blind is an API whose transport reports nothing: only the answer could tell
// that a message was not sent.
type blind struct{ err error }

func (b blind) SendEmail(ctx context.Context, _ *sesv2.SendEmailInput, _ ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	if b.err == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, b.err
}

func TestFailureOfAnotherTransportIsUnknown(t *testing.T) {
	t.Parallel()
	err := newSender(t, ses.Config{API: blind{errors.New("cannot mail jo@example.net")}}).Send(t.Context(), message())
	require.EqualError(t, err, "ses: connection failed: message may have been sent")
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	err := newSender(t, ses.Config{API: blind{}, Timeout: time.Millisecond}).Send(t.Context(), message())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, otpcode.ErrNotSent)
}

func TestNewRefusesBadConfigs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(cfg *ses.Config)
	}{
		{"no API", func(cfg *ses.Config) { cfg.API = nil }},
		{"no address", func(cfg *ses.Config) { cfg.From = "" }},
		{"bad address", func(cfg *ses.Config) { cfg.From = "example.com" }},
		{"line break in the address", func(cfg *ses.Config) { cfg.From = "a@example.com\r\n" }},
		{"negative timeout", func(cfg *ses.Config) { cfg.Timeout = -1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := ses.Config{API: blind{}, From: "login@example.com"}
			_, err := ses.New(cfg)
			require.NoError(t, err, "the config is good before the change")
			test.change(&cfg)
			_, err = ses.New(cfg)
			require.ErrorContains(t, err, "ses: ")
		})
	}
}
