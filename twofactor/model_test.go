package twofactor_test

import (
	"flag"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestModel lets several people use two nodes in every way at once, while the
// store, the senders and the clock misbehave, and holds each answer against a
// model of what was promised. The model shares no code with the service, and is
// made of two bounds: what may be a yes, and what has to be one. They are apart
// only where a fault leaves nobody knowing what took place.
//
// A million steps:
//
//	go test ./twofactor -run '^TestModel$' -v -timeout 2h -rapid.checks=14000 -rapid.steps=72
func TestModel(t *testing.T) {
	// What is drawn at random in the service isn't in the file that rapid would
	// leave, so that it would repeat another history.
	require.NoError(t, flag.Set("rapid.nofailfile", "true"))
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		require.NoError(t, checks.Value.Set("60")) // ten seconds with the race detector
		// The same histories each time: who changes something else shouldn't be the
		// one to hear of what is rare.
		require.NoError(t, flag.Set("rapid.seed", "1"))
	}
	t.Parallel()
	calls := 0
	rapid.Check(t, func(rt *rapid.T) {
		h := newHistory(t, rt)
		defer h.r.settle()
		rt.Repeat(h.actions())
		h.nothingSecretIsOut()
		calls += h.calls
	})
	t.Logf("%d calls of the service", calls)
}

// actions are all that people can do to a service, and the world to them. What
// stands there several times happens more often.
func (h *history) actions() map[string]func(*rapid.T) {
	calls := map[string]func(){
		"": h.check,

		"Begin": h.begin, "Begin 2": h.begin, "Login": h.login, "Cancel": h.cancel,
		"Verify": h.verify, "Verify 2": h.verify, "Verify 3": h.verify, "Verify 4": h.verify,
		"Send": h.send, "Send 2": h.send, "LostDevice": h.lostDevice, "Resume": h.resume,

		"Grant": h.grant, "Grant 2": h.grant, "SendForGrant": h.sendForGrant, "Granted": h.granted,
		"GrantWithPassword": h.grantWithPassword, "GrantWithPassword 2": h.grantWithPassword,

		"Enroll": h.enroll, "Enroll 2": h.enroll, "Enrollment": h.enrollment, "Resend": h.resend,
		"Confirm": h.confirm, "Confirm 2": h.confirm, "Confirm 3": h.confirm,
		"Rename": h.rename, "Remove": h.remove, "SwitchOff": h.switchOff, "SwitchOn": h.switchOn,
		"NewRecoveryCodes": h.newRecoveryCodes, "RevokeDevice": h.revokeDevice, "RevokeDevices": h.revokeDevices,

		"SetPhone": h.setPhone, "SendPhoneCode": h.sendPhoneCode, "VerifyPhone": h.verifyPhone, "DeletePhone": h.deletePhone,

		"Reset": h.reset, "PasswordChanged": h.passwordChanged, "SignedOut": h.signedOut, "Delete": h.delete,
		"Import": h.importUser, "Reseal": h.reseal, "Statistics": h.statistics, "Status": h.status,
		"Explain": h.explain, "Drain": h.drain,

		"the clock moves": h.wait, "the clock moves 2": h.wait, "the phone shows another code": h.waitForCode,
		"the profile changes": h.profileChanges, "someone sets up a factor": h.setUp, "someone signs in": h.signIn, "someone guesses": h.guess, "someone asks twice": h.twoCodes,
		"someone loses their device": h.loseDevice, "someone begins and is interrupted": h.interrupted,
	}
	out := make(map[string]func(*rapid.T))
	for name, f := range calls {
		out[name] = func(*rapid.T) { f() }
	}
	return out
}

// A method of Service that the model doesn't know is one that no history calls.
func TestModelKnowsEveryMethod(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"EndsTrustAtSignOut": true} // a word of the policy: no record is in it
	for name := range (&history{}).actions() {
		if name, _, _ = strings.Cut(name, " "); name != "" && strings.ToUpper(name[:1]) == name[:1] {
			known[name] = true
		}
	}
	var have []string
	for m := range reflect.TypeFor[*twofactor.Service]().Methods() {
		have = append(have, m.Name)
	}
	require.ElementsMatch(t, have, slices.Collect(maps.Keys(known)))
}

// modelPolicies are the products, the strict one, and what lies at the edges.
var modelPolicies = map[string]twofactor.Policy{
	"zero": {}, "access platform": accessPlatform(), "crm": crm(), "hosting": hosting(), "two step": twoStep(),
	"strict": twofactor.Strict(),
	"everything": {
		Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}, Numbers: twofactor.NumbersManaged, LostDevice: true,
		TOTPWindow: &totp.Window{Back: 2, Ahead: 2}, Recovery: twofactor.RecoveryPolicy{Codes: 2, OnUse: twofactor.Replace},
		Trust:     twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}, Max: 1, EndsAtSignOut: true},
		EmailLife: 10 * time.Minute, SMSLife: 30 * time.Second, Digits: 8,
	},
	"required": {
		Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS}, Required: true, Numbers: twofactor.NumbersFromForm, SendUnasked: true,
		Recovery: twofactor.RecoveryPolicy{Codes: 1, OnUse: twofactor.ResetFactors}, MaxFailures: 7, EnrollmentLife: time.Minute,
	},
	"mail for recovery": {
		Kinds:        []twofactor.Kind{twofactor.TOTP, twofactor.Email},
		EmailPurpose: twofactor.EmailRecoveryOnly, RecoveredEnrollOnly: true,
		Recovery: twofactor.RecoveryPolicy{None: true},
		Trust:    twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Automatic: true, Life: time.Minute},
	},
	"numbers that suffice": {
		Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS}, VerifiedNumbersSuffice: true, LostDevice: true, RecoveredEnrollOnly: true,
		Backup: twofactor.SMS, Recovery: twofactor.RecoveryPolicy{Codes: 16},
	},
	"mail alone, always": {
		Kinds: []twofactor.Kind{twofactor.Email}, Required: true, OneAtATime: true, EmailLife: time.Minute,
		Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.Email}, Max: 2},
	},
}
