package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"

	"github.com/wneessen/go-mail"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// dialFailure describes why there was no session: nothing was sent.
func dialFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return outbound.Failure(ctx.Err(), true)
	}
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("server answered %d before the message: %w", reply.Code, otpcode.ErrNotSent)
	}
	_, isNetwork := errors.AsType[net.Error](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	if isNetwork || isCertificate || errors.Is(err, io.EOF) {
		return outbound.Failure(err, true)
	}
	return outbound.NotSent("server offers no usable TLS or login")
}

// sendFailure turns the library's error into an outcome. Only its reason and
// the reply's code are used: its text holds addresses and what the server
// said.
func sendFailure(ctx context.Context, err error) error {
	failed, ok := errors.AsType[*mail.SendError](err)
	if !ok {
		return outbound.Failure(err, false)
	}
	code := failed.ErrorCode()
	switch failed.Reason {
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
		if isRefusal(code) {
			return fmt.Errorf("server answered %d: %w", code, otpcode.ErrUndeliverable)
		}
	}
	if code >= 400 && code <= 599 {
		return fmt.Errorf("server answered %d: %w", code, otpcode.ErrNotSent)
	}
	cause := err
	if ctx.Err() != nil {
		cause = ctx.Err()
	}
	return outbound.Failure(cause, isBeforeContent(failed.Reason))
}

// isRefusal says whether a reply to a recipient or to the message is about it
// and for good. 530 to 538 are about the login (RFC 4954, section 6).
func isRefusal(code int) bool {
	return code >= 500 && code <= 599 && (code < 530 || code > 538)
}

// isBeforeContent says whether an exchange broke before the first byte of the
// message. A server must drop a message that was cut off (RFC 5321, section
// 4.1.1.4), but that it did is not known.
func isBeforeContent(reason mail.SendErrReason) bool {
	switch reason {
	case mail.ErrConnCheck, mail.ErrGetSender, mail.ErrGetRcpts, mail.ErrNoUnencoded,
		mail.ErrSMTPMailFrom, mail.ErrSMTPRcptTo, mail.ErrSMTPData:
		return true
	default:
		return false
	}
}
