// Mutants breaks the code in one way after the other, and sees that the test
// that is there for it fails. A check that can't fail proves nothing.
//
//	go run ./.ci/mutants [-run regexp] [-p n] [-for time] [-n] [-v]
//
// Each text file below this folder is a mutant. Nothing is copied or changed: the
// go command sees the broken file in the place of the good one (its flag
// -overlay). Exit code 1 says that a mutant survived, that one is stale (its text
// is no longer there, it doesn't compile, it has no test, or it takes too long),
// or that a test fails on the code as it is.
//
// A line that begins with W15 is about the way in that .ci/bypasses lists under
// that id, and names the test that caught the mutant.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// most is how long one go command may take, with what it has to compile.
const most = 3 * time.Minute

func main() {
	only := flag.String("run", "", "only the mutants whose name, id or package matches")
	places := flag.Int("p", runtime.NumCPU(), "how many to try at once")
	within := flag.Duration("for", 0, "begin no more after this time; which are tried first is drawn by lot")
	dry := flag.Bool("n", false, "only see that each text is still there once")
	verbose := flag.Bool("v", false, "print what the tests print")
	flag.Parse()
	match, err := regexp.Compile(*only)
	if err == nil {
		err = run(match, max(1, *places), *within, *dry, *verbose)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(only *regexp.Regexp, places int, within time.Duration, dry, verbose bool) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("finding the module: %w", err)
	}
	root := strings.TrimSpace(string(out))
	all, err := readAll(filepath.Join(root, ".ci", "mutants"))
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(m *mutant) bool {
		return !only.MatchString(m.name) && !only.MatchString(m.id) && !only.MatchString(m.pkg)
	})
	if len(all) == 0 {
		return errors.New("there are none")
	}
	temp, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)

	if dry {
		return present(all, root)
	}
	var mu sync.Mutex
	count := make(map[string]int)
	each(places, unbroken(all), func(t target) {
		if printed, err := t.test(root); err != nil {
			mu.Lock()
			defer mu.Unlock()
			count["failed"]++
			fmt.Printf("%s: fails on the code as it is: %v\n%s", t.pkg, err, printed)
		}
	})
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	start, late := time.Now(), 0
	each(places, all, func(m *mutant) {
		if within > 0 && time.Since(start) > within {
			// At least see that it still is one.
			verdict, printed := caught, ""
			if _, err := m.apply(root); err != nil {
				verdict, printed = stale, err.Error()+"\n"
			}
			mu.Lock()
			defer mu.Unlock()
			count[verdict]++
			if verdict == caught {
				late++
			}
			if verdict == stale {
				fmt.Printf("%-4s %s: %s: %s\n%s", m.id, m.name, m.why, verdict, printed)
			}
			return
		}
		verdict, printed := m.run(root, temp)
		mu.Lock()
		defer mu.Unlock()
		word, _, _ := strings.Cut(verdict, " ")
		count[word]++
		fmt.Printf("%-4s %s: %s: %s\n", m.id, m.name, m.why, verdict)
		if verbose || word != caught {
			fmt.Print(printed)
		}
	})
	fmt.Printf("%d mutants: %d caught, %d survived, %d stale", len(all), count[caught]-late, count[survived], count[stale])
	if late > 0 {
		fmt.Printf(", and no time for %d", late)
	}
	fmt.Println()
	if count[caught] != len(all) || count["failed"] > 0 {
		return errors.New("not every test does what it is there for")
	}
	return nil
}

// present sees that each mutant still is one.
func present(all []*mutant, root string) error {
	var missing []error
	for _, m := range all {
		if _, err := m.apply(root); err != nil {
			missing = append(missing, fmt.Errorf("%s: %w", m.name, err))
		}
	}
	fmt.Printf("%d mutants, %d stale\n", len(all), len(missing))
	return errors.Join(missing...)
}

// each does something with all of a list, so many at once.
func each[T any](places int, list []T, do func(T)) {
	next := make(chan T)
	var wg sync.WaitGroup
	for range places {
		wg.Go(func() {
			for v := range next {
				do(v)
			}
		})
	}
	for _, v := range list {
		next <- v
	}
	close(next)
	wg.Wait()
}

// readAll reads the mutants in a folder and those in it.
func readAll(folder string) (all []*mutant, err error) {
	return all, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".txt" {
			return err
		}
		m, err := read(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, strings.TrimSuffix(path, ".txt"))
		m.name = filepath.ToSlash(name)
		all = append(all, m)
		return err
	})
}

// A target is what the go command tests: a package, and some of its tests.
type target struct {
	pkg, tests string
	flags      []string
}

// unbroken are the tests of all mutants, to be run on the code as it is.
func unbroken(all []*mutant) []target {
	tests := make(map[string][]string)
	for _, m := range all {
		if !slices.Contains(tests[m.pkg], m.test) {
			tests[m.pkg] = append(tests[m.pkg], m.test)
		}
	}
	var out []target
	for pkg, names := range tests {
		out = append(out, target{pkg: pkg, tests: strings.Join(names, "|")})
	}
	return out
}

func (t target) test(root string) (printed string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	args := slices.Concat([]string{"test", "-count=1", "-vet=off", "-p=1", "-timeout=120s", "-run=" + t.tests}, t.flags, []string{t.pkg})
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(), "LATCHKEY_ROUNDS=1")
	if t.pkg == "./twofactor" {
		// What is broken there is broken on every store.
		cmd.Env = append(cmd.Env, "LATCHKEY_STORES=memory")
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run lets the test look at the broken code.
func (m *mutant) run(root, temp string) (verdict, printed string) {
	files, err := m.apply(root)
	if err != nil {
		return stale + " (" + err.Error() + ")", ""
	}
	replace := make(map[string]string)
	flat := strings.ReplaceAll(m.name, "/", "-")
	for path, text := range files {
		broken := filepath.Join(temp, flat+"-"+filepath.Base(path))
		if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
			return stale + " (" + err.Error() + ")", ""
		}
		replace[path] = broken
	}
	list := filepath.Join(temp, flat+".json")
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(list, overlay, 0o600)
	}
	if err != nil {
		return stale + " (" + err.Error() + ")", ""
	}
	printed, err = target{pkg: m.pkg, tests: m.test, flags: []string{"-overlay=" + list}}.test(root)
	return judge(err == nil, printed), printed
}
