package twilio

import (
	"encoding/json"
	"fmt"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// refusals are the error codes that say of a destination, or of the message,
// that no further try will help. All other codes, the throttling ones (20429)
// and those about the account or the sending number included, leave it open.
// See https://www.twilio.com/docs/api/errors.
var refusals = map[int]string{
	21211: "number is invalid",
	21214: "number cannot be reached",
	21217: "number is not a phone number",
	21265: "number is a short code",
	21408: "country is closed in the account's settings",
	21602: "text is missing",
	21604: "number is missing",
	21610: "number has opted out",
	21614: "number is not mobile",
	21617: "text is too long",
	21635: "number is a landline",
	30004: "message was blocked",
	30005: "number is unknown or out of service",
	30006: "number is a landline or its carrier cannot be reached",
}

// outcome turns Twilio's answer into the outcome of the Send. Nothing of the
// answer but its two figures is repeated: its message holds the number.
func outcome(answer outbound.Answer) error {
	var said struct {
		Code      int `json:"code"`       // of a refused request
		Status    any `json:"status"`     // a text in a message, a figure in an error
		ErrorCode int `json:"error_code"` // of a message
	}
	// An answer that cannot be read leaves its status to speak.
	_ = json.Unmarshal(answer.Body, &said)
	code := said.Code
	// Only Twilio writes its codes; a proxy on the way has none.
	err := outbound.Status(answer.Status, isCode(code) && said.Status == float64(answer.Status))
	if err == nil {
		if said.Status != "failed" && said.Status != "undelivered" && said.Status != "canceled" {
			return nil
		}
		code = said.ErrorCode
		err = outbound.NotSent("message failed at once")
	} else if answer.Status < 400 || answer.Status > 499 {
		return err
	}
	if why, ok := refusals[code]; ok {
		return fmt.Errorf("error %d, %s: %w", code, why, otpcode.ErrUndeliverable)
	}
	if isCode(code) {
		return fmt.Errorf("error %d: %w", code, err)
	}
	return err
}

// isCode keeps phone numbers from passing for error codes.
func isCode(code int) bool { return code >= 10_000 && code <= 99_999 }
