package browsertest

import (
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A Focus is what the keyboard acts on.
type Focus struct {
	Tag     string
	Name    string // its text, or the label of a field
	Outline bool   // it is drawn around, so that people see it
	Visible bool   // it is within the window
}

// Focused returns what the keyboard acts on.
func (w *Window) Focused() Focus {
	w.t.Helper()
	return Eval[Focus](w, `(() => {
		const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
		const name = e.labels?.[0] ?? e;
		return {
			tag: e.localName,
			name: (e.getAttribute("aria-label") ?? name.innerText ?? "").trim().replace(/\s+/g, " "),
			outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
			visible: box.width > 0 && box.height > 0 && box.left >= 0 && box.top >= 0 &&
				box.right <= innerWidth && box.bottom <= innerHeight,
		};
	})()`)
}

// AwaitFocus waits until something with this name has the focus. Pages give it a
// moment after they have loaded.
func (w *Window) AwaitFocus(name string) {
	w.t.Helper()
	var f Focus
	if !w.until(func() bool { f = w.Focused(); return f.Name == name }) {
		w.fatalf("not %q has the focus, but %+v", name, f)
	}
}

// Type types into what has the focus.
func (w *Window) Type(text string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(text))
}

// Enter presses the enter key and waits for the page that it leads to.
func (w *Window) Enter() {
	w.t.Helper()
	w.loads(chromedp.KeyEvent(kb.Enter))
}

// Tab presses the tab key until something with this name has the focus, and
// returns all that had it on the way, that included. It fails the test when
// something can't be seen to have the focus.
func (w *Window) Tab(name string) []string {
	w.t.Helper()
	var way []string
	for range 40 {
		w.do(chromedp.KeyEvent(kb.Tab))
		f := w.Focused()
		way = append(way, f.Name)
		if f.Tag == "body" {
			continue // between the page's end and its beginning
		}
		if !f.Outline || !f.Visible {
			w.fatalf("nobody sees that this has the focus: %+v", f)
		}
		if f.Name == name {
			return way
		}
	}
	w.fatalf("the tab key doesn't lead to %q, but to %q", name, way)
	return nil
}
