package phone

import (
	"strings"
	"unicode"
)

// maxText is far beyond any spelling of 15 digits.
const maxText = 100

// normalize reduces text to ASCII digits with or without a plus sign in front.
// It is strict about what else may stand there, as the library is not: that
// finds a number in a sentence, and one in the letters of a vanity number.
func normalize(text string) (digits string, reason Reason) {
	if len(text) > maxText {
		return "", TooLong
	}
	var b strings.Builder
	for i, r := range text {
		if d, ok := digit(r); ok {
			b.WriteByte(d)
			continue
		}
		switch {
		case isFiller(r):
		case (r == '+' || r == '＋') && b.Len() == 0:
			b.WriteByte('+')
		case b.Len() >= 3 && isExtension(text[i:]):
			return "", HasExtension
		default:
			return "", NotANumber
		}
	}
	if strings.TrimPrefix(b.String(), "+") == "" {
		if b.Len() == 0 && strings.TrimFunc(text, isFiller) == "" {
			return "", Empty
		}
		return "", NotANumber
	}
	return b.String(), ""
}

// digit returns the ASCII form of a decimal digit of any script. Unicode has
// them in runs of ten, from zero up.
func digit(r rune) (byte, bool) {
	if '0' <= r && r <= '9' {
		return byte(r), true
	}
	if !unicode.IsDigit(r) {
		return 0, false
	}
	for _, run := range unicode.Nd.R16 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return '0' + byte((r-rune(run.Lo))%10), true
		}
	}
	for _, run := range unicode.Nd.R32 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return '0' + byte((r-rune(run.Lo))%10), true
		}
	}
	return 0, false
}

// isFiller says whether people put r between digits: white space, the
// invisible marks that come along when a number is copied, dashes, and a few
// others.
func isFiller(r rune) bool {
	return unicode.In(r, unicode.White_Space, unicode.Cf, unicode.Pd) || strings.ContainsRune("()[]./（）［］．／−·", r)
}

// isExtension says whether an extension begins at the start of text, in one of
// its usual spellings.
func isExtension(text string) bool {
	text = strings.ToLower(text)
	if strings.HasPrefix(text, "ext") || strings.HasPrefix(text, ";ext") {
		return true
	}
	return strings.ContainsRune("x#,;", rune(text[0])) && startsWithDigit(text[1:])
}

func startsWithDigit(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && '0' <= s[0] && s[0] <= '9'
}
