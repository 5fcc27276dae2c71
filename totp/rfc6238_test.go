package totp_test

import (
	"fmt"
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

type totpVectors struct {
	Vectors []struct {
		Step      string `json:"T_hex"`
		Algorithm string
		Digits    int
		OTP       string
		OTP6      string `json:"otp6_computed"`
		Seed      string `json:"seed_ascii"`
		Time      int64  `json:"unix_time"`
		ShortSeed string `json:"value_with_uncorrected_20_byte_seed"`
	}
	Computed []struct {
		T         uint64 `json:",string"`
		T0        int64
		X         int
		Algorithm string
		Digits    int
		OTP       string
		Time      int64 `json:"unix_time,string"`
	}
	Seeds     map[string]struct{ ASCII, Base32 string }
	Sequences []struct {
		Name   string
		Ahead  int `json:"steps_ahead"`
		Back   int `json:"steps_back"`
		Events []struct {
			Accept bool
			Code   string
			Now    int64
			Why    string
		}
	}
	Neighbours []struct {
		Step, Next int64
		OTP6       string
	} `json:"neighbouring_steps_with_equal_code"`
}

// TestRFC6238 runs Appendix B, with 8 and with 6 digits.
func TestRFC6238(t *testing.T) {
	t.Parallel()
	rows := load[totpVectors](t, "totp_rfc6238.json").Vectors
	require.Len(t, rows, 18)
	for _, row := range rows {
		k := totp.Key{Secret: secret(t, row.Seed), Algorithm: algorithmNamed(t, row.Algorithm), Digits: row.Digits}
		step, err := k.Match(row.OTP, unix(row.Time), none, totp.Window{})
		require.NoError(t, err)
		require.Equal(t, row.Step, fmt.Sprintf("%016X", step))
		require.Equal(t, row.OTP, phone(t, k, step))

		if row.ShortSeed != "" {
			// The RFC's prose names one seed for all algorithms; its values
			// need a seed as long as the hash.
			_, err := k.Match(row.ShortSeed, unix(row.Time), none, totp.Window{})
			require.ErrorIs(t, err, totp.ErrMismatch)
			short := totp.Key{Secret: secret(t, rfcSecret), Algorithm: k.Algorithm, Digits: k.Digits}
			_, err = short.Match(row.ShortSeed, unix(row.Time), none, totp.Window{})
			require.NoError(t, err)
		}

		k.Digits = 6
		_, err = k.Match(row.OTP6, unix(row.Time), none, totp.Window{})
		require.NoError(t, err)
		require.Equal(t, row.OTP6, phone(t, k, step))
	}
}

// TestRFC6238Periods runs other periods, the ends of steps, and times after
// 2038. The rows with another epoch (T0) are shifted to ours.
func TestRFC6238Periods(t *testing.T) {
	t.Parallel()
	v := load[totpVectors](t, "totp_rfc6238.json")
	require.NotEmpty(t, v.Computed)
	for _, row := range v.Computed {
		s, err := totp.ParseSecret(v.Seeds[row.Algorithm].Base32)
		require.NoError(t, err)
		require.Equal(t, v.Seeds[row.Algorithm].ASCII, string(s.Bytes()))
		k := totp.Key{Secret: s, Algorithm: algorithmNamed(t, row.Algorithm), Digits: row.Digits, Period: row.X}
		step, err := k.Match(row.OTP, unix(row.Time-row.T0), none, totp.Window{})
		require.NoError(t, err, "%+v", row)
		require.Equal(t, int64(row.T), step)
		require.Equal(t, row.OTP, phone(t, k, step))
	}
}

// TestRFC6238Sequences runs what a server sees in a row, each event with the
// step that the one before left behind.
func TestRFC6238Sequences(t *testing.T) {
	t.Parallel()
	sequences := load[totpVectors](t, "totp_rfc6238.json").Sequences
	require.NotEmpty(t, sequences)
	for _, seq := range sequences {
		t.Run(seq.Name, func(t *testing.T) {
			t.Parallel()
			k, last := rfcKey(t), int64(none)
			for _, e := range seq.Events {
				step, err := k.Match(e.Code, unix(e.Now), last, totp.Window{Back: seq.Back, Ahead: seq.Ahead})
				if e.Accept {
					require.NoError(t, err, e.Why)
					require.Greater(t, step, last)
					require.Equal(t, e.Code, phone(t, k, step))
				} else {
					require.Error(t, err, e.Why)
					require.Equal(t, last, step)
				}
				last = step
			}
		})
	}
}
