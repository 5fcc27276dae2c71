package twofactor_test

import (
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// The four products differ in these values and in nothing else.

// accessPlatform is product A: three kinds at once, mail as everybody's backup,
// and one recovery code that resets.
func accessPlatform() twofactor.Policy {
	return twofactor.Policy{
		Kinds:    []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email},
		Backup:   twofactor.Email,
		Numbers:  twofactor.NumbersFromForm,
		Recovery: twofactor.RecoveryPolicy{Codes: 1, OnUse: twofactor.ResetFactors},
	}
}

// crm is product B: an app or the number of the profile, devices that the app
// makes trusted, and a way for lost ones.
func crm() twofactor.Policy {
	return twofactor.Policy{
		Kinds:      []twofactor.Kind{twofactor.TOTP, twofactor.SMS},
		Numbers:    twofactor.NumbersFromProfile,
		SMSLife:    time.Minute,
		Trust:      twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Life: 30 * 24 * time.Hour},
		LostDevice: true,
	}
}

// hosting is product C: one method at a time, a number that is saved, verified and
// enabled in three steps, and a code that goes out by itself.
func hosting() twofactor.Policy {
	return twofactor.Policy{
		Kinds:                  []twofactor.Kind{twofactor.TOTP, twofactor.SMS},
		OneAtATime:             true,
		Numbers:                twofactor.NumbersManaged,
		VerifiedNumbersSuffice: true,
		SendUnasked:            true,
	}
}

// twoStep is product D: an app, devices that stay trusted until the user signs
// out, and backup codes.
func twoStep() twofactor.Policy {
	return twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.TOTP},
		Trust: twofactor.TrustPolicy{
			Kinds: []twofactor.Kind{twofactor.TOTP}, Automatic: true, Life: 400 * 24 * time.Hour, EndsAtSignOut: true,
		},
		Recovery: twofactor.RecoveryPolicy{Codes: 10, OnUse: twofactor.Spend},
	}
}
