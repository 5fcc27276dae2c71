package lockcode

import (
	"errors"
	"fmt"
)

var (
	// ErrRefused matches every refusal; [errors.AsType] with [*RefusedError]
	// gives its reason. Any other error is a fault: of a store, of the relay,
	// or of an argument.
	ErrRefused = errors.New("lockcode: refused")

	// ErrNoRecord is what an [AppKeyStore] returns, wrapped, if it has no
	// record of a controller: the App isn't activated there.
	ErrNoRecord = errors.New("lockcode: no record of this controller")

	// ErrReply says that an answer didn't come from the controller, or was
	// altered on its way. Whether the request took effect is unknown.
	ErrReply = errors.New("lockcode: the answer is not the controller's")
)

// A Reason says why something was refused. The numbers are part of the wire
// format; more may come.
type Reason byte

// The reasons.
const (
	InvalidCode      Reason = 1  // wrong, used, too old, too many tries: nobody is told which
	WrongPIN         Reason = 2  // see RefusedError.TriesLeft
	DeviceDisabled   Reason = 3  // too many wrong PINs: eight in a row, and it has to be activated again; ten in a day, and it waits for the next (UTC)
	MustChangePIN    Reason = 4  // the PIN that was sent has to be changed first
	WeakPIN          Reason = 5  // a new PIN that is weak, or the old one again
	NotAllowed       Reason = 6  // the user hasn't got that right
	NotConfirmed     Reason = 7  // the owner hasn't confirmed the configuration yet
	NotActivated     Reason = 8  // the controller doesn't know this App
	AlreadyActivated Reason = 9  // another device of the user can make a Code for this one
	WrongClock       Reason = 10 // the App's time is more than two minutes off
	ActivationFailed Reason = 11 // wrong PIN or Code, or none is waited for
	NoRoom           Reason = 12 // a list of the controller is full
	NotDone          Reason = 13 // allowed, but it couldn't be carried out
)

var reasonTexts = [...]string{"", "invalid code", "wrong PIN", "this device is disabled",
	"the PIN has to be changed first", "this PIN is too easy to guess", "not allowed",
	"the owner has not confirmed the configuration", "not activated", "already activated",
	"the clocks differ too much", "activation failed", "no room", "it could not be carried out"}

func (r Reason) String() string {
	if r == 0 || int(r) >= len(reasonTexts) {
		return "refused"
	}
	return reasonTexts[r]
}

// A RefusedError is a refusal with its reason.
type RefusedError struct {
	Reason Reason

	// TriesLeft counts the PINs that may still be tried on this device. It
	// stands only beside WrongPIN.
	TriesLeft int

	// Sealed says that the controller itself wrote this. A refusal that isn't
	// sealed may be the relay's invention: nothing may be deleted because of it.
	Sealed bool
}

func (e *RefusedError) Error() string { return fmt.Sprintf("lockcode: %v", e.Reason) }

// Is reports whether target is [ErrRefused].
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

func refuse(r Reason) error { return &RefusedError{Reason: r} }
