package twilio

import (
	"fmt"
	"io"
	"log/slog"
)

// Format hides the account's secret from fmt, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, "twilio.Config(hidden)") }

// LogValue hides the account's secret from slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalText hides the account's secret from encoding/json.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// Format hides the account's secret from fmt, whatever the verb.
func (s Sender) Format(f fmt.State, _ rune) { io.WriteString(f, "twilio.Sender(hidden)") }
