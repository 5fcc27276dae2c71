package recovery

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Text returns the content of a plain text file, in English, with the codes for
// a person to download and keep. The service is the name that the person knows
// it by, the user what they sign in with; control characters in them are
// replaced by spaces.
func Text(service, user string, codes []string, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Recovery codes for %s\n", oneLine(service))
	fmt.Fprintf(&b, "Account: %s\n", oneLine(user))
	fmt.Fprintf(&b, "Made on: %s\n\n", now.UTC().Format("2006-01-02 15:04 UTC"))
	for i, c := range codes {
		fmt.Fprintf(&b, "%2d.  %s\n", i+1, c)
	}
	b.WriteString("\nEach code signs you in once when your second factor is out of reach.\n" +
		"They replace all codes that you had before. Keep them as safe as a\n" +
		"password, apart from your phone, and give them to nobody.\n")
	return b.String()
}

// oneLine keeps a name from adding lines that look like ours.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return c
	}, s)
}
