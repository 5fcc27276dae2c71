package outbound

import (
	"fmt"
	"net/http"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// Status turns an answer's status into the outcome of a Send: nil for 2xx,
// not sent where the status says that the request was not carried out, and
// unknown for all else, since a gateway or a proxy before it may have failed
// after the message was on its way.
//
// The statuses that isOfEdges names say so only if own is true: if something in the
// answer shows that the gateway itself has refused.
func Status(status int, own bool) error {
	what := fmt.Sprintf("status %d", status)
	switch {
	case status >= 200 && status <= 299:
		return nil
	case isOfEdges(status) && !own:
	case status >= 400 && status <= 499, status == http.StatusServiceUnavailable:
		return NotSent(what)
	}
	return fmt.Errorf("%s: %w", what, errUnknown)
}

// isOfEdges says whether proxies answer with status after the gateway has taken
// the request, too: when its connection breaks or its answer is late. A message
// that is sent again then arrives twice.
func isOfEdges(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, statusClientClosed, http.StatusServiceUnavailable:
		return true
	default:
		return false
	}
}

// statusClientClosed is what nginx and others say of a client that hung up.
const statusClientClosed = 499

// Refusal is [Status] for an answer whose contents say that the message or its
// destination was refused for good.
func Refusal(status int) error {
	return fmt.Errorf("status %d: %w", status, otpcode.ErrUndeliverable)
}
