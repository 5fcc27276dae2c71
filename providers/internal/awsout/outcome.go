// Package awsout holds what the Senders over the AWS SDK have in common.
package awsout

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// Outcome turns an error of an SDK client into one that holds nothing of it
// but the service's error code and reason: messages of AWS repeat numbers and
// addresses. The caller says whether the error means a refusal for good, and
// which reason the service gave, if any.
func Outcome(cause error, flight *outbound.Flight, refused bool, reason string) error {
	resp, answered := errors.AsType[*smithyhttp.ResponseError](cause)
	if !answered || resp.HTTPStatusCode() == 0 { // the SDK wraps failures of the transport in this type too
		return flight.Fail(cause)
	}
	what, own := "service error", false
	if api, ok := errors.AsType[smithy.APIError](cause); ok && isName(api.ErrorCode()) {
		what, own = api.ErrorCode(), isBeforeWork(api.ErrorCode())
	}
	if isName(reason) {
		what += " " + reason
	}
	if refused {
		return fmt.Errorf("%s: %w", what, otpcode.ErrUndeliverable)
	}
	if err := outbound.Status(resp.HTTPStatusCode(), own); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return errors.New("answer cannot be read: message may have been sent")
}

// isBeforeWork says whether a service that answers with code has not begun with
// the request. ServiceUnavailable is no such code: what failed behind the
// service's front may have been its answer only.
func isBeforeWork(code string) bool {
	switch code {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"TooManyRequestsException", "RequestLimitExceeded", "SlowDown",
		"ConflictException": // with the state of a number or an account, not of this request
		return true
	default:
		return false
	}
}

// isName says whether s is written like a code or reason of AWS: a server can
// put anything there.
func isName(s string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	return s != "" && len(s) <= 64 && strings.Trim(s, letters) == ""
}
