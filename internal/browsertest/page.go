package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Roles of what pages are made of, as browsers tell them to screen readers.
const (
	button   = "button"
	link     = "link"
	field    = "textbox"
	checkbox = "checkbox"
	summary  = "DisclosureTriangle"
)

// Open goes to a page of the site.
func (w *Window) Open(path string) {
	w.t.Helper()
	w.loads(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Navigate(w.site+path)(ctx, t)
		return err
	}))
}

// loads does something that leads to another page, and waits until that is there.
func (w *Window) loads(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, steps...); err != nil {
		w.fatalf("waiting for a page: %v", err)
	}
}

// Reload shows the page anew.
func (w *Window) Reload() {
	w.t.Helper()
	w.loads(chromedp.Reload())
}

// Press presses a button and waits for the page that it leads to.
func (w *Window) Press(name string) {
	w.t.Helper()
	w.loads(w.click(button, name))
}

// Click presses a button that leads to no other page.
func (w *Window) Click(name string) {
	w.t.Helper()
	w.do(w.click(button, name))
}

// Follow follows a link and waits for the page that it leads to.
func (w *Window) Follow(name string) {
	w.t.Helper()
	w.loads(w.click(link, name))
}

// Unfold shows what is below a summary.
func (w *Window) Unfold(name string) {
	w.t.Helper()
	w.do(w.click(summary, name))
}

// Tick ticks a box.
func (w *Window) Tick(name string) {
	w.t.Helper()
	w.do(w.click(checkbox, name))
}

// Fill writes a text into the field with a label, in place of what is there.
func (w *Window) Fill(label, text string) {
	w.t.Helper()
	id := w.find(field, label)
	w.do(
		call(dom.Focus, dom.FocusParams{BackendNodeID: id}),
		call(input.DispatchKeyEvent, input.DispatchKeyEventParams{
			Type: input.DispatchKeyEventTypeRawKeyDown, Commands: []string{"selectAll", "deleteBackward"},
		}),
		call(input.InsertText, input.InsertTextParams{Text: text}),
	)
}

// Has says whether the page has something with a role and a name.
func (w *Window) Has(role, name string) bool {
	w.t.Helper()
	return len(w.query(role, name)) > 0
}

// Await waits until a script has brought something with a role and a name.
func (w *Window) Await(role, name string) {
	w.t.Helper()
	w.find(role, name)
}

// AwaitText waits until a script has brought a text.
func (w *Window) AwaitText(text string) {
	w.t.Helper()
	if !w.until(func() bool { return strings.Contains(w.Text(), text) }) {
		w.fatalf("the page never says %q", text)
	}
}

// Description is what is told of a field besides its label, such as an error.
func (w *Window) Description(label string) string {
	w.t.Helper()
	w.find(field, label)
	if d := w.query(field, label)[0].Description; d != nil {
		return text(d)
	}
	return ""
}

// find waits for something with a role and a name, of which there may be one.
func (w *Window) find(role, name string) cdp.BackendNodeID {
	w.t.Helper()
	var found []*accessibility.Node
	if !w.until(func() bool {
		found = w.query(role, name)
		return len(found) == 1
	}) {
		w.fatalf("the page has %d of %s %q", len(found), role, name)
	}
	return found[0].BackendDOMNodeID
}

// until looks again and again whether something has come true.
func (w *Window) until(is func() bool) bool {
	ctx, cancel := context.WithTimeout(w.ctx, patience/3)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// query returns what screen readers tell of the things with a role and a name. A
// name that ends with … stands for all that begin so.
func (w *Window) query(role, name string) []*accessibility.Node {
	w.t.Helper()
	return run(w, func(ctx context.Context, t *chromedp.Target) ([]*accessibility.Node, error) {
		document, err := cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
		if err != nil {
			return nil, err
		}
		asked := accessibility.QueryAXTreeParams{ObjectID: document.Result.ObjectID, Role: role}
		start, isStart := strings.CutSuffix(name, "…")
		if !isStart {
			asked.AccessibleName = name
		}
		all, err := cdp.Call(ctx, t, accessibility.QueryAXTree, asked)
		if err != nil {
			return nil, err
		}
		var told []*accessibility.Node
		for _, n := range all.Nodes {
			if !n.Ignored && (!isStart || n.Name != nil && strings.HasPrefix(text(n.Name), start)) {
				told = append(told, n)
			}
		}
		return told, nil
	})
}

func text(v *accessibility.Value) string {
	var s string
	_ = json.Unmarshal(v.Value, &s) // of another type it is no text
	return s
}

// click presses the mouse in the middle of something.
func (w *Window) click(role, name string) chromedp.Action[chromedp.Void] {
	w.t.Helper()
	id := w.find(role, name)
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: id}); err != nil {
			return err
		}
		quads, err := cdp.Call(ctx, t, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: id})
		if err != nil {
			return err
		}
		if len(quads.Quads) == 0 {
			return fmt.Errorf("%s %q can't be seen", role, name)
		}
		q := quads.Quads[0] // of the first line, if there are more
		_, err = chromedp.MouseClickXY((q[0]+q[4])/2, (q[1]+q[5])/2)(ctx, t)
		return err
	})
}

// Text is all that can be read on the page.
func (w *Window) Text() string {
	w.t.Helper()
	return Eval[string](w, "document.body.innerText")
}

// Title is the page's title.
func (w *Window) Title() string {
	w.t.Helper()
	return Eval[string](w, "document.title")
}

// Path is the path of the page's address, with the query.
func (w *Window) Path() string {
	w.t.Helper()
	return strings.TrimPrefix(Eval[string](w, "location.href"), w.site)
}

// Status is the status that the page came with.
func (w *Window) Status() int64 {
	w.t.Helper()
	return w.page().Status
}

// Eval evaluates an expression in the page.
func Eval[T any](w *Window, expression string) T {
	w.t.Helper()
	return run(w, chromedp.Evaluate[T](expression))
}

// ClearCookies forgets the site's cookies, as a browser does that is erased.
func (w *Window) ClearCookies() {
	w.t.Helper()
	w.do(call(network.ClearBrowserCookies, cdp.Empty{}))
}
