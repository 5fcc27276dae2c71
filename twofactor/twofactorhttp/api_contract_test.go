package twofactorhttp_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// A need is what a line of the contract asks of whoever calls it.
type need int

const (
	login   need = iota // a login that waits for its code
	session             // any session, also one that can only enroll
	grant               // that, and a fresh proof
	member              // a session that is signed in, and a fresh proof
)

// contract has each line of the contract, with its need and a body of every field
// that it takes, or nil where it takes none. The path in place of {id} is "x".
var contract = map[string]struct {
	need need
	body fields
}{
	"GET login":              {login, nil},
	"POST login/send":        {login, fields{"method": "x"}},
	"POST login/verify":      {login, fields{"method": "x", "code": "123456", "codes": []string{"123456"}, "remember_device": true, "device_name": "x"}},
	"POST login/lost-device": {login, fields{"last_digits": "5678"}},
	"POST login/cancel":      {login, nil},

	"GET settings":    {session, nil},
	"POST grant":      {session, fields{"password": secretPassword, "method": "x", "code": "123456", "codes": []string{"123456"}}},
	"POST grant/send": {session, fields{"method": "x"}},

	"POST enrollments":              {grant, fields{"kind": "totp", "name": "x", "phone": "0412345678", "method": "x"}},
	"GET enrollments/{id}/qr.png":   {grant, nil},
	"GET enrollments/{id}/qr.svg":   {grant, nil},
	"POST enrollments/{id}/send":    {grant, nil},
	"POST enrollments/{id}/confirm": {grant, fields{"code": "123456"}},
	"PUT phone":                     {grant, fields{"number": "0412345678"}},
	"DELETE phone":                  {grant, nil},
	"POST phone/send":               {grant, nil},
	"POST phone/verify":             {grant, fields{"code": "123456"}},

	"PATCH methods/{id}":  {member, fields{"name": "x"}},
	"DELETE methods/{id}": {member, nil},
	"PUT enabled":         {member, fields{"enabled": true}},
	"POST recovery-codes": {member, nil},
	"DELETE devices":      {member, nil},
	"DELETE devices/{id}": {member, nil},
}

// pathOf is an address of a route.
func pathOf(r twofactorhttp.Route) string { return strings.ReplaceAll(r.Path, "{id}", "x") }

// A new route needs a line in the table above, and is in all tests then.
func TestAPIRoutesAreTheContract(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range twofactorhttp.Routes() {
		names = append(names, r.Method+" "+r.Path)
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(contract)), names)
}

// The documentation has each line with its fields.
func TestAPIContractIsDocumented(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	require.NoError(t, err)
	documented := documentedRoutes(file.Doc)
	for name, row := range contract {
		require.Contains(t, documented, name)
		require.ElementsMatch(t, slices.Collect(maps.Keys(row.body)), documented[name], name)
	}
	require.Len(t, documented, len(contract))
}

var (
	documentedRoute = regexp.MustCompile(`(?m)^\t(GET|POST|PUT|PATCH|DELETE) +(\S+)(.*)$`)
	documentedBody  = regexp.MustCompile(`\{.*\}`) // or two of them
	documentedField = regexp.MustCompile(`[a-z_]+`)
)

// documentedRoutes are the routes of a package's documentation, with their fields.
func documentedRoutes(doc *ast.CommentGroup) map[string][]string {
	routes := make(map[string][]string)
	for _, m := range documentedRoute.FindAllStringSubmatch(doc.Text(), -1) {
		body := strings.ReplaceAll(documentedBody.FindString(m[3]), "} or {", " ")
		routes[m[1]+" "+m[2]] = documentedField.FindAllString(body, -1)
	}
	return routes
}
