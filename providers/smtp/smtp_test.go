package smtp_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/gatewaytest"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
	"github.com/latchkey-auth/latchkey/providers/smtp"
)

func config(s *server) smtp.Config {
	return smtp.Config{
		Host: "localhost", Port: s.port, RootCAs: s.roots,
		Username: "login", Password: "right",
		From: "Exámple <login@example.com>",
	}
}

func newSender(t *testing.T, cfg smtp.Config) *smtp.Sender {
	t.Helper()
	s, err := smtp.New(cfg)
	require.NoError(t, err)
	return s
}

func message() otpcode.Message {
	return otpcode.Message{
		Channel: otpcode.Email, To: "jo@example.net", Subject: "Your sign-in",
		Text: "Your code is 007731", HTML: "<p>Your code is <b>007731</b></p>", IdempotencyKey: "4Q6C",
	}
}

// parse reads a message as a mail program does.
func parse(t testing.TB, data []byte) (netmail.Header, sendertest.Received) {
	for line := range bytes.SplitSeq(data, []byte("\r\n")) {
		assert.LessOrEqual(t, len(line), 78)
		assert.NotContains(t, string(line), "\n")
	}
	m, err := netmail.ReadMessage(bytes.NewReader(data))
	if !assert.NoError(t, err) {
		return nil, sendertest.Received{}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	assert.NoError(t, err)
	to, err := netmail.ParseAddress(m.Header.Get("To"))
	if !assert.NoError(t, err) {
		return nil, sendertest.Received{}
	}
	got := sendertest.Received{To: to.Address, Subject: subject, IdempotencyKey: m.Header.Get("Message-Id")}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	assert.NoError(t, err)
	if kind == "text/plain" {
		assert.Equal(t, "quoted-printable", m.Header.Get("Content-Transfer-Encoding"))
		// The last line end is SMTP's own (RFC 5321, section 4.1.1.4).
		got.Text = strings.TrimSuffix(body(t, textproto.MIMEHeader(m.Header), quotedprintable.NewReader(m.Body)), "\n")
		return m.Header, got
	}
	assert.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	plain, err := parts.NextPart()
	if assert.NoError(t, err) {
		assert.Contains(t, plain.Header.Get("Content-Type"), "text/plain")
		got.Text = body(t, plain.Header, plain)
	}
	html, err := parts.NextPart() // the last one is what programs prefer
	if assert.NoError(t, err) {
		assert.Contains(t, html.Header.Get("Content-Type"), "text/html")
		got.HTML = body(t, html.Header, html)
	}
	_, err = parts.NextPart()
	assert.ErrorIs(t, err, io.EOF)
	return m.Header, got
}

func body(t testing.TB, header textproto.MIMEHeader, r io.Reader) string {
	_, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	assert.NoError(t, err)
	assert.Equal(t, "utf-8", strings.ToLower(parameters["charset"]))
	text, err := io.ReadAll(r)
	assert.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestSenderConforms(t *testing.T) {
	t.Parallel()
	for _, implicit := range []bool{false, true} {
		t.Run(map[bool]string{false: "STARTTLS", true: "implicit TLS"}[implicit], func(t *testing.T) {
			t.Parallel()
			sendertest.Test(t, func(t *testing.T) sendertest.Target {
				s := startServer(t, serverConfig{implicit: implicit})
				cfg := config(s)
				cfg.ImplicitTLS = implicit
				return sendertest.Target{
					Sender:     newSender(t, cfg),
					Channels:   []otpcode.Channel{otpcode.Email},
					Idempotent: true,
					Set:        s.set,
					Received: func() []sendertest.Received {
						var list []sendertest.Received
						for _, e := range s.envelopes() {
							_, got := parse(t, e.data)
							assert.Equal(t, e.to, got.To)
							list = append(list, got)
						}
						return list
					},
				}
			})
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := startServer(t, serverConfig{})
	sender := newSender(t, config(s))
	require.NoError(t, sender.Send(t.Context(), message()))
	e := s.envelopes()[0]
	require.True(t, e.encrypted)
	require.Equal(t, "login", e.user)
	require.Equal(t, "login@example.com", e.from)
	require.Equal(t, "jo@example.net", e.to)

	header, _ := parse(t, e.data)
	from, err := netmail.ParseAddress(header.Get("From"))
	require.NoError(t, err)
	require.Equal(t, &netmail.Address{Name: "Exámple", Address: "login@example.com"}, from)
	require.Equal(t, "auto-generated", header.Get("Auto-Submitted"))
	require.Equal(t, "1.0", header.Get("Mime-Version"))
	require.Regexp(t, `^<[0-9a-f]{32}@example\.com>$`, header.Get("Message-Id"))
	date, err := header.Date()
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), date, time.Hour)
	// Nothing else: no List-Unsubscribe, no X-Mailer, no Bcc.
	var names []string
	for name := range header {
		names = append(names, name)
	}
	require.ElementsMatch(t, []string{"From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Mime-Version", "Content-Type"}, names)
}

func TestLongLinesAreWrapped(t *testing.T) {
	t.Parallel()
	s := startServer(t, serverConfig{})
	m := message()
	m.Text = "Sign in at " + strings.Repeat("é", 2000) + "\nwith 007731"
	m.HTML = "<p>" + strings.Repeat("x", 5000) + "</p>"
	m.Subject = strings.Repeat("Ä ", 200)
	require.NoError(t, newSender(t, config(s)).Send(t.Context(), m))
	_, got := parse(t, s.envelopes()[0].data) // checks the length of the lines
	require.Equal(t, m.Text, got.Text)
	require.Equal(t, m.HTML, got.HTML)
}

// Nothing may be sent, nor the password, before the server has proven itself.
func TestTLSIsNeeded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		server serverConfig
		change func(cfg *smtp.Config)
		want   string
	}{
		{"unknown CA", serverConfig{}, func(cfg *smtp.Config) { cfg.RootCAs = nil }, "smtp: server's certificate was refused: otpcode: message was not sent"},
		{"unknown CA, implicit", serverConfig{implicit: true}, func(cfg *smtp.Config) { cfg.RootCAs, cfg.ImplicitTLS = nil, true }, "smtp: server's certificate was refused: otpcode: message was not sent"},
		{"wrong name", serverConfig{name: "mail.example.com"}, func(*smtp.Config) {}, "smtp: server's certificate was refused: otpcode: message was not sent"},
		{"wrong name, implicit", serverConfig{name: "mail.example.com", implicit: true}, func(cfg *smtp.Config) { cfg.ImplicitTLS = true }, "smtp: server's certificate was refused: otpcode: message was not sent"},
		{"no STARTTLS", serverConfig{noTLS: true}, func(*smtp.Config) {}, "smtp: server offers no usable TLS or login: otpcode: message was not sent"},
		{"no STARTTLS and no login", serverConfig{noTLS: true, noAuth: true}, func(cfg *smtp.Config) { cfg.Username, cfg.Password = "", "" }, "smtp: server offers no usable TLS or login: otpcode: message was not sent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, test.server)
			cfg := config(s)
			test.change(&cfg)
			require.EqualError(t, newSender(t, cfg).Send(t.Context(), message()), test.want)
			require.Empty(t, s.envelopes())
		})
	}
}

