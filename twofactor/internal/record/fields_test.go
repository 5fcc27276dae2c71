package record_test

import (
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// No field of any struct is forgotten, and each is under the number that its tag
// says: another implementation of CBOR, which goes by the tags, reads the same.
func TestEveryField(t *testing.T) {
	t.Parallel()
	r := new(record.Record)
	n := 0
	setAll(reflect.ValueOf(r).Elem(), &n)
	for i := range 2 {
		// A factor has one kind of state.
		r.Factors[i].Address, r.Enrollments[i].Factor.TOTP = nil, nil
	}
	r.Factors[1].TOTP, r.Factors[1].Address = nil, &record.Address{To: "a", Since: 1}
	data, err := record.Encode(r)
	require.NoError(t, err)
	again, err := record.Decode(data)
	require.NoError(t, err)
	require.Equal(t, r, again)
	require.Equal(t, r, reference(t, data))

	var set recovery.Set
	setAll(reflect.ValueOf(&set).Elem(), &n)
	var codes record.Codes
	require.NoError(t, codes.Replace(set))
	same, err := codes.Set()
	require.NoError(t, err)
	require.Equal(t, set, same)
	var other recovery.Set
	require.NoError(t, strict(t).Unmarshal(codes.Raw, &other))
	require.Equal(t, set, other)
}

// setAll puts something else into every field below v.
func setAll(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range v.Fields() {
			setAll(f, n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		setAll(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		setAll(v.Index(0), n)
		setAll(v.Index(1), n)
	case reflect.Array:
		for i := range v.Len() {
			setAll(v.Index(i), n)
		}
	case reflect.String:
		v.SetString(string(rune('à' + *n)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n%255 + 1))
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(*n))
	case reflect.Int64:
		v.SetInt(-1<<63 + int64(*n))
	default:
		v.SetInt(int64(*n) << (*n % 16) * int64(*n%2*2-1)) // of any length and sign
	}
}

// reference reads a record with a CBOR library, as strictly as that can.
func reference(tb testing.TB, data []byte) *record.Record {
	tb.Helper()
	r := new(record.Record)
	require.NoError(tb, strict(tb).Unmarshal(data, r))
	return r
}

func strict(tb testing.TB) cbor.DecMode {
	tb.Helper()
	mode, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	require.NoError(tb, err)
	return mode
}

// deterministic encodes data anew, in the one form of RFC 8949, section 4.2.1.
func deterministic(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var v any
	require.NoError(tb, strict(tb).Unmarshal(data, &v))
	mode, err := cbor.CoreDetEncOptions().EncMode()
	require.NoError(tb, err)
	out, err := mode.Marshal(v)
	require.NoError(tb, err)
	return out
}

func TestEncodingIsDeterministic(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*record.Record{"new": record.New(), "typical": typical(t), "full": full(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := record.Encode(r)
			require.NoError(t, err)
			require.Equal(t, deterministic(t, data), data)
			again, err := record.Decode(data)
			require.NoError(t, err)
			require.Equal(t, r, again)
		})
	}
}
