package outbound

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/otpcode"
)

const (
	// Limits of RFC 5321, section 4.5.3.1. A path is at most 256 octets with
	// its angle brackets.
	maxLocalPart = 64
	maxAddress   = 254

	// A header line is at most 998 octets (RFC 5322, section 2.1.1), and a
	// subject without spaces cannot be folded.
	maxSubject = 900

	// What gateways join from segments at the most.
	maxSMSText = 1600
)

// Check says whether a Sender for channels may send m. The error wraps
// otpcode.ErrUndeliverable if m can never be sent, and otpcode.ErrNotSent if
// the context has ended.
func Check(ctx context.Context, m otpcode.Message, channels ...otpcode.Channel) error {
	if !slices.Contains(channels, m.Channel) {
		return Undeliverable("wrong channel")
	}
	if m.Text == "" || !utf8.ValidString(m.Text) || !utf8.ValidString(m.HTML) {
		return Undeliverable("text is empty or not UTF-8")
	}
	switch m.Channel {
	case otpcode.SMS:
		if !IsE164(m.To) {
			return Undeliverable("destination is not an E.164 number")
		}
		if utf8.RuneCountInString(m.Text) > maxSMSText {
			return Undeliverable("text is too long")
		}
	case otpcode.Email:
		if !IsAddress(m.To) {
			return Undeliverable("destination is not a mail address")
		}
		if !IsHeaderText(m.Subject) || len(m.Subject) > maxSubject {
			return Undeliverable("subject has control characters or is too long")
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", err, otpcode.ErrNotSent)
	}
	return nil
}

// Undeliverable returns an error that wraps otpcode.ErrUndeliverable.
func Undeliverable(why string) error {
	return fmt.Errorf("%s: %w", why, otpcode.ErrUndeliverable)
}

// NotSent returns an error that wraps otpcode.ErrNotSent.
func NotSent(why string) error {
	return fmt.Errorf("%s: %w", why, otpcode.ErrNotSent)
}

// IsE164 says whether s is a plus sign and 7 to 15 digits, the first of which
// is not zero.
func IsE164(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	if !ok || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}

// IsAddress says whether s is one bare mail address, with nothing around it and
// nothing in it that another program reads otherwise.
func IsAddress(s string) bool {
	if len(s) > maxAddress || !IsHeaderText(s) {
		return false
	}
	// The parser also takes names, comments and quotes; what comes out then
	// differs from what went in.
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return false
	}
	return !strings.ContainsFunc(s, isTreacherous) && strings.LastIndexByte(s, '@') <= maxLocalPart
}

// isTreacherous says whether r, in a mail address, may be read as something else
// further on: what ends lines elsewhere, what isn't shown or turns the text
// round, and what becomes an at sign, a dot or a comma when a program normalizes
// it (UTS 46, section 4).
func isTreacherous(r rune) bool {
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) ||
		r >= 0x2024 && r <= 0x2026 || r == 0x3002 || // dots
		r >= 0xfe10 && r <= 0xfe1f || r >= 0xfe50 && r <= 0xfe6f || // vertical and small forms
		r >= 0xff00 && r <= 0xffef // of full and half width
}

// IsHeaderText says whether s can be part of a header line: UTF-8 and, so that
// nobody starts a line of their own, no control characters.
func IsHeaderText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f
	})
}
