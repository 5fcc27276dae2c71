// Package browsertest walks the pages of the examples with Chromium, as people
// do: it finds what it presses and fills in by role and name, as a screen reader
// tells them, and types with a keyboard.
//
// [Start] runs one browser for a test and its subtests. Each [Browser.Window] is
// a browser of its own to the site: it shares no cookies with the others. What
// the browser complains about while a window is open (errors on the console,
// violations of the content security policy, requests that fail, problems of
// forms) fails the test, unless [Window.Refused] has taken note of it.
//
// [Window.Inspect] holds a page to what all pages promise: axe-core finds
// nothing, and neither at 320 pixels nor with text of twice the size is anything
// cut off.
//
// Where Chromium or npm is missing the test is skipped, with a message that
// begins with "missing binary:" and says what to install.
package browsertest
