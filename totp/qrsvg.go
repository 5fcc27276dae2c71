package totp

import (
	"fmt"
	"html"
	"strings"
)

// SVG returns the code as an SVG element, black on white with a margin of four
// modules, to be put into a page as it is (in html/template as template.HTML).
// It has no size of its own and fills its container; 200 CSS pixels or more scan
// well. [QR.AltText] is its title and label.
func (q *QR) SVG() string {
	alt := html.EscapeString(q.AltText())
	width := q.dim() + 2*quietZone
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="%s">`, width, width, alt)
	fmt.Fprintf(&b, `<title>%s</title><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="`, alt, width, width)
	for y := range q.dim() {
		for x := 0; x < q.dim(); x++ {
			run := 0
			for q.at(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quietZone, y+quietZone, run, run)
				x += run
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String()
}
