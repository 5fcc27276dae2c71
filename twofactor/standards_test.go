package twofactor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// The tables of STANDARDS.md, by their first lines.
const (
	standardsSummary = "| source | rows | met | switch | app | not met | doesn't concern it |"
	standardsAnswers = "| row | what it asks | answer | shown by |"
	standardsOutside = "| row | doesn't concern this library, because |"
)

// standardsKinds are the answers, in the order of the summary's columns.
var standardsKinds = []string{"Met", "Switch", "App", "Not met", "outside"}

// switches are the types whose fields a product chooses by.
var switches = map[string]reflect.Type{
	"Policy": reflect.TypeFor[twofactor.Policy](), "Config": reflect.TypeFor[twofactor.Config](),
	"GuardConfig": reflect.TypeFor[twofactor.GuardConfig](), "otpcode.Config": reflect.TypeFor[otpcode.Config](),
	"twofactorhttp.Config": reflect.TypeFor[twofactorhttp.Config](),
}

var (
	standardsAnswer = regexp.MustCompile(`^\*\*(Met|Switch|App|Not met)\*\*: [^*]+\.$`)
	standardsTests  = regexp.MustCompile(`^(\[\w+\]\([\w./]+\)(, |$))*$`)
	standardsTest   = regexp.MustCompile(`\[(\w+)\]\(([\w./]+)\)`)
	standardsField  = regexp.MustCompile("`([A-Za-z.]+\\.[A-Z]\\w*)`")
)

// What STANDARDS.md says is so: every row has one answer, every claim a test that
// is there, every switch a field, and the rows are as many as the page says.
func TestStandards(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("STANDARDS.md")
	require.NoError(t, err)
	page := readStandards(t, string(text))
	tests := make(map[string]map[string]bool)
	ids := make(map[string]bool)
	counts := make(map[string]map[string]int)
	for _, row := range page.rows {
		require.False(t, ids[row[1]], "%s is there twice", row[1])
		ids[row[1]] = true
		if counts[row[0]] == nil {
			counts[row[0]] = make(map[string]int)
		}
		if len(row) == 3 {
			require.Regexp(t, `\.$`, row[2], row[1])
			counts[row[0]]["outside"]++
			continue
		}
		kind := checkStandard(t, row)
		counts[row[0]][kind]++
		for _, m := range standardsTest.FindAllStringSubmatch(row[4], -1) {
			dir := filepath.FromSlash(m[2])
			if tests[dir] == nil {
				tests[dir] = testsIn(t, dir)
			}
			require.True(t, tests[dir][m[1]], "%s: there is no %s in %s", row[1], m[1], m[2])
		}
	}
	page.compare(t, counts)
}

// standards is the page: rows of source, id and the other cells, and what its
// summary says.
type standards struct {
	rows    [][]string
	summary map[string][]string
	sources []string
}

// readStandards takes the tables out of the page. A line of a table that is in no
// table it knows is an error, so that no row is lost by a slip of the pen.
func readStandards(t *testing.T, text string) *standards {
	t.Helper()
	page := &standards{summary: make(map[string][]string)}
	source, table := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			source = heading
			page.sources = append(page.sources, heading)
		}
		switch {
		case line == standardsSummary, line == standardsAnswers, line == standardsOutside:
			require.Empty(t, table, line)
			table = line
		case !strings.HasPrefix(line, "|"):
			require.NotContains(t, line, " | ", "a row outside of its table")
			table = ""
		case strings.HasPrefix(line, "|---"):
			require.Equal(t, strings.Count(table, "|"), strings.Count(line, "|"), "%s %s", table, line)
		default:
			cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | ")
			require.NotEmpty(t, table, line)
			require.Len(t, cells, strings.Count(table, "|")-1, line)
			if table == standardsSummary {
				page.summary[cells[0]] = cells[1:]
			} else {
				require.NotEmpty(t, source, line)
				page.rows = append(page.rows, append([]string{source}, cells...))
			}
		}
	}
	return page
}

// checkStandard looks at one row by itself, and returns its answer.
func checkStandard(t *testing.T, row []string) string {
	t.Helper()
	id, asks, answer, shown := row[1], row[2], row[3], strings.TrimSpace(row[4])
	require.LessOrEqual(t, len(strings.Fields(asks)), 15, id)
	m := standardsAnswer.FindStringSubmatch(answer)
	require.NotNil(t, m, "%s has no answer, or more than one: %s", id, answer)
	require.Regexp(t, standardsTests, shown, id)
	kind := m[1]
	if kind == "Met" || kind == "Switch" {
		require.NotEmpty(t, shown, "%s is shown by nothing", id)
	}
	fields := standardsField.FindAllStringSubmatch(answer, -1)
	require.False(t, kind == "Switch" && len(fields) == 0, "%s names no field", id)
	for _, f := range fields {
		if kind == "Switch" || strings.HasPrefix(f[1], "Policy.") {
			require.True(t, isField(f[1]), "%s: %s is no field", id, f[1])
		}
	}
	return kind
}

// isField reports whether a name such as Policy.Trust.Kinds is an exported field.
func isField(name string) bool {
	for root, typ := range switches {
		path, ok := strings.CutPrefix(name, root+".")
		for part := range strings.SplitSeq(path, ".") {
			f, found := reflect.StructField{}, false
			if ok && typ.Kind() == reflect.Struct {
				f, found = typ.FieldByName(part)
			}
			ok = found && f.IsExported()
			typ = f.Type
		}
		if ok {
			return true
		}
	}
	return false
}

// testsIn are the tests and fuzz tests of a package.
func testsIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, dir)
	out := make(map[string]bool)
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || len(fn.Type.Params.List) != 1 {
				continue
			}
			p, ok := fn.Type.Params.List[0].Type.(*ast.StarExpr)
			if ok && (strings.HasPrefix(fn.Name.Name, "Test") && dotted(p.X) == "testing.T" ||
				strings.HasPrefix(fn.Name.Name, "Fuzz") && dotted(p.X) == "testing.F") {
				out[fn.Name.Name] = true
			}
		}
	}
	return out
}

// compare holds the rows against the page's summary.
func (page *standards) compare(t *testing.T, counts map[string]map[string]int) {
	t.Helper()
	require.Len(t, page.summary, len(page.sources)+1)
	totals := make([]int, len(standardsKinds)+1)
	for _, source := range page.sources {
		anchor := strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(source), ""), " ", "-")
		said := page.summary["["+source+"](#"+anchor+")"]
		require.NotNil(t, said, "the summary has no %s", source)
		all := 0
		for i, kind := range standardsKinds {
			n := counts[source][kind]
			require.Equal(t, said[i+1], strconv.Itoa(n), "%s: %s", source, kind)
			totals[i+1] += n
			all += n
		}
		require.Equal(t, said[0], strconv.Itoa(all), source)
		totals[0] += all
	}
	for i, n := range totals {
		require.Equal(t, page.summary["all"][i], strconv.Itoa(n), "in all")
	}
}
