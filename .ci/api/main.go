// Api lists what the library exports, one line for each name, and compares it
// with the list that is kept beside this file, so that a change of the API can be
// seen, and none happens by accident.
//
//	go run ./.ci/api [-w]
//
// With -w it writes the list anew.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	write := flag.Bool("w", false, "write the list anew")
	flag.Parse()
	if err := run(*write); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(write bool) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("finding the module: %w", err)
	}
	root := strings.TrimSpace(string(out))
	now, err := list(root, "./...")
	if err != nil {
		return err
	}
	file := filepath.Join(root, ".ci", "api", "api.txt")
	if write {
		return os.WriteFile(file, now, 0o644)
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if bytes.Equal(kept, now) {
		return nil
	}
	fmt.Print(changes(string(kept), string(now)))
	return fmt.Errorf("the API is not what %s says; if that is meant, say so in CHANGELOG.md, and go run ./.ci/api -w", file)
}

// changes lists the lines that went and those that came.
func changes(before, after string) string {
	var out strings.Builder
	for _, side := range []struct{ sign, these, those string }{{"- ", before, after}, {"+ ", after, before}} {
		there := make(map[string]bool)
		for line := range strings.Lines(side.those) {
			there[line] = true
		}
		for line := range strings.Lines(side.these) {
			if !there[line] {
				out.WriteString(side.sign + line)
			}
		}
	}
	return out.String()
}
