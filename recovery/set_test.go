package recovery_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/recovery"
)

func TestGenerateRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key []byte
		n   int
	}{
		"no key":     {nil, 10},
		"short key":  {key[:31], 10},
		"no codes":   {key, 0},
		"negative":   {key, -1},
		"seventeen":  {key, 17},
		"huge count": {key, 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, texts, err := recovery.Generate(c.key, c.n, now)
			require.Error(t, err)
			require.Zero(t, set)
			require.Empty(t, texts)
		})
	}
}

// W17 in sequence and W21: each code is good once, and spending one leaves
// every other as it was.
func TestBypass_W17_EachCodeOnce(t *testing.T) {
	t.Parallel()
	set, texts := generate(t, 10)
	for i, text := range texts {
		require.Equal(t, len(texts)-i, set.Left())
		next, err := set.Spend(key, parse(t, text), now)
		require.NoError(t, err)
		require.Equal(t, len(texts)-i, set.Left(), "the old set is as it was")
		set = next
		for j, other := range texts {
			_, err := set.Spend(key, parse(t, other), now)
			if j <= i {
				require.ErrorIs(t, err, recovery.ErrSpent)
				require.NotErrorIs(t, err, recovery.ErrUnknown)
			} else {
				require.NoError(t, err)
			}
		}
	}
	require.Zero(t, set.Left())
}

// W29: a clock at the epoch makes no spent code look unspent.
func TestBypass_W29_SpentAtTheEpoch(t *testing.T) {
	t.Parallel()
	set, texts := generate(t, 1)
	set, err := set.Spend(key, parse(t, texts[0]), time.Unix(0, 0))
	require.NoError(t, err)
	_, err = set.Spend(key, parse(t, texts[0]), time.Unix(0, 0))
	require.ErrorIs(t, err, recovery.ErrSpent)
	require.Zero(t, set.Left())
}

// W01, W02: nothing but a code of this very set under this very key.
func TestBypass_W01_W02_OtherCodes(t *testing.T) {
	t.Parallel()
	mine, texts := generate(t, 10)
	theirs, theirTexts := generate(t, 10)
	otherKey := bytes.Repeat([]byte{7}, 32)
	otherSalt := mine
	otherSalt.Salt = theirs.Salt
	moved := mine
	moved.Codes = slices.Clone(mine.Codes)
	slices.Reverse(moved.Codes)
	for name, c := range map[string]struct {
		set  recovery.Set
		key  []byte
		code recovery.Code
	}{
		"another set's code": {mine, key, parse(t, theirTexts[0])},
		"another key":        {mine, otherKey, parse(t, texts[0])},
		"another salt":       {otherSalt, key, parse(t, texts[0])},
		"another place":      {moved, key, parse(t, texts[0])},
		"zero code":          {mine, key, recovery.Code{}},
		"zero set":           {recovery.Set{}, key, parse(t, texts[0])},
		"zero set and code":  {recovery.Set{}, key, recovery.Code{}},
		"entries never made": {recovery.Set{Codes: make([]recovery.Entry, 10)}, key, recovery.Code{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, err := c.set.Spend(c.key, c.code, now)
			require.ErrorIs(t, err, recovery.ErrUnknown)
			require.Equal(t, c.set, next)
		})
	}
}

func TestSpendWithoutKey(t *testing.T) {
	t.Parallel()
	set, texts := generate(t, 1)
	_, err := set.Spend(key[:31], parse(t, texts[0]), now)
	require.Error(t, err)
	require.NotErrorIs(t, err, recovery.ErrUnknown, "a fault, not a refusal")
}

// W50: equal codes leave no equal hashes, in one set or in two, and the code
// itself is nowhere.
func TestBypass_W50_StateHasNoCodes(t *testing.T) {
	t.Parallel()
	set, texts := generate(t, 16)
	data, err := cbor.Marshal(set)
	require.NoError(t, err)
	for i, text := range texts {
		require.NotContains(t, string(data), text)
		require.NotContains(t, string(data), bare(text))
		for _, other := range set.Codes[:i] {
			require.NotEqual(t, other.Hash, set.Codes[i].Hash)
		}
	}
	require.GreaterOrEqual(t, len(set.Salt), 16)
	again, _ := generate(t, 1)
	require.NotEqual(t, again.Salt, set.Salt)
}

// W19, W21: the state survives its encoding, spent marks included.
func TestBypass_W21_StateSurvivesEncoding(t *testing.T) {
	t.Parallel()
	set, texts := generate(t, 3)
	set, err := set.Spend(key, parse(t, texts[1]), now)
	require.NoError(t, err)
	data, err := cbor.Marshal(set)
	require.NoError(t, err)
	var loaded recovery.Set
	require.NoError(t, cbor.Unmarshal(data, &loaded))
	require.Equal(t, set, loaded)
	require.Equal(t, now.Unix(), loaded.Codes[1].SpentAt)
	_, err = loaded.Spend(key, parse(t, texts[1]), now)
	require.ErrorIs(t, err, recovery.ErrSpent)
	_, err = loaded.Spend(key, parse(t, texts[2]), now)
	require.NoError(t, err)
}

func BenchmarkSpend(b *testing.B) {
	set, texts := generate(b, 10)
	_, others := generate(b, 1)
	for name, text := range map[string]string{"right": texts[9], "wrong": others[0]} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				code, err := recovery.Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				_, err = set.Spend(key, code, now)
				if (err == nil) != (name == "right") {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGenerate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := recovery.Generate(key, 10, now); err != nil {
			b.Fatal(err)
		}
	}
}
