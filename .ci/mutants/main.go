// Mutants breaks the code in one way after the other, and sees that the test
// that is there for it fails. A check that can't fail proves nothing.
//
//	go run ./.ci/mutants [-run regexp] [-v]
//
// Each text file beside this one is a mutant. Nothing is copied or changed: the
// go command sees the broken file in the place of the good one (its flag
// -overlay). Exit code 1 says that a mutant survived, no longer applies, doesn't
// compile, or that a test fails on the code as it is.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
)

func main() {
	only := flag.String("run", "", "only the mutants whose name or id matches")
	verbose := flag.Bool("v", false, "print what the tests print")
	flag.Parse()
	bad, err := run(regexp.MustCompile(*only), *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || bad > 0 {
		os.Exit(1)
	}
}

func run(only *regexp.Regexp, verbose bool) (bad int, err error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return 0, fmt.Errorf("finding the module: %w", err)
	}
	root := strings.TrimSpace(string(out))
	paths, err := filepath.Glob(filepath.Join(root, ".ci", "mutants", "*.txt"))
	if err != nil {
		return 0, err
	}
	temp, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(temp)
	var all []*mutant
	for _, path := range paths {
		m, err := read(path)
		if err != nil {
			return 0, err
		}
		if only.MatchString(m.name) || only.MatchString(m.id) {
			all = append(all, m)
		}
	}
	bad = sound(root, all)
	var mu sync.Mutex
	var wg sync.WaitGroup
	places := make(chan struct{}, max(1, runtime.NumCPU()/2))
	for _, m := range all {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			printed, err := m.run(root, temp)
			mu.Lock()
			defer mu.Unlock()
			what := "caught"
			if err != nil {
				bad++
				what = err.Error()
			}
			fmt.Printf("%-9s %-4s %s: %s\n", what, m.id, m.name, m.why)
			if verbose || err != nil {
				fmt.Println(printed)
			}
		})
	}
	wg.Wait()
	fmt.Printf("%d mutants, %d of them not caught\n", len(all), bad)
	return bad, nil
}

// run lets the test look at the broken code.
func (m *mutant) run(root, temp string) (printed string, err error) {
	files, err := m.apply(root)
	if err != nil {
		return "", fmt.Errorf("DOES NOT APPLY: %w", err)
	}
	replace := make(map[string]string)
	for path, text := range files {
		broken := filepath.Join(temp, m.name+"-"+filepath.Base(path))
		if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = broken
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list := filepath.Join(temp, m.name+".json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", err
	}
	out, failed := test(root, m.pkg, "^"+m.test, "-overlay="+list)
	return out, verdict(failed, out)
}

// sound returns how many packages have a test that fails on the code as it is.
func sound(root string, all []*mutant) (bad int) {
	tests := make(map[string][]string)
	for _, m := range all {
		if !slices.Contains(tests[m.pkg], m.test) {
			tests[m.pkg] = append(tests[m.pkg], m.test)
		}
	}
	for pkg, names := range tests {
		if out, failed := test(root, pkg, "^("+strings.Join(names, "|")+")"); failed {
			fmt.Println("FAILS ON GOOD CODE", pkg)
			fmt.Println(out)
			bad++
		}
	}
	return bad
}

func test(root, pkg, names string, flags ...string) (out string, failed bool) {
	args := slices.Concat([]string{"test", "-count=1", "-vet=off", "-p=2", "-timeout=120s", "-run=" + names}, flags, []string{pkg})
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "LATCHKEY_ROUNDS=1")
	printed, err := cmd.CombinedOutput()
	return string(printed), err != nil
}
