package totp_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

// TestMatchAllocatesNothing can't be parallel: the count is the process's.
func TestMatchAllocatesNothing(t *testing.T) {
	const cur = 37037036
	now, w := unix(cur*30), totp.Window{Back: 1, Ahead: 1}
	for a := range algorithms {
		k := rfcKey(t)
		k.Algorithm, k.Digits = a, 6
		right, codes := phone(t, k, cur), three(t, k, cur)
		for name, match := range map[string]func() error{
			"right":     func() error { _, err := k.Match(right, now, none, w); return err },
			"spaced":    func() error { _, err := k.Match("000 000", now, none, w); return err },
			"wrong":     func() error { _, err := k.Match("000000", now, none, w); return err },
			"used":      func() error { _, err := k.Match(right, now, cur, w); return err },
			"malformed": func() error { _, err := k.Match("O00000", now, none, w); return err },
			"near miss": func() error {
				_, err := k.MatchConsecutive([3]string{codes[0], codes[1], codes[0]}, now, none, w)
				return err
			},
			"three": func() error { _, err := k.MatchConsecutive(codes, now, none, w); return err },
		} {
			require.Zero(t, testing.AllocsPerRun(100, func() { _ = match() }), "%v, %s", a, name)
		}
	}
}
