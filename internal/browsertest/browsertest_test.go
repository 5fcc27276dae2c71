package browsertest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/browsertest"
	"github.com/stretchr/testify/require"
)

// good is a page about which there is nothing to say.
const good = `<!DOCTYPE html><html lang="en"><head><title>Good</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body { background: Canvas; color: CanvasText; overflow-wrap: anywhere } * { box-sizing: border-box; max-width: 100% }
:focus-visible { outline: 3px solid }</style></head>
<body><main><h1>Good</h1><form><p><label>Name <input name="name" autocomplete="name"></label></p>
<p><button>Send</button></p></form></main></body></html>`

// TestInspect shows pages with one thing that is wrong.
func TestInspect(t *testing.T) {
	t.Parallel()
	browsertest.NeedAxe(t)
	chromium := browsertest.Start(t)
	inspect := func(w *browsertest.Window) { w.Inspect("page") }
	pages := http.NewServeMux()
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	// One window for all, since a window takes longer than what is done in it.
	r := &recorder{TB: t}
	w := chromium.Window(r, server.URL)
	var complaints []string
	for _, test := range []struct {
		name     string
		old, new string                      // what is put in place of what
		do       func(w *browsertest.Window) // or nothing, where the browser itself complains
		want     string                      // to be said
	}{
		{"good", "", "", inspect, ""},
		{"no label", `<label>Name <input name="name" autocomplete="name"></label>`, `<input name="name">`, inspect, "axe-core: label"},
		{"no language", ` lang="en"`, ``, inspect, "axe-core: html-has-lang"},
		{"hardly to be read", "</style>", "h1 { color: light-dark(#ccc, #fff) }</style>", inspect, "1280 px: axe-core: color-contrast"},
		{"hardly to be read in the dark", "</style>", "h1 { color: light-dark(#000, #333) }</style>", inspect, "dark: axe-core: color-contrast"},
		{"too wide for a phone", "</style>", "form { min-width: 400px }</style>", inspect, "320 px: the page scrolls sideways"},
		{"text that grows out of its box", "</style>", "h1 { height: 3rem; height: 50px; overflow: hidden }</style>", inspect, "200 %: higher than its box"},
		{"error on the console", "</body>", "<script>console.error('oh')</script></body>", nil, "oh"},
		{"exception", "</body>", "<script>throw new Error('ah')</script></body>", nil, "ah"},
		{"against the policy", "<title>", `<meta http-equiv="Content-Security-Policy" content="script-src 'none'"><script>1</script><title>`, nil, "Content Security Policy"},
		{"missing picture", "</form>", `</form><img alt="Nothing" src="/missing">`, nil, "status 404"},
		{"label of nothing", "<button>", `<label for="nothing">Name</label><button>`, nil, "GenericIssue"},
		{"focus that nobody sees", "outline: 3px solid", "outline: none", func(w *browsertest.Window) { w.Tab("Send") }, "nobody sees"},
		{"way of the keyboard", "", "", func(w *browsertest.Window) { w.Tab("Send") }, ""},
		{"nothing of that name", "<button>Send", "<button>Go", func(w *browsertest.Window) { w.Tab("Send") }, "doesn't lead to"},
		{"another status", "", "", func(w *browsertest.Window) { w.Refused(403) }, "another status than 403"},
	} {
		path := "/" + url.PathEscape(test.name)
		require.Contains(t, good, test.old)
		page := strings.Replace(good, test.old, test.new, 1)
		pages.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
		r.do(func() {
			w.Open(path)
			if test.do != nil {
				test.do(w)
			}
		})
		said := r.take()
		switch {
		case test.do == nil:
			require.Empty(t, said, test.name)
			complaints = append(complaints, test.want)
		case test.want == "":
			require.Empty(t, said, test.name)
		default:
			require.Contains(t, said, test.want, test.name)
		}
	}
	for _, clean := range slices.Backward(r.cleanup) {
		clean()
	}
	said := r.take()
	for _, want := range complaints {
		require.Contains(t, said, want)
	}
}

// A recorder keeps failures to itself.
type recorder struct {
	testing.TB
	said    string
	cleanup []func()
}

// do does something that may end the test.
func (r *recorder) do(what func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		what()
	}()
	<-done
}

func (r *recorder) take() string {
	defer func() { r.said = "" }()
	return r.said
}

func (r *recorder) Errorf(format string, args ...any) { r.said += fmt.Sprintf(format, args...) + "\n" }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Logf(string, ...any) {}

func (r *recorder) Cleanup(f func()) { r.cleanup = append(r.cleanup, f) }
