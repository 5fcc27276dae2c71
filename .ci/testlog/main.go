// Testlog reads what go test -json writes, shows it as go test -v would, and
// fails if a test failed, was skipped without leave, or if there was none. What
// failed stands at the end once more, with all that it said.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// allowed begin the messages of tests that are skipped wherever they run. A
// program that isn't installed is not among them.
var allowed = []string{
	"not a twofactor.Lister",
	"only run by TestKill",
	"only run by the other tests, in a process of its own",
	"set LATCHKEY_UPDATE=1 to ",
	"this backend cannot be ",
	"this backend knows no keys",
	"this is the process to be killed",
	"waits for the suite to lose its patience",
}

// An event is a line of go test -json (see go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output string
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var passed, skipped int
	var failed, refused []string
	said := make(map[string]string) // by each test
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadString('\n')
		if err == io.EOF && line == "" {
			break
		}
		if err != nil && err != io.EOF {
			return err
		}
		var e event
		if json.Unmarshal([]byte(line), &e) != nil {
			fmt.Fprint(out, line) // not of go test itself
			continue
		}
		test := cmp.Or(e.Package, e.ImportPath) + "." + e.Test
		if e.Output != "" && !strings.HasPrefix(e.Output, "=== ") {
			fmt.Fprint(out, e.Output)
			said[test] += e.Output
		}
		switch {
		case e.Action == "fail" || e.Action == "build-fail":
			failed = append(failed, strings.TrimSuffix(test, ".")+"\n"+said[test])
		case e.Test == "":
		case e.Action == "pass":
			passed++
		case e.Action == "skip":
			skipped++
			if why := message(said[test]); !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(why, a) }) {
				refused = append(refused, test+": "+why)
			}
		}
	}
	fmt.Fprintf(out, "\ntests: %d passed, %d skipped, %d failed\n", passed, skipped, len(failed))
	switch {
	case len(failed) > 0:
		return fmt.Errorf("%d failed:\n\n%s", len(failed), strings.Join(failed, "\n"))
	case len(refused) > 0:
		return fmt.Errorf("skipped without leave:\n%s", strings.Join(refused, "\n"))
	case passed == 0:
		return fmt.Errorf("no test ran")
	}
	return nil
}

// message is what a test said of why it is skipped: "    x_test.go:1: message".
func message(said string) string {
	for line := range strings.Lines(said) {
		if _, text, ok := strings.Cut(line, ".go:"); ok {
			if _, text, ok = strings.Cut(text, ": "); ok {
				return strings.TrimSpace(text)
			}
		}
	}
	return "no reason given"
}
