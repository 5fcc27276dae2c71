package lockcode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// The files in testdata were written by the first release. Every later one
// reads them, and writes the same bytes.
func TestGoldenState(t *testing.T) {
	t.Parallel()
	var s lockcode.LockState
	var r lockcode.AppRecord
	if os.Getenv("LATCHKEY_UPDATE") != "" {
		w := newWorld(t)
		_, err := w.user.NewDeviceCode(t.Context(), w.lock, w.userPIN)
		require.NoError(t, err)
		require.Error(t, w.verify(w.junk(), open("front")))
		state, err := w.state().MarshalBinary()
		require.NoError(t, err)
		record, err := w.user.record(w.lock).MarshalBinary()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("testdata/lockstate.golden", state, 0o644))
		require.NoError(t, os.WriteFile("testdata/apprecord.golden", record, 0o644))
	}
	golden, err := os.ReadFile("testdata/lockstate.golden")
	require.NoError(t, err)
	require.NoError(t, s.UnmarshalBinary(golden))
	again, err := s.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, string(golden), string(again))
	devices, fails, _, _ := s.Peek("ute")
	require.Equal(t, []int{1, 1}, []int{devices, fails})
	require.Positive(t, s.Serial())

	golden, err = os.ReadFile("testdata/apprecord.golden")
	require.NoError(t, err)
	require.NoError(t, r.UnmarshalBinary(golden))
	again, err = r.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, string(golden), string(again))
	require.Equal(t, "lock-1", r.LockID())
	require.Equal(t, "ute", r.UserID())
}

func TestDamagedStateIsAFault(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"lockstate", "apprecord"} {
		golden, err := os.ReadFile("testdata/" + file + ".golden")
		require.NoError(t, err)
		read := func(b []byte) error {
			if file == "lockstate" {
				return new(lockcode.LockState).UnmarshalBinary(b)
			}
			return new(lockcode.AppRecord).UnmarshalBinary(b)
		}
		require.NoError(t, read(golden))
		text := string(golden)
		for name, bad := range map[string]string{
			"empty":         "",
			"null":          "null",
			"empty object":  "{}",
			"newer format":  strings.Replace(text, `"format":1`, `"format":2`, 1),
			"unknown field": strings.Replace(text, `{"format"`, `{"fancy":1,"format"`, 1),
			"repeated name": strings.Replace(text, `{"format":1`, `{"format":1,"format":1`, 1),
			"other case":    strings.Replace(text, `"format"`, `"Format"`, 1),
			"trailing":      text + " ",
			"short epoch":   strings.Replace(text, `"epoch":"`, `"epoch":"AAAA`, 1),
			"half":          text[:len(text)/2],
		} {
			require.Error(t, read([]byte(bad)), "%s: %s", file, name)
		}
		// Bytes that still parse must not panic what works with them.
		for i := range golden {
			bad := bytes.Clone(golden)
			bad[i] ^= 4
			_ = read(bad)
		}
	}
}

// No secret prints under any verb, nor as JSON, nor in an error or event.
func TestNothingSecretPrints(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	p, c := pin(t, "8351"), w.code(open("front"))
	rec, state := w.user.record(w.lock), w.state()
	secret := []string{"8351", "%!", c.Characters(), fmt.Sprint(rec.RequestKey()), "request", "chain"}
	for _, v := range []any{p, &p, c, &c, rec, &rec, *state, state, []any{p, c}, struct{ P lockcode.PIN }{p}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%o", "%b"} {
			for _, s := range secret {
				require.NotContains(t, fmt.Sprintf(verb, v), s, "%T %s", v, verb)
			}
		}
		j, err := json.Marshal(v)
		if err == nil {
			for _, s := range secret {
				require.NotContains(t, string(j), s)
			}
		}
	}
	// In somebody's unexported field no method of ours is called.
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x"} {
		require.NotRegexp(t, `\b(8351|(0x)?209f)\b`, fmt.Sprintf(verb, struct{ p lockcode.PIN }{p}), verb)
	}
	err := w.user.Do(ctx, w.lock, other(t, w.userPIN, 1), open("front"))
	require.NotContains(t, err.Error(), w.userPIN.Digits())
	_ = w.verify(w.junk(), open("front"))
	for _, e := range w.events {
		// A time and a device have digits of their own.
		text := strings.NewReplacer(e.Time.String(), "", e.Device.String(), "").Replace(fmt.Sprintf("%+v", e))
		require.NotContains(t, text, w.userPIN.Digits())
	}
}

func TestPIN(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "1", "123", "12345", "12 4", "-123", "+123", "１２３４", "12a4"} {
		_, err := lockcode.ParsePIN(s)
		require.ErrorIs(t, err, lockcode.ErrMalformedPIN, "%q", s)
	}
	require.Equal(t, "0007", pin(t, "0007").Digits())
	require.Empty(t, lockcode.PIN{}.Digits())
	require.True(t, lockcode.PIN{}.Weak(), "no PIN is no good one")
	for _, s := range []string{"0000", "1111", "1212", "1122", "1221", "1112", "2111", "1234", "4321", "0123", "9012", "2468", "8642",
		"1984", "2026", "0102", "3112", "1231", "2580", "1397", "1590"} {
		require.True(t, pin(t, s).Weak(), s)
	}
	for _, s := range []string{"7306", "4907", "8153", "6027", "3816", "9284"} {
		require.False(t, pin(t, s).Weak(), s)
	}
}

func TestConfigs(t *testing.T) {
	t.Parallel()
	s := newSite(t, "lock-1")
	good := lockcode.ControllerConfig{LockID: "l", Store: s.keys, PINs: s, Rights: s, Doors: s}
	_, err := lockcode.NewController(good)
	require.NoError(t, err)
	for _, change := range []func(c *lockcode.ControllerConfig){
		func(c *lockcode.ControllerConfig) { c.LockID = "" },
		func(c *lockcode.ControllerConfig) { c.LockID = strings.Repeat("x", 65) },
		func(c *lockcode.ControllerConfig) { c.LockID = "a\nb" },
		func(c *lockcode.ControllerConfig) { c.LockID = "a\xff" },
		func(c *lockcode.ControllerConfig) { c.Store = nil },
		func(c *lockcode.ControllerConfig) { c.PINs = nil },
		func(c *lockcode.ControllerConfig) { c.Rights = nil },
		func(c *lockcode.ControllerConfig) { c.Doors = nil },
	} {
		bad := good
		change(&bad)
		_, err := lockcode.NewController(bad)
		require.Error(t, err)
	}
	for _, bad := range []lockcode.AppConfig{{}, {Relay: s}, {Relay: s, Keys: newPhone(t, "u", s.clock, s).keys, Name: strings.Repeat("x", 41)}} {
		_, err := lockcode.NewApp(bad)
		require.Error(t, err)
	}
}
