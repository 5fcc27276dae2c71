package ses

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/awsout"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// An API is the part of *sesv2.Client that is needed.
type API interface {
	SendEmail(ctx context.Context, in *sesv2.SendEmailInput, opts ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// Config says who sends.
type Config struct {
	// API is usually a *sesv2.Client. Required.
	API API

	// From is the sending address, with or without a name. SES has to know it
	// or its domain as verified. Required.
	From string

	// ConfigurationSet names the configuration set, if there is one.
	ConfigurationSet string

	// Timeout bounds each Send. The default is 15 seconds.
	Timeout time.Duration
}

// A Sender sends mail through SES. It may be used from many goroutines.
type Sender struct {
	api     API
	from    string
	set     *string
	timeout time.Duration
}

var _ otpcode.Sender = (*Sender)(nil)

// New checks cfg and returns its Sender. It makes no request.
func New(cfg Config) (*Sender, error) {
	if cfg.API == nil {
		return nil, errors.New("ses: Config.API is required")
	}
	from, err := mail.ParseAddress(cfg.From)
	if err != nil || !outbound.IsHeaderText(cfg.From) {
		return nil, errors.New("ses: Config.From is not a mail address")
	}
	if cfg.Timeout < 0 {
		return nil, errors.New("ses: Config.Timeout is negative")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = outbound.DefaultTimeout
	}
	s := &Sender{api: cfg.API, from: from.String(), timeout: cfg.Timeout}
	if cfg.ConfigurationSet != "" {
		s.set = &cfg.ConfigurationSet
	}
	return s, nil
}

// Send hands m to SES. See otpcode.Sender for its errors.
func (s *Sender) Send(ctx context.Context, m otpcode.Message) error {
	if err := outbound.Check(ctx, m, otpcode.Email); err != nil {
		return fmt.Errorf("ses: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	ctx, flight := outbound.Watch(ctx)
	_, err := s.api.SendEmail(ctx, s.input(m), func(o *sesv2.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return fmt.Errorf("ses: %w", awsout.Outcome(err, flight, isRefusal(err), ""))
	}
	return nil
}

func (s *Sender) input(m otpcode.Message) *sesv2.SendEmailInput {
	body := &types.Body{Text: content(m.Text)}
	if m.HTML != "" {
		body.Html = content(m.HTML)
	}
	return &sesv2.SendEmailInput{
		FromEmailAddress:     &s.from,
		ConfigurationSetName: s.set,
		Destination:          &types.Destination{ToAddresses: []string{m.To}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: content(m.Subject),
			Body:    body,
			Headers: []types.MessageHeader{{
				Name:  aws.String("Auto-Submitted"),
				Value: aws.String("auto-generated"),
			}},
		}},
	}
}

func content(text string) *types.Content {
	return &types.Content{Data: &text, Charset: aws.String("UTF-8")}
}

// isRefusal says whether SES refused this message or address. All its other
// errors are about the account, its limits or the moment.
func isRefusal(err error) bool {
	_, rejected := errors.AsType[*types.MessageRejected](err)
	_, malformed := errors.AsType[*types.BadRequestException](err)
	return rejected || malformed
}
