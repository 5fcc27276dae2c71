package twilio

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// Config says which account sends, and from what.
type Config struct {
	// AccountSID names the account ("AC" and 32 hexadecimal digits). Required.
	AccountSID string

	// KeySID names an API key ("SK…"), and Secret is its secret. If KeySID is
	// empty, Secret is the account's auth token. Secret is required.
	KeySID string
	Secret string

	// From is the sending number in E.164 form, a short code or an
	// alphanumeric sender ID, and MessagingServiceSID ("MG…") a pool of them.
	// Exactly one is required.
	From                string
	MessagingServiceSID string

	// Validity is how long a message may wait in Twilio's queue, from 1
	// second to 10 hours. The default is 10 minutes, the longest that a code
	// by SMS lives (NIST SP 800-63B-4, section 4.2.1.2).
	Validity time.Duration

	// Timeout bounds each Send. The default is 15 seconds.
	Timeout time.Duration

	// BaseURL is where the API is found. The default is
	// "https://api.twilio.com"; regions have others, such as
	// "https://api.dublin.ie1.twilio.com". It has to be https, except for
	// loopback addresses.
	BaseURL string

	// InsecurePlaintext allows a BaseURL that is http and not on this machine:
	// everyone on the way can read the codes and the Secret.
	InsecurePlaintext bool

	// Client makes the requests; the Sender uses a copy that follows no
	// redirects. The default is a client of its own.
	Client *http.Client
}

// A Sender sends SMS through one Twilio account. It may be used from many
// goroutines.
type Sender struct {
	client  *http.Client
	url     *url.URL
	auth    string
	origin  [2]string // name and value of the form field
	seconds string
	timeout time.Duration
}

var _ otpcode.Sender = (*Sender)(nil)

// New checks cfg and returns its Sender. It makes no request.
func New(cfg Config) (*Sender, error) {
	if !isSID(cfg.AccountSID, "AC") {
		return nil, errors.New("twilio: Config.AccountSID is not an account SID")
	}
	if cfg.KeySID != "" && !isSID(cfg.KeySID, "SK") {
		return nil, errors.New("twilio: Config.KeySID is not a key SID")
	}
	if cfg.Secret == "" {
		return nil, errors.New("twilio: Config.Secret is required")
	}
	origin := [2]string{"From", cfg.From}
	switch {
	case (cfg.From == "") == (cfg.MessagingServiceSID == ""):
		return nil, errors.New("twilio: exactly one of Config.From and Config.MessagingServiceSID is required")
	case cfg.From == "":
		if !isSID(cfg.MessagingServiceSID, "MG") {
			return nil, errors.New("twilio: Config.MessagingServiceSID is not a service SID")
		}
		origin = [2]string{"MessagingServiceSid", cfg.MessagingServiceSID}
	}
	if cfg.Validity == 0 {
		cfg.Validity = 10 * time.Minute
	}
	if cfg.Validity < time.Second || cfg.Validity > 10*time.Hour {
		return nil, errors.New("twilio: Config.Validity is not between 1 second and 10 hours")
	}
	if cfg.Timeout < 0 {
		return nil, errors.New("twilio: Config.Timeout is negative")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = outbound.DefaultTimeout
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://api.twilio.com"
	}
	base, err := outbound.Endpoint(cfg.BaseURL, cfg.InsecurePlaintext)
	if err != nil {
		return nil, fmt.Errorf("twilio: Config.BaseURL: %w", err)
	}
	user := cfg.KeySID
	if user == "" {
		user = cfg.AccountSID
	}
	return &Sender{
		client:  outbound.Client(cfg.Client),
		url:     base.JoinPath("2010-04-01", "Accounts", cfg.AccountSID, "Messages.json"),
		auth:    "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+cfg.Secret)),
		origin:  origin,
		seconds: strconv.Itoa(int(cfg.Validity / time.Second)),
		timeout: cfg.Timeout,
	}, nil
}

// isSID says whether s is one of Twilio's identifiers. It becomes part of the
// URL's path.
func isSID(s, kind string) bool {
	hex, ok := strings.CutPrefix(s, kind)
	return ok && len(hex) == 32 && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
}

// Send queues m at Twilio. See otpcode.Sender for its errors.
func (s *Sender) Send(ctx context.Context, m otpcode.Message) error {
	if err := outbound.Check(ctx, m, otpcode.SMS); err != nil {
		return fmt.Errorf("twilio: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	form := url.Values{
		"To":             {m.To},
		"Body":           {m.Text},
		s.origin[0]:      {s.origin[1]},
		"ValidityPeriod": {s.seconds},
	}
	answer, err := outbound.Post(ctx, s.client, s.url, http.Header{
		"Authorization": {s.auth},
		"Content-Type":  {"application/x-www-form-urlencoded"},
		"Accept":        {"application/json"},
	}, strings.NewReader(form.Encode()))
	if err == nil {
		err = outcome(answer)
	}
	if err != nil {
		return fmt.Errorf("twilio: %w", err)
	}
	return nil
}
