package totp

import "strings"

// Terminal returns the code as lines of text for a terminal that knows UTF-8 and
// ANSI colors (256 of them). Each character is one module wide and two high. The
// colors are set, black on white, so that it scans on dark and light terminals.
func (q *QR) Terminal() string {
	const (
		blackOnWhite = "\x1b[38;5;16;48;5;231m"
		reset        = "\x1b[0m"
	)
	var b strings.Builder
	for y := -quietZone; y < q.dim()+quietZone; y += 2 {
		b.WriteString(blackOnWhite)
		for x := -quietZone; x < q.dim()+quietZone; x++ {
			switch top, bottom := q.at(x, y), q.at(x, y+1); {
			case top && bottom:
				b.WriteRune('█')
			case top:
				b.WriteRune('▀')
			case bottom:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString(reset + "\n")
	}
	return b.String()
}
