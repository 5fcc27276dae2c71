package lockcode

import "context"

// An AppKeyStore keeps one record per controller on the phone: in its Keychain
// or Keystore, readable on this device only, and never part of a backup. A
// record that comes back from a backup has a counter that the controller has
// seen: it is refused there and reported as [RequestReplayed] as often as the
// phone has asked since, and then again each time that the other one of the two
// was first. That shows a copy and doesn't stop it: a program that holds the keys
// may skip ahead, whereupon the phone is refused. Codes carry no counter, and
// show no copy. On such a report, revoke the device or reset its user.
type AppKeyStore interface {
	// Load returns the record last saved for a controller, or an error that
	// wraps ErrNoRecord. No other failure may look like that.
	Load(ctx context.Context, lockID string) (AppRecord, error)
	// Save replaces the record of rec.LockID. It is durable when it returns.
	Save(ctx context.Context, rec AppRecord) error
	// Delete removes the record, and returns nil if there is none.
	Delete(ctx context.Context, lockID string) error
}

// A LockKeyStore keeps the one state of one controller.
type LockKeyStore interface {
	// Update calls f once with the current state, the zero LockState if none
	// was ever stored, and makes durable whatever f did to it, before it
	// returns. What f changed stays even if f returns an error, which Update
	// then returns, wrapped or not: a spent try stays spent. If the state
	// can't be read or can't be made durable, Update returns an error, and
	// after a failed write the old or the new state, whole, is there.
	//
	// Updates run one after the other, also when called at the same time. The
	// state belongs to the store again when f returns.
	Update(ctx context.Context, f func(*LockState) error) error
}

// A LockKeyWiper is a [LockKeyStore] that can begin anew, so that the button of
// the box also helps where the state was damaged. Only
// [Controller.HardwareReset] calls it.
type LockKeyWiper interface {
	// Wipe forgets the state without reading it, durably: the next Update
	// starts from the zero LockState.
	Wipe(ctx context.Context) error
}

// A Sealer keeps what lies in a file from those who only copy the file: a TPM,
// a secure element, or a key of its own. Open fails unless box and aad are
// those of one Seal.
type Sealer interface {
	Seal(plain, aad []byte) ([]byte, error)
	Open(box, aad []byte) ([]byte, error)
}

// A PINSender tells a user the PIN for a first activation.
//
// By SMS or mail it usually goes through the relay; a relay that is actively
// evil at that very moment can then sit in the middle of that activation. A
// printed letter, a display on the device, or [ControllerConfig.PINToOwner]
// keeps the relay out.
type PINSender interface {
	SendPIN(ctx context.Context, userID string, p PIN) error
}

// An Authorizer knows the configuration: who exists and who may do what.
//
// The configuration comes through the relay, so the owner confirms it by its
// hash, and config is that hash. An Authorizer answers by the configuration
// that has this hash, and refuses if it doesn't have it. It is asked while the
// controller's state is held, and must not call the Controller.
type Authorizer interface {
	// Allow returns nil if the user may do what b says. It is asked about
	// OpenDoor, OfficeMode and Activate.
	Allow(ctx context.Context, config ConfigHash, userID string, b Binding) error
}

// A ConfigHash is the hash of a configuration, as the application computes it.
type ConfigHash [32]byte

// An Actuator moves the lock: it is called once for each OpenDoor and
// OfficeMode that was allowed, after the state was made durable.
type Actuator interface {
	Act(ctx context.Context, userID string, b Binding) error
}

// A Relay carries a message to a controller and brings back its answer. It is
// trusted with nothing: [Controller.Do] is a Relay, and everything between an
// App and it may be somebody else's.
type Relay interface {
	Do(ctx context.Context, lockID string, msg []byte) ([]byte, error)
}
