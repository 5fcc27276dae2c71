// Bypasses runs the tests that each known way around a second factor has, on
// every store that the library ships, and shows what came of it.
//
//	go run ./.ci/bypasses [-skips] [-race] [-json file]
//
// The ways are in bypasses.txt; the tests of W15 are those whose names begin with
// TestBypass_W15_. Columns are stores; "other" is for tests without one. Exit
// code 1 says that a test failed, that a way has no test where it should have one,
// or, unless -skips allows it, that a test was skipped. LATCHKEY_STORES=memory
// leaves out all stores but those it names.
package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/latchkey-auth/latchkey/internal/realserver"
)

//go:embed bypasses.txt
var list string

func main() {
	skips := flag.Bool("skips", false, "allow tests to be skipped, where a server is missing")
	race := flag.Bool("race", false, "with the race detector")
	from := flag.String("json", "", "run nothing, and read what go test -json has written to this file")
	flag.Parse()
	if err := run(*from, *race, *skips); err != nil {
		fmt.Fprintln(os.Stderr, "bypasses:", err)
		os.Exit(1)
	}
}

func run(from string, race, skips bool) error {
	ways, err := parse(list)
	if err != nil {
		return err
	}
	var out []byte
	if from != "" {
		out, err = os.ReadFile(from)
	} else {
		out, err = test(race)
	}
	if err != nil {
		return err
	}
	var stores []string
	for _, s := range realserver.All() {
		stores = append(stores, s.Name)
	}
	r, err := read(bytes.NewReader(out), stores)
	if err != nil {
		return err
	}
	return show(os.Stdout, ways, stores, r, skips)
}

// A way is a line of bypasses.txt.
type way struct {
	id, what string
	stores   bool // its tests run on every one
}

func parse(text string) (ways []way, err error) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != fmt.Sprintf("W%02d", len(ways)+1) || f[1] != "stores" && f[1] != "code" {
			return nil, fmt.Errorf("bypasses.txt: %q", line)
		}
		ways = append(ways, way{id: f[0], stores: f[1] == "stores", what: strings.Join(f[2:], " ")})
	}
	return ways, nil
}

// test runs all tests of bypasses in the packages that have some. What they print
// goes nowhere but into the result.
func test(race bool) ([]byte, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the module: %w", err)
	}
	dir := strings.TrimSpace(string(root))
	packages, err := packages(dir)
	if err != nil {
		return nil, err
	}
	args := []string{"test", "-json", "-count=1", "-timeout=60m", "-run=^TestBypass_W"}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, packages...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		err = nil // which tests did is in what it printed
	}
	return out, err
}

var declaration = regexp.MustCompile(`(?m)^func TestBypass_W\d\d`)

// packages are the folders below root with tests of bypasses.
func packages(root string) ([]string, error) {
	found := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && declaration.Match(text) {
			var rel string
			rel, err = filepath.Rel(root, filepath.Dir(path))
			found["./"+filepath.ToSlash(rel)] = true
		}
		return err
	})
	return slices.Sorted(maps.Keys(found)), err
}

// The results of tests, the worst last.
const (
	none = iota
	passed
	skipped
	failed
)

var words = []string{"-", "pass", "skip", "FAIL"}

// Results are what came of the tests: by id and store, and of which tests went
// wrong, what they printed.
type results struct {
	cells map[[2]string]int
	said  map[string]string
	notes []string // of packages that failed without a test that did
}

const other = "other"

// read reads what go test -json wrote.
func read(in io.Reader, stores []string) (*results, error) {
	type test struct {
		result int
		parent bool
		said   strings.Builder
	}
	tests := make(map[string]*test) // by package and name
	r := &results{cells: make(map[[2]string]int), said: make(map[string]string)}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var e struct{ Action, Package, ImportPath, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // not of go test itself
		}
		if e.Test == "" {
			if e.Action == "fail" || e.Action == "build-fail" {
				r.notes = append(r.notes, e.Package+e.ImportPath)
			}
			continue
		}
		name := e.Package + " " + e.Test
		t := tests[name]
		if t == nil {
			// One that never ends has failed.
			t = &test{result: failed}
			tests[name] = t
		}
		switch e.Action {
		case "run":
			for i := range e.Test {
				if parent := tests[e.Package+" "+e.Test[:i]]; e.Test[i] == '/' && parent != nil {
					parent.parent = true
				}
			}
		case "output":
			t.said.WriteString(e.Output)
		case "pass":
			t.result = passed
		case "skip":
			t.result = skipped
		}
	}
	for name, t := range tests {
		if t.result == failed {
			r.said[name] = t.said.String()
		}
		if t.parent && t.result != failed {
			continue // its subtests count
		}
		_, name, _ := strings.Cut(name, " ")
		where := other
		path := strings.Split(name, "/")
		for _, part := range path[1:] {
			if slices.Contains(stores, part) {
				where = part
			}
		}
		if t.parent && where == other {
			continue // what failed in it has a cell of its own, or is a note
		}
		for _, id := range ids(path[0]) {
			cell := [2]string{id, where}
			r.cells[cell] = max(r.cells[cell], t.result)
		}
	}
	return r, lines.Err()
}

var id = regexp.MustCompile(`^_(W\d\d)`)

// ids are those in the name of a test: TestBypass_W01_W02_OtherCodes has two.
func ids(test string) (out []string) {
	rest, ok := strings.CutPrefix(test, "TestBypass")
	for ok {
		m := id.FindStringSubmatch(rest)
		if ok = m != nil; ok {
			out = append(out, m[1])
			rest = rest[len(m[0]):]
		}
	}
	return out
}

// show prints the table, and says what is wrong with it.
func show(out io.Writer, ways []way, stores []string, r *results, skips bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	columns := append(slices.Clone(stores), other)
	fmt.Fprintln(w, strings.Join(slices.Concat([]string{"id", "what would be wrong"}, columns), "\t"))
	var wrong []string
	count := make(map[int]int)
	for _, way := range ways {
		fmt.Fprintf(w, "%s\t%s", way.id, way.what)
		best := none
		for _, c := range columns {
			result := r.cells[[2]string{way.id, c}]
			fmt.Fprintf(w, "\t%s", words[result])
			count[result]++
			best = max(best, result)
			switch {
			case result == failed:
				wrong = append(wrong, way.id+" failed: "+c)
			case result == skipped && !skips:
				wrong = append(wrong, way.id+" was skipped: "+c)
			case result == none && way.stores && c != other:
				wrong = append(wrong, way.id+" has no test: "+c)
			}
		}
		fmt.Fprintln(w)
		if best == none && !way.stores {
			wrong = append(wrong, way.id+" has no test")
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(r.said)) {
		fmt.Fprintf(out, "\n%s:\n%s", name, r.said[name])
	}
	for _, pkg := range r.notes {
		wrong = append(wrong, "failed: "+pkg)
	}
	fmt.Fprintf(out, "\n%d ways in, %d cells passed, %d skipped, %d failed\n", len(ways), count[passed], count[skipped], count[failed])
	if len(wrong) > 0 {
		return errors.New("not every way is shown to be closed:\n" + strings.Join(wrong, "\n"))
	}
	return nil
}
