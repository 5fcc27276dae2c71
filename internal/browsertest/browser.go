package browsertest

import (
	"context"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience bounds each thing that a window does, on a machine that has much else
// to do.
const patience = 30 * time.Second

// A Browser is one process.
type Browser struct{ ctx context.Context }

// Start starts a browser, which ends with t and its subtests.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skipf("missing binary: %v; install with: apt-get install -y chromium", err)
	}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoSandbox}
	for _, flag := range []string{
		"disable-gpu", "disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-default-apps", "disable-extensions", "disable-dev-shm-usage", "disable-breakpad",
		// Windows that are not in front work as fast as the one that is.
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	options = append(options,
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("password-store", "basic"),
		// A new process for almost each page would take most of the time.
		chromedp.Flag("renderer-process-limit", "1"),
		chromedp.Flag("disable-features", "BackForwardCache,SpareRendererForSitePerProcess,Translate,OptimizationHints,MediaRouter"),
	)
	// Not the context of t, which ends before the subtests' clean-up has closed
	// their windows.
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	ctx, closeAll := chromedp.NewContext(ctx)
	t.Cleanup(closeAll)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	return &Browser{ctx}
}

// A Window is a browser to a site: its cookies are its own.
type Window struct {
	t    testing.TB
	ctx  context.Context
	site string

	scriptless bool
	watch
}

// Window opens a window for t. The site is the address that paths are added to.
func (b *Browser) Window(t testing.TB, site string) *Window {
	t.Helper()
	w := &Window{t: t, site: site}
	ctx, closeWindow := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(w.note))
	t.Cleanup(func() {
		closeWindow()
		for _, p := range w.taken() {
			t.Errorf("the browser complains: %s", p)
		}
	})
	w.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // without a time limit, which the window would inherit
		t.Fatalf("opening a window: %v", err)
	}
	w.do(call(audits.Enable, cdp.Empty{}))
	w.Resize(1280)
	return w
}

// call makes an action of a command that returns nothing.
func call[P any](command cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// do does something in a window, or fails the test.
func (w *Window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	run(w, chromedp.Steps(steps...))
}

// run does something in a window and returns what came of it, or fails the test.
func run[T any](w *Window, action chromedp.Action[T]) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		w.fatalf("%v", err)
	}
	return v
}

// fatalf fails the test and says where the window is.
func (w *Window) fatalf(format string, args ...any) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	where, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
	w.t.Logf("the window is at %s", where)
	_, file, line, _ := runtime.Caller(2)
	w.t.Logf("asked for at %s:%d", file, line)
	w.t.Fatalf(format, args...)
}

// Resize makes the page so many pixels wide.
func (w *Window) Resize(width int64) {
	w.t.Helper()
	w.do(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}))
}

// DisableScripts stops all scripts of pages, as some people do.
func (w *Window) DisableScripts() {
	w.t.Helper()
	w.scriptless = true
	w.scripts(false)
}

func (w *Window) scripts(run bool) {
	w.t.Helper()
	w.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run}))
}

// Media shows the page as on another medium, or with other preferences.
func (w *Window) Media(medium string, features ...*emulation.MediaFeature) {
	w.t.Helper()
	w.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium, Features: features}))
}
