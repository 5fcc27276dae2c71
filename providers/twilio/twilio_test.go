package twilio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/gatewaytest"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
	"github.com/latchkey-auth/latchkey/providers/twilio"
)

const (
	account = "AC0123456789abcdef0123456789abcdef"
	key     = "SK0123456789abcdef0123456789abcdef"
	service = "MG0123456789abcdef0123456789abcdef"
)

func config(baseURL string) twilio.Config {
	return twilio.Config{AccountSID: account, Secret: "token", From: "+61491570006", BaseURL: baseURL}
}

func newSender(t *testing.T, cfg twilio.Config) *twilio.Sender {
	t.Helper()
	s, err := twilio.New(cfg)
	require.NoError(t, err)
	return s
}

func message() otpcode.Message {
	return otpcode.Message{Channel: otpcode.SMS, To: "+61491570156", Text: "Your code is 007731"}
}

// protocol is Twilio as its documentation describes it, and as it was seen to
// answer: the number stands in the error's message.
var protocol = gatewaytest.Protocol{
	Decode: func(t testing.TB, r *http.Request, body []byte) sendertest.Received {
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "/2010-04-01/Accounts/"+account+"/Messages.json", r.URL.RequestURI())
		assert.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
		user, password, _ := r.BasicAuth()
		assert.Equal(t, account, user)
		assert.Equal(t, "token", password)
		form, err := url.ParseQuery(string(body))
		assert.NoError(t, err)
		assert.Len(t, form, 4)
		assert.Equal(t, "+61491570006", form.Get("From"))
		assert.Equal(t, "600", form.Get("ValidityPeriod"))
		return sendertest.Received{To: form.Get("To"), Text: form.Get("Body")}
	},
	Answer: func(w http.ResponseWriter, s sendertest.State, got sendertest.Received) {
		w.Header().Set("Content-Type", "application/json")
		switch s {
		case sendertest.Refusing:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"code":21211,"message":%s,"more_info":"https://www.twilio.com/docs/errors/21211","status":400}`, gatewaytest.Echo(got))
		case sendertest.Failing:
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprintf(w, `{"code":20429,"message":%s,"status":429}`, gatewaytest.Echo(got))
		default:
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued","error_code":null,"to":%q}`, got.To)
		}
	},
}

func TestSenderConforms(t *testing.T) {
	t.Parallel()
	sendertest.Test(t, func(t *testing.T) sendertest.Target {
		gateway := gatewaytest.Start(t, protocol)
		return gateway.Target(newSender(t, config(gateway.URL)), otpcode.SMS)
	})
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   gatewaytest.Outcome
	}{
		{"queued", 201, `{"status":"queued","error_code":null}`, gatewaytest.Sent},
		{"accepted", 201, `{"status":"accepted"}`, gatewaytest.Sent},
		{"no body", 201, "", gatewaytest.Sent},
		{"not JSON", 201, "<html>", gatewaytest.Sent},
		{"failed at once", 201, `{"status":"failed","error_code":30008}`, gatewaytest.NotSent},
		{"failed at once for good", 201, `{"status":"undelivered","error_code":30006}`, gatewaytest.Undeliverable},
		{"invalid number", 400, `{"code":21211,"status":400}`, gatewaytest.Undeliverable},
		{"opted out", 400, `{"code":21610,"status":400}`, gatewaytest.Undeliverable},
		{"not mobile", 400, `{"code":21614,"status":400}`, gatewaytest.Undeliverable},
		{"landline", 400, `{"code":21635,"status":400}`, gatewaytest.Undeliverable},
		{"short code", 400, `{"code":21265,"status":400}`, gatewaytest.Undeliverable},
		{"too long", 400, `{"code":21617,"status":400}`, gatewaytest.Undeliverable},
		{"unknown handset", 400, `{"code":30005,"status":400}`, gatewaytest.Undeliverable},
		{"country closed", 403, `{"code":21408,"status":403}`, gatewaytest.Undeliverable},
		{"sending number is not ours", 400, `{"code":21606,"status":400}`, gatewaytest.NotSent},
		{"queue is full", 429, `{"code":21611,"status":429}`, gatewaytest.NotSent},
		{"handset is off", 400, `{"code":30003,"status":400}`, gatewaytest.NotSent},
		{"wrong token", 401, `{"code":20003,"status":401}`, gatewaytest.NotSent},
		{"throttled", 429, `{"code":20429,"status":429}`, gatewaytest.NotSent},
		{"code that does not exist yet", 400, `{"code":21999,"status":400}`, gatewaytest.NotSent},
		{"refused without JSON", 400, "no", gatewaytest.NotSent},
		{"unavailable", 503, `{"code":20503,"status":503}`, gatewaytest.NotSent},
		{"unavailable, says a proxy", 503, "upstream connect error or disconnect/reset before headers", gatewaytest.Unknown},
		{"unavailable, says a proxy in JSON", 503, `{"code":503,"status":503}`, gatewaytest.Unknown},
		{"code of another status", 503, `{"code":20503,"status":400}`, gatewaytest.Unknown},
		{"timed out before a proxy", 408, "", gatewaytest.Unknown},
		{"conflict of a proxy", 409, "", gatewaytest.Unknown},
		{"conflict", 409, `{"code":20409,"status":409}`, gatewaytest.NotSent},
		{"hung up, says a proxy", 499, "", gatewaytest.Unknown},
		{"internal error", 500, `{"code":20500,"status":500}`, gatewaytest.Unknown},
		{"refusal inside of an internal error", 500, `{"code":21211,"status":500}`, gatewaytest.Unknown},
		{"bad gateway", 502, "", gatewaytest.Unknown},
		{"gateway timed out", 504, "", gatewaytest.Unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}))
			defer srv.Close()
			require.Equal(t, test.want, gatewaytest.OutcomeOf(newSender(t, config(srv.URL)).Send(t.Context(), message())))
		})
	}
}

func TestErrorNamesTheCodeOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body, want string
	}{
		{"known", `{"code":21610,"message":"+61491570156"}`, "twilio: error 21610, number has opted out: otpcode: message or destination was refused"},
		{"unknown", `{"code":21999,"message":"+61491570156"}`, "twilio: error 21999: status 400: otpcode: message was not sent"},
		{"number in place of a code", `{"code":61491570156}`, "twilio: status 400: otpcode: message was not sent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, test.body)
			}))
			defer srv.Close()
			require.EqualError(t, newSender(t, config(srv.URL)).Send(t.Context(), message()), test.want)
		})
	}
}

func TestKeyAndService(t *testing.T) {
	t.Parallel()
	var user, password string
	var form url.Values
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
		_ = r.ParseForm()
		form = r.PostForm
		w.WriteHeader(http.StatusCreated)
	}))
	defer srv.Close()
	s := newSender(t, twilio.Config{
		AccountSID: account, KeySID: key, Secret: "secret", MessagingServiceSID: service,
		Validity: 90 * time.Second, BaseURL: srv.URL,
	})
	require.NoError(t, s.Send(t.Context(), message()))
	require.Equal(t, key, user)
	require.Equal(t, "secret", password)
	require.Equal(t, url.Values{
		"To": {"+61491570156"}, "Body": {"Your code is 007731"},
		"MessagingServiceSid": {service}, "ValidityPeriod": {"90"},
	}, form)
}

func TestNewRefusesBadConfigs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(cfg *twilio.Config)
	}{
		{"no account", func(cfg *twilio.Config) { cfg.AccountSID = "" }},
		{"account that climbs out of the path", func(cfg *twilio.Config) { cfg.AccountSID = "AC/../../" + strings.Repeat("0", 25) }},
		{"key in place of the account", func(cfg *twilio.Config) { cfg.AccountSID = key }},
		{"account in place of the key", func(cfg *twilio.Config) { cfg.KeySID = account }},
		{"no secret", func(cfg *twilio.Config) { cfg.Secret = "" }},
		{"nothing to send from", func(cfg *twilio.Config) { cfg.From = "" }},
		{"two to send from", func(cfg *twilio.Config) { cfg.MessagingServiceSID = service }},
		{"bad service", func(cfg *twilio.Config) { cfg.From, cfg.MessagingServiceSID = "", "MG1" }},
		{"validity too short", func(cfg *twilio.Config) { cfg.Validity = time.Millisecond }},
		{"validity too long", func(cfg *twilio.Config) { cfg.Validity = 11 * time.Hour }},
		{"negative timeout", func(cfg *twilio.Config) { cfg.Timeout = -1 }},
		{"plaintext", func(cfg *twilio.Config) { cfg.BaseURL = "http://api.twilio.com" }},
		{"not a URL", func(cfg *twilio.Config) { cfg.BaseURL = "api.twilio.com" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config("")
			_, err := twilio.New(cfg)
			require.NoError(t, err, "the config is good before the change")
			test.change(&cfg)
			_, err = twilio.New(cfg)
			require.ErrorContains(t, err, "twilio: ")
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	gateway := gatewaytest.Start(t, protocol)
	gateway.Set(sendertest.Hanging)
	cfg := config(gateway.URL)
	cfg.Timeout = 100 * time.Millisecond
	err := newSender(t, cfg).Send(t.Context(), message())
	require.ErrorContains(t, err, "timed out")
}

func TestBypass_W49_SecretThatPrints(t *testing.T) {
	t.Parallel()
	cfg := config("")
	cfg.Secret = "0123456789abcdef"
	s := newSender(t, cfg)
	gatewaytest.AssertHidden(t, cfg.Secret, cfg, &cfg, s, *s)
	gatewaytest.AssertHidden(t, account+":"+cfg.Secret, s, *s) // as in the header, in Base64
}
