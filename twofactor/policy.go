package twofactor

import (
	"time"

	"github.com/latchkey-auth/latchkey/totp"
)

// A Kind is a kind of second factor.
type Kind string

// The kinds there are.
const (
	TOTP  Kind = "totp"  // an authenticator app
	SMS   Kind = "sms"   // a code by text message
	Email Kind = "email" // a code by mail
)

// A Policy says what a product allows and asks for. It is data: two products
// that differ only in their rules differ only in their Policy.
type Policy struct {
	// Kinds that may be enrolled. The default is TOTP alone.
	Kinds []Kind

	// OneAtATime refuses a second factor while there is one.
	OneAtATime bool

	// Backup is a kind that every user with a second factor sets up too, and
	// that can't be removed. The default is none.
	Backup Kind

	// EmailPurpose says whether a code by mail counts as a second factor. The
	// default is EmailFactor.
	EmailPurpose EmailPurpose

	// Required gives a user without a second factor a session that can enroll
	// and nothing else, and refuses to switch off or to remove the last one.
	Required bool

	// TOTPWindow says which steps beside the current one are accepted. The
	// default is one back and one ahead: a code that is shown for 30 s is
	// accepted for 90. NIST SP 800-63B-4, section 3.1.4.2, asks for a defined
	// lifetime; OWASP ASVS 6.5.5 for 30 s, which is the window {0, 0}.
	TOTPWindow *totp.Window

	// Recovery says how many recovery codes there are and what using one does.
	Recovery RecoveryPolicy

	// RecoveredEnrollOnly gives whoever signed in by recovery code or lost device
	// a session that can set up a second factor and nothing else.
	RecoveredEnrollOnly bool

	// LostDevice lets a user sign in with the last four digits of the number in
	// the profile and a code sent to it, in place of the second factor. The four
	// digits are no factor, they only keep strangers from making the app send.
	LostDevice bool

	// Numbers says where the numbers for [SMS] come from. The default is
	// NumbersFromProfile.
	Numbers NumberSource

	// VerifiedNumbersSuffice enrolls a number without a code if the app's
	// [Directory] says that it is verified, or the user has verified it with
	// [Service.VerifyPhone], and no other number at all. As a first factor, it has
	// to have been saved in the same session: see [Service.SetPhone].
	VerifiedNumbersSuffice bool

	// Digits is the length of codes by SMS and mail, 6 to 10. The default is 6.
	Digits int

	// SMSLife and EmailLife say how long a code is good for, at most ten minutes
	// (NIST SP 800-63B-4, section 3.1.3.2). The default is 5 minutes.
	SMSLife, EmailLife time.Duration

	// SendUnasked sends the code as soon as the password was right, if the user
	// has just one method and that is one by message: see Login.SendNow.
	SendUnasked bool

	// Trust says which devices are not asked again. The default is none.
	Trust TrustPolicy

	// MaxFailures disables a factor after so many wrong codes since its last
	// right one, until it is bound again. NIST SP 800-63B-4, section 3.2.2, asks
	// for 100. Only codes that cost a try count, as most do: whoever has the
	// password could reach the end for nothing with guesses at codes of ten digits.
	// The default is no such end.
	MaxFailures int

	// EnrollmentLife is how long an unproven factor waits for its code. The
	// default is 15 minutes, which is also the most.
	EnrollmentLife time.Duration
}

// EmailPurpose is what an address that the user has set up is good for.
type EmailPurpose string

// What an address can be good for.
const (
	// EmailFactor: a code by mail is a second factor like any other.
	EmailFactor EmailPurpose = "factor"
	// EmailRecoveryOnly: a code by mail stands in for a second factor as a
	// recovery code does. NIST SP 800-63B-4, section 3.1.3.1, and OWASP ASVS
	// 6.3.6 allow mail for no more.
	EmailRecoveryOnly EmailPurpose = "recovery_only"
)

// NumberSource is where numbers for SMS come from.
type NumberSource string

// Where numbers can come from.
const (
	// NumbersFromProfile: the [Directory], and nothing that a user types.
	NumbersFromProfile NumberSource = "profile"
	// NumbersFromForm: the user types one while enrolling, and proves it.
	NumbersFromForm NumberSource = "form"
	// NumbersManaged: the user adds, verifies, changes and deletes the number
	// with [Service.SetPhone] and its companions, and as long as there is none the
	// one of the [Directory] counts. What was set so counts under no other policy.
	NumbersManaged NumberSource = "managed"
)

// TrustPolicy is the part of a [Policy] about trusted devices. NIST SP
// 800-63B-4, section 5.1, allows none: a cookie does not replace a factor.
type TrustPolicy struct {
	// Kinds of factors whose proof a device may be trusted for. None means that
	// no device is trusted.
	Kinds []Kind

	// Automatic trusts a device without the user's asking for it.
	Automatic bool

	// Life is the absolute end of the trust, at most 400 days, which is as long
	// as browsers keep a cookie. The default is 30 days.
	Life time.Duration

	// EndsAtSignOut ends the trust when the user signs out on the device.
	EndsAtSignOut bool

	// Max is how many devices a user can have, at most 20; one more takes the
	// place of the one used least recently. The default is 10.
	Max int
}

// RecoveryPolicy is the part of a [Policy] about recovery codes.
type RecoveryPolicy struct {
	// Codes is the size of a set, at most 16. The default is 10.
	Codes int

	// None switches recovery codes off.
	None bool

	// OnUse says what happens when a code was right. The default is Spend.
	OnUse OnUse

	// Low is the number of codes left at which the user is told to make new
	// ones. The default is 3, or 0 for a single code.
	Low int
}

// OnUse is what using a recovery code does.
type OnUse string

// What using a recovery code can do.
const (
	// Spend uses up the one code.
	Spend OnUse = "spend"
	// Replace makes a new set, which is shown once.
	Replace OnUse = "replace"
	// ResetFactors removes all second factors; the user is signed in and may
	// set up new ones. NIST SP 800-63B-4, section 4.2.1.1, wants a new code to
	// be issued instead, which Replace does.
	ResetFactors OnUse = "reset"
)
