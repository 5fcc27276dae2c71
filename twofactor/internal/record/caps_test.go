package record_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// The caps hold on the way in and on the way out.
func TestCaps(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]struct {
		most int
		path []int // fields and places in lists
	}{
		"writes":               {record.MaxWrites, []int{4}},
		"factors":              {record.MaxFactors, []int{6}},
		"enrollments":          {record.MaxEnrollments, []int{8}},
		"attempts":             {record.MaxAttempts, []int{9}},
		"codes of an attempt":  {record.MaxFactors + 1, []int{9, 0, 8}},
		"codes of a challenge": {8, []int{9, 0, 8, 0, 2, 1}},
		"grants":               {record.MaxGrants, []int{10}},
		"devices":              {record.MaxDevices, []int{12}},
		"methods of a device":  {8, []int{12, 0, 7}},
		"notices":              {record.MaxNotices, []int{16}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := record.Decode(withList(t, list.path, list.most))
			require.NoError(t, err)
			over := withList(t, list.path, list.most+1)
			_, err = record.Decode(over)
			require.ErrorIs(t, err, record.ErrInvalid)
			_, err = record.Encode(reference(t, over))
			require.ErrorIs(t, err, record.ErrInvalid)
		})
	}
}

// withList is the full record with n entries in the list at path.
func withList(tb testing.TB, path []int, n int) []byte {
	tb.Helper()
	data, err := record.Encode(full(tb))
	require.NoError(tb, err)
	var root any
	require.NoError(tb, strict(tb).Unmarshal(data, &root))
	at := &root
	var put []func() // values in maps have no address
	for _, step := range path {
		switch v := (*at).(type) {
		case map[any]any:
			value := v[uint64(step)]
			at = &value
			put = append(put, func() { v[uint64(step)] = value })
		case []any:
			at = &v[step]
		}
	}
	entry := (*at).([]any)[0]
	entries := make([]any, n)
	for i := range entries {
		entries[i] = entry
	}
	*at = entries
	for i := range put {
		put[len(put)-1-i]()
	}
	mode, err := cbor.CoreDetEncOptions().EncMode()
	require.NoError(tb, err)
	data, err = mode.Marshal(root)
	require.NoError(tb, err)
	return data
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	var none record.Codes
	set, err := none.Set()
	require.NoError(t, err)
	require.Equal(t, recovery.Set{}, set)

	for name, raw := range map[string]string{
		"no map":             "80",
		"unknown field":      "a1 05 01",
		"something after it": "a0 00",
		"17 codes":           "a1 03 91" + strings.Repeat("a1 01 5820"+strings.Repeat("aa", 32), 17),
		"17 imported":        "a1 04 91" + strings.Repeat("41 61", 17),
		"short hash":         "a1 03 81 a1 01 581f" + strings.Repeat("aa", 31),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			codes := record.Codes{Left: 1, Raw: parseHex(t, raw)}
			_, err := codes.Set()
			require.ErrorIs(t, err, record.ErrInvalid)
		})
	}
}

// A name that could be written and not read would lock its owner out for good.
func TestTextThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	r := full(t)
	r.Factors[0].Name = "\xff"
	_, err := record.Encode(r)
	require.ErrorIs(t, err, record.ErrInvalid)
}

// A few bytes never make a lot of memory. Not parallel: it counts what the
// whole process allocates.
func TestMemoryIsBounded(t *testing.T) {
	for name, text := range map[string]string{
		"attempts":    "9840" + strings.Repeat("a0", 64),
		"attempts, 1": "9840",
		"factors":     "8a" + strings.Repeat("a0", 10),
		"devices":     "94" + strings.Repeat("a0", 20),
		"long text":   "81 a1 01 7b 0000000100000000",
	} {
		field := map[string]string{"a": "09", "f": "06", "d": "0c", "l": "06"}[name[:1]]
		data := parseHex(t, with(field+text))
		if used := memory(func() { record.Decode(data) }); used > 16<<10 {
			t.Errorf("%s: %d bytes of memory for a record of %d", name, used, len(data))
		}
	}
}

// memory is how much f allocates.
func memory(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
