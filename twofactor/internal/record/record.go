// Package record holds what the service knows of one user's second factor, the
// form in which a store keeps it, and what the service seals into tokens.
//
// The fields' numbers are the format: they are never given a new meaning, and a
// golden file of each release holds them in place.
package record

import (
	"crypto/rand"
	"slices"

	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/otpcode"
)

// The caps keep a record at a few kB. Each is larger than what the budgets let
// anyone fill, so that no entry has to be pushed out to make room for another.
const (
	MaxFactors     = 10
	MaxEnrollments = 4
	MaxAttempts    = 64
	MaxGrants      = 4
	MaxWrites      = 8
	MaxDevices     = 20
	MaxNotices     = 16
	MaxTold        = 2*MaxFactors + 1
)

// A Record is all that is kept for one user. Times are Unix seconds.
type Record struct {
	// ID is random and new with the record. Known-browser tokens carry it.
	ID [16]byte `cbor:"1,keyasint"`

	// Epoch is random and replaced by whatever ends trust: pending logins,
	// grants and trusted devices of another epoch are void. It is not a counter,
	// so that a reset needs no knowledge of the record that it replaces.
	Epoch [8]byte `cbor:"2,keyasint"`

	// Key is the key of the user's message codes and recovery codes.
	Key [32]byte `cbor:"3,keyasint"`

	// Writes are the ids of the last writes, newest last.
	Writes [][8]byte `cbor:"4,keyasint,omitempty"`

	Off         bool             `cbor:"5,keyasint,omitempty"`
	Factors     []Factor         `cbor:"6,keyasint,omitempty"`
	Preferred   string           `cbor:"7,keyasint,omitempty"`
	Enrollments []Enrollment     `cbor:"8,keyasint,omitempty"`
	Attempts    []Attempt        `cbor:"9,keyasint,omitempty"`
	Grants      []Grant          `cbor:"10,keyasint,omitempty"`
	Recovery    Codes            `cbor:"11,keyasint"`
	Devices     devicetrust.List `cbor:"12,keyasint,omitempty"`
	Budgets     Budgets          `cbor:"13,keyasint"`
	Noticed     int64            `cbor:"14,keyasint,omitempty"` // last notice of an unfinished sign-in
	Phone       *Phone           `cbor:"15,keyasint,omitempty"`
	Notices     []Notice         `cbor:"16,keyasint,omitempty"` // still to be sent
}

// Budgets are the states of the user's buckets.
type Budgets struct {
	Account  int64 `cbor:"1,keyasint,omitempty"`
	Known    int64 `cbor:"2,keyasint,omitempty"` // shared by all known browsers
	Password int64 `cbor:"3,keyasint,omitempty"` // password tries for a grant
	Digits   int64 `cbor:"4,keyasint,omitempty"` // last digits of a lost-device request
	Notices  int64 `cbor:"5,keyasint,omitempty"` // mails about changes

	KnownDigits int64 `cbor:"6,keyasint,omitempty"` // Digits of known browsers

	FailedSMS  int64 `cbor:"7,keyasint,omitempty"` // messages that their gateway refused
	FailedMail int64 `cbor:"8,keyasint,omitempty"`
}

// A Factor is one proven way to show that it is the user.
type Factor struct {
	ID       string   `cbor:"1,keyasint"`
	Kind     string   `cbor:"2,keyasint"`
	Name     string   `cbor:"3,keyasint,omitempty"`
	Added    int64    `cbor:"4,keyasint"`
	LastUsed int64    `cbor:"5,keyasint,omitempty"`
	TOTP     *TOTP    `cbor:"6,keyasint,omitempty"`
	Address  *Address `cbor:"7,keyasint,omitempty"`

	Row         int   `cbor:"8,keyasint,omitempty"`  // wrong codes in a row, since the last pause
	Fails       int   `cbor:"9,keyasint,omitempty"`  // wrong codes since the last right one
	PausedUntil int64 `cbor:"10,keyasint,omitempty"` // no codes before
	Disabled    bool  `cbor:"11,keyasint,omitempty"` // until bound anew
}

// TOTP is the state of an authenticator app.
type TOTP struct {
	Secret    []byte `cbor:"1,keyasint"`
	Algorithm int    `cbor:"2,keyasint,omitempty"`
	Digits    int    `cbor:"3,keyasint"`
	Period    int64  `cbor:"4,keyasint"` // seconds
	Last      int64  `cbor:"5,keyasint"` // last accepted step, -1 for none
}

// An Address is where messages go.
type Address struct {
	To    string `cbor:"1,keyasint"`
	Since int64  `cbor:"2,keyasint"` // proven and unchanged since
}

// An Enrollment is a factor that is not proven yet. It plays no part in a
// sign-in.
type Enrollment struct {
	ID       string             `cbor:"1,keyasint"`
	Factor   Factor             `cbor:"2,keyasint"`
	Replaces string             `cbor:"3,keyasint,omitempty"`
	Expires  int64              `cbor:"4,keyasint"`
	Wrong    int                `cbor:"5,keyasint,omitempty"`
	Sends    int                `cbor:"6,keyasint,omitempty"`
	Account  string             `cbor:"7,keyasint,omitempty"` // the name in the authenticator app
	Code     *otpcode.Challenge `cbor:"8,keyasint,omitempty"`
}

