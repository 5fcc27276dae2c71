package twofactor

import (
	"errors"
	"net/mail"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// messageMethod is a code by SMS or mail.
type messageMethod struct {
	k Kind

	// lostDevice says that the last four digits of a number let its owner in, so
	// that no hint may show any of them.
	lostDevice bool
}

func (m messageMethod) kind() Kind { return m.k }

func (m messageMethod) amr() []string {
	if m.k == SMS {
		return []string{"sms", "mfa"}
	}
	return []string{"otp", "mfa"}
}

func (m messageMethod) hint(f *record.Factor) string { return m.mask(f.Address.To) }

func (m messageMethod) mask(to string) string {
	switch {
	case m.k == Email:
		return otpcode.MaskEmail(to)
	case m.lostDevice:
		return otpcode.MaskPhoneStart(to)
	}
	return otpcode.MaskPhone(to)
}

// enroll takes the destination that the service has found: see destination.
func (m messageMethod) enroll(t *tx, e *record.Enrollment, req EnrollRequest) error {
	e.Factor.Address = &record.Address{To: req.to, Since: t.now.Unix()}
	e.Code = new(otpcode.Challenge)
	return nil
}

func (m messageMethod) check(t *tx, _ *record.Factor, sent *otpcode.Challenge, b otpcode.Binding, code string) error {
	if sent == nil || len(sent.Codes) == 0 {
		return reject(ReasonNotUsable) // nothing was sent here
	}
	next, err := sent.Verify(t.rec.Key[:], b, code, t.now)
	if err == nil {
		*sent = next
		return nil
	}
	if s, ok := errors.AsType[*otpcode.SupersededError](err); ok {
		return &RejectedError{Reason: ReasonSuperseded, SentAt: s.SentAt}
	}
	switch {
	case errors.Is(err, otpcode.ErrMismatch):
		return reject(ReasonWrongCode)
	case errors.Is(err, otpcode.ErrExpired):
		return reject(ReasonExpired)
	case errors.Is(err, otpcode.ErrUsed):
		return reject(ReasonAlreadyUsed)
	case errors.Is(err, otpcode.ErrMalformed):
		return reject(ReasonMalformedCode)
	}
	return err
}

// checkMail returns nil for a bare address of a length that mail can go to
// (RFC 5321, section 4.5.3.1.3), and nothing with a name or a line break in it.
func checkMail(address string) error {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Address != address || len(address) > 254 || !utf8.ValidString(address) {
		return &InputError{Field: "email", Err: errors.New("not a mail address")}
	}
	return nil
}
