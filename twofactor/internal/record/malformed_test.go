package record_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// The fields that no record is without.
var (
	id    = "01 50" + strings.Repeat("aa", 16)
	epoch = "02 48" + strings.Repeat("bb", 8)
	key   = "03 5820" + strings.Repeat("cc", 32)
)

// with is a record of these fields, whose keys and values are in hexadecimal.
func with(fields ...string) string {
	return hex.EncodeToString([]byte{0xa0 + byte(3+len(fields))}) + id + epoch + key + strings.Join(fields, "")
}

func parseHex(tb testing.TB, text string) []byte {
	tb.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	require.NoError(tb, err)
	return data
}

const (
	goodID = "01 61 41 02 64 746f7470" // id "A", kind "totp"
	secret = "06 a1 01 50 01020304050607080910111213141516"
	to     = "07 a1 01 61 62"
)

func TestDecodeAccepts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing but ids": with(),
		"off":             with("05 f5"),
		"factor":          with("06 81 a3" + goodID + secret),
		"address":         with("06 81 a3" + goodID + to),
		"negative number": with("0e 20"),
		"largest number":  with("0e 1b7fffffffffffffff"),
		"smallest number": with("0e 3b7fffffffffffffff"),
		"empty phone":     with("0f a0"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := parseHex(t, text)
			r, err := record.Decode(data)
			require.NoError(t, err)
			again, err := record.Encode(r)
			require.NoError(t, err)
			require.Equal(t, data, again)
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                       "",
		"no map":                        "80",
		"null":                          "f6",
		"empty map":                     "a0",
		"no id":                         "a2" + epoch + key,
		"no epoch":                      "a2" + id + key,
		"no key":                        "a2" + id + epoch,
		"zero id":                       "a3 01 50" + strings.Repeat("00", 16) + epoch + key,
		"short id":                      "a3 01 4f" + strings.Repeat("aa", 15) + epoch + key,
		"long id":                       "a3 01 51" + strings.Repeat("aa", 17) + epoch + key,
		"id as list":                    "a3 01 90" + strings.Repeat("01", 16) + epoch + key,
		"something after it":            with() + "00",
		"a record after it":             with() + with(),
		"unknown field":                 with("11 01"),
		"unknown field, two bytes":      with("18 18 01"),
		"unknown field, text":           with("61 61 01"),
		"unknown field of a factor":     with("06 81 a4" + goodID + secret + "0c 01"),
		"field twice":                   with("05 f5", "05 f5"),
		"field twice with another":      with("0e 01", "0e 02"),
		"fields out of order":           with("0e 01", "05 f5"),
		"fewer fields than it says":     "a4" + id + epoch + key,
		"more fields than it says":      "a2" + id + epoch + key,
		"map of 24":                     "b818" + id + epoch + key,
		"map of 2^64-1":                 "bbffffffffffffffff" + id + epoch + key,
		"map of indefinite length":      "bf" + id + epoch + key + "ff",
		"list of indefinite length":     with("04 9f 48 0101010101010101 ff"),
		"text of indefinite length":     with("07 7f 61 61 ff"),
		"bytes of indefinite length":    "a3 01 5f 50" + strings.Repeat("aa", 16) + "ff" + epoch + key,
		"reserved length":               with("0e 1c"),
		"tagged number":                 with("0e c1 01"),
		"tagged record":                 "d9d9f7" + with(),
		"number as float":               with("0e f93c00"),
		"number as text":                with("0e 61 31"),
		"number as null":                with("0e f6"),
		"false":                         with("05 f4"),
		"true as 1":                     with("05 01"),
		"true in two bytes":             with("05 f8f5"),
		"zero":                          with("0e 00"),
		"empty text":                    with("07 60"),
		"empty list":                    with("04 80"),
		"empty struct":                  with("0d a0"),
		"number not in shortest form":   with("0e 1817"),
		"number of 2 bytes in 4":        with("0e 1a 0000ffff"),
		"number of 4 bytes in 8":        with("0e 1b 00000000ffffffff"),
		"length not in shortest form":   with("07 7801 61"),
		"key not in shortest form":      with("1805 f5"),
		"number above int64":            with("0e 1b8000000000000000"),
		"number below int64":            with("0e 3b8000000000000000"),
		"purpose above a byte":          with("09 81 a1 02 190100"),
		"negative purpose":              with("09 81 a1 02 20"),
		"text that is not UTF-8":        with("07 61 ff"),
		"text longer than the record":   with("07 7a ffffffff 61"),
		"text of 2^64-1":                with("07 7b ffffffffffffffff 61"),
		"list longer than the record":   with("09 98 40"),
		"list of 2^63":                  with("06 9b 8000000000000000"),
		"factor without state":          with("06 81 a2" + goodID),
		"factor with two":               with("06 81 a4" + goodID + secret + to),
		"factor without id":             with("06 81 a2 02 64 746f7470" + secret),
		"factor without kind":           with("06 81 a2 01 61 41" + secret),
		"factor whose id is bytes":      with("06 81 a3 01 41 41 02 64 746f7470" + secret),
		"factor that is null":           with("06 81 f6"),
		"enrollment without state":      with("08 81 a2 01 61 41 02 a2" + goodID),
		"enrollment without its factor": with("08 81 a1 01 61 41"),
		"write of 7 bytes":              with("04 81 47 01010101010101"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := record.Decode(parseHex(t, text))
			require.ErrorIs(t, err, record.ErrInvalid)
		})
	}
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	data, err := record.Encode(full(t))
	require.NoError(t, err)
	for n := range data {
		_, err := record.Decode(data[:n])
		require.ErrorIs(t, err, record.ErrInvalid, "%d bytes", n)
	}
}

// Whatever bit is flipped, it is refused, or it is another record's one encoding.
func TestEveryBitFlipped(t *testing.T) {
	t.Parallel()
	data, err := record.Encode(full(t))
	require.NoError(t, err)
	for i := range data {
		for bit := range 8 {
			other := bytes.Clone(data)
			other[i] ^= 1 << bit
			if r, err := record.Decode(bytes.Clone(other)); err == nil {
				again, err := record.Encode(r)
				require.NoError(t, err)
				require.Equal(t, other, again, "byte %d, bit %d", i, bit)
			}
		}
	}
}
