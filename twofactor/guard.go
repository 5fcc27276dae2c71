package twofactor

import (
	"context"
	"net/netip"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// A Guard stands before the senders: it limits what anyone can make the app
// send, before it costs anything. [NewGuard] is one that holds across nodes.
type Guard interface {
	// Reserve takes a place for one message. It returns a RejectedError with
	// ReasonSendLimited if there is none, which tells nothing about others'
	// traffic; any other error is a fault, and nothing is sent either.
	Reserve(ctx context.Context, r SendRequest) error

	// Release gives the place back. It is called only when the message has
	// definitely not gone out.
	Release(ctx context.Context, r SendRequest) error

	// Entered tells that the code of a message was entered. A destination whose
	// codes nobody enters is a sign of fraud.
	Entered(ctx context.Context, r SendRequest) error
}

// A SendRequest is one message that is about to be sent.
type SendRequest struct {
	User    string
	Channel otpcode.Channel
	To      string // E.164 or a mail address
	Country string // ISO 3166, of a number
	Client  netip.Addr

	// Proven says that the user has entered a code from this destination before,
	// or that the app has verified it. What is unproven must never use up what
	// is there for the proven.
	Proven bool

	// Known says that a browser asks that once passed. Someone who has the
	// password and asks for codes elsewhere must not use up what is there for it.
	Known bool
}
