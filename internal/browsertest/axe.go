package browsertest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/latchkey-auth/latchkey/internal/npm"
)

//go:embed testdata/axe/package.json
var packageJSON []byte

//go:embed testdata/axe/package-lock.json
var packageLock []byte

// axe returns the script of axe-core.
var axe = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := npm.Install(ctx, "axe", packageJSON, packageLock); err != nil {
		return "", err
	}
	script, err := os.ReadFile(filepath.Join(npm.Dir("axe", packageLock), "node_modules/axe-core/axe.min.js"))
	return string(script), err
})

// NeedAxe skips the test if axe-core can't be installed here.
func NeedAxe(t testing.TB) {
	t.Helper()
	_, err := axe()
	if errors.Is(err, npm.ErrNotInstalled) || errors.Is(err, exec.ErrNotFound) {
		t.Skipf("missing binary: %v; install with: apt-get install -y nodejs npm", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// allRules are the rules of WCAG 2.2, levels A and AA, the best practices and
// those that axe-core counts as experimental. What it can't decide is told too:
// a page of ours has nothing that has to be looked at by hand. Hidden content isn't
// looked for, since tests inspect it when it is shown.
const allRules = `(async () => {
	const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice", "experimental"];
	const rules = {};
	for (const rule of axe.getRules(tags)) rules[rule.ruleId] = {enabled: rule.ruleId !== "hidden-content"};
	return result(await axe.run(document, {runOnly: {type: "tag", values: tags}, rules}));
})()`

const contrastRules = `(async () => result(await axe.run(document, {runOnly: ["color-contrast", "link-in-text-block"]})))()`

// resultScript makes sentences of what axe-core has found.
const resultScript = `
function result(r) {
	const undecided = r.incomplete.filter(v => v.id !== "css-orientation-lock" || document.styleSheets.length > 0);
	return [...r.violations, ...undecided].flatMap(v => v.nodes.map(n =>
		v.id + ": " + (n.failureSummary ?? v.help).replaceAll(/\s+/g, " ") + " In " + n.html));
}`

// axeWorld is where axe-core runs: in a world of its own beside the page's, which
// the page's content security policy isn't for.
func (w *Window) axeWorld() (runtime.ExecutionContextID, error) {
	script, err := axe()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return 0, err
	}
	world, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{
		FrameID: tree.FrameTree.Frame.ID, WorldName: "axe",
	})
	if err != nil {
		return 0, err
	}
	_, err = chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](script+resultScript, in(world.ExecutionContextID)))
	return world.ExecutionContextID, err
}

func in(world runtime.ExecutionContextID) chromedp.EvaluateOption {
	return func(p *runtime.EvaluateParams) { p.ContextID = world }
}

// findings returns what axe-core has to say about the page.
func (w *Window) findings(world runtime.ExecutionContextID, script string) []string {
	w.t.Helper()
	found := run(w, chromedp.Evaluate[[]string](script, in(world), chromedp.EvalAwaitPromise))
	for i, f := range found {
		found[i] = fmt.Sprintf("axe-core: %s", f)
	}
	return found
}
