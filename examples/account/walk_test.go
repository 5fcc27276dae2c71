package main

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A need is what a route asks of whoever calls it, and a form that then would do
// something.
type need struct {
	who   who
	proof bool // a fresh one, too
	form  string
}

// needs has every route of the app. A new one is refused by the tests until its
// need is written down here, on purpose and beside that of all others.
var needs = map[string]need{
	"GET /{$}":       {who: signedIn},
	"GET /style.css": {who: anyone},
	"GET /icon.svg":  {who: anyone},

	"GET /sign-in":                  {who: anyone},
	"POST /sign-in":                 {who: anyone},
	"POST /sign-out":                {who: anyone},
	"GET /second-step":              {who: anyone},
	"POST /second-step":             {who: anyone, form: "code=000000"},
	"POST /second-step/send":        {who: anyone, form: "method=x"},
	"POST /second-step/lost-device": {who: anyone, form: "last_digits=5678"},
	"POST /second-step/cancel":      {who: anyone},

	"GET /forgot-password":  {who: anyone},
	"POST /forgot-password": {who: anyone, form: "user=alice@example.com"},
	"GET /reset-password":   {who: anyone},
	"POST /reset-password":  {who: anyone, form: "reset=x&new=another-password"},
	"GET /password":         {who: signedIn},
	"POST /password":        {who: signedIn, form: "old=alice-demo-password&new=another-password"},

	"GET /settings":                           {who: enrolling},
	"POST /settings/grant":                    {who: enrolling, form: "password=alice-demo-password"},
	"POST /settings/grant/send":               {who: enrolling, form: "method=x"},
	"POST /settings/enrollments":              {who: enrolling, proof: true, form: "kind=email"},
	"GET /settings/enrollments/{id}":          {who: enrolling, proof: true},
	"POST /settings/enrollments/{id}/send":    {who: enrolling, proof: true},
	"POST /settings/enrollments/{id}/confirm": {who: enrolling, proof: true, form: "code=000000"},
	"POST /settings/phone":                    {who: enrolling, proof: true, form: "phone=0498765432"},
	"POST /settings/phone/send":               {who: enrolling, proof: true},
	"POST /settings/phone/verify":             {who: enrolling, proof: true, form: "phone_code=000000"},
	"POST /settings/phone/delete":             {who: enrolling, proof: true},
	"POST /settings/recovery-codes/text":      {who: enrolling},
	"POST /settings/recovery-codes":           {who: signedIn, proof: true},
	"POST /settings/methods/{id}/rename":      {who: signedIn, proof: true, form: "name=mine"},
	"POST /settings/methods/{id}/remove":      {who: signedIn, proof: true},
	"POST /settings/enabled":                  {who: signedIn, proof: true, form: "enabled=false"},
	"POST /settings/devices/{id}/revoke":      {who: signedIn, proof: true},
	"POST /settings/devices/revoke":           {who: signedIn, proof: true},

	"GET /admin":        {who: administrators},
	"POST /admin/reset": {who: freshAdmins, form: "user=alice@example.com&reason=walk"},

	"POST /api/sign-in":     {who: anyone},
	"POST /api/sign-out":    {who: anyone},
	"GET /api/me":           {who: signedIn},
	"POST /api/password":    {who: signedIn, form: `{"old":"alice-demo-password","new":"another-password"}`},
	"POST /api/admin/reset": {who: freshAdmins, form: `{"user":"alice@example.com","reason":"walk"}`},

	"GET /outbox":      {who: anyone},
	"GET /outbox.json": {who: anyone},

	"/2fa/": {who: anyone}, // its lines are in contract
}

// A row is a line of the JSON contract.
type row struct {
	method, path string
	who          who  // signedIn or enrolling
	login        bool // it is for a login that waits for its code
}

