package smtp

import (
	"fmt"
	"io"
)

// Format hides the password from fmt, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, "smtp.Config(hidden)") }

// MarshalText hides the password from encoding/json and log/slog.
func (c Config) MarshalText() ([]byte, error) { return fmt.Append(nil, c), nil }

// Format hides the password from fmt, whatever the verb.
func (s Sender) Format(f fmt.State, _ rune) { io.WriteString(f, "smtp.Sender(hidden)") }
