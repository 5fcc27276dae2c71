package twofactor

import (
	"errors"
	"fmt"
	"slices"
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

	// MaxFailures disables a factor after so many wrong codes since its last
	// right one, until it is bound again. NIST SP 800-63B-4, section 3.2.2, asks
	// for 100. The default is no such end.
	MaxFailures int

	// EnrollmentLife is how long an unproven factor waits for its code. The
	// default is 15 minutes, which is also the most.
	EnrollmentLife time.Duration
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

	// EnrollOnly gives whoever used a code a session that can set up a second
	// factor and nothing else.
	EnrollOnly bool
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

// complete returns p with its defaults filled in, or what contradicts itself.
func (p Policy) complete() (Policy, error) {
	p.Kinds = slices.Clone(p.Kinds)
	if len(p.Kinds) == 0 {
		p.Kinds = []Kind{TOTP}
	}
	for i, k := range p.Kinds {
		if k != TOTP && k != SMS && k != Email {
			return p, fmt.Errorf("%q is no kind of second factor", k)
		}
		if slices.Contains(p.Kinds[:i], k) {
			return p, fmt.Errorf("kind %q is there twice", k)
		}
	}
	if p.Backup != "" && !slices.Contains(p.Kinds, p.Backup) {
		return p, fmt.Errorf("%s must stay as backup, but %s is not an allowed kind", p.Backup, p.Backup)
	}
	if p.Backup != "" && p.OneAtATime {
		return p, fmt.Errorf("%s must stay as backup, but only one method is allowed at a time", p.Backup)
	}
	window := totp.Window{Back: 1, Ahead: 1}
	if p.TOTPWindow != nil {
		window = *p.TOTPWindow
	}
	if err := window.Validate(); err != nil {
		return p, err
	}
	p.TOTPWindow = &window
	if p.MaxFailures < 0 {
		return p, errors.New("MaxFailures is negative")
	}
	if p.EnrollmentLife == 0 {
		p.EnrollmentLife = 15 * time.Minute
	}
	if p.EnrollmentLife < time.Minute || p.EnrollmentLife > 15*time.Minute {
		return p, errors.New("EnrollmentLife is not between 1 and 15 minutes")
	}
	err := p.Recovery.complete()
	return p, err
}

func (r *RecoveryPolicy) complete() error {
	if r.None {
		if *r != (RecoveryPolicy{None: true}) {
			return errors.New("there are no recovery codes, but something is said about them")
		}
		return nil
	}
	if r.Codes == 0 {
		r.Codes = 10
	}
	if r.Codes < 1 || r.Codes > 16 {
		return errors.New("a set has 1 to 16 recovery codes")
	}
	if r.OnUse == "" {
		r.OnUse = Spend
	}
	if r.OnUse != Spend && r.OnUse != Replace && r.OnUse != ResetFactors {
		return fmt.Errorf("%q is nothing that using a recovery code can do", r.OnUse)
	}
	if r.Low == 0 && r.Codes > 1 {
		r.Low = min(3, r.Codes-1)
	}
	if r.Low < 0 || r.Low > r.Codes {
		return errors.New("the low-water mark is not within the set")
	}
	return nil
}
