package main

import (
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/browsertest"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// stories are what people do on the pages. Each has a site of its own.
var stories = map[string]func(s *stage){
	"access": walkAccess, "crm": walkCRM, "hosting": walkHosting, "twostep": walkTwoStep, "strict": walkStrict,
	"password": walkPassword, "keyboard": walkKeyboard, "three codes": walkThreeCodes, "errors": walkErrors,
}

// TestBrowser walks the pages with Chromium, and has axe-core look at each page in
// each of its states.
func TestBrowser(t *testing.T) {
	t.Parallel()
	browsertest.NeedAxe(t)
	chromium := browsertest.Start(t)
	seen := new(gallery)
	walked := 0
	t.Run("story", func(t *testing.T) {
		for name, story := range stories {
			t.Run(name, func(t *testing.T) {
				walked++
				t.Parallel()
				story(&stage{t, chromium, seen})
			})
		}
	})
	if walked == len(stories) && !t.Failed() {
		seen.requireAll(t)
	}
}

// A stage is where a story plays.
type stage struct {
	*testing.T
	chromium *browsertest.Browser
	seen     *gallery
}

// A gallery knows which pages were looked at.
type gallery struct {
	mu        sync.Mutex
	shown     map[string]bool // patterns of routes that answered with a page
	inspected map[string]bool // those that were looked at, and names of templates
}

func mark(set *map[string]bool, what string) {
	if *set == nil {
		*set = make(map[string]bool)
	}
	(*set)[what] = true
}

// noPages are routes that show nothing to people.
var noPages = []string{"GET /style.css", "GET /icon.svg", "GET /outbox.json", "GET /api/me"}

// requireAll fails the test if a page was forgotten: a route, or a template.
func (g *gallery) requireAll(t *testing.T) {
	t.Helper()
	a := newSite(t, "access").app
	for _, r := range a.routes() {
		if strings.HasPrefix(r.pattern, "GET ") && !slices.Contains(noPages, r.pattern) {
			require.True(t, g.inspected[r.pattern], "no story looks at the page of %s", r.pattern)
		}
	}
	for pattern := range g.shown {
		require.True(t, g.inspected[pattern], "no story looks at the page that %s answers with", pattern)
	}
	for name := range maps.Keys(a.pages.byName) {
		if name != "layout" {
			require.True(t, g.inspected["template "+name], "no story looks at the page %s", name)
		}
	}
}

// routeHeader tells the test which route a page is of.
const routeHeader = "Latchkey-Test-Route"

// site is the app behind a server that browsers reach. Browsers keep cookies by
// their own clock, so that the site's begins at the same time.
func (s *stage) site(product string, changes ...func(*config)) *site {
	s.Helper()
	clock := twofactortest.NewClock(time.Now())
	site := newSite(s.T, product, append(changes, func(c *config) { c.now = clock.Now })...)
	site.clock = clock
	mux := http.NewServeMux()
	for _, r := range site.app.routes() {
		mux.Handle(r.pattern, http.NotFoundHandler()) // only to ask which it is
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		w.Header().Set(routeHeader, pattern)
		site.app.handler.ServeHTTP(w, r)
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			s.seen.mu.Lock()
			defer s.seen.mu.Unlock()
			mark(&s.seen.shown, pattern)
		}
	}))
	s.Cleanup(server.Close)
	site.url = server.URL
	return site
}

// A window is a browser of a person.
type window struct {
	*browsertest.Window
	*site
	seen *gallery
}

func (s *stage) window(site *site) *window {
	return &window{s.chromium.Window(s, site.url), site, s.seen}
}

// look has the page inspected. Its name begins with that of the template.
func (w *window) look(name string) {
	w.t.Helper()
	w.Inspect(name)
	template, _, _ := strings.Cut(name, ".")
	w.seen.mu.Lock()
	defer w.seen.mu.Unlock()
	mark(&w.seen.inspected, w.Header(routeHeader))
	mark(&w.seen.inspected, "template "+template)
}

// at wants the window to be at a page.
func (w *window) at(path string) {
	w.t.Helper()
	require.Equal(w.t, path, w.Path(), w.Text())
}

// tells wants a sentence above the page that screen readers say without being asked.
func (w *window) tells(text string) {
	w.t.Helper()
	said := browsertest.Eval[string](w.Window, `document.querySelector("[role=status]")?.innerText ?? ""`)
	require.Contains(w.t, said, text, w.Text())
}

// objects wants a sentence of what is wrong: one that screen readers say at once,
// that belongs to a field unless label is empty, and that the title tells of.
func (w *window) objects(text, label string) {
	w.t.Helper()
	said := browsertest.Eval[string](w.Window, `document.querySelector("[role=alert]")?.innerText ?? ""`)
	require.Contains(w.t, said, text, w.Text())
	require.True(w.t, strings.HasPrefix(w.Title(), "Problem: "), w.Title())
	if label != "" {
		require.Contains(w.t, w.Description(label), text)
	}
}

// signIn enters the password of a demo user.
func (w *window) signIn(name string) {
	w.t.Helper()
	w.Open("/sign-in")
	w.Fill("Mail address", name+"@example.com")
	w.Fill("Password", name+"-demo-password")
	w.Press("Sign in")
}

// confirmPassword gives the fresh proof of a user without a second factor.
func (w *window) confirmPassword(name string) {
	w.t.Helper()
	w.Open("/settings")
	w.Fill("Your password", name+"-demo-password")
	w.Press("Confirm")
	w.tells("five minutes")
}

// scan photographs the QR code of a set-up with an authenticator app.
func (w *window) scan() *twofactortest.Phone {
	w.t.Helper()
	phone, err := twofactortest.ScanPhone(w.Picture(".qr img"))
	require.NoError(w.t, err)
	return phone
}

// setUpApp sets up an authenticator app.
func (w *window) setUpApp() *twofactortest.Phone {
	w.t.Helper()
	w.Press("Set up the app")
	phone := w.scan()
	w.Fill("Code", phone.Code(w.clock.Now()))
	w.Press("Confirm")
	return phone
}

// next is a code that the phone has not shown before.
func (w *window) next(phone *twofactortest.Phone) string {
	w.clock.Advance(30 * time.Second)
	return phone.Code(w.clock.Now())
}

// message is the newest code to an address or number, on the page for it.
func (w *window) message(to string) string {
	w.t.Helper()
	require.NoError(w.t, w.app.service.Drain(w.t.Context()))
	articles := strings.Split(w.browser().get("/outbox").body, "<article")
	for _, text := range slices.Backward(articles) {
		if c := sixDigits.FindString(text); strings.Contains(html.UnescapeString(text), " to <strong>"+to+"<") && c != "" {
			return c
		}
	}
	w.t.Fatalf("no code was sent to %s", to)
	return ""
}

// recoveryCodes reads the codes of the page that shows them once.
func (w *window) recoveryCodes() []string {
	w.t.Helper()
	codes := browsertest.Eval[[]string](w.Window, `[...document.querySelectorAll(".codes code")].map(e => e.innerText)`)
	for _, c := range codes {
		require.Regexp(w.t, regexp.MustCompile(`^([0-9A-Z]{5}-){4}[0-9A-Z]{5}$`), c)
	}
	return codes
}
