package otpcode

import (
	"context"
	"errors"
)

// A Sender delivers one message to one person. It may be called at the same
// time from many goroutines, and every Sender has to pass the suite in package
// sendertest.
//
// A nil error means that the message was handed over. An error that wraps
// ErrNotSent means that it definitely was not and will not be. After any other
// error (a connection cut in the middle, a context that ended) nobody knows.
// No error may contain the message's text or its destination.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// A Message is ready to go out: all texts are final.
type Message struct {
	Channel        Channel
	To             string // an E.164 number ("+61412345678") or a mail address
	Subject        string // mail only
	Text           string
	HTML           string // mail only; the same as Text, for programs that show HTML
	Locale         string // BCP 47, the language the texts are in
	Reference      string // a few letters by which a person matches page and message
	IdempotencyKey string // the same for each try of the same message
}

// A Channel is a way for messages to reach a person.
type Channel string

// The channels that the library sends through.
const (
	SMS   Channel = "sms"
	Email Channel = "email"
)

var (
	// ErrNotSent says that a message has definitely not gone out. Trying again
	// later, or through another Sender, may help.
	ErrNotSent = errors.New("otpcode: message was not sent")

	// ErrUndeliverable says that a message has not gone out and never will: the
	// destination or the message itself was refused. It wraps ErrNotSent.
	ErrUndeliverable error = undeliverable{}
)

type undeliverable struct{}

func (undeliverable) Error() string { return "otpcode: message or destination was refused" }
func (undeliverable) Unwrap() error { return ErrNotSent }
