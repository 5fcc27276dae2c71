package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// policies are five products. They differ in these values and in nothing else.
var policies = map[string]func() twofactor.Policy{
	"access": access, "crm": crm, "hosting": hosting, "twostep": twostep, "strict": twofactor.Strict,
}

func products() []string { return slices.Sorted(maps.Keys(policies)) }

func policyOf(product string) (twofactor.Policy, error) {
	policy, ok := policies[product]
	if !ok {
		return twofactor.Policy{}, fmt.Errorf("there is no policy %q, but %q", product, products())
	}
	return policy(), nil
}

// access is a platform with many users at each site: three kinds side by side,
// mail as everybody's backup, and one recovery code that removes them all.
func access() twofactor.Policy {
	return twofactor.Policy{
		Kinds:    []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email},
		Backup:   twofactor.Email,
		Numbers:  twofactor.NumbersFromForm,
		Recovery: twofactor.RecoveryPolicy{Codes: 1, OnUse: twofactor.ResetFactors},
	}
}

// crm takes numbers from the profile alone, and trusts devices where the user
// asks for it and has the app. Who lost the device gets a code at that number.
func crm() twofactor.Policy {
	return twofactor.Policy{
		Kinds:      []twofactor.Kind{twofactor.TOTP, twofactor.SMS},
		Numbers:    twofactor.NumbersFromProfile,
		SMSLife:    time.Minute,
		Trust:      twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Life: 30 * 24 * time.Hour},
		LostDevice: true,
	}
}

// hosting has one method at a time, a number that is saved, verified and enabled
// in three steps, and sends its code as soon as the password was right.
func hosting() twofactor.Policy {
	return twofactor.Policy{
		Kinds:                  []twofactor.Kind{twofactor.SMS, twofactor.TOTP},
		OneAtATime:             true,
		Numbers:                twofactor.NumbersManaged,
		VerifiedNumbersSuffice: true,
		SendUnasked:            true,
	}
}

// twostep has the app alone. A device that proved it once isn't asked again until
// its user signs out.
func twostep() twofactor.Policy {
	return twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.TOTP},
		Trust: twofactor.TrustPolicy{
			Kinds: []twofactor.Kind{twofactor.TOTP}, Automatic: true, Life: 400 * 24 * time.Hour, EndsAtSignOut: true,
		},
		Recovery: twofactor.RecoveryPolicy{Codes: 10},
	}
}
