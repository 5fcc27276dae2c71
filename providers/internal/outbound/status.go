package outbound

import (
	"fmt"
	"net/http"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// Status turns an answer's status into the outcome of a Send: nil for 2xx,
// not sent where the status says that the request was not carried out (4xx and
// 503), and unknown for all else, since a gateway or a proxy before it may
// have failed after the message was on its way.
func Status(status int) error {
	what := fmt.Sprintf("status %d", status)
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status >= 400 && status <= 499, status == http.StatusServiceUnavailable:
		return NotSent(what)
	default:
		return fmt.Errorf("%s: %w", what, errUnknown)
	}
}

// Refusal is [Status] for an answer whose contents say that the message or its
// destination was refused for good.
func Refusal(status int) error {
	return fmt.Errorf("status %d: %w", status, otpcode.ErrUndeliverable)
}
