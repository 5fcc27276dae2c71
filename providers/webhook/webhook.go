package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// Config says where messages go.
type Config struct {
	// URL is the gateway's endpoint. It has to be https, except for loopback
	// addresses. Required.
	URL string

	// InsecurePlaintext allows a URL that is http and not on this machine:
	// everyone on the way can read the codes.
	InsecurePlaintext bool

	// Secret signs the requests: at least 32 random bytes. Required.
	Secret []byte

	// Channel is the one that the gateway serves. The default is otpcode.SMS.
	Channel otpcode.Channel

	// Tries is how often a message is handed over at the most, from 1 to 10.
	// The default is 3. One without an idempotency key is tried once.
	Tries int

	// Timeout bounds each Send, with all its tries and the pauses between
	// them. The default is 15 seconds.
	Timeout time.Duration

	// Now is the clock for timestamps. The default is time.Now.
	Now func() time.Time

	// Client makes the requests; the Sender uses a copy that follows no
	// redirects. The default is a client of its own.
	Client *http.Client
}

// A Sender hands messages to one gateway. It may be used from many goroutines.
type Sender struct {
	client  *http.Client
	url     *url.URL
	secret  []byte
	channel otpcode.Channel
	tries   int
	timeout time.Duration
	now     func() time.Time
}

var _ otpcode.Sender = (*Sender)(nil)

// New checks cfg and returns its Sender. It makes no request.
func New(cfg Config) (*Sender, error) {
	to, err := outbound.Endpoint(cfg.URL, cfg.InsecurePlaintext)
	if err != nil {
		return nil, fmt.Errorf("webhook: Config.URL: %w", err)
	}
	if len(cfg.Secret) < minSecret {
		return nil, errSecret
	}
	if cfg.Channel == "" {
		cfg.Channel = otpcode.SMS
	}
	if cfg.Channel != otpcode.SMS && cfg.Channel != otpcode.Email {
		return nil, errors.New("webhook: Config.Channel is unknown")
	}
	if cfg.Tries == 0 {
		cfg.Tries = 3
	}
	if cfg.Tries < 1 || cfg.Tries > 10 {
		return nil, errors.New("webhook: Config.Tries is not between 1 and 10")
	}
	if cfg.Timeout < 0 {
		return nil, errors.New("webhook: Config.Timeout is negative")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = outbound.DefaultTimeout
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Sender{
		client:  outbound.Client(cfg.Client),
		url:     to,
		secret:  bytes.Clone(cfg.Secret),
		channel: cfg.Channel,
		tries:   cfg.Tries,
		timeout: cfg.Timeout,
		now:     cfg.Now,
	}, nil
}

// payload is the body on the wire.
type payload struct {
	Channel        otpcode.Channel `json:"channel"`
	To             string          `json:"to"`
	Subject        string          `json:"subject,omitempty"`
	Text           string          `json:"text"`
	HTML           string          `json:"html,omitempty"`
	Locale         string          `json:"locale,omitempty"`
	Reference      string          `json:"reference,omitempty"`
	IdempotencyKey string          `json:"idempotency_key,omitempty"`
}

// Send hands m to the gateway. See otpcode.Sender for its errors.
func (s *Sender) Send(ctx context.Context, m otpcode.Message) error {
	if err := outbound.Check(ctx, m, s.channel); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	if !isKey(m.IdempotencyKey) {
		return fmt.Errorf("webhook: %w", outbound.Undeliverable("idempotency key is too long or not visible ASCII"))
	}
	body, err := json.Marshal(payload{
		Channel: m.Channel, To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
		Locale: m.Locale, Reference: m.Reference, IdempotencyKey: m.IdempotencyKey,
	})
	if err != nil {
		return fmt.Errorf("webhook: %w", outbound.Undeliverable("message cannot be encoded"))
	}
	tries := s.tries
	if m.IdempotencyKey == "" {
		tries = 1 // nobody could tell a second one from another message
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for try := 1; ; try++ {
		again, err := s.post(ctx, m.IdempotencyKey, body)
		if err == nil {
			return nil
		}
		if again.no || try == tries || !wait(ctx, max(pause(try), again.after)) {
			return fmt.Errorf("webhook: %w", err)
		}
	}
}

// isKey says whether s, which may be empty, can stand in a header as it is.
func isKey(s string) bool {
	return len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
