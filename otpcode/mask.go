package otpcode

import (
	"strings"
	"unicode/utf8"
)

const (
	hidden     = "•••"
	hiddenLast = 4 // digits that MaskPhoneStart never shows
)

// MaskEmail returns a mail address with so much left that its owner knows it
// again: "a•••@e•••.com". What is hidden has no length.
func MaskEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return hidden
	}
	domain := address[at+1:]
	end := ""
	if dot := strings.LastIndexByte(domain, '.'); dot > 0 {
		end = domain[dot:]
	}
	return first(address[:at]) + hidden + "@" + first(domain) + hidden + end
}

func first(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// MaskPhone returns the last two digits of an E.164 number, "•••78". Where a
// person is asked for the last four, use [MaskPhoneStart].
func MaskPhone(number string) string {
	if len(number) < 8 {
		return hidden
	}
	return hidden + number[len(number)-2:]
}

// MaskPhoneStart returns the first digits of an E.164 number, "+61•••", and
// none of its last four. Use it while a person can show with those four that
// the number is theirs.
func MaskPhoneStart(number string) string {
	const shown = len("+61")
	if len(number) < 2*shown+hiddenLast {
		return hidden
	}
	return number[:shown] + hidden
}
