package lockcode

// Weak reports whether the PIN is one that people choose far too often, which
// a controller doesn't accept as a new PIN. 1,226 PINs are weak.
// Small blocklists change nothing about what people choose; one of about a
// tenth of all PINs does (Markert et al., "This PIN Can Be Easily Guessed",
// IEEE S&P 2020). The list is made by rule, so that ports have the same one.
func (p PIN) Weak() bool {
	n := int(p.number())
	a, b, c, d := n/1000, n/100%10, n/10%10, n%10
	switch {
	case a == b && c == d, a == c && b == d, a == d && b == c: // aabb, abab, abba
		return true
	case b == c && (a == b || c == d): // aaab, abbb
		return true
	case step(a, b, c, d):
		return true
	case n >= 1940 && n <= 2040: // a year of somebody's life
		return true
	case date(n/100, n%100), date(n%100, n/100): // day and month, either way round
		return true
	}
	return keypad(n)
}

// step: 1234, 8642, 9012 and the like, the digits going up or down evenly.
func step(a, b, c, d int) bool {
	s := (b - a + 10) % 10
	return s != 0 && (c-b+10)%10 == s && (d-c+10)%10 == s
}

func date(month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// keypad: lines, corners and boxes of a telephone's keys.
func keypad(n int) bool {
	switch n {
	case 2580, 852, 1470, 3690, 7410, 9630, // columns to the zero
		1397, 1793, 3179, 7931, 9713, 3971, 7139, 9317, // corners
		1254, 2365, 4587, 5698, 4125, 5236, 7458, 8569, // boxes
		2486, 2684, 4268, 6842, 8426, 4862, // diamond
		1590, 3570, 1595, 3575, 1475, 3695, 7415, 9635,
		2585, 8525, 4565, 6545, 1235, 3215, 7895, 9875:
		return true
	}
	return false
}
