package lockcode

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

// A Purpose is what a Code or a sealed request asks for.
type Purpose byte

// The purposes. A Code can be for the first four, a sealed request for all
// but Activate, which stands only in questions to an [Authorizer].
const (
	OpenDoor      Purpose = 1 // target: the door
	OfficeMode    Purpose = 2 // target: the door, which then stays open
	ResetPIN      Purpose = 3 // target: the user whose PIN and devices go
	AddDevice     Purpose = 4 // target: the user's own id
	ConfirmConfig Purpose = 5
	ChangePIN     Purpose = 6
	RevokeDevice  Purpose = 7
	ReadStatus    Purpose = 8
	Activate      Purpose = 9
)

var purposeNames = [...]string{"", "open door", "office mode", "reset PIN", "add device",
	"confirm configuration", "change PIN", "revoke device", "read status", "activate"}

func (p Purpose) String() string {
	if int(p) >= len(purposeNames) || p == 0 {
		return "unknown purpose"
	}
	return purposeNames[p]
}

// aimed reports whether the purpose needs a target: a Code carries it out, and
// an Authorizer or the owner's role decides on it. None stands for all doors.
func (p Purpose) aimed() bool { return p == OpenDoor || p == OfficeMode || p == ResetPIN }

// A Binding is a purpose and what it is aimed at. It goes into the key of
// every Code, so that a Code for one binding does nothing under another.
type Binding struct {
	Purpose Purpose
	Target  string // a door or a user, at most 64 bytes of printable UTF-8
}

const maxID = 64

var errID = errors.New("lockcode: an id has 1 to 64 bytes of printable text")

// validID bounds the names that come from outside. Printable text only, so
// that an id breaks no line of a log and survives any encoding of a store
// unchanged. Two ids that look alike, in two scripts say, may still differ: what
// ids there are is for the configuration that the owner confirms.
func validID(s string) bool {
	if s == "" || len(s) > maxID || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// forCode returns the binding as it goes into a Code. Where any door may be
// opened with one Code, doors leave the binding; purposes never do.
func (b Binding) forCode(f flags) Binding {
	if f&flagAnyDoor != 0 && (b.Purpose == OpenDoor || b.Purpose == OfficeMode) {
		b.Target = ""
	}
	return b
}

// flags are what a controller tells its Apps about itself and about them, in
// the associated data of a pairing and in each sealed reply.
type flags byte

const (
	flagAnyDoor   flags = 1 << iota // Codes aren't bound to a door
	flagMustPIN                     // the user has to change the PIN first
	flagOwner                       // the user is the owner
	flagConfirmed                   // the owner has confirmed a configuration
)
