package recovery_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/recovery"
)

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var (
	key = []byte("a key of thirty-two bytes or more")
	now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

func generate(t testing.TB, n int) (recovery.Set, []string) {
	t.Helper()
	set, texts, err := recovery.Generate(key, n, now)
	require.NoError(t, err)
	return set, texts
}

func parse(t testing.TB, text string) recovery.Code {
	t.Helper()
	code, err := recovery.Parse(text)
	require.NoError(t, err)
	return code
}

func bare(text string) string { return strings.ReplaceAll(text, "-", "") }

func TestFormOfCodes(t *testing.T) {
	t.Parallel()
	_, texts := generate(t, 16)
	for _, text := range texts {
		require.Regexp(t, `^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$`, text)
		require.True(t, recovery.LooksLikeCode(text))
		parse(t, text)
	}
}

// The promise of the check character, over every slip of its kind.
func TestCheckCharacter(t *testing.T) {
	t.Parallel()
	_, texts := generate(t, 16)
	for _, text := range texts {
		whole := bare(text)
		for i := range len(whole) {
			for _, c := range []byte(alphabet) {
				if c == whole[i] {
					continue
				}
				slip := whole[:i] + string(c) + whole[i+1:]
				_, err := recovery.Parse(slip)
				require.ErrorIs(t, err, recovery.ErrCheck, "character %d", i)
				require.ErrorIs(t, err, recovery.ErrMalformed)
			}
			for j := i + 1; j < len(whole); j++ {
				if whole[i] == whole[j] {
					continue
				}
				swapped := []byte(whole)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				_, err := recovery.Parse(string(swapped))
				require.ErrorIs(t, err, recovery.ErrCheck, "characters %d and %d", i, j)
			}
		}
	}
}

// The test above sees the pairs of characters that chance gives. This one sees
// all pairs at all neighboring places.
func TestCheckCharacterAllTranspositions(t *testing.T) {
	t.Parallel()
	_, texts := generate(t, 1)
	base := []byte(bare(texts[0]))
	for i := range len(base) - 1 {
		for _, a := range []byte(alphabet) {
			for _, b := range []byte(alphabet) {
				if a == b {
					continue
				}
				text := append([]byte(nil), base...)
				text[i], text[i+1] = a, b
				// Bring the text back into a whole code by another place.
				fix := (i + 5) % len(base)
				code := ""
				for _, c := range []byte(alphabet) {
					text[fix] = c
					if _, err := recovery.Parse(string(text)); err == nil {
						require.Empty(t, code, "one character only makes it whole")
						code = string(text)
					}
				}
				require.NotEmpty(t, code)
				text = []byte(code)
				text[i], text[i+1] = b, a
				_, err := recovery.Parse(string(text))
				require.ErrorIs(t, err, recovery.ErrCheck)
			}
		}
	}
}

func TestTypedForms(t *testing.T) {
	t.Parallel()
	set, texts := generate(t, 1)
	text := texts[0]
	alike := strings.NewReplacer("1", "l", "0", "o").Replace(strings.ToLower(text))
	for name, typed := range map[string]string{
		"as shown":         text,
		"lower case":       strings.ToLower(text),
		"no separators":    bare(text),
		"spaces":           " " + strings.ReplaceAll(text, "-", "  ") + "\r\n",
		"no-break spaces":  strings.ReplaceAll(text, "-", "\u00a0"),
		"other hyphens":    strings.ReplaceAll(text, "-", "\u2011"),
		"minus signs":      strings.ReplaceAll(text, "-", "\u2212"),
		"dash each letter": strings.Join(strings.Split(bare(text), ""), "–"),
		"look-alikes":      alike,
		"upper look-alike": strings.NewReplacer("1", "I", "0", "O").Replace(text),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, recovery.LooksLikeCode(typed))
			next, err := set.Spend(key, parse(t, typed), now)
			require.NoError(t, err)
			require.Zero(t, next.Left())
		})
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	_, texts := generate(t, 1)
	whole := bare(texts[0])
	for name, typed := range map[string]string{
		"empty":             "",
		"blank":             " - ",
		"word":              "anything",
		"six digits":        "123456",
		"ten digits":        "1234567890",
		"one short":         whole[:24],
		"one long":          whole + "0",
		"letter U":          "U" + whole[1:],
		"full-width digit":  "\uff10" + whole[1:],
		"NUL":               whole[:24] + "\x00",
		"not UTF-8":         whole[:24] + "\xff",
		"dotted capital I":  "\u0130" + whole[1:],
		"Kelvin sign":       "\u212a" + whole[1:],
		"long s":            "\u017f" + whole[1:],
		"too many spaces":   whole + strings.Repeat(" ", 300),
		"other punctuation": strings.ReplaceAll(texts[0], "-", "."),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := recovery.Parse(typed)
			require.ErrorIs(t, err, recovery.ErrMalformed)
			require.NotErrorIs(t, err, recovery.ErrCheck)
		})
	}
}

func TestLooksLikeCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]bool{
		"":                              false,
		"123456":                        false,
		"123 456":                       false,
		"12345678":                      false,
		"1234567890":                    false,
		"1111122222333334444455555":     true,
		"11111-22222-33333-44444-5555":  false,
		"AAAAA-BBBBB-CCCCC-DDDDD-EEEEE": true,
		"aaaaa bbbbb ccccc ddddd uuuuu": true, // mistyped, but meant as one
		"AAAAA-BBBBB-CCCCC-DDDDD-EEEE!": false,
	} {
		require.Equal(t, want, recovery.LooksLikeCode(typed), typed)
	}
}

// W55, W54: every place of a code has every letter equally often, so a code has
// its 120 bits.
func TestBypass_W55_CodesAreUniform(t *testing.T) {
	t.Parallel()
	const sets = 4000
	var seen [24][32]int
	all := make(map[string]bool)
	for range sets {
		_, texts := generate(t, 16)
		for _, text := range texts {
			all[text] = true
			for i, c := range []byte(bare(text)[:24]) {
				seen[i][strings.IndexByte(alphabet, c)]++
			}
		}
	}
	require.Len(t, all, sets*16)
	for place, counts := range seen {
		chi := 0.0
		want := float64(sets * 16 / 32)
		for _, n := range counts {
			chi += (float64(n) - want) * (float64(n) - want) / want
		}
		// 31 degrees of freedom: above 90 once in ten million.
		require.Less(t, chi, 90.0, "place %d", place)
	}
}

func TestCodesDoNotPrint(t *testing.T) {
	t.Parallel()
	_, texts := generate(t, 1)
	code := parse(t, texts[0])
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.Contains(t, fmt.Sprintf(format, code), "[recovery code]")
	}
}

func FuzzParse(f *testing.F) {
	_, texts := generate(f, 2)
	for _, s := range append(texts, "", "123456", "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", "\u2011\uff10\xff", strings.Repeat("-", 400)) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := recovery.Parse(text)
		if err != nil {
			require.ErrorIs(t, err, recovery.ErrMalformed)
			require.Zero(t, code)
			require.NotContains(t, err.Error(), "AAAAA")
			return
		}
		require.True(t, recovery.LooksLikeCode(text))
		again, err := recovery.Parse(" " + strings.ToUpper(text))
		require.NoError(t, err)
		require.Equal(t, code, again)
	})
}
