package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// A Flight watches one HTTP request, to tell whether any of it can have left.
type Flight struct {
	asked  atomic.Bool
	opened atomic.Bool
}

// Watch returns a context for one request and the Flight that watches it.
func Watch(ctx context.Context) (context.Context, *Flight) {
	f := new(Flight)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { f.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { f.opened.Store(true) },
	}), f
}

// grounded says whether certainly nothing was sent: a connection was asked for
// and never came. A transport that doesn't report to httptrace never asks, and
// so never looks grounded.
func (f *Flight) grounded() bool { return f.asked.Load() && !f.opened.Load() }

// Fail describes why the request got no answer. The error wraps
// otpcode.ErrNotSent only if certainly nothing was sent, and otherwise of
// cause only whether the context had ended: the texts of transports hold
// addresses and URLs.
func (f *Flight) Fail(cause error) error {
	return Failure(cause, f.grounded())
}

// Failure describes a broken exchange of which the caller knows whether the
// message certainly was not sent.
func Failure(cause error, notSent bool) error {
	outcome := errUnknown
	if notSent {
		outcome = otpcode.ErrNotSent
	}
	return &failure{reason: reason(cause), outcome: outcome, context: contextEnd(cause)}
}

var errUnknown = errors.New("message may have been sent")

type failure struct {
	reason  string
	outcome error
	context error // nil, context.Canceled or context.DeadlineExceeded
}

func (f *failure) Error() string { return f.reason + ": " + f.outcome.Error() }

func (f *failure) Unwrap() []error {
	if f.context == nil {
		return []error{f.outcome}
	}
	return []error{f.outcome, f.context}
}

func contextEnd(err error) error {
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return end
		}
	}
	return nil
}

// reason names the kind of an error for the operator.
func reason(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "server's certificate was refused"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "timed out"
	}
	if errors.Is(err, context.Canceled) {
		return "canceled"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "server's name was not found"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return "cannot connect"
	}
	return "connection failed"
}