// An Attempt is a pending login, or a fresh proof in the making, that has spent
// a try or a send. Those that have not are nowhere but in their token.
type Attempt struct {
	ID      [16]byte `cbor:"1,keyasint"`
	Purpose uint8    `cbor:"2,keyasint"`
	Expires int64    `cbor:"3,keyasint"`
	Wrong   int      `cbor:"4,keyasint,omitempty"`
	Sends   int      `cbor:"5,keyasint,omitempty"`
	Ended   bool     `cbor:"6,keyasint,omitempty"`
	Last    string   `cbor:"7,keyasint,omitempty"` // the factor that a code was last sent for
	Codes   []Code   `cbor:"8,keyasint,omitempty"`
	Lost    string   `cbor:"9,keyasint,omitempty"` // the number of a lost-device request
}

// A Code is what was sent for one factor in one attempt.
type Code struct {
	Factor    string            `cbor:"1,keyasint"`
	Challenge otpcode.Challenge `cbor:"2,keyasint"`
}

// A Notice is what the user still has to be told.
type Notice struct {
	Kind   string   `cbor:"1,keyasint"`
	Method string   `cbor:"2,keyasint,omitempty"`
	At     int64    `cbor:"3,keyasint"`
	Tries  int      `cbor:"4,keyasint,omitempty"`
	To     []string `cbor:"5,keyasint,omitempty"` // addresses that are not told yet
	Found  bool     `cbor:"6,keyasint,omitempty"` // To is all of them, and not just those of before the change
	Next   int64    `cbor:"7,keyasint,omitempty"` // nobody else sends it before
}

// Same reports whether two notices are about the same thing.
func (n Notice) Same(o Notice) bool {
	return n.Kind == o.Kind && n.Method == o.Method && n.At == o.At
}

// A Grant is the permission to change factors.
type Grant struct {
	Hash    [32]byte `cbor:"1,keyasint"`
	Expires int64    `cbor:"2,keyasint"`
	Epoch   [8]byte  `cbor:"3,keyasint"`
	Session [16]byte `cbor:"4,keyasint"`
}

// A Phone is the number of the profile, where the library keeps it.
type Phone struct {
	Number   string             `cbor:"1,keyasint"`
	Was      string             `cbor:"7,keyasint,omitempty"` // what factors keep until Number is proven
	Since    int64              `cbor:"2,keyasint"`
	Verified bool               `cbor:"3,keyasint,omitempty"`
	Code     *otpcode.Challenge `cbor:"4,keyasint,omitempty"`
	Wrong    int                `cbor:"5,keyasint,omitempty"`
	Sends    int                `cbor:"6,keyasint,omitempty"`
	CodeID   string             `cbor:"8,keyasint,omitempty"`
	CodeEnds int64              `cbor:"9,keyasint,omitempty"` // when Wrong and Sends are forgotten
	Draft    *Draft             `cbor:"10,keyasint,omitempty"`
}

// A Draft bounds a number that a password alone has put there: it counts for that
// session, and until then.
type Draft struct {
	Session [16]byte `cbor:"1,keyasint"`
	Ends    int64    `cbor:"2,keyasint"`
}

// New returns the record of a user who has nothing yet.
func New() *Record {
	r := new(Record)
	rand.Read(r.ID[:])
	rand.Read(r.Key[:])
	r.EndTrust()
	return r
}

// EndTrust voids every pending login, grant and trusted device.
func (r *Record) EndTrust() {
	rand.Read(r.Epoch[:])
	r.Grants = nil
	r.Attempts = nil
}

// Wrote notes the id of the write that is about to happen.
func (r *Record) Wrote(id [8]byte) {
	if len(r.Writes) >= MaxWrites {
		r.Writes = slices.Delete(r.Writes, 0, len(r.Writes)-MaxWrites+1)
	}
	r.Writes = append(r.Writes, id)
}

// Factor returns the factor with an id, or nil.
func (r *Record) Factor(id string) *Factor {
	for i := range r.Factors {
		if r.Factors[i].ID == id {
			return &r.Factors[i]
		}
	}
	return nil
}

// Prune drops what has expired.
func (r *Record) Prune(now int64) {
	r.Attempts = slices.DeleteFunc(r.Attempts, func(a Attempt) bool { return a.Expires <= now })
	r.Enrollments = slices.DeleteFunc(r.Enrollments, func(e Enrollment) bool { return e.Expires <= now })
	r.Grants = slices.DeleteFunc(r.Grants, func(g Grant) bool { return g.Expires <= now || g.Epoch != r.Epoch })
	if p := r.Phone; p != nil && p.Draft != nil && p.Draft.Ends <= now {
		r.Phone = nil
	}
}
