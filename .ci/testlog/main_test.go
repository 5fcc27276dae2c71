package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	pass    = `{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}` + "\n" + `{"Action":"output","Package":"p","Test":"TestA","Output":"--- PASS: TestA (0.00s)\n"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"output","Package":"p","Output":"ok  \tp\t0.01s\n"}` + "\n" + `{"Action":"pass","Package":"p"}` + "\n"
	missing = `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:9: missing binary: postgres\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestB"}` + "\n"
	silent  = `{"Action":"skip","Package":"p","Test":"TestC"}` + "\n"
	listed  = `{"Action":"output","Package":"p","Test":"TestD","Output":"    d_test.go:9: not a twofactor.Lister\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestD"}` + "\n"
	empty   = `{"Action":"output","Package":"q","Output":"?   \tq\t[no test files]\n"}` + "\n" + `{"Action":"skip","Package":"q"}` + "\n"
	fail    = `{"Action":"output","Package":"p","Test":"TestE","Output":"    e_test.go:9: one is not two\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestE"}` + "\n"
	build   = `{"ImportPath":"r","Action":"build-output","Output":"r/x.go:1: undefined: y\n"}` + "\n" + `{"ImportPath":"r","Action":"build-fail"}` + "\n"
)

func TestRun(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ in, err string }{
		"all is well":         {pass + listed + empty, ""},
		"other lines":         {"go: downloading x\n" + pass, ""},
		"a missing program":   {pass + missing, "p.TestB: missing binary: postgres"},
		"no reason":           {pass + silent, "p.TestC: no reason given"},
		"a failure":           {fail + pass, "1 failed:\n\np.TestE\n    e_test.go:9: one is not two"},
		"it doesn't compile":  {pass + build, "1 failed:\n\nr\nr/x.go:1: undefined: y"},
		"nothing ran":         {empty, "no test ran"},
		"nothing at all":      {"", "no test ran"},
		"only what is listed": {listed, "no test ran"},
	} {
		var out bytes.Buffer
		err := run(strings.NewReader(row.in), &out)
		if row.err == "" {
			require.NoError(t, err, name)
			require.Contains(t, out.String(), "--- PASS: TestA")
			require.Contains(t, out.String(), "ok  \tp")
			require.NotContains(t, out.String(), "=== RUN")
		} else {
			require.ErrorContains(t, err, row.err, name)
		}
	}
}
