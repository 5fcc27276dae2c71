package sendertest

import (
	"context"
	"slices"
	"testing"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// Test runs the suite. It calls open for each case and channel; open uses the
// t that it is given for failures and clean-up.
func Test(t *testing.T, open func(t *testing.T) Target) {
	t.Helper()
	for _, channel := range validate(t, open(t)).Channels {
		for _, c := range cases {
			t.Run(string(channel)+"/"+c.name, func(t *testing.T) {
				target := validate(t, open(t))
				if c.needsKeys && !target.Idempotent {
					t.Skip("this backend knows no keys")
				}
				for _, s := range c.needs {
					if slices.Contains(target.Lacks, s) {
						t.Skipf("this backend cannot be %v", s)
					}
				}
				if err := c.run(t.Context(), target, channel); err != nil {
					t.Errorf("%v\nThe rule: %s", err, c.why)
				}
			})
		}
	}
}

// A rule is one case of the suite.
type rule struct {
	name  string
	why   string
	needs []State
	// needsKeys says that the backend has to be Idempotent.
	needsKeys bool
	run       func(ctx context.Context, target Target, channel otpcode.Channel) error
}

var cases = []rule{
	{
		name: "Exact",
		why:  "What arrives is what was given, to the letter: people compare references, and phones read the code from the last line.",
		run:  exact,
	},
	{
		name: "Concurrent",
		why:  "A Sender is called from many goroutines at once; each message arrives once and unmixed.",
		run:  concurrent,
	},
	{
		name: "WrongChannel",
		why:  "A message for another channel can never be delivered: ErrUndeliverable, and nothing goes out.",
		run:  wrongChannel,
	},
	{
		name: "BadDestination",
		why:  "A destination that is not exactly one E.164 number or one mail address within the limits of RFC 5321 section 4.5.3.1 is refused with ErrUndeliverable before anything is sent.",
		run:  badDestination,
	},
	{
		name: "HeaderInjection",
		why:  "Line breaks in a destination or subject would let whoever chose it write headers of their own (RFC 5322 section 2.2): ErrUndeliverable, and nothing goes out.",
		run:  headerInjection,
	},
	{
		name:  "Refused",
		why:   "A destination refused for good is ErrUndeliverable: the caller gives the send back and does not try again.",
		needs: []State{Refusing},
		run:   refused,
	},
	{
		name:  "Failed",
		why:   "A failure that may pass wraps ErrNotSent but not ErrUndeliverable, and does not stick to the Sender: the caller may try again.",
		needs: []State{Failing},
		run:   failed,
	},
	{
		name:  "Cut",
		why:   "When the connection ends before the answer, nobody knows: claiming ErrNotSent would give back a send that went out, and trying again would send two.",
		needs: []State{Cutting},
		run:   cut,
	},
	{
		name: "CanceledBefore",
		why:  "With a context that has already ended, nothing is sent, and the caller is told so: ErrNotSent.",
		run:  canceledBefore,
	},
	{
		name:  "CanceledWhileHanging",
		why:   "A person is waiting: Send returns as soon as its context ends, and as the message may have arrived, not with ErrNotSent.",
		needs: []State{Hanging},
		run:   canceledWhileHanging,
	},
	{
		name:  "Deadline",
		why:   "A deadline holds for the whole of Send. ErrNotSent after it is allowed only if nothing arrived.",
		needs: []State{Hanging},
		run:   deadline,
	},
	{
		name: "Quiet",
		why:  "Errors and logs are read by more people than codes, numbers and addresses are meant for; so no error may hold them, however it is printed or unwrapped.",
		run:  quiet,
	},
	{
		name:      "Idempotency",
		why:       "Where a backend can recognize a second try, it must get the same key for it, and another key for another message.",
		needsKeys: true,
		run:       idempotency,
	},
}
