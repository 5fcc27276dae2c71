package main

import (
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
	id    string // of the rule that it breaks
	pkg   string
	test  string // what go test -run takes
	why   string // what would be wrong
	edits []edit
}

// An edit puts one text in the place of another. The old text is there once,
// wherever it has moved to and however it is indented.
type edit struct {
	file, old, new string
}

// read parses the text of a mutant: headers, an empty line, and pairs of sections
// like this one, with the file that both are about:
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
	m := new(mutant)
	headers := map[string]*string{"id": &m.id, "pkg": &m.pkg, "test": &m.test, "why": &m.why}
	var section *string
	for line := range strings.Lines(string(text)) {
		file, isOld := strings.CutPrefix(strings.TrimSuffix(strings.TrimSpace(line), " --"), "-- old ")
		name, value, isHeader := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case isOld:
			m.edits = append(m.edits, edit{file: file})
			section = &m.edits[len(m.edits)-1].old
		case strings.TrimSpace(line) == "-- new --" && section != nil:
			section = &m.edits[len(m.edits)-1].new
		case section != nil:
			*section += line
		case strings.TrimSpace(line) == "":
		case !isHeader || headers[name] == nil || *headers[name] != "":
			return nil, fmt.Errorf("%s: %q is no header, or there twice", path, line)
		default:
			*headers[name] = value
		}
	}
	for name, value := range headers {
		if *value == "" {
			return nil, fmt.Errorf("%s: there is no %s", path, name)
		}
	}
	if _, err := regexp.Compile(m.test); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, e := range m.edits {
		if strings.TrimSpace(e.old) == "" || e.old == e.new {
			return nil, fmt.Errorf("%s: an edit changes nothing", path)
		}
	}
	if len(m.edits) == 0 {
		return nil, fmt.Errorf("%s: there is no edit", path)
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

// pattern finds the old text wherever it is.
func (e edit) pattern() *regexp.Regexp {
	words := strings.Fields(e.old)
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return regexp.MustCompile(strings.Join(words, `\s+`))
}

// The words of a verdict.
const (
	caught   = "caught"
	survived = "SURVIVED"
	stale    = "STALE"
)

// judge reads what go test printed. Only a test that failed, or code that
// panicked in one, has caught something.
func judge(passed bool, printed string) string {
	says := func(text string) bool { return strings.Contains(printed, text) }
	switch {
	case says("[build failed]"), says("[setup failed]"):
		return stale + " (it doesn't compile)"
	case says("no tests to run"), says("[no test files]"):
		return stale + " (there is no such test)"
	case passed:
		return survived
	case says("panic: test timed out"):
		return stale + " (it takes too long)"
	case says("--- FAIL"):
		_, after, _ := strings.Cut(printed, "--- FAIL: ")
		test, _, _ := strings.Cut(after, " ")
		return caught + " by " + test
	case says("panic: "), says("fatal error: "):
		return caught + " by a panic"
	}
	return stale + " (the go command failed)"
}
