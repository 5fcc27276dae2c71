package awssms

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sms "github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2"
	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2/types"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/awsout"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// An API is the part of *pinpointsmsvoicev2.Client that is needed.
type API interface {
	SendTextMessage(ctx context.Context, in *sms.SendTextMessageInput, opts ...func(*sms.Options)) (*sms.SendTextMessageOutput, error)
}

// Config says what messages are sent from, and what they may cost.
type Config struct {
	// API is usually a *pinpointsmsvoicev2.Client. Required.
	API API

	// OriginationIdentity is the number, sender ID or pool to send from, by
	// its name, id or ARN. Required.
	OriginationIdentity string

	// ConfigurationSet names the configuration set, if there is one.
	ConfigurationSet string

	// MaxPrice is the most that one message may cost, in US dollars, such as
	// "0.10". Dearer ones are refused by AWS. The default is no limit.
	MaxPrice string

	// TimeToLive is how long AWS may try to hand over a message, from 5
	// seconds to 72 hours. The default is 10 minutes, the longest that a code
	// by SMS lives (NIST SP 800-63B-4, section 4.2.1.2).
	TimeToLive time.Duration

	// CountryParameters are what some countries ask for; India wants
	// IN_ENTITY_ID and IN_TEMPLATE_ID.
	CountryParameters map[string]string

	// Timeout bounds each Send. The default is 15 seconds.
	Timeout time.Duration
}

// A Sender sends SMS through AWS. It may be used from many goroutines.
type Sender struct {
	api     API
	common  sms.SendTextMessageInput // what all messages share
	timeout time.Duration
}

var _ otpcode.Sender = (*Sender)(nil)

// New checks cfg and returns its Sender. It makes no request.
func New(cfg Config) (*Sender, error) {
	if cfg.API == nil {
		return nil, errors.New("awssms: Config.API is required")
	}
	if cfg.OriginationIdentity == "" {
		return nil, errors.New("awssms: Config.OriginationIdentity is required")
	}
	if !isPrice(cfg.MaxPrice) {
		return nil, errors.New("awssms: Config.MaxPrice is not an amount like 0.10")
	}
	if cfg.TimeToLive == 0 {
		cfg.TimeToLive = 10 * time.Minute
	}
	if cfg.TimeToLive < 5*time.Second || cfg.TimeToLive > 72*time.Hour {
		return nil, errors.New("awssms: Config.TimeToLive is not between 5 seconds and 72 hours")
	}
	if cfg.Timeout < 0 {
		return nil, errors.New("awssms: Config.Timeout is negative")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = outbound.DefaultTimeout
	}
	return &Sender{
		api: cfg.API,
		common: sms.SendTextMessageInput{
			OriginationIdentity:          &cfg.OriginationIdentity,
			ConfigurationSetName:         optional(cfg.ConfigurationSet),
			MaxPrice:                     optional(cfg.MaxPrice),
			MessageType:                  types.MessageTypeTransactional,
			TimeToLive:                   new(int32(cfg.TimeToLive / time.Second)),
			DestinationCountryParameters: maps.Clone(cfg.CountryParameters),
		},
		timeout: cfg.Timeout,
	}, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// isPrice says whether s is empty or an amount as AWS takes it.
func isPrice(s string) bool {
	whole, cents, point := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && len(s) <= 8 && strings.Trim(s, "0123456789") == "" }
	return s == "" || digits(whole) && (!point || digits(cents))
}

// Send hands m to AWS. See otpcode.Sender for its errors.
func (s *Sender) Send(ctx context.Context, m otpcode.Message) error {
	if err := outbound.Check(ctx, m, otpcode.SMS); err != nil {
		return fmt.Errorf("awssms: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	ctx, flight := outbound.Watch(ctx)
	in := s.common
	in.DestinationPhoneNumber, in.MessageBody = &m.To, &m.Text
	_, err := s.api.SendTextMessage(ctx, &in, func(o *sms.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		refused, reason := verdict(err)
		return fmt.Errorf("awssms: %w", awsout.Outcome(err, flight, refused, reason))
	}
	return nil
}
