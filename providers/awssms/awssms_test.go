package awssms_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/awssms"
	"github.com/latchkey-auth/latchkey/providers/internal/gatewaytest"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
)

const identity = "arn:aws:sms-voice:ap-southeast-2:111122223333:pool/pool-1"

// client is the real one, led to another server.
func client(endpoint string) *pinpointsmsvoicev2.Client {
	return pinpointsmsvoicev2.New(pinpointsmsvoicev2.Options{
		Region:       "ap-southeast-2",
		BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

func newSender(t *testing.T, cfg awssms.Config) *awssms.Sender {
	t.Helper()
	cfg.OriginationIdentity = identity
	s, err := awssms.New(cfg)
	require.NoError(t, err)
	return s
}

func message() otpcode.Message {
	return otpcode.Message{Channel: otpcode.SMS, To: "+61491570156", Text: "Your code is 007731"}
}

// decode returns the body that AWS documents for SendTextMessage.
func decode(t testing.TB, r *http.Request, body []byte) map[string]any {
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Equal(t, "/", r.URL.RequestURI())
	assert.Equal(t, "application/x-amz-json-1.0", r.Header.Get("Content-Type"))
	assert.Equal(t, "PinpointSMSVoiceV2.SendTextMessage", r.Header.Get("X-Amz-Target"))
	gatewaytest.AssertSigV4(t, r, body, "AKIDEXAMPLE", "secret", "ap-southeast-2", "sms-voice")
	var in map[string]any
	assert.NoError(t, json.Unmarshal(body, &in))
	return in
}

var protocol = gatewaytest.Protocol{
	Decode: func(t testing.TB, r *http.Request, body []byte) sendertest.Received {
		in := decode(t, r, body)
		to, _ := in["DestinationPhoneNumber"].(string)
		text, _ := in["MessageBody"].(string)
		delete(in, "DestinationPhoneNumber")
		delete(in, "MessageBody")
		assert.Equal(t, map[string]any{
			"OriginationIdentity": identity,
			"MessageType":         "TRANSACTIONAL",
			"TimeToLive":          600.0,
		}, in)
		return sendertest.Received{To: to, Text: text}
	},
	Answer: func(w http.ResponseWriter, s sendertest.State, got sendertest.Received) {
		switch s {
		case sendertest.Refusing:
			fail(w, http.StatusBadRequest, "ConflictException", `"Reason":"DESTINATION_PHONE_NUMBER_OPTED_OUT","ResourceId":`+gatewaytest.Echo(got)+`,"Message":`+gatewaytest.Echo(got))
		case sendertest.Failing:
			fail(w, http.StatusBadRequest, "ThrottlingException", `"Message":`+gatewaytest.Echo(got))
		default:
			fmt.Fprint(w, `{"MessageId":"0100"}`)
		}
	},
}

func fail(w http.ResponseWriter, status int, code, members string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":"com.amazonaws.pinpointsmsvoicev2#%s",%s}`, code, members)
}

func TestSenderConforms(t *testing.T) {
	t.Parallel()
	sendertest.Test(t, func(t *testing.T) sendertest.Target {
		gateway := gatewaytest.Start(t, protocol)
		return gateway.Target(newSender(t, awssms.Config{API: client(gateway.URL)}), otpcode.SMS)
	})
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, code, members string
		status              int
		want                gatewaytest.Outcome
		text                string
	}{
		{"opted out", "ConflictException", `"Reason":"DESTINATION_PHONE_NUMBER_OPTED_OUT"`, 400, gatewaytest.Undeliverable, "ConflictException DESTINATION_PHONE_NUMBER_OPTED_OUT"},
		{"country closed", "ConflictException", `"Reason":"DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"`, 400, gatewaytest.Undeliverable, ""},
		{"number closed", "ConflictException", `"Reason":"DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"`, 400, gatewaytest.Undeliverable, ""},
		{"sandbox", "ConflictException", `"Reason":"DESTINATION_PHONE_NUMBER_NOT_VERIFIED"`, 400, gatewaytest.NotSent, "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"},
		{"nothing to send from", "ConflictException", `"Reason":"NO_ORIGINATION_IDENTITIES_FOUND"`, 400, gatewaytest.NotSent, ""},
		{"country blocked", "ValidationException", `"Reason":"DESTINATION_COUNTRY_BLOCKED"`, 400, gatewaytest.Undeliverable, ""},
		{"too dear", "ValidationException", `"Reason":"PRICE_OVER_THRESHOLD"`, 400, gatewaytest.Undeliverable, ""},
		{"bad number", "ValidationException", `"Reason":"INVALID_PARAMETER","Fields":[{"Name":"DestinationPhoneNumber","Message":"+61491570156"}]`, 400, gatewaytest.Undeliverable, "INVALID_PARAMETER"},
		{"bad identity", "ValidationException", `"Reason":"INVALID_PARAMETER","Fields":[{"Name":"OriginationIdentity","Message":"x"}]`, 400, gatewaytest.NotSent, ""},
		{"spend limit", "ServiceQuotaExceededException", `"Reason":"MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"`, 400, gatewaytest.NotSent, "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"},
		{"throttled", "ThrottlingException", `"Message":"Rate exceeded"`, 400, gatewaytest.NotSent, "ThrottlingException: status 400"},
		{"not allowed", "AccessDeniedException", `"Reason":"ACCOUNT_DISABLED"`, 400, gatewaytest.NotSent, "ACCOUNT_DISABLED"},
		{"no such pool", "ResourceNotFoundException", `"ResourceId":"x"`, 400, gatewaytest.NotSent, ""},
		{"number for a reason", "ConflictException", `"Reason":"+61491570156"`, 400, gatewaytest.NotSent, "awssms: ConflictException: status 400"},
		{"throttled by the front", "ThrottlingException", `"Message":"Rate exceeded"`, 503, gatewaytest.NotSent, "ThrottlingException: status 503"},
		{"conflict by its status", "ConflictException", `"Reason":"NO_ORIGINATION_IDENTITIES_FOUND"`, 409, gatewaytest.NotSent, ""},
		{"conflict of a proxy", "x", `"`, 409, gatewaytest.Unknown, ""},
		{"unavailable", "ServiceUnavailable", `"Message":"x"`, 503, gatewaytest.Unknown, ""},
		{"unavailable, says a proxy", "x", `"`, 503, gatewaytest.Unknown, ""},
		{"timed out before a proxy", "x", `"`, 408, gatewaytest.Unknown, ""},
		{"internal", "InternalServerException", `"Message":"x"`, 500, gatewaytest.Unknown, "InternalServerException"},
		{"not JSON", "x", `"`, 504, gatewaytest.Unknown, ""},
		{"answer cut", "x", `"`, 200, gatewaytest.Unknown, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			gateway := gatewaytest.Start(t, gatewaytest.Protocol{
				Decode: protocol.Decode,
				Answer: func(w http.ResponseWriter, _ sendertest.State, _ sendertest.Received) {
					fail(w, test.status, test.code, test.members)
				},
			})
			err := newSender(t, awssms.Config{API: client(gateway.URL)}).Send(t.Context(), message())
			require.Equal(t, test.want, gatewaytest.OutcomeOf(err), "%v", err)
			require.ErrorContains(t, err, test.text)
			require.NotContains(t, err.Error(), "61491570156")
			require.Len(t, gateway.Received(), 1, "the SDK tried again")
		})
	}
}

func TestConfigReachesTheWire(t *testing.T) {
	t.Parallel()
	var in map[string]any
	gateway := gatewaytest.Start(t, gatewaytest.Protocol{
		Decode: func(t testing.TB, r *http.Request, body []byte) sendertest.Received {
			in = decode(t, r, body)
			return sendertest.Received{}
		},
		Answer: protocol.Answer,
	})
	parameters := map[string]string{"IN_ENTITY_ID": "1", "IN_TEMPLATE_ID": "2"}
	s := newSender(t, awssms.Config{
		API:               client(gateway.URL),
		ConfigurationSet:  "codes",
		MaxPrice:          "0.10",
		TimeToLive:        time.Minute,
		CountryParameters: parameters,
	})
	clear(parameters) // New has copied them
	require.NoError(t, s.Send(t.Context(), message()))
	require.Equal(t, map[string]any{
		"DestinationPhoneNumber":       "+61491570156",
		"MessageBody":                  "Your code is 007731",
		"OriginationIdentity":          identity,
		"MessageType":                  "TRANSACTIONAL",
		"ConfigurationSetName":         "codes",
		"MaxPrice":                     "0.10",
		"TimeToLive":                   60.0,
		"DestinationCountryParameters": map[string]any{"IN_ENTITY_ID": "1", "IN_TEMPLATE_ID": "2"},
	}, in)
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := newSender(t, awssms.Config{API: client("http://127.0.0.1:1")})
	require.EqualError(t, s.Send(t.Context(), message()), "awssms: cannot connect: otpcode: message was not sent")
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	gateway := gatewaytest.Start(t, protocol)
	gateway.Set(sendertest.Hanging)
	s := newSender(t, awssms.Config{API: client(gateway.URL), Timeout: 100 * time.Millisecond})
	require.ErrorIs(t, s.Send(t.Context(), message()), context.DeadlineExceeded)
}

func TestNewRefusesBadConfigs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(cfg *awssms.Config)
	}{
		{"no API", func(cfg *awssms.Config) { cfg.API = nil }},
		{"no identity", func(cfg *awssms.Config) { cfg.OriginationIdentity = "" }},
		{"price with a sign", func(cfg *awssms.Config) { cfg.MaxPrice = "$0.10" }},
		{"price with a comma", func(cfg *awssms.Config) { cfg.MaxPrice = "0,10" }},
		{"negative price", func(cfg *awssms.Config) { cfg.MaxPrice = "-1" }},
		{"half a price", func(cfg *awssms.Config) { cfg.MaxPrice = "1." }},
		{"too short a life", func(cfg *awssms.Config) { cfg.TimeToLive = time.Second }},
		{"too long a life", func(cfg *awssms.Config) { cfg.TimeToLive = 73 * time.Hour }},
		{"negative timeout", func(cfg *awssms.Config) { cfg.Timeout = -1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := awssms.Config{API: client("https://127.0.0.1"), OriginationIdentity: identity}
			_, err := awssms.New(cfg)
			require.NoError(t, err, "the config is good before the change")
			test.change(&cfg)
			_, err = awssms.New(cfg)
			require.ErrorContains(t, err, "awssms: ")
		})
	}
}
