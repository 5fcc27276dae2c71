package browsertest

import (
	"context"
	"os"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Download presses a button that leads to a file, and returns its name and what
// is in it.
func (w *Window) Download(button string) (name string, data []byte) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	folder := w.t.TempDir()
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(w.ctx).BrowserContextID,
		DownloadPath: folder, EventsEnabled: new(true),
	})
	if err != nil {
		w.fatalf("%v", err)
	}
	done := make(chan string, 1)
	err = chromedp.ListenBrowser(ctx, func(event any) {
		if e, ok := event.(*browser.EventDownloadProgress); ok && e.State != browser.DownloadProgressStateInProgress {
			select {
			case done <- string(e.State):
			default:
			}
		}
	})
	if err != nil {
		w.fatalf("%v", err)
	}
	w.Click(button)
	select {
	case state := <-done:
		if state != string(browser.DownloadProgressStateCompleted) {
			w.fatalf("the download was %s", state)
		}
	case <-ctx.Done():
		w.fatalf("nothing was downloaded")
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		w.fatalf("%d files were downloaded: %v", len(files), err)
	}
	if data, err = os.ReadFile(folder + "/" + files[0].Name()); err != nil {
		w.fatalf("%v", err)
	}
	return files[0].Name(), data
}
