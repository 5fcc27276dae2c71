package totp_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

type hotpVectors struct {
	Vectors []struct {
		Counter   uint64
		HMAC      string `json:"hmac_sha1_hex"`
		OTP6      string
		Truncated uint32 `json:"truncated_dec"`
	}
	Computed []struct {
		Counter uint64 `json:",string"`
		Digits  int
		OTP     string
	}
	LeadingZero []struct {
		Counter uint64
		OTP6    string
	} `json:"leading_zero"`
	Section54 struct {
		HMAC string `json:"hmac_result_hex"`
		DBC  string `json:"dbc_hex"`
		OTP6 string
	} `json:"section_5_4"`
}

// TestRFC4226 runs the rows of Appendix D: the HMAC, its truncation, the code,
// and the code's acceptance at the step that is the counter.
func TestRFC4226(t *testing.T) {
	t.Parallel()
	k := rfcKey(t)
	v := load[hotpVectors](t, "hotp_rfc4226.json")
	require.Len(t, v.Vectors, 10)
	for _, row := range v.Vectors {
		sum, err := hex.DecodeString(row.HMAC)
		require.NoError(t, err)
		require.Equal(t, row.Truncated, totp.Truncate(sum))
		require.Equal(t, row.Truncated, totp.Truncated(k, row.Counter))
		requireCode(t, k, row.Counter, row.OTP6)
	}
}

func TestRFC4226Section54(t *testing.T) {
	t.Parallel()
	v := load[hotpVectors](t, "hotp_rfc4226.json").Section54
	sum, err := hex.DecodeString(v.HMAC)
	require.NoError(t, err)
	require.Equal(t, v.DBC, fmt.Sprintf("%x", totp.Truncate(sum)))
	require.Equal(t, v.OTP6, fmt.Sprintf("%06d", totp.Truncate(sum)%1_000_000))
}

func TestRFC4226LeadingZeros(t *testing.T) {
	t.Parallel()
	rows := load[hotpVectors](t, "hotp_rfc4226.json").LeadingZero
	require.NotEmpty(t, rows)
	for _, row := range rows {
		requireCode(t, rfcKey(t), row.Counter, row.OTP6)
	}
}

// TestRFC4226Lengths runs rows of 6 to 10 digits. Keys with more than 8 are
// refused, but the number below the code has to be right all the same.
func TestRFC4226Lengths(t *testing.T) {
	t.Parallel()
	rows := load[hotpVectors](t, "hotp_rfc4226.json").Computed
	require.NotEmpty(t, rows)
	for _, row := range rows {
		k := rfcKey(t)
		k.Digits = row.Digits
		if row.Digits <= 8 {
			requireCode(t, k, row.Counter, row.OTP)
			continue
		}
		require.ErrorIs(t, k.Validate(), totp.ErrKey)
		want, err := strconv.ParseUint(row.OTP, 10, 64)
		require.NoError(t, err)
		modulus := uint64(math.Pow10(row.Digits))
		require.Equal(t, want, uint64(totp.Truncated(k, row.Counter))%modulus)
	}
}

// requireCode fails unless otp is the code of the step, for this package and for
// pquerna/otp. Steps that a time can reach are also matched.
func requireCode(t *testing.T, k totp.Key, step uint64, otp string) {
	t.Helper()
	code, err := totp.Code(k, step)
	require.NoError(t, err)
	require.Equal(t, otp, fmt.Sprintf("%0*d", max(k.Digits, 6), code), "step %d", step)
	require.Equal(t, otp, phone(t, k, int64(step)), "pquerna/otp, step %d", step)
	if step < math.MaxInt64/30 {
		got, err := k.Match(otp, unix(int64(step)*30), int64(step)-1, totp.Window{})
		require.NoError(t, err)
		require.Equal(t, int64(step), got)
	}
}
