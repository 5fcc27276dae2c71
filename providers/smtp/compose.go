package smtp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"github.com/wneessen/go-mail"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// compose makes the MIME message.
func (s *Sender) compose(m otpcode.Message) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	if err := msg.To(m.To); err != nil {
		return nil, outbound.Undeliverable("destination is not a mail address")
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(messageID(m.IdempotencyKey) + "@" + s.domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// messageID returns the left part of a Message-ID: the same for the same key,
// of which it tells nothing, and otherwise random.
func messageID(key string) string {
	if key == "" {
		return rand.Text()
	}
	sum := sha256.Sum256([]byte("latchkey Message-ID\n" + key))
	return hex.EncodeToString(sum[:16])
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
