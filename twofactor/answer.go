package twofactor

import (
	"errors"

	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/totp"
)

// MethodRecovery, as Answer.Method, says that the code is a recovery code.
const MethodRecovery = "recovery"

// An Answer is what the user typed.
type Answer struct {
	// Method is the id of the factor that was chosen. If it is empty, a recovery
	// code is known by its shape, and digits belong to the method that a code
	// was last sent for in this login, or else to the authenticator app. What
	// was typed is never tried against several kinds.
	Method string

	// Code is the code as typed: spaces, hyphens and full-width digits are fine.
	Code string

	// Codes are three consecutive codes of the authenticator app, oldest first,
	// in place of Code. They cost nothing, and so are the way in for the owner
	// when the tries are used up. With two that are right and one that is not,
	// all three are spent, so that who saw two can't guess the third: the user
	// waits for three newer ones.
	Codes []string

	// RememberDevice asks for trust in this device, where the policy offers it.
	RememberDevice bool

	// DeviceName is what the user will know the device by, such as its browser
	// and system. Optional.
	DeviceName string
}

// An input is an answer after the one normalization: whatever is compared,
// counted or remembered later is this and not the text that was typed.
type input struct {
	method   string
	digits   string
	codes    []string
	recovery *recovery.Code
	text     string // as typed; only for codes that another system hashed
}

// read normalizes an answer. What can't be any code is refused here, where it
// costs nothing.
func read(a Answer) (input, error) {
	in := input{method: a.Method, text: a.Code}
	if len(a.Codes) > 0 {
		if a.Code != "" || len(a.Codes) != 3 || a.Method == MethodRecovery {
			return in, reject(ReasonMalformedCode)
		}
		in.codes = make([]string, len(a.Codes))
		for i, text := range a.Codes {
			digits, err := totp.Normalize(text)
			if err != nil {
				return in, reject(ReasonMalformedCode)
			}
			in.codes[i] = digits
		}
		return in, nil
	}
	if a.Method == MethodRecovery || a.Method == "" && recovery.LooksLikeCode(a.Code) {
		in.method = MethodRecovery
		if code, err := recovery.Parse(a.Code); err == nil {
			in.recovery = &code
			return in, nil
		}
		// What is left is a slip of the pen, or a code that another system hashed,
		// which may have the shape of ours. The empty set finds none, and tells
		// whether it can be one at all.
		if _, err := (recovery.Set{}).MatchImported(a.Code); errors.Is(err, recovery.ErrMalformed) {
			return in, reject(ReasonMalformedCode)
		}
		return in, nil
	}
	digits, err := totp.Normalize(a.Code)
	if err != nil {
		return in, reject(ReasonMalformedCode)
	}
	in.digits = digits
	return in, nil
}
