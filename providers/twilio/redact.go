package twilio

import (
	"fmt"
	"io"
)

// Format hides the account's secret from fmt, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, "twilio.Config(hidden)") }

// MarshalText hides the account's secret from encoding/json and log/slog.
func (c Config) MarshalText() ([]byte, error) { return fmt.Append(nil, c), nil }

// Format hides the account's secret from fmt, whatever the verb.
func (s Sender) Format(f fmt.State, _ rune) { io.WriteString(f, "twilio.Sender(hidden)") }
