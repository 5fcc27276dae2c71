package gatewaytest

import (
	"encoding/json"
	"errors"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
)

// An Outcome is what an error of Send tells the caller.
type Outcome string

// All outcomes there are.
const (
	Sent          Outcome = "sent"
	NotSent       Outcome = "not sent"
	Undeliverable Outcome = "undeliverable"
	Unknown       Outcome = "unknown"
)

// OutcomeOf reads an error as a caller does.
func OutcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Sent
	case errors.Is(err, otpcode.ErrUndeliverable):
		return Undeliverable
	case errors.Is(err, otpcode.ErrNotSent):
		return NotSent
	default:
		return Unknown
	}
}

// Echo returns, as a JSON text, the kind of message with which gateways give
// away what they were sent.
func Echo(got sendertest.Received) string {
	text, err := json.Marshal("cannot send to " + got.To + " <" + got.Subject + ">: " + got.Text + got.HTML + got.IdempotencyKey)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(text)
}