func TestInsecurePlaintext(t *testing.T) {
	t.Parallel()
	s := startServer(t, serverConfig{noTLS: true, noAuth: true})
	sender := newSender(t, smtp.Config{Host: "127.0.0.1", Port: s.port, From: "login@example.com", InsecurePlaintext: true})
	require.NoError(t, sender.Send(t.Context(), message()))
	require.False(t, s.envelopes()[0].encrypted)
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		server serverConfig
		change func(cfg *smtp.Config)
		want   gatewaytest.Outcome
	}{
		{"PLAIN", serverConfig{}, func(*smtp.Config) {}, gatewaytest.Sent},
		{"LOGIN", serverConfig{mechanism: sasl.Login}, func(*smtp.Config) {}, gatewaytest.Sent},
		{"none needed", serverConfig{noAuth: true}, func(cfg *smtp.Config) { cfg.Username, cfg.Password = "", "" }, gatewaytest.Sent},
		{"wrong password", serverConfig{}, func(cfg *smtp.Config) { cfg.Password = "wrong" }, gatewaytest.NotSent},
		{"needed but not configured", serverConfig{}, func(cfg *smtp.Config) { cfg.Username, cfg.Password = "", "" }, gatewaytest.NotSent},
		{"configured but not offered", serverConfig{noAuth: true}, func(*smtp.Config) {}, gatewaytest.NotSent},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, test.server)
			cfg := config(s)
			test.change(&cfg)
			require.Equal(t, test.want, gatewaytest.OutcomeOf(newSender(t, cfg).Send(t.Context(), message())))
		})
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		command string
		code    int
		want    gatewaytest.Outcome
	}{
		{"MAIL", 451, gatewaytest.NotSent},
		{"MAIL", 550, gatewaytest.NotSent}, // about the sender: another server may take it
		{"RCPT", 421, gatewaytest.NotSent},
		{"RCPT", 450, gatewaytest.NotSent},
		{"RCPT", 452, gatewaytest.NotSent},
		{"RCPT", 530, gatewaytest.NotSent},
		{"RCPT", 550, gatewaytest.Undeliverable},
		{"RCPT", 553, gatewaytest.Undeliverable},
		{"DATA", 451, gatewaytest.NotSent},
		{"DATA", 552, gatewaytest.Undeliverable},
		{"DATA", 554, gatewaytest.Undeliverable},
	} {
		t.Run(fmt.Sprint(test.command, " ", test.code), func(t *testing.T) {
			t.Parallel()
			s := startServer(t, serverConfig{})
			s.reply(test.command, test.code)
			err := newSender(t, config(s)).Send(t.Context(), message())
			require.Equal(t, test.want, gatewaytest.OutcomeOf(err), "%v", err)
			require.ErrorContains(t, err, "smtp: server answered ")
		})
	}
}

func TestNonASCIIAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, to string
		utf8     bool
		want     gatewaytest.Outcome
		asked    bool
	}{
		{"ASCII", "jo@example.net", false, gatewaytest.Sent, false},
		{"ASCII, though more were possible", "jo@example.net", true, gatewaytest.Sent, false},
		{"UTF-8", "jö@example.net", true, gatewaytest.Sent, true},
		{"UTF-8, but the server can't", "jö@example.net", false, gatewaytest.NotSent, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, serverConfig{utf8: test.utf8})
			m := message()
			m.To = test.to
			require.Equal(t, test.want, gatewaytest.OutcomeOf(newSender(t, config(s)).Send(t.Context(), m)))
			for _, e := range s.envelopes() {
				require.Equal(t, test.to, e.to)
				require.Equal(t, test.asked, e.utf8)
			}
		})
	}
}

// A server that takes the connection and says nothing.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	for _, implicit := range []bool{false, true} {
		sender := newSender(t, smtp.Config{
			Host: "localhost", Port: port, From: "login@example.com",
			ImplicitTLS: implicit, Timeout: 100 * time.Millisecond,
		})
		require.EqualError(t, sender.Send(t.Context(), message()), "smtp: timed out: otpcode: message was not sent")
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	sender := newSender(t, smtp.Config{Host: "127.0.0.1", Port: 1, From: "login@example.com"})
	require.EqualError(t, sender.Send(t.Context(), message()), "smtp: cannot connect: otpcode: message was not sent")
}

func TestNewRefusesBadConfigs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(cfg *smtp.Config)
	}{
		{"no host", func(cfg *smtp.Config) { cfg.Host = "" }},
		{"host with a line break", func(cfg *smtp.Config) { cfg.Host = "mail\r\n.example.com" }},
		{"port too high", func(cfg *smtp.Config) { cfg.Port = 65536 }},
		{"negative port", func(cfg *smtp.Config) { cfg.Port = -1 }},
		{"name without password", func(cfg *smtp.Config) { cfg.Password = "" }},
		{"password without name", func(cfg *smtp.Config) { cfg.Username = "" }},
		{"password in the clear", func(cfg *smtp.Config) { cfg.InsecurePlaintext = true }},
		{"TLS and none", func(cfg *smtp.Config) {
			cfg.Username, cfg.Password, cfg.InsecurePlaintext, cfg.ImplicitTLS = "", "", true, true
		}},
		{"no address", func(cfg *smtp.Config) { cfg.From = "" }},
		{"international address", func(cfg *smtp.Config) { cfg.From = "login@exämple.com" }},
		{"line break in the name", func(cfg *smtp.Config) { cfg.From = "\"a\r\nBcc: eve@example.org\" <a@example.com>" }},
		{"negative timeout", func(cfg *smtp.Config) { cfg.Timeout = -1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := smtp.Config{Host: "mail.example.com", Username: "login", Password: "right", From: "login@example.com"}
			_, err := smtp.New(cfg)
			require.NoError(t, err, "the config is good before the change")
			test.change(&cfg)
			_, err = smtp.New(cfg)
			require.ErrorContains(t, err, "smtp: ")
		})
	}
}

func TestBypass_W49_PasswordThatPrints(t *testing.T) {
	t.Parallel()
	cfg := smtp.Config{Host: "localhost", Username: "login", Password: "0123456789abcdef", From: "login@example.com"}
	s := newSender(t, cfg)
	gatewaytest.AssertHidden(t, cfg.Password, cfg, &cfg, s, *s)
}
