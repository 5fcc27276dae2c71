package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A mutant is one way in which the code could be broken, and the test that has
// to notice.
type mutant struct {
	name  string // of its file
	id    string
	pkg   string
	test  string // how the names of the tests begin
	why   string
	edits []edit
}

// An edit puts one text in the place of another.
type edit struct {
	file, old, new string
}

// read parses the text of a mutant: headers, an empty line, and pairs of
// sections like this:
//
//	-- old twofactor/judge.go --
//	a.purse.back(t.now, price)
//	-- new --
//	a.purse.back(t.now, 99)
func read(path string) (*mutant, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &mutant{name: strings.TrimSuffix(filepath.Base(path), ".txt")}
	headers := map[string]*string{"id": &m.id, "pkg": &m.pkg, "test": &m.test, "why": &m.why}
	var section *string
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		file, isOld := strings.CutPrefix(strings.TrimSuffix(line, " --"), "-- old ")
		switch {
		case isOld:
			m.edits = append(m.edits, edit{file: file})
			section = &m.edits[len(m.edits)-1].old
		case line == "-- new --" && section != nil:
			section = &m.edits[len(m.edits)-1].new
		case section != nil:
			*section += line + "\n"
		case line != "":
			name, value, _ := strings.Cut(line, ": ")
			if headers[name] == nil {
				return nil, fmt.Errorf("%s: no such header: %q", path, line)
			}
			*headers[name] = value
		}
	}
	if m.id == "" || m.pkg == "" || m.test == "" || m.why == "" || len(m.edits) == 0 {
		return nil, fmt.Errorf("%s: id, pkg, test, why and an edit are needed", path)
	}
	return m, nil
}

// apply returns the files that the mutant changes, by their names.
func (m *mutant) apply(root string) (map[string]string, error) {
	out := make(map[string]string)
	for _, e := range m.edits {
		path := filepath.Join(root, filepath.FromSlash(e.file))
		if _, ok := out[path]; !ok {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			out[path] = string(text)
		}
		at := e.pattern().FindAllStringIndex(out[path], -1)
		if len(at) != 1 {
			return nil, fmt.Errorf("%s has the old text %d times", e.file, len(at))
		}
		out[path] = out[path][:at[0][0]] + strings.TrimSpace(e.new) + out[path][at[0][1]:]
	}
	return out, nil
}

// pattern finds the old text wherever it has moved to, however it is indented.
func (e edit) pattern() *regexp.Regexp {
	words := strings.Fields(e.old)
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return regexp.MustCompile(strings.Join(words, `\s+`))
}

// verdict reads what go test printed.
func verdict(failed bool, out string) error {
	switch {
	case strings.Contains(out, "[build failed]"), strings.Contains(out, "[setup failed]"):
		return errors.New("DOES NOT COMPILE")
	case strings.Contains(out, "no tests to run"):
		return errors.New("NO SUCH TEST")
	case strings.Contains(out, "panic: test timed out"):
		return errors.New("TIMED OUT")
	case !failed:
		return errors.New("SURVIVED")
	case !strings.Contains(out, "--- FAIL") && !strings.Contains(out, "panic: ") && !strings.Contains(out, "fatal error: "):
		return errors.New("FAILED OTHERWISE")
	}
	return nil
}
