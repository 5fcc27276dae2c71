package lockcode_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// What is damaged in a store is refused when it is read, field by field.
func TestDamagedFields(t *testing.T) {
	t.Parallel()
	short := base64.StdEncoding.EncodeToString([]byte("short"))
	bytesOf := func(field string) (string, string) {
		return `"` + field + `":"[^"]*"`, `"` + field + `":"` + short + `"`
	}
	for file, fields := range map[string][]string{
		"lockstate": {"key", "confirmed", "salt", "pin", "id", "print", "chain", "request", "sid", "device"},
		"apprecord": {"device", "epoch", "public", "print", "chain", "request"},
	} {
		golden, err := os.ReadFile("testdata/" + file + ".golden")
		require.NoError(t, err)
		read := func(b string) error {
			if file == "lockstate" {
				return new(lockcode.LockState).UnmarshalBinary([]byte(b))
			}
			return new(lockcode.AppRecord).UnmarshalBinary([]byte(b))
		}
		spoil := map[string]string{}
		for _, f := range fields {
			old, bad := bytesOf(f)
			spoil[old] = bad
		}
		if file == "lockstate" {
			spoil[`"claim":\d+`] = `"claim":-1`
			spoil[`"owner":"olga"`] = `"owner":"nobody"`
			spoil[`"mode":3`] = `"mode":1`
			spoil[`"secret":"P0A62"`] = `"secret":"P0A62P"`
			spoil[`"pending":\[\{"user":"ute"`] = `"pending":[{"user":""`
			spoil[`"name":"ute's phone"`] = `"name":"` + strings.Repeat("x", 41) + `"`
			spoil[`"fails":1`] = `"fails":-1`
			spoil[`"spent":1`] = `"spent":-1`
			spoil[`"since":\d+`] = `"since":-1`
			spoil[`"day":20777`] = `"day":-1`
			spoil[`"proven":true`] = `"round":-1,"proven":true`
			spoil[`,"proven":true`] = `,"wrong":-1,"proven":true`
			spoil[`"proven":(true)`] = `"wrong_day":-1,"proven":true`
			spoil[`"(proven)":true`] = `"wrong_today":-1,"proven":true`
			spoil[`"until":\d+`] = `"until":1,"day":-1`
			spoil[`"until":(\d+)`] = `"until":1,"sent":-1`
			spoil[`"ute":\{"salt"`] = `"ute\n":{"salt"`
			spoil[`"owner":"olga",`] = ``
			spoil[`"owner":"olga","confirmed":"[^"]*"`] = `"owner":"nobody"`
			spoil[`"ute":\{.*\}\},"pending"`] = `"ute":null},"pending"`
			spoil[`"pending":\[.*\]`] = `"pending":[null]`
			spoil[`"day":20776`] = `"day":-9223372036854775808`
		} else {
			spoil[`"ctr":\d+`] = `"ctr":-1`
			spoil[`"lock":"lock-1"`] = `"lock":"a\nb"`
			spoil[`"user":"ute"`] = `"user":""`
		}
		for old, bad := range spoil {
			at := regexp.MustCompile(old).FindAllStringIndex(string(golden), -1)
			require.NotEmpty(t, at, old)
			for _, i := range at {
				text := string(golden[:i[0]]) + bad + string(golden[i[1]:])
				require.ErrorIs(t, read(text), lockcode.ErrState, "%s: %s", file, bad)
			}
		}
		require.NoError(t, read(string(golden)))
	}
}

// Lists have an end, and a controller whose button was never pressed has none of
// them. No such state is written either.
func TestStatesThatGrewTooLong(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("testdata/lockstate.golden")
	require.NoError(t, err)
	text := string(golden)
	part := func(pattern string) string {
		t.Helper()
		found := regexp.MustCompile(pattern).FindStringSubmatch(text)
		require.Len(t, found, 2, pattern)
		return found[1]
	}
	user, pending := part(`"ute":(\{.*\}\]\})\},"pending"`), part(`"pending":\[(.*)\]`)
	device, notice := part(`"ute":.*"devices":\[(.*)\]\}\},"pending"`), part(`"notices":\[(\{[^}]*\})\]`)
	list := func(n int, item func(i int) string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = item(i)
		}
		return strings.Join(items, ",")
	}
	times := func(n int, item string) string { return list(n, func(int) string { return item }) }
	users := func(n int) string { return list(n, func(i int) string { return fmt.Sprintf(`"a%03d":%s`, i, user) }) }
	uses := func(n int) string { return list(n, func(i int) string { return fmt.Sprintf(`"1:%03d":7`, i) }) }
	for name, c := range map[string]struct {
		old string
		fit func(n int) string
		max int
	}{
		"users":    {`"users":{`, func(n int) string { return `"users":{` + users(n-2) + "," }, 256},
		"pairings": {pending, func(n int) string { return times(n, pending) }, lockcode.MaxPendingList},
		"devices":  {device, func(n int) string { return times(n, device) }, 4},
		"notices":  {notice, func(n int) string { return times(n, notice) }, lockcode.MaxNotices},
		"uses":     {`"used":{}`, func(n int) string { return `"used":{` + uses(n) + "}" }, lockcode.MaxUsed},
	} {
		state := func(n int) string { return strings.Replace(text, c.old, c.fit(n), 1) }
		require.NoError(t, new(lockcode.LockState).UnmarshalBinary([]byte(state(c.max))), name)
		require.ErrorIs(t, new(lockcode.LockState).UnmarshalBinary([]byte(state(c.max+1))), lockcode.ErrState, name)
	}
	none := strings.Replace(text, device, "", 1)
	require.ErrorIs(t, new(lockcode.LockState).UnmarshalBinary([]byte(none)), lockcode.ErrState, "a user without a device")
	null := strings.Replace(text, device, "null", 1)
	require.ErrorIs(t, new(lockcode.LockState).UnmarshalBinary([]byte(null)), lockcode.ErrState, "a device that is none")

	fresh, err := new(lockcode.LockState).MarshalBinary()
	require.NoError(t, err)
	require.NoError(t, new(lockcode.LockState).UnmarshalBinary(fresh))
	for old, bad := range map[string]string{
		`"key":null`:     `"key":"` + part(`"key":"([^"]*)"`) + `"`,
		`"users":null`:   `"users":{"ute":` + user + `}`,
		`"pending":null`: `"pending":[` + pending + `]`,
		`"claim":0`:      `"claim":0,"owner":"ute"`,
		`"budget":{}`:    `"confirmed":"` + part(`"confirmed":"([^"]*)"`) + `","budget":{}`,
	} {
		require.Contains(t, string(fresh), old)
		text := strings.Replace(string(fresh), old, bad, 1)
		require.ErrorIs(t, new(lockcode.LockState).UnmarshalBinary([]byte(text)), lockcode.ErrState, bad)
	}
}
