package otpcode_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
)

var (
	key     = []byte("a key of thirty-two bytes or more")
	now     = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	binding = otpcode.Binding{User: "alice", Purpose: "sign-in", Login: "login-1", Factor: "factor-1", Destination: "+61412345678"}
)

func issue(t testing.TB, c otpcode.Challenge, at time.Time) (otpcode.Challenge, otpcode.Issued) {
	t.Helper()
	next, is, err := c.Issue(key, binding, otpcode.Spec{Digits: 10}, at)
	require.NoError(t, err)
	return next, is
}

func verify(c otpcode.Challenge, code string, at time.Time) (otpcode.Challenge, error) {
	return c.Verify(key, binding, code, at)
}

// wrong returns a code that differs from all of the given ones.
func wrong(codes ...string) string {
	for i := 0; ; i++ {
		if c := fmt.Sprintf("%0*d", len(codes[0]), i); !slices.Contains(codes, c) {
			return c
		}
	}
}

func TestIssueDefaults(t *testing.T) {
	t.Parallel()
	c, is, err := otpcode.Challenge{}.Issue(key, binding, otpcode.Spec{}, now)
	require.NoError(t, err)
	require.Len(t, is.Code, 6)
	require.Equal(t, now, is.Sent)
	require.Equal(t, now.Add(5*time.Minute), is.Expires)
	latest, ok := c.Latest()
	require.True(t, ok)
	require.Equal(t, is.Reference, latest.Reference)
	require.Equal(t, now.UnixMilli(), latest.Sent)
	require.Equal(t, is.Expires.UnixMilli(), latest.Expires)
	require.Equal(t, 6, latest.Digits)
	_, err = verify(c, is.Code, now)
	require.NoError(t, err)
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	with := func(change func(*otpcode.Binding)) otpcode.Binding {
		b := binding
		change(&b)
		return b
	}
	for name, c := range map[string]struct {
		key  []byte
		b    otpcode.Binding
		spec otpcode.Spec
	}{
		"no key":         {nil, binding, otpcode.Spec{}},
		"short key":      {key[:31], binding, otpcode.Spec{}},
		"no user":        {key, with(func(b *otpcode.Binding) { b.User = "" }), otpcode.Spec{}},
		"no purpose":     {key, with(func(b *otpcode.Binding) { b.Purpose = "" }), otpcode.Spec{}},
		"no destination": {key, with(func(b *otpcode.Binding) { b.Destination = "" }), otpcode.Spec{}},
		"4 digits":       {key, binding, otpcode.Spec{Digits: 4}},
		"5 digits":       {key, binding, otpcode.Spec{Digits: 5}},
		"11 digits":      {key, binding, otpcode.Spec{Digits: 11}},
		"negative":       {key, binding, otpcode.Spec{Digits: -6}},
		"15 minutes":     {key, binding, otpcode.Spec{Life: 15 * time.Minute}},
		"10m01s":         {key, binding, otpcode.Spec{Life: 10*time.Minute + time.Second}},
		"no life":        {key, binding, otpcode.Spec{Life: -time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, is, err := otpcode.Challenge{}.Issue(c.key, c.b, c.spec, now)
			require.Error(t, err)
			require.Zero(t, next)
			require.Zero(t, is)
		})
	}
}

// SP 800-63B-4 section 3.1.3.2: ten minutes are good, a second more is not.
func TestLifeEnds(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute} {
		c, is, err := otpcode.Challenge{}.Issue(key, binding, otpcode.Spec{Life: life}, now)
		require.NoError(t, err)
		_, err = verify(c, is.Code, now.Add(life))
		require.NoError(t, err)
		for _, late := range []time.Duration{time.Millisecond, time.Second, 100 * time.Hour} {
			next, err := verify(c, is.Code, now.Add(life+late))
			require.ErrorIs(t, err, otpcode.ErrExpired)
			require.Equal(t, c, next)
		}
		_, err = verify(c, wrong(is.Code), now.Add(life+time.Second))
		require.ErrorIs(t, err, otpcode.ErrMismatch, "nobody learns more from a wrong code")
	}
}

