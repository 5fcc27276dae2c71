package recovery_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/recovery"
)

func hashed(t *testing.T, texts ...string) [][]byte {
	t.Helper()
	var hashes [][]byte
	for _, text := range texts {
		h, err := bcrypt.GenerateFromPassword([]byte(text), bcrypt.MinCost)
		require.NoError(t, err)
		hashes = append(hashes, h)
	}
	return hashes
}

func TestImportedCodes(t *testing.T) {
	t.Parallel()
	set, texts := generate(t, 2)
	set, err := set.Import(hashed(t, "old-one", "12345678"))
	require.NoError(t, err)
	require.Equal(t, 4, set.Left())

	ref, err := set.MatchImported(" 12345678\n")
	require.NoError(t, err)
	spent, err := set.SpendImported(ref)
	require.NoError(t, err)
	require.Equal(t, 3, spent.Left())
	for _, text := range []string{"old-one", "12345678"} {
		_, err = set.MatchImported(text)
		require.NoError(t, err, "the old set is as it was")
	}

	// W17: whoever matched at the same time comes too late.
	_, err = spent.SpendImported(ref)
	require.ErrorIs(t, err, recovery.ErrSpent)
	_, err = spent.MatchImported("12345678")
	require.ErrorIs(t, err, recovery.ErrUnknown)

	// W21: the rest is as good as before, and so are the set's own codes.
	ref, err = spent.MatchImported("old-one")
	require.NoError(t, err)
	spent, err = spent.Spend(key, parse(t, texts[0]), now)
	require.NoError(t, err)
	spent, err = spent.SpendImported(ref)
	require.NoError(t, err)
	require.Equal(t, 1, spent.Left())
	require.Empty(t, spent.Imported)
}

func TestBypass_W01_ImportedWrongTexts(t *testing.T) {
	t.Parallel()
	set, err := recovery.Set{}.Import(hashed(t, "abc", strings.Repeat("x", 72)))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":         {"", recovery.ErrMalformed},
		"blank":         {"  ", recovery.ErrMalformed},
		"wrong":         {"anything", recovery.ErrUnknown},
		"repeat by NUL": {"abc\x00abc", recovery.ErrMalformed},
		"73 bytes":      {strings.Repeat("x", 73), recovery.ErrMalformed},
		"71 bytes":      {strings.Repeat("x", 71), recovery.ErrUnknown},
		"the hash":      {string(set.Imported[0]), recovery.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ref, err := set.MatchImported(c.text)
			require.ErrorIs(t, err, c.want)
			next, err := set.SpendImported(ref)
			require.ErrorIs(t, err, recovery.ErrUnknown)
			require.Equal(t, set, next)
		})
	}
	_, err = recovery.Set{}.MatchImported("abc")
	require.ErrorIs(t, err, recovery.ErrUnknown)

	// W02: a match with one person's set spends nothing of another's.
	ref, err := set.MatchImported("abc")
	require.NoError(t, err)
	other, err := recovery.Set{}.Import(hashed(t, "abc"))
	require.NoError(t, err)
	_, err = other.SpendImported(ref)
	require.ErrorIs(t, err, recovery.ErrSpent)
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	good := string(hashed(t, "abc")[0])
	cost := func(n int, costs ...int) [][]byte {
		var hashes [][]byte
		for i := range n {
			salt := string(rune('a' + i))
			hashes = append(hashes, fmt.Appendf(nil, "$2a$%02d$%s%s", costs[i%len(costs)], salt, good[8:]))
		}
		return hashes
	}
	for name, hashes := range map[string][][]byte{
		"empty":             {nil},
		"short":             {[]byte(good[:59])},
		"long":              {[]byte(good + "x")},
		"other scheme":      {[]byte("$1$" + good[3:])},
		"other version":     {[]byte("$2x" + good[3:])},
		"cost 3":            cost(1, 3),
		"cost 32":           cost(1, 32),
		"cost 31":           cost(1, 31),
		"no cost":           {[]byte(good[:4] + "+4" + good[6:6] + "/" + good[7:])},
		"foreign character": {[]byte(good[:59] + "=")},
		"NUL":               {[]byte(good[:59] + "\x00")},
		"twice":             {[]byte(good), []byte(good)},
		"seventeen":         cost(17, 4),
		"cost 17":           cost(1, 17),
		"slow in all":       cost(16, 12, 13),
		"one bad of three":  append(cost(2, 4), []byte("x")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, _ := generate(t, 1)
			next, err := set.Import(hashes)
			require.Error(t, err)
			require.Equal(t, set, next)
			require.NotContains(t, err.Error(), good[10:])
		})
	}
	for name, hashes := range map[string][][]byte{
		"sixteen of cost 12": cost(16, 12),
		"one of cost 16":     cost(1, 16),
		"2b":                 {[]byte("$2b" + good[3:])},
		"2y":                 {[]byte("$2y" + good[3:])},
		"none":               nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := recovery.Set{}.Import(hashes)
			require.NoError(t, err)
			require.Equal(t, len(hashes), set.Left())
		})
	}
}

func TestImportCopies(t *testing.T) {
	t.Parallel()
	hashes := hashed(t, "abc")
	set, err := recovery.Set{}.Import(hashes)
	require.NoError(t, err)
	hashes[0][10] ^= 1
	_, err = set.MatchImported("abc")
	require.NoError(t, err)
}
