package browsertest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// A watch keeps what the browser complains about.
type watch struct {
	mu       sync.Mutex
	problems []string
	last     *network.Response // of the page
}

func (w *watch) note(event any) {
	problem := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// Answers with an error are told of below, with their status.
		if e.Entry.Source != log.EntrySourceNetwork && e.Entry.Level != log.EntryLevelVerbose && e.Entry.Level != log.EntryLevelInfo {
			problem = fmt.Sprintf("%s %s: %s", e.Entry.Source, e.Entry.Level, e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		problem = fmt.Sprintf("console.%s:", e.Type)
		for _, arg := range e.Args {
			problem += " " + string(arg.Value) + arg.Description
		}
	case *runtime.EventExceptionThrown:
		problem = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			problem += " " + e.ExceptionDetails.Exception.Description
		}
	case *audits.EventIssueAdded:
		problem = fmt.Sprintf("%s: %+v", e.Issue.Code, e.Issue.Details)
	case *network.EventLoadingFailed:
		if !e.Canceled {
			problem = fmt.Sprintf("a request failed: %s %s", e.ErrorText, e.BlockedReason)
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			w.mu.Lock()
			w.last = e.Response
			w.mu.Unlock()
		}
		if e.Response.Status >= 400 {
			problem = refusal(e.Response)
		}
	}
	if problem != "" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.problems = append(w.problems, problem)
	}
}

func refusal(r *network.Response) string { return fmt.Sprintf("status %d of %s", r.Status, r.URL) }

// taken returns what there is to complain about, once.
func (w *watch) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.problems
	w.problems = nil
	return all
}

// page is the answer that the page came with.
func (w *watch) page() *network.Response {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// Header returns a header of the answer that the page came with.
func (w *Window) Header(name string) string {
	if r := w.page(); r != nil {
		for key, value := range r.Headers {
			if text, ok := value.(string); ok && strings.EqualFold(key, name) {
				return text
			}
		}
	}
	return ""
}

// Refused takes note that the page came with a status that tells of a refusal,
// and fails the test if it didn't.
func (w *Window) Refused(status int64) {
	w.t.Helper()
	r := w.page()
	if r == nil || r.Status != status {
		w.fatalf("the page has another status than %d: %+v", status, r)
	}
	w.RefusedRequest(refusal(r))
}

// RefusedRequest waits for a request of the page's script to be refused, given as
// "status 403 of http://127.0.0.1/path", and takes note of it.
func (w *Window) RefusedRequest(text string) {
	w.t.Helper()
	if !w.until(func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		i := slices.Index(w.problems, text)
		if i >= 0 {
			w.problems = slices.Delete(w.problems, i, i+1)
		}
		return i >= 0
	}) {
		w.fatalf("no %s", text)
	}
}