// A clock that is set back doesn't let a code live until it is right again. Those
// of two nodes may be a few minutes apart.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	c, is := issue(t, otpcode.Challenge{}, now)
	_, err := verify(c, is.Code, now.Add(-5*time.Minute))
	require.NoError(t, err)
	for _, back := range []time.Duration{5*time.Minute + time.Millisecond, time.Hour, 10 * 365 * 24 * time.Hour} {
		next, err := verify(c, is.Code, now.Add(-back))
		require.ErrorIs(t, err, otpcode.ErrExpired)
		require.Equal(t, c, next)
	}
}

// W16 in sequence, W19: once only, whatever comes after.
func TestBypass_W16_Once(t *testing.T) {
	t.Parallel()
	fresh, is := issue(t, otpcode.Challenge{}, now)
	used, err := verify(fresh, is.Code, now)
	require.NoError(t, err)
	require.False(t, fresh.Codes[0].Used, "the old challenge is as it was")
	_, ok := used.Latest()
	require.False(t, ok)
	_, err = verify(used, is.Code, now)
	require.ErrorIs(t, err, otpcode.ErrUsed)
	_, err = verify(used, is.Code, now.Add(time.Hour))
	require.ErrorIs(t, err, otpcode.ErrUsed)

	// A failure of sending that is reported late doesn't undo it.
	require.Equal(t, used, used.Abandon(is.Reference))

	// Nor do later codes, used or abandoned.
	next, second := issue(t, used, now)
	_, err = verify(next, is.Code, now)
	require.ErrorIs(t, err, otpcode.ErrUsed)
	_, err = verify(next.Abandon(second.Reference), is.Code, now)
	require.ErrorIs(t, err, otpcode.ErrUsed)
	_, err = verify(next, second.Code, now)
	require.NoError(t, err)
}

// A used code takes those before it along: Abandon can't bring them back.
func TestBypass_W16_UsedEndsAll(t *testing.T) {
	t.Parallel()
	c, first := issue(t, otpcode.Challenge{}, now)
	c, second := issue(t, c, now)
	c, err := verify(c, second.Code, now)
	require.NoError(t, err)
	for _, c := range []otpcode.Challenge{c, c.Abandon(second.Reference), c.Abandon(first.Reference)} {
		for _, code := range []string{first.Code, second.Code} {
			_, err := verify(c, code, now)
			require.ErrorIs(t, err, otpcode.ErrUsed)
		}
	}
}

// A10: Resend makes a new code and kills the old one, which is recognized.
func TestA10_Resend(t *testing.T) {
	t.Parallel()
	var c otpcode.Challenge
	var all []otpcode.Issued
	var codes []string
	for i := range 6 {
		var is otpcode.Issued
		c, is = issue(t, c, now.Add(time.Duration(i)*time.Minute))
		all = append(all, is)
		codes = append(codes, is.Code)
	}
	require.Len(t, c.Codes, 4, "the state stays small")
	at := now.Add(6 * time.Minute)
	for i, is := range all {
		_, err := verify(c, is.Code, at)
		switch {
		case i < 2:
			require.ErrorIs(t, err, otpcode.ErrMismatch, "forgotten")
		case i < 5:
			superseded, ok := errors.AsType[*otpcode.SupersededError](fmt.Errorf("wrapped: %w", err))
			require.True(t, ok)
			require.Equal(t, all[5].Sent, superseded.SentAt)
		default:
			require.NoError(t, err)
		}
	}
	_, err := verify(c, wrong(codes...), at)
	require.ErrorIs(t, err, otpcode.ErrMismatch)
}

// Two nodes that resend from the same old state don't write into each other's.
func TestIssueCopies(t *testing.T) {
	t.Parallel()
	c, _ := issue(t, otpcode.Challenge{}, now)
	c.Codes = slices.Grow(c.Codes, 8)
	a, is := issue(t, c, now)
	issue(t, c, now)
	_, err := verify(a, is.Code, now)
	require.NoError(t, err)
}

