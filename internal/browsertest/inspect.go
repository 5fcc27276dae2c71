package browsertest

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// artefacts names the environment variable with the folder that pictures of the
// pages go to.
const artefacts = "LATCHKEY_ARTEFACTS"

// narrow is as wide as the reflow of WCAG 2.2, success criterion 1.4.10, goes.
const narrow = 320

// Inspect fails the test if something is wrong with the page: what axe-core finds,
// in light and in dark, and what is cut off on a narrow window or with large text.
// The name is what its pictures are called.
func (w *Window) Inspect(name string) {
	w.t.Helper()
	if w.scriptless {
		// What the page did without is not needed any more.
		w.scripts(true)
		defer w.scripts(false)
	}
	world, err := w.axeWorld()
	if err != nil {
		w.fatalf("starting axe-core: %v", err)
	}
	var problems []string
	add := func(where string, found []string) {
		for _, f := range found {
			problems = append(problems, where+": "+f)
		}
	}
	add("1280 px", w.findings(world, allRules))
	w.picture(name + "-1280")
	dark := &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"}
	w.Media("", dark)
	add("dark", w.findings(world, contrastRules))

	w.Resize(narrow)
	add("320 px", Eval[[]string](w, cutOff))
	w.picture(name + "-320-dark")
	w.Media("")
	Eval[chromedp.Void](w, `document.documentElement.style.fontSize = "200%"`)
	add("320 px, text of 200 %", Eval[[]string](w, cutOff))
	w.Resize(1280)
	add("text of 200 %", Eval[[]string](w, cutOff))
	Eval[chromedp.Void](w, `document.documentElement.style.removeProperty("font-size")`)
	if len(problems) > 0 {
		w.t.Errorf("%s:\n%s", name, strings.Join(problems, "\n"))
	}
}

// cutOff finds what reaches over the edge of the page, or of a box that hides what
// is outside of it or has a line around it. What is for screen readers only is
// meant to be out of sight.
const cutOff = `(() => {
	const found = [], page = document.scrollingElement;
	const say = (e, why) => found.push(why + ": " + e.outerHTML.slice(0, 120).replaceAll(/\s+/g, " "));
	if (page.scrollWidth > innerWidth) found.push("the page scrolls sideways: " + page.scrollWidth + " px");
	for (const e of document.body.querySelectorAll("*")) {
		const box = e.getBoundingClientRect(), style = getComputedStyle(e);
		if (e.closest(".skip, .hidden, svg") || !box.width || !e.checkVisibility()) continue;
		if (box.right > innerWidth + 1 || box.left < -1) say(e, "beyond the edge");
		if (style.display === "inline" || e.matches("input, textarea")) continue; // which scroll
		const edged = style.overflowX !== "visible" || style.borderRightStyle !== "none";
		if (edged && e.scrollWidth > e.clientWidth + 1) say(e, "wider than its box");
		if (style.overflowY !== "visible" && e.scrollHeight > e.clientHeight + 1) say(e, "higher than its box");
	}
	return found;
})()`

// picture keeps a picture of the whole page, if pictures are wanted.
func (w *Window) picture(name string) {
	w.t.Helper()
	folder := os.Getenv(artefacts)
	if folder == "" {
		return
	}
	png := run(w, chromedp.FullScreenshot(100))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// Picture returns a picture of the one element that a selector finds, three times
// as large as it is: at its own size, the modules of a QR code are of unequal
// width, and one code in 200 can't be read.
func (w *Window) Picture(selector string) []byte {
	w.t.Helper()
	return run(w, chromedp.ScreenshotScale(chromedp.CSS(selector), 3))
}
