package totp_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

// otherThan changes the first digit.
func otherThan(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

// Two right codes in their places are told apart from a wrong triple, with the
// step that must never be judged again.
func TestMatchConsecutiveNearMiss(t *testing.T) {
	t.Parallel()
	const cur = 37037036
	k, now := rfcKey(t), unix(cur*30)
	for _, w := range windows() {
		for newest := int64(cur - 4); newest <= cur+4; newest++ {
			for last := newest - 4; last <= newest+1; last++ {
				for wrong := range 3 {
					codes := three(t, k, newest)
					codes[wrong] = otherThan(codes[wrong])
					step, err := k.MatchConsecutive(codes, now, last, w)
					require.ErrorIs(t, err, totp.ErrMismatch)
					inside := newest >= cur-int64(w.Back) && newest <= cur+int64(w.Ahead)
					if !inside || newest <= last {
						require.NotErrorIs(t, err, totp.ErrNearMiss)
						require.Equal(t, last, step)
						continue
					}
					require.ErrorIs(t, err, totp.ErrNearMiss, "%v newest %d last %d wrong %d", w, newest-cur, last-cur, wrong)
					require.Equal(t, newest, step)
					again, err := k.MatchConsecutive(three(t, k, newest), now, step, w)
					require.ErrorIs(t, err, totp.ErrUsed, "right now, and too late")
					require.Equal(t, step, again)
					_, err = k.Match(phone(t, k, newest), now, step, totp.Window{Back: 2, Ahead: 2})
					require.ErrorIs(t, err, totp.ErrUsed, "nor by itself")
				}
			}
		}
	}
}

// What is right in another place is not: a person who has two codes to mix up has
// three.
func TestMatchConsecutiveFarMiss(t *testing.T) {
	t.Parallel()
	const cur = 37037036
	k, now, w := rfcKey(t), unix(cur*30), totp.Window{Back: 2, Ahead: 2}
	good := three(t, k, cur)
	other := otherThan(good[0])
	for name, codes := range map[string][3]string{
		"one right": {good[0], other, other},
		"backwards": {good[2], good[1], good[0]},
		"apart":     {good[0], other, phone(t, k, cur+1)},
		"none":      {other, other, other},
	} {
		step, err := k.MatchConsecutive(codes, now, none, w)
		require.ErrorIs(t, err, totp.ErrMismatch, name)
		require.NotErrorIs(t, err, totp.ErrNearMiss, name)
		require.EqualValues(t, none, step, name)
	}
}
