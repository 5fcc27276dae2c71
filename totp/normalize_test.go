package totp_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"plain":            {"123456", "123456"},
		"leading zeros":    {"000123", "000123"},
		"one digit":        {"7", "7"},
		"ten digits":       {"0123456789", "0123456789"},
		"app's space":      {"123 456", "123456"},
		"around":           {" \t123456\r\n", "123456"},
		"no-break":         {"123\u00a0456", "123456"},
		"narrow no-break":  {"123\u202f456", "123456"},
		"thin":             {"123\u2009456", "123456"},
		"ideographic":      {"123\u3000456", "123456"},
		"hyphen":           {"123-456", "123456"},
		"no-break hyphen":  {"123\u2011456", "123456"},
		"en dash":          {"123–456", "123456"},
		"minus":            {"123\u2212456", "123456"},
		"full width":       {"１２３４５６", "123456"},
		"arabic-indic":     {"٠١٢٣٤٥", "012345"},
		"extended arabic":  {"۴۵۶۷۸۹", "456789"},
		"devanagari":       {"०१२३४५", "012345"},
		"mathematical":     {"\U0001D7CE\U0001D7D7\U0001D7D8\U0001D7E1", "0909"},
		"mixed scripts":    {"1２٣4５٦", "123456"},
		"space everywhere": {" 1 2 3 4 5 6 ", "123456"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := totp.Normalize(tt.text)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestNormalizeRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":         "",
		"blank":         " \u00a0-",
		"eleven digits": "12345678901",
		"letter O":      "12345O",
		"letter l":      "l23456",
		"plus":          "+12345",
		"decimal point": "123.456",
		"comma":         "123,456",
		"exponent":      "1e5",
		"hex":           "0x1234",
		"zero width":    "123\u200b456",
		"direction":     "\u202e123456",
		"NUL":           "123456\x00",
		"superscript":   "12345²",
		"roman":         "12345Ⅵ",
		"han":           "一二三四五六",
		"keycap":        "1\u20e323456",
		"kelvin":        "12345\u212a",
		"not UTF-8":     "12345\xff",
		"half a digit":  "12345\xef\xbc",
		"too much":      "123456" + strings.Repeat(" ", 59),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := totp.Normalize(text)
			require.ErrorIs(t, err, totp.ErrMalformed)
			require.Empty(t, got)
		})
	}
}

// TestNormalizeDigits checks, for the Unicode tables of this Go release, what
// the digits' values are taken from: whole runs from zero to nine.
func TestNormalizeDigits(t *testing.T) {
	t.Parallel()
	runs := 0
	check := func(lo, hi rune, stride int) {
		require.Equal(t, 1, stride)
		require.Zero(t, (hi-lo+1)%10)
		for r := lo; r <= hi; r++ {
			got, err := totp.Normalize(string(r))
			require.NoError(t, err)
			require.Equal(t, string('0'+(r-lo)%10), got, "%U", r)
		}
		runs++
	}
	for _, r := range unicode.Nd.R16 {
		check(rune(r.Lo), rune(r.Hi), int(r.Stride))
	}
	for _, r := range unicode.Nd.R32 {
		check(rune(r.Lo), rune(r.Hi), int(r.Stride))
	}
	require.Greater(t, runs, 50)
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"123456", " 12 34-56 ", "１２３", "٣", "\xff", "12345678901", "\u212a", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := totp.Normalize(text)
		if err != nil {
			require.Equal(t, totp.ErrMalformed, err)
			require.Empty(t, got)
			return
		}
		require.Regexp(t, `^[0-9]{1,10}$`, got)
		again, err := totp.Normalize(got)
		require.NoError(t, err)
		require.Equal(t, got, again)
		for _, r := range text {
			require.True(t, unicode.IsDigit(r) || unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '\u2212', "%U", r)
		}
	})
}
