// Package gatewaytest is the other end for tests of Senders that speak HTTP: a
// real server on loopback that package sendertest can put into its states.
package gatewaytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
)

// A Protocol is what tells one gateway from another.
type Protocol struct {
	// Decode checks a request's wire format and returns the message in it.
	Decode func(t testing.TB, r *http.Request, body []byte) sendertest.Received

	// Answer writes what the gateway says when it is Accepting, Refusing or
	// Failing.
	Answer func(w http.ResponseWriter, s sendertest.State, got sendertest.Received)
}

// A Server is a gateway. Its methods may be called at the same time.
type Server struct {
	URL string

	mu       sync.Mutex
	state    sendertest.State
	received []sendertest.Received
}

// Start starts a Server that stops with the test.
func Start(t testing.TB, p Protocol) *Server {
	t.Helper()
	s := new(Server)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading the request: %v", err)
			return
		}
		got := p.Decode(t, r, body)
		s.mu.Lock()
		s.received = append(s.received, got)
		state := s.state
		s.mu.Unlock()
		switch state {
		case sendertest.Hanging:
			<-r.Context().Done()
		case sendertest.Cutting:
			panic(http.ErrAbortHandler) // closes the connection
		default:
			p.Answer(w, state, got)
		}
	}))
	t.Cleanup(func() {
		srv.CloseClientConnections() // so that a hanging handler ends
		srv.Close()
	})
	s.URL = srv.URL
	return s
}

// Set puts the Server into a state.
func (s *Server) Set(state sendertest.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// Received returns the messages that arrived.
func (s *Server) Received() []sendertest.Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Target returns the Server as the backend of sender.
func (s *Server) Target(sender otpcode.Sender, channel otpcode.Channel) sendertest.Target {
	return sendertest.Target{
		Sender:   sender,
		Channels: []otpcode.Channel{channel},
		Set:      s.Set,
		Received: s.Received,
	}
}
