package twofactor

import (
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// A Session is a user who got past the sign-in: [*Verified] or
// [*EnrollmentOnly]; nothing outside this package can be one. What changes a
// user's own factors takes it in place of a user id, so that it can't be called
// for someone else.
type Session interface {
	// UserID is the user's id, as given to [Service.Begin].
	UserID() string

	// Token carries the session through a place that only the app writes, such
	// as its session store. [Service.Resume] turns it back.
	Token() string

	state() *session
}

// Verified is a user who is signed in. Only a [Service] makes one; the zero
// value is nobody.
type Verified struct {
	s     session
	token string
	made  Made
}

// EnrollmentOnly is a user whose password was right and who has to set up a
// second factor before anything else. It is not a sign-in: whatever needs one
// takes [*Verified].
type EnrollmentOnly struct {
	s     session
	token string
	made  Made
}

// A Basis is what a sign-in rests on beside the password.
type Basis string

// The bases there are.
const (
	// Proved: a second factor was proven.
	Proved Basis = "proved"
	// TrustedDevice: the device proved a second factor earlier.
	TrustedDevice Basis = "trusted_device"
	// NotEnrolled: the user has no second factor.
	NotEnrolled Basis = "not_enrolled"
	// SwitchedOff: the user has switched the second factor off.
	SwitchedOff Basis = "switched_off"
)

// session is a session, and what its token doesn't hold.
type session struct {
	record.Session
	record [16]byte // the id of the user's record, for the known-browser token
}

// Made is what came of a sign-in besides itself. A resumed session has none of it.
type Made struct {
	// KnownBrowser is the value of the known-browser cookie. It skips nothing: it
	// lets this browser's tries count apart from everybody else's.
	KnownBrowser string

	// Device is the trust given to this device, or nil.
	Device *DeviceTrust

	// Grant is there after a sign-in by recovery code or lost device, whose
	// owner has nothing else to show for one; otherwise it is nil.
	Grant *Grant

	// Recovery tells how it stands with the recovery codes, after a sign-in by
	// whatever method; it is nil where none was needed.
	Recovery *RecoveryUse
}

// DeviceTrust is the trust given to a device.
type DeviceTrust struct {
	ID      string
	Token   string // for the device's cookie
	Expires time.Time
}

// RecoveryUse tells how it stands with the recovery codes after a sign-in.
type RecoveryUse struct {
	Spent bool     // one was used, and is used up
	Left  int      // codes that are left
	Low   bool     // few are left
	Reset bool     // all second factors were removed with it
	Codes []string // a new set, to be shown once
}

// UserID is the user's id, as given to [Service.Begin].
func (v *Verified) UserID() string { return v.s.User }

// Token carries the sign-in, see [Session].
func (v *Verified) Token() string { return v.token }

// Basis is what the sign-in rests on beside the password.
func (v *Verified) Basis() Basis { return Basis(v.s.Basis) }

// AMR lists how the user was authenticated, in the words of RFC 8176: "pwd",
// and "otp" or "sms" with "mfa" if a second factor was proven. Words of our own,
// since the registry has none: "trusted_device", "recovery_code", "recovery_email"
// and "lost_device". A trusted device never yields "mfa".
func (v *Verified) AMR() []string { return slices.Clone(v.s.AMR) }

// At is when the proof was given.
func (v *Verified) At() time.Time { return time.Unix(v.s.At, 0) }

// Recovered reports whether a recovery code or the lost-device way was used in
// place of a second factor.
func (v *Verified) Recovered() bool { return v.s.Recovered }

// Made is what came of the sign-in besides itself.
func (v *Verified) Made() Made { return v.made }

// Fresh reports whether a second factor was proven, and not by a trusted device
// or a recovery, within the time before now. It is the question to ask before
// something that needs more than a session (NIST SP 800-63B-4, section 2.2.3).
func (v *Verified) Fresh(now time.Time, within time.Duration) bool {
	age := now.Sub(v.At())
	return v.s.User != "" && v.Basis() == Proved && !v.s.Recovered && age >= -time.Minute && age <= within
}

func (v *Verified) state() *session { return &v.s }

// UserID is the user's id, as given to [Service.Begin].
func (e *EnrollmentOnly) UserID() string { return e.s.User }

// Token carries the session, see [Session].
func (e *EnrollmentOnly) Token() string { return e.token }

// AMR lists how the user was authenticated so far, as [Verified.AMR] does.
func (e *EnrollmentOnly) AMR() []string { return slices.Clone(e.s.AMR) }

// Made is what came of the sign-in besides itself.
func (e *EnrollmentOnly) Made() Made { return e.made }

func (e *EnrollmentOnly) state() *session { return &e.s }
