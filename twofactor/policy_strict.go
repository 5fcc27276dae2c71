package twofactor

import "github.com/latchkey-auth/latchkey/totp"

// Strict returns the policy that follows NIST SP 800-63B-4 at AAL2 and OWASP ASVS
// 5.0 at level 3 as far as codes can: an authenticator app, required of everybody;
// codes of the current step alone, so that each is good for its 30 seconds (ASVS
// 6.5.5); no trusted devices (NIST section 5.1); a factor disabled after 100
// wrong codes (section 3.2.2); and a recovery code that is replaced when it was
// used and that lets its owner set up a new app and nothing else (section
// 4.2.1.1). Both also want an authenticator that resists phishing, such as a
// passkey, which the app has to offer beside this (NIST section 2.2.2, ASVS 6.3.3).
func Strict() Policy {
	return Policy{
		Kinds:               []Kind{TOTP},
		Required:            true,
		TOTPWindow:          &totp.Window{},
		Recovery:            RecoveryPolicy{OnUse: Replace},
		RecoveredEnrollOnly: true,
		MaxFailures:         100,
	}
}