// contract are the lines of the JSON contract, as its package documents them; a
// test there holds the documentation to what is served.
var contract = func() []row {
	file, err := parser.ParseFile(token.NewFileSet(), "../../twofactor/twofactorhttp/doc.go", nil, parser.ParseComments)
	if err != nil {
		panic(err)
	}
	var rows []row
	who := enrolling
	for _, m := range regexp.MustCompile(`(?m)^\t([A-Z]+) +(\S+)`).FindAllStringSubmatch(file.Doc.Text(), -1) {
		if strings.HasPrefix(m[2], "methods") {
			who = signedIn // "those from methods on take a session that is signed in"
		}
		rows = append(rows, row{m[1], m[2], who, strings.HasPrefix(m[2], "login")})
	}
	return rows
}()

// A call is a request of the walk.
type call struct {
	need
	method, path, kind string
	api                bool
	login              bool // of the JSON contract's first half
}

// calls are requests for all routes, those of the JSON contract included, with
// an id in its place.
func (s *site) calls(id string) map[string]call {
	all := make(map[string]call)
	for _, r := range s.app.routes() {
		method, path, ok := strings.Cut(r.pattern, " ")
		if !ok {
			continue // the contract
		}
		c := call{need: needs[r.pattern], method: method, kind: "application/x-www-form-urlencoded"}
		c.path = strings.NewReplacer("{$}", "", "{id}", id).Replace(path)
		if c.api = strings.HasPrefix(path, "/api/"); c.api {
			c.kind = "application/json"
		}
		all[r.pattern] = c
	}
	for _, r := range contract {
		all[r.method+" /2fa/"+r.path] = call{
			need: need{who: r.who, form: "{}"}, method: r.method, path: "/2fa/" + strings.ReplaceAll(r.path, "{id}", id),
			kind: "application/json", api: true, login: r.login,
		}
	}
	return all
}

func (b *browser) call(c call, header ...string) answer {
	b.t.Helper()
	return b.do(c.method, c.path, c.kind, c.form, header...)
}

// still makes a browser that shows redirects.
func (b *browser) still() *browser {
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// enrolled sets up an authenticator app for alice.
func (s *site) enrolled() *browser {
	s.t.Helper()
	b := s.browser()
	b.signIn("alice")
	b.grant("alice")
	b.phone()
	return b
}

// A countingStore knows how often something was written.
type countingStore struct {
	memory.Store
	saves atomic.Int64
}

func (s *countingStore) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	s.saves.Add(1)
	return s.Store.Save(ctx, key, old, data)
}

func counted(store *countingStore) func(*config) { return func(c *config) { c.store = store } }

// unwritten fails if something is written while do runs.
func (s *site) unwritten(store *countingStore, name string, do func()) {
	s.t.Helper()
	require.NoError(s.t, s.app.drain(s.t.Context()))
	before := store.saves.Load()
	do()
	require.NoError(s.t, s.app.drain(s.t.Context()))
	require.Equal(s.t, before, store.saves.Load(), "%s wrote something", name)
}

// There are the routes of the table and no others: the one mux gets its patterns
// in one place, and all of them have a need.
func TestEveryRouteHasANeed(t *testing.T) {
	t.Parallel()
	var patterns []string
	for _, r := range newSite(t, "access").app.routes() {
		patterns = append(patterns, r.pattern)
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(needs)), patterns)
	require.GreaterOrEqual(t, len(contract), 23)

	var handled []string
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if use, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Handle", "HandleFunc", "NewServeMux", "DefaultServeMux"}, use.Sel.Name) {
				handled = append(handled, name+" "+use.Sel.Name)
			}
			return true
		})
	}
	require.ElementsMatch(t, []string{"routes.go NewServeMux", "routes.go Handle"}, handled)
}

