package main

import (
	"fmt"
	"io"
	"strings"
)

// A row is one comparison, with a cell for each number of clients.
type row struct {
	what, beside string
	cells        []string
	goal         string
}

// add appends a cell: how many a second contender a does, and how many times as
// many as b that is.
func (r *row) add(found contest, a, b int) {
	r.cells = append(r.cells, fmt.Sprintf("%s/s, %.2f", thousands(found.median(a, sample.perSecond)), found.ratio(a, b)))
}

// compared prints rows as a table.
func compared(w io.Writer, clients []int, rows []row) {
	head := []string{"", "beside"}
	for _, n := range clients {
		head = append(head, plural(n, "client"))
	}
	lines := [][]string{append(head, "goal")}
	for _, r := range rows {
		lines = append(lines, append(append([]string{r.what, r.beside}, r.cells...), r.goal))
	}
	table(w, lines)
}

// table prints lines as Markdown, the first as the head.
func table(w io.Writer, lines [][]string) {
	for i, cells := range lines {
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			fmt.Fprintln(w, strings.Repeat("|---", len(cells))+"|")
		}
	}
	fmt.Fprintln(w)
}

// thousands writes a number with commas, rounded to three digits, since no more
// of them come back the next time.
func thousands(f float64) string {
	n := int(f + 0.5)
	unit := 1
	for n/unit >= 1000 {
		unit *= 10
	}
	n = (n + unit/2) / unit * unit
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}
