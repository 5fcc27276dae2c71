package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// Config says which server sends, and in whose name.
type Config struct {
	// Host is the server's name; its certificate has to be made out to it.
	// Required.
	Host string

	// Port is the server's port. The default is 587, or 465 with ImplicitTLS.
	Port int

	// ImplicitTLS begins with TLS at once (RFC 8314, section 3.3). The default
	// is STARTTLS, without which nothing is sent.
	ImplicitTLS bool

	// RootCAs are trusted to sign the server's certificate. The default is the
	// system's set.
	RootCAs *x509.CertPool

	// InsecurePlaintext sends without encryption: everyone on the way can read
	// the codes. It allows no Username, and no ImplicitTLS.
	InsecurePlaintext bool

	// Username and Password are the login at the server. Both may be empty.
	Username string
	Password string

	// From is the sending address, with or without a name. The address has to
	// be ASCII (an international domain in its xn-- form). Required.
	From string

	// Timeout bounds each Send. The default is 15 seconds.
	Timeout time.Duration
}

// A Sender sends mail through one server. It may be used from many goroutines.
type Sender struct {
	cfg    Config
	tls    *tls.Config // nil with InsecurePlaintext
	from   *netmail.Address
	domain string // of from
}

var _ otpcode.Sender = (*Sender)(nil)

// New checks cfg and returns its Sender. It opens no connection.
func New(cfg Config) (*Sender, error) {
	if cfg.Host == "" || strings.ContainsAny(cfg.Host, " /\r\n") {
		return nil, errors.New("smtp: Config.Host is not a name of a host")
	}
	if cfg.Port == 0 {
		cfg.Port = 587
		if cfg.ImplicitTLS {
			cfg.Port = 465
		}
	}
	if cfg.Port < 1 || cfg.Port > 65535 {
		return nil, errors.New("smtp: Config.Port is not a port")
	}
	if (cfg.Username == "") != (cfg.Password == "") {
		return nil, errors.New("smtp: Config.Username and Config.Password go together")
	}
	if cfg.InsecurePlaintext && (cfg.ImplicitTLS || cfg.Username != "") {
		return nil, errors.New("smtp: Config.InsecurePlaintext allows neither ImplicitTLS nor a Username")
	}
	from, err := netmail.ParseAddress(cfg.From)
	if err != nil || !outbound.IsHeaderText(cfg.From) || !outbound.IsAddress(from.Address) || !isASCII(from.Address) {
		return nil, errors.New("smtp: Config.From is not an ASCII mail address")
	}
	if cfg.Timeout < 0 {
		return nil, errors.New("smtp: Config.Timeout is negative")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = outbound.DefaultTimeout
	}
	s := &Sender{cfg: cfg, from: from, domain: from.Address[strings.LastIndexByte(from.Address, '@')+1:]}
	if !cfg.InsecurePlaintext {
		s.tls = &tls.Config{ServerName: cfg.Host, RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12}
	}
	return s, nil
}

// Send hands m to the server. See otpcode.Sender for its errors.
func (s *Sender) Send(ctx context.Context, m otpcode.Message) error {
	if err := outbound.Check(ctx, m, otpcode.Email); err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	msg, err := s.compose(m)
	if err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	if err := s.deliver(ctx, msg, isASCII(m.To)); err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	return nil
}

// deliver makes one try over a connection of its own.
func (s *Sender) deliver(ctx context.Context, msg *mail.Msg, ascii bool) error {
	wire := new(wire)
	if s.cfg.ImplicitTLS {
		wire.tls = s.tls
	}
	defer context.AfterFunc(ctx, wire.close)()
	// Closing the connection, not QUIT, ends every failed try: QUIT after a
	// broken message would first complete it.
	defer wire.close()
	client, err := mail.NewClient(s.cfg.Host, s.options(wire, ascii)...)
	if err != nil {
		return outbound.NotSent("connection cannot be set up")
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return dialFailure(ctx, err)
	}
	if ok, _ := session.Extension("SMTPUTF8"); !ascii && !ok {
		return outbound.NotSent("server takes ASCII addresses only")
	}
	if err := client.SendWithSMTPClient(session, msg); err != nil {
		return sendFailure(ctx, err)
	}
	wire.hurry()
	_ = client.CloseWithSMTPClient(session) // the message is safe, whatever the server says to QUIT
	return nil
}

func (s *Sender) options(wire *wire, ascii bool) []mail.Option {
	options := []mail.Option{
		mail.WithPort(s.cfg.Port),
		mail.WithTimeout(s.cfg.Timeout),
		mail.WithDialContextFunc(wire.dial),
		mail.WithoutNoop(),
		mail.WithoutRset(),
	}
	switch {
	case s.cfg.InsecurePlaintext:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case s.cfg.ImplicitTLS:
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithTLSConfig(s.tls.Clone()))
	}
	if ascii {
		// A message that asks for SMTPUTF8 bounces at the first server on its
		// way that doesn't know it, whether it needs it or not.
		options = append(options, mail.WithoutSMTPUTF8())
	}
	if s.cfg.Username != "" {
		options = append(options,
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5),
			mail.WithUsername(s.cfg.Username),
			mail.WithPassword(s.cfg.Password))
	}
	return options
}
