package sendertest

import "github.com/latchkey-auth/latchkey/otpcode"

// A Target is a Sender under test and the backend that it sends to. Each case
// gets a Target of its own.
type Target struct {
	// Sender is what is tested. Required.
	Sender otpcode.Sender

	// Channels are those that the Sender serves; it has to refuse all others.
	// Required.
	Channels []otpcode.Channel

	// Set puts the backend into a state, from the next message on. A new
	// backend is Accepting. Required.
	Set func(State)

	// Received returns a copy of the messages that have reached the backend
	// whole, oldest first, whatever it answered. It may be called while Send
	// runs. Required.
	Received func() []Received

	// Lacks names states that this kind of backend cannot be in. The cases
	// that need one of them are skipped.
	Lacks []State

	// Idempotent says that the backend takes a key by which it recognizes a
	// second try of one message. It then has to get one.
	Idempotent bool
}

// A State is a way for a backend to behave.
type State int

const (
	// Accepting backends take each message.
	Accepting State = iota

	// Refusing backends refuse each destination for good. Their answer should
	// hold as much of the message as the protocol allows, as the answers of
	// real ones do.
	Refusing

	// Failing backends take no message now, but may later, as when they limit
	// the rate. Their answer should hold as much of the message as the
	// protocol allows.
	Failing

	// Hanging backends take the whole message and don't answer as long as the
	// connection is open.
	Hanging

	// Cutting backends take the whole message and close the connection
	// without an answer.
	Cutting
)

// String returns the name of the constant.
func (s State) String() string {
	switch s {
	case Accepting:
		return "Accepting"
	case Refusing:
		return "Refusing"
	case Failing:
		return "Failing"
	case Hanging:
		return "Hanging"
	case Cutting:
		return "Cutting"
	default:
		return "unknown state"
	}
}

// Received is one message as the backend got it, decoded from the wire format.
type Received struct {
	To      string
	Subject string // mail only
	Text    string // with line ends as \n
	HTML    string // mail only; with line ends as \n

	// IdempotencyKey is what the backend would recognize a second try by. It
	// need not be the message's own key.
	IdempotencyKey string
}
