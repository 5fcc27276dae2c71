package twofactor

import (
	"slices"
	"time"
)

// Warnings says what is risky about a policy that is none the less allowed: one
// sentence for each choice, with the rule that advises against it. A policy that
// [New] refuses has none.
func (p Policy) Warnings() []string {
	p, err := p.complete()
	if err != nil {
		return nil
	}
	factors := slices.DeleteFunc(slices.Clone(p.Kinds), func(k Kind) bool {
		return k == Email && p.EmailPurpose == EmailRecoveryOnly
	})
	only := func(k Kind) bool { return len(factors) == 1 && factors[0] == k }
	mail := slices.Contains(factors, Email)
	back := !p.Recovery.None || p.LostDevice || p.EmailPurpose == EmailRecoveryOnly
	var out []string
	for _, w := range []struct {
		risky bool
		text  string
	}{
		{only(SMS), "SMS is the only second factor: offer one that doesn't hang on the phone network (NIST SP 800-63B-4, section 3.1.3.3; OWASP ASVS 6.6.1)"},
		{only(Email), "mail is the only second factor: whoever reads the mailbox also gets the password reset"},
		{mail, "a code by mail counts as a second factor, though the password reset goes to the same mailbox (NIST SP 800-63B-4, section 3.1.3.1; OWASP ASVS 6.3.6)"},
		{!p.Required, "nobody has to have a second factor"},
		{!back && p.OneAtATime, "a user who loses the one method has no way back in but an administrator"},
		{!back && !p.OneAtATime && len(factors) == 1, "a user who loses the only kind of method has no way back in but an administrator"},
		{p.Recovery.OnUse == ResetFactors, "a recovery code removes the second factors and leaves the password alone (NIST SP 800-63B-4, section 4.2.1.1)"},
		{p.LostDevice, "a lost device is replaced by a number's last four digits and a code to it: four digits are no factor (OWASP ASVS 6.4.2)"},
		{back && !p.RecoveredEnrollOnly, "whoever signed in by a way of recovery has a full session"},
		{len(p.Trust.Kinds) > 0, "a trusted device stands in for the second factor (NIST SP 800-63B-4, section 5.1; PCI DSS 8.5.1)"},
		{slices.Contains(p.Trust.Kinds, SMS) || slices.Contains(p.Trust.Kinds, Email), "a code by message makes a device trusted: who reads one message once is in for as long"},
		{len(p.Trust.Kinds) > 0 && p.Trust.Life > 30*24*time.Hour, "a device is trusted for more than 30 days"},
		{p.Trust.Automatic, "a device is trusted without the user's asking: a shared one too"},
		{p.VerifiedNumbersSuffice, "a number that someone else has verified becomes a second factor without a code"},
		{p.TOTPWindow.Back+p.TOTPWindow.Ahead > 2, "a code of the authenticator app is accepted for more than 90 seconds (OWASP ASVS 6.5.5)"},
		{p.MaxFailures == 0, "no number of wrong codes disables a factor (NIST SP 800-63B-4, section 3.2.2, asks for 100)"},
		{p.MaxFailures > 100, "more than 100 wrong codes don't disable a factor (NIST SP 800-63B-4, section 3.2.2)"},
		{p.MaxFailures > 0 && p.MaxFailures < 10, "a few slips disable a factor, and anyone with the password can bring them about"},
	} {
		if w.risky {
			out = append(out, w.text)
		}
	}
	return out
}