// W48: a failed send leaves the code before it as good as it was.
func TestBypass_W48_FailedSend(t *testing.T) {
	t.Parallel()
	c, first := issue(t, otpcode.Challenge{}, now)
	pending, second := issue(t, c, now.Add(time.Minute))

	restored := pending.Abandon(second.Reference)
	require.Equal(t, c, restored)
	_, err := verify(restored, first.Code, now.Add(5*time.Minute))
	require.NoError(t, err)
	_, err = verify(restored, first.Code, now.Add(5*time.Minute+time.Second))
	require.ErrorIs(t, err, otpcode.ErrExpired, "but no better")
	_, err = verify(restored, second.Code, now.Add(time.Minute))
	require.ErrorIs(t, err, otpcode.ErrMismatch)

	// Two resends at the same time; both fail, in either order.
	both, third := issue(t, pending, now.Add(2*time.Minute))
	for _, refs := range [][]string{{second.Reference, third.Reference}, {third.Reference, second.Reference}} {
		require.Equal(t, c, both.Abandon(refs[0]).Abandon(refs[1]))
	}
	// Only the earlier one failed: the later stays the one that counts.
	one := both.Abandon(second.Reference)
	_, err = verify(one, third.Code, now.Add(2*time.Minute))
	require.NoError(t, err)
	_, err = verify(one, first.Code, now.Add(2*time.Minute))
	require.ErrorAs(t, err, new(*otpcode.SupersededError))

	require.Equal(t, both, both.Abandon("nothing"))
	require.Empty(t, c.Abandon(first.Reference).Codes)
	require.Len(t, both.Codes, 3, "the old challenge is as it was")
	_, err = verify(both, third.Code, now.Add(2*time.Minute))
	require.NoError(t, err)
}

// W06, W07 and ASVS 6.6.2: a code is for one thing only.
func TestBypass_W06_W07_OtherBinding(t *testing.T) {
	t.Parallel()
	c, is := issue(t, otpcode.Challenge{}, now)
	for name, change := range map[string]func(*otpcode.Binding){
		"user":        func(b *otpcode.Binding) { b.User = "bob" },
		"purpose":     func(b *otpcode.Binding) { b.Purpose = "enroll" },
		"login":       func(b *otpcode.Binding) { b.Login = "login-2" },
		"factor":      func(b *otpcode.Binding) { b.Factor = "factor-2" },
		"destination": func(b *otpcode.Binding) { b.Destination = "+61412345679" },
		"no login":    func(b *otpcode.Binding) { b.Login = "" },
		"boundary":    func(b *otpcode.Binding) { b.User, b.Purpose = "alices", "ign-in" },
		"swapped":     func(b *otpcode.Binding) { b.Login, b.Factor = b.Factor, b.Login },
		"zero":        func(b *otpcode.Binding) { *b = otpcode.Binding{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := binding
			change(&b)
			next, err := c.Verify(key, b, is.Code, now)
			require.ErrorIs(t, err, otpcode.ErrMismatch)
			require.Equal(t, c, next)
		})
	}
	_, err := c.Verify([]byte(strings.Repeat("k", 32)), binding, is.Code, now)
	require.ErrorIs(t, err, otpcode.ErrMismatch)
	_, err = c.Verify(nil, binding, is.Code, now)
	require.Error(t, err)
	require.NotErrorIs(t, err, otpcode.ErrMismatch, "a fault, not a refusal")

	// The reference is part of it: an entry under another one proves nothing.
	moved := otpcode.Challenge{Codes: slices.Clone(c.Codes)}
	moved.Codes[0].Reference = "BBBB"
	_, err = verify(moved, is.Code, now)
	require.ErrorIs(t, err, otpcode.ErrMismatch)
}

// W14: one spelling only, and no try is spent on any other.
func TestBypass_W14_Spellings(t *testing.T) {
	t.Parallel()
	c, is, err := otpcode.Challenge{}.Issue(key, binding, otpcode.Spec{}, now)
	require.NoError(t, err)
	code := is.Code
	for name, typed := range map[string]string{
		"empty":         "",
		"space before":  " " + code,
		"newline after": code + "\n",
		"inner space":   code[:3] + " " + code[3:],
		"hyphen":        code[:3] + "-" + code[3:],
		"plus":          "+" + code[1:],
		"full width":    "\uff11" + code[1:],
		"Arabic digit":  "\u0661" + code[1:],
		"no-break":      code + "\u00a0",
		"NUL":           code + "\x00",
		"five digits":   code[:5],
		"seven digits":  code + "0", // no such code was sent
		"eleven digits": code + "00000",
		"letters":       "abcdef",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, err := verify(c, typed, now)
			require.ErrorIs(t, err, otpcode.ErrMalformed)
			require.Equal(t, c, next)
		})
	}
	_, err = verify(otpcode.Challenge{}, code, now)
	require.ErrorIs(t, err, otpcode.ErrMismatch, "nothing was sent")
	_, err = verify(otpcode.Challenge{Codes: []otpcode.Entry{{Digits: 6}}}, code, now)
	require.ErrorIs(t, err, otpcode.ErrMismatch, "an entry never made")
}

