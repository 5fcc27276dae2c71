package otpcode

import (
	"errors"
	"strings"
	"unicode/utf16"
)

var (
	errSMSHost = errors.New("otpcode: host must be a domain name in lower case, international ones as xn--, " +
		"without scheme, port and path")
	errSMSForm = errors.New("otpcode: message does not end with a code bound to a host")
)

// FormatSMS returns text with the last line that binds the code to the site with
// that host, by the format of the WICG specification "Origin-bound one-time codes
// delivered via SMS":
//
//	@example.com #123456
//
// Phones then offer the code on that site only. Host is the exact name of the
// page where the code is typed. Nothing may be added after the result, not even
// a line break, or phones no longer see it.
func FormatSMS(text, host, code string) (string, error) {
	if !isHost(host) {
		return "", errSMSHost
	}
	if !isCode(code) {
		return "", ErrMalformed
	}
	return strings.TrimRight(text, " \r\n") + "\n\n@" + host + " #" + code, nil
}

// isHost reports whether host is a domain name as browsers write it in an
// origin.
func isHost(host string) bool {
	if len(host) > 253 {
		return false
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for i := range len(l) {
			if c := l[i]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
				return false
			}
		}
	}
	// A name that ends in a number is an IP address to browsers.
	last := labels[len(labels)-1]
	return last[0] < '0' || last[0] > '9'
}

// A BoundCode is a code with the sites that an SMS binds it to.
type BoundCode struct {
	Code         string
	Host         string
	EmbeddedHost string // the page in a frame of Host's that asks for the code; usually empty
}

// ParseSMS reads the last line of an SMS as phones do. It is for tests of what
// an application sends: the code may be any text without spaces.
func ParseSMS(message string) (BoundCode, error) {
	message = strings.ReplaceAll(message, "\r\n", "\n")
	message = strings.ReplaceAll(message, "\r", "\n")
	line := message[strings.LastIndexByte(message, '\n')+1:]

	host, rest, ok := token(line, '@')
	if !ok {
		return BoundCode{}, errSMSForm
	}
	rest, spaced := strings.CutPrefix(rest, " ")
	code, rest, ok := token(rest, '#')
	if !spaced || !ok {
		return BoundCode{}, errSMSForm
	}
	bound := BoundCode{Code: code, Host: host}
	if rest, ok = strings.CutPrefix(rest, " "); ok {
		bound.EmbeddedHost, _, _ = token(rest, '@') // whatever else follows is ignored
	}
	return bound, nil
}

// token splits off the characters up to the next white space that follow a
// mark at the beginning of line.
func token(line string, mark byte) (value, rest string, ok bool) {
	if line == "" || line[0] != mark {
		return "", line, false
	}
	end := strings.IndexAny(line, " \t\n\f\r")
	if end < 0 {
		end = len(line)
	}
	return line[1:end], line[end:], end > 1
}

// The characters that a phone network counts as one and as two septets, by 3GPP
// TS 23.038 section 6.2.1.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

// Segments returns how many SMS a text takes. One holds 160 septets, or 70 UTF-16
// units as soon as a single character is not in the GSM alphabet; of several,
// each holds 153 or 67.
func Segments(text string) int {
	septets, gsm := 0, true
	for _, c := range text {
		switch {
		case strings.ContainsRune(gsmBasic, c):
			septets++
		case strings.ContainsRune(gsmExtended, c):
			septets += 2
		default:
			gsm = false
		}
	}
	if gsm {
		return segments(septets, 160, 153)
	}
	return segments(len(utf16.Encode([]rune(text))), 70, 67)
}

func segments(n, single, each int) int {
	if n <= single {
		return 1
	}
	return (n + each - 1) / each
}