// TestBypass_W30_W31_W32_W35_EveryRoute walks all routes with less than they need.
func TestBypass_W30_W31_W32_W35_EveryRoute(t *testing.T) {
	t.Parallel()
	stores := [2]countingStore{}
	access, required := newSite(t, "access", counted(&stores[0])), newSite(t, "strict", counted(&stores[1]))
	access.enrolled()
	for name, state := range map[string]struct {
		site  *site
		store *countingStore
		enter func(t *testing.T) *browser
	}{
		"nobody": {access, &stores[0], func(*testing.T) *browser { return access.browser() }},
		"pending": {access, &stores[0], func(t *testing.T) *browser {
			b := access.browser()
			require.Equal(t, statusSecondFactor, b.signIn("alice"))
			return b
		}},
		"enrolling": {required, &stores[1], func(t *testing.T) *browser {
			b := required.browser()
			require.Equal(t, statusEnrollmentRequired, b.signIn("bob"))
			return b
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for pattern, c := range state.site.calls("x") {
				b := state.enter(t).still()
				if c.who == anyone || c.login || c.who == enrolling && name == "enrolling" {
					require.Less(t, b.call(c).status, 500, pattern)
					b.api("GET", "/api/me", nil, 401) // nobody gets any further by it
					continue
				}
				var got answer
				state.site.unwritten(state.store, pattern, func() { got = b.call(c) })
				b.api("GET", "/api/me", nil, 401)
				if c.api {
					require.Equal(t, 401, got.status, pattern)
					require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
					continue
				}
				want := "/sign-in?note=ended"
				if name == "enrolling" {
					want = "/settings"
				}
				require.Equal(t, 303, got.status, "%s: %s", pattern, got.body)
				require.Equal(t, want, got.header.Get("Location"), pattern)
			}
		})
	}
}

// TestBypass_W36_EveryRouteWithAnOldProof walks what takes a fresh proof with
// one that is a second too old, and with none.
func TestBypass_W36_EveryRouteWithAnOldProof(t *testing.T) {
	t.Parallel()
	store := new(countingStore)
	s := newSite(t, "access", counted(store))
	old := s.enrolled().still()
	method := old.api("GET", "/2fa/settings", nil, 200)["methods"].([]any)[0].(fields)["id"].(string)
	admin := s.browser().still()
	admin.signIn("admin")
	admin.grant("admin")
	admin.phone()
	s.clock.Advance(5*time.Minute + time.Second)
	none := s.browser().still() // who has given no proof at all
	none.signIn("bob")

	walked := 0
	for pattern, c := range s.calls(method) {
		who := []*browser{old, none}
		if c.who == freshAdmins {
			who = []*browser{admin}
		} else if !c.proof {
			continue
		}
		walked++
		for _, b := range who {
			s.unwritten(store, pattern, func() {
				got := b.call(c)
				if c.api {
					require.Equal(t, 403, got.status, pattern)
					require.Contains(t, got.body, `"reason":"grant_required"`, pattern)
					return
				}
				require.Equal(t, 303, got.status, "%s: %s", pattern, got.body)
				require.Contains(t, []string{"/settings", "/admin"}, got.header.Get("Location"), pattern)
				page := b.get(got.header.Get("Location")).body
				require.Regexp(t, `role="alert"`, page, pattern)
			})
		}
	}
	require.Greater(t, walked, 15)
}

// TestBypass_W32_EveryRouteOfSomeoneElse walks all routes with a session and a
// fresh proof that are another user's, and with ids that aren't.
func TestBypass_W32_EveryRouteOfSomeoneElse(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	alice := s.enrolled()
	before := alice.api("GET", "/2fa/settings", nil, 200)
	method := before["methods"].([]any)[0].(fields)["id"].(string)
	open := alice.api("POST", "/2fa/enrollments", fields{"kind": "email"}, 201)["id"].(string)

	for _, id := range []string{method, open} {
		for pattern, c := range s.calls(id) {
			if c.who == anyone || c.login {
				continue
			}
			b := s.browser().still()
			require.Equal(t, statusSignedIn, b.signIn("bob"))
			b.grant("bob")
			got := b.call(c)
			require.Less(t, got.status, 500, pattern)
			require.NotContains(t, got.body, "otpauth:", pattern)
			if c.who == administrators || c.who == freshAdmins {
				require.Equal(t, 403, got.status, "%s: %s", pattern, got.body)
			}
		}
	}
	require.Equal(t, before, alice.api("GET", "/2fa/settings", nil, 200))
	require.Equal(t, statusSecondFactor, s.browser().signIn("alice"))
}
