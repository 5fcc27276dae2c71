package smtp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/sendertest"
)

// A server is a real SMTP server on loopback that can be put into the states
// of package sendertest.
type server struct {
	port  int
	roots *x509.CertPool
	stop  chan struct{}

	mu       sync.Mutex
	state    sendertest.State
	replies  map[string]error // by command: MAIL, RCPT, DATA
	envelope []envelope
}

// An envelope is a message with what SMTP said about it.
type envelope struct {
	from, to, user string
	encrypted      bool
	utf8           bool
	data           []byte
}

// serverConfig says how a test's server differs from a usual one.
type serverConfig struct {
	name      string // in the certificate; default "localhost"
	noTLS     bool
	implicit  bool
	noAuth    bool
	utf8      bool
	mechanism string // default PLAIN
}

func startServer(t *testing.T, cfg serverConfig) *server {
	t.Helper()
	if cfg.name == "" {
		cfg.name = "localhost"
	}
	if cfg.mechanism == "" {
		cfg.mechanism = sasl.Plain
	}
	s := &server{stop: make(chan struct{}), replies: make(map[string]error)}
	certificate, roots := issue(t, cfg.name)
	s.roots = roots

	srv := gosmtp.NewServer(gosmtp.BackendFunc(func(c *gosmtp.Conn) (gosmtp.Session, error) {
		session := &session{server: s, conn: c}
		if cfg.noAuth {
			return session, nil
		}
		return &authSession{session: session, mechanism: cfg.mechanism}, nil
	}))
	srv.Domain = "localhost"
	srv.EnableSMTPUTF8 = cfg.utf8
	srv.MaxLineLength = 998 + 2 // RFC 5322, section 2.1.1
	srv.ErrorLog = log.New(io.Discard, "", 0)
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if !cfg.noTLS {
		srv.TLSConfig = tlsConfig
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.port = listener.Addr().(*net.TCPAddr).Port
	if cfg.implicit {
		listener = tls.NewListener(listener, tlsConfig)
	}
	var done sync.WaitGroup
	done.Go(func() { _ = srv.Serve(listener) })
	t.Cleanup(func() {
		close(s.stop)
		_ = listener.Close() // srv doesn't know it before Serve has begun
		_ = srv.Close()
		done.Wait()
	})
	return s
}

// issue makes a certificate for name, and the pool that trusts it.
func issue(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func (s *server) set(state sendertest.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// reply makes the server answer a command with an error.
func (s *server) reply(command string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies[command] = &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.NoEnhancedCode, Message: "no <jo@example.net>"}
}

func (s *server) refuses(command string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replies[command]
}

func (s *server) envelopes() []envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.envelope)
}

// A session is one connection.
type session struct {
	server *server
	conn   *gosmtp.Conn
	now    envelope
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, options *gosmtp.MailOptions) error {
	s.now.from, s.now.utf8 = from, options.UTF8
	return s.server.refuses("MAIL")
}

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.now.to = to
	s.server.mu.Lock()
	state := s.server.state
	s.server.mu.Unlock()
	switch state {
	case sendertest.Refusing:
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "<" + to + ">: no such user"}
	case sendertest.Failing:
		return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 7, 1}, Message: "<" + to + ">: greylisted"}
	}
	return s.server.refuses("RCPT")
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.now.data = bytes.Clone(data)
	_, s.now.encrypted = s.conn.TLSConnectionState()
	s.server.mu.Lock()
	s.server.envelope = append(s.server.envelope, s.now)
	state := s.server.state
	s.server.mu.Unlock()
	switch state {
	case sendertest.Hanging:
		<-s.server.stop
	case sendertest.Cutting:
		_ = s.conn.Conn().Close()
	}
	return s.server.refuses("DATA")
}

// An authSession is a session that asks for a login.
type authSession struct {
	*session
	mechanism string
}

func (s *authSession) AuthMechanisms() []string { return []string{s.mechanism} }

func (s *authSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		if username != "login" || password != "right" {
			return errors.New("no")
		}
		s.now.user = username
		return nil
	}
	if mechanism == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
}

func (s *authSession) Mail(from string, options *gosmtp.MailOptions) error {
	if s.now.user == "" {
		return gosmtp.ErrAuthRequired
	}
	return s.session.Mail(from, options)
}

// A loginServer speaks LOGIN, which old servers have in place of PLAIN.
type loginServer struct {
	check  func(username, password string) error
	fields []string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if response != nil {
		l.fields = append(l.fields, strings.TrimSpace(string(response)))
	}
	switch len(l.fields) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(l.fields[0], l.fields[1])
	}
}
