package lockcode

import "time"

// An Auditor is told what happened. It must not block, and must not call the
// Controller. Events hold no PIN, Code or key.
type Auditor interface {
	Event(Event)
}

// An Event is one line of a controller's journal. It says what the relay is
// never told: why something was refused.
type Event struct {
	Time    time.Time
	Kind    EventKind
	UserID  string
	Device  DeviceID // zero where no device is concerned
	Binding Binding
}

// An EventKind is a stable word.
type EventKind string

// The kinds of events.
const (
	CodeAccepted     EventKind = "code_accepted"
	CodeReplayed     EventKind = "code_replayed"
	CodeGarbage      EventKind = "code_garbage"   // made by none of the user's devices, or too old
	CodeWrongPIN     EventKind = "code_wrong_pin" // made by one of them, with another PIN
	CodeThrottled    EventKind = "code_throttled" // refused without looking
	RequestAccepted  EventKind = "request_accepted"
	RequestForged    EventKind = "request_forged"
	RequestReplayed  EventKind = "request_replayed" // or the App's record is there twice, see AppKeyStore
	RequestWrongPIN  EventKind = "request_wrong_pin"
	RequestWrongTime EventKind = "request_wrong_time"
	DeviceBlocked    EventKind = "device_blocked" // eight wrong PINs in a row, or ten in a day
	PINSent          EventKind = "pin_sent"
	Activated        EventKind = "activated"
	ActivationWrong  EventKind = "activation_wrong"
	PairingArmed     EventKind = "pairing_armed"
	PINChanged       EventKind = "pin_changed"
	UserReset        EventKind = "user_reset"
	DeviceRevoked    EventKind = "device_revoked"
	ConfigConfirmed  EventKind = "config_confirmed"
	HardwareReset    EventKind = "hardware_reset"
	Refused          EventKind = "refused" // the proof was right; the right was missing, or room for one use more
	Fault            EventKind = "fault"   // a store, sender or actuator failed; what the same call reported before may be undone
)
