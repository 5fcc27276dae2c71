package main

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var twoWays = []way{{id: "W01", what: "one", stores: true}, {id: "W02", what: "two"}}

// log is what go test -json writes for tests that end with a result each.
func log(tests ...string) string {
	var b strings.Builder
	for i := range len(tests) / 2 {
		fmt.Fprintf(&b, `{"Action":"run","Package":"p","Test":"%s"}`+"\n", tests[2*i])
	}
	for i := range len(tests) / 2 {
		fmt.Fprintf(&b, `{"Action":"output","Package":"p","Test":"%s","Output":"said\n"}`+"\n", tests[2*i])
		fmt.Fprintf(&b, `{"Action":"%s","Package":"p","Test":"%s"}`+"\n", tests[2*i+1], tests[2*i])
	}
	return b.String()
}

func TestShow(t *testing.T) {
	t.Parallel()
	good := log("TestBypass_W01_X", "pass", "TestBypass_W01_X/memory", "pass", "TestBypass_W01_X/a_case/redis", "pass", "TestBypass_W02_Y", "pass")
	for name, c := range map[string]struct {
		in    string
		skips bool
		row   string // of W01, without its first columns
		wrong string
	}{
		"all is well": {in: good, row: "pass pass -"},
		"one of many fails": {
			in:  good + log("TestBypass_W01_Z", "fail", "TestBypass_W01_Z/redis", "fail", "TestBypass_W01_Z/memory", "pass"),
			row: "pass FAIL -", wrong: "W01 failed: redis",
		},
		"skipped":             {in: good + log("TestBypass_W01_Z/redis", "skip"), row: "pass skip -", wrong: "W01 was skipped: redis"},
		"skipped with leave":  {in: good + log("TestBypass_W01_Z/redis", "skip"), skips: true, row: "pass skip -"},
		"no store":            {in: good + log("TestBypass_W01_Z", "pass"), row: "pass pass pass"},
		"a store is missing":  {in: log("TestBypass_W01_X/memory", "pass", "TestBypass_W02_Y", "pass"), row: "pass - -", wrong: "W01 has no test: redis"},
		"an id is missing":    {in: log("TestBypass_W01_X/memory", "pass", "TestBypass_W01_X/redis", "pass"), row: "pass pass -", wrong: "W02 has no test"},
		"two ids":             {in: log("TestBypass_W01_W02_X/memory", "pass", "TestBypass_W01_W02_X/redis", "pass"), row: "pass pass -"},
		"an id in the name":   {in: good + log("TestBypass_W02_NotW01_W01", "pass"), row: "pass pass -"},
		"it never ended":      {in: good + `{"Action":"run","Package":"p","Test":"TestBypass_W01_Z/redis"}`, row: "pass FAIL -", wrong: "W01 failed: redis"},
		"it doesn't compile":  {in: good + `{"Action":"build-fail","ImportPath":"q"}`, row: "pass pass -", wrong: "failed: q"},
		"the test itself did": {in: good + log("TestBypass_W01_Z", "fail") + `{"Action":"fail","Package":"p"}`, row: "pass pass FAIL", wrong: "W01 failed: other"},
		"lines of others":     {in: "go: downloading\n" + good, row: "pass pass -"},
		"nothing":             {in: "", row: "- - -", wrong: "W01 has no test: memory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stores := []string{"memory", "redis"}
			r, err := read(strings.NewReader(c.in), stores)
			require.NoError(t, err)
			var out strings.Builder
			err = show(&out, twoWays, stores, r, c.skips)
			if c.wrong == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.wrong)
			}
			line := strings.Split(out.String(), "\n")[1]
			require.Equal(t, strings.Fields("W01 one "+c.row), strings.Fields(line))
			require.Equal(t, strings.Contains(c.row, "FAIL") && name != "it never ended", strings.Contains(out.String(), "said"))
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	ways, err := parse(list)
	require.NoError(t, err)
	require.Len(t, ways, 55)
	for _, bad := range []string{"W01 stores", "W02 stores x y", "W01 other x", "one stores x"} {
		_, err := parse(bad)
		require.Error(t, err, bad)
	}
	require.NoError(t, show(io.Discard, nil, nil, &results{}, false))
}

func TestPackages(t *testing.T) {
	t.Parallel()
	found, err := packages("../..")
	require.NoError(t, err)
	require.Subset(t, found, []string{"./twofactor", "./twofactor/twofactorhttp", "./otpcode"})
	require.NotContains(t, found, "./lockcode")
}