// Codes of two lengths in one challenge: the shorter one is still recognized.
func TestLongerResend(t *testing.T) {
	t.Parallel()
	c, first, err := otpcode.Challenge{}.Issue(key, binding, otpcode.Spec{Digits: 6}, now)
	require.NoError(t, err)
	c, second := issue(t, c, now)
	_, err = verify(c, first.Code, now)
	require.ErrorAs(t, err, new(*otpcode.SupersededError))
	_, err = verify(c, second.Code, now)
	require.NoError(t, err)
	_, err = verify(c, second.Code[:8], now)
	require.ErrorIs(t, err, otpcode.ErrMalformed)
}

// W49, W50: neither state, errors nor prints have the code.
func TestBypass_W49_W50_NoCodes(t *testing.T) {
	t.Parallel()
	c, first := issue(t, otpcode.Challenge{}, now)
	c, is := issue(t, c, now)
	data, err := cbor.Marshal(c)
	require.NoError(t, err)
	for _, secret := range []string{is.Code, first.Code, binding.Destination, binding.User} {
		require.NotContains(t, string(data), secret)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", is, is, c), secret)
		for _, code := range []string{first.Code, wrong(first.Code, is.Code), secret} {
			_, err := verify(c, code, now)
			if err != nil {
				require.NotContains(t, err.Error(), secret)
			}
		}
	}
	require.Less(t, len(data), 200)

	var loaded otpcode.Challenge
	require.NoError(t, cbor.Unmarshal(data, &loaded))
	require.Equal(t, c, loaded)
	_, err = verify(loaded, is.Code, now)
	require.NoError(t, err)
}

// W49: no way of printing, logging or encoding a new code shows it.
func TestBypass_W49_IssuedThatPrints(t *testing.T) {
	t.Parallel()
	_, is := issue(t, otpcode.Challenge{}, now)
	inside := struct{ Issued any }{is}
	var out bytes.Buffer
	for _, v := range []any{is, &is, inside, []otpcode.Issued{is}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
			slog.New(h).Info("x", "value", v)
		}
		text, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(text)
	}
	require.Contains(t, out.String(), is.Reference)
	require.NotContains(t, out.String(), is.Code)
	require.NotContains(t, strings.ToLower(out.String()), hex.EncodeToString([]byte(is.Code)))
}

// The same code leaves another tag each time, in one challenge and under two
// users: nobody sees in the state that codes are equal.
func TestTagsDiffer(t *testing.T) {
	t.Parallel()
	seen := make(map[[32]byte]bool)
	for range 3000 { // of a million codes, some come twice
		c, _, err := otpcode.Challenge{}.Issue(key, binding, otpcode.Spec{}, now)
		require.NoError(t, err)
		seen[c.Codes[0].Tag] = true
	}
	require.Len(t, seen, 3000)
}

func FuzzVerify(f *testing.F) {
	c, _ := issue(f, otpcode.Challenge{}, now)
	c, is := issue(f, c, now)
	for _, s := range []string{"", is.Code, "123456", "0000000000", "12345678901", "\uff11\uff12", " 123456"} {
		f.Add(s, "alice", "sign-in")
	}
	f.Fuzz(func(t *testing.T, code, user, purpose string) {
		b := binding
		b.User, b.Purpose = user, purpose
		next, err := c.Verify(key, b, code, now)
		if code == is.Code && b == binding {
			require.NoError(t, err)
			return
		}
		require.Error(t, err)
		require.Equal(t, c, next)
	})
}

func BenchmarkIssueVerify(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c, is, err := otpcode.Challenge{}.Issue(key, binding, otpcode.Spec{}, now)
		if err != nil {
			b.Fatal(err)
		}
		if _, err = c.Verify(key, binding, is.Code, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	var c otpcode.Challenge
	var is otpcode.Issued
	for range 4 {
		c, is = issue(b, c, now)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Verify(key, binding, is.Code, now); err != nil {
			b.Fatal(err)
		}
	}
}
