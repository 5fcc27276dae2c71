package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/browsertest"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// TestBrowser runs the page's script in Chromium, and has axe-core look at each
// of its views.
func TestBrowser(t *testing.T) {
	t.Parallel()
	browsertest.NeedAxe(t)
	chromium := browsertest.Start(t)
	clock := twofactortest.NewClock(time.Now()) // browsers keep cookies by their own
	h, err := handler(clock.Now, bcrypt.MinCost)
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	w := chromium.Window(t, server.URL)
	signIn := func(password string) {
		w.Fill("Name", userName)
		w.Fill("Password", password)
		w.Click("Sign in")
	}
	// refused takes note of a request that the script makes to see where it stands.
	refused := func(what string) { w.RefusedRequest("status " + what[:3] + " of " + server.URL + what[4:]) }

	w.Open("/")
	w.Await("button", "Sign in")
	refused("401 /2fa/settings")
	refused("401 /2fa/login")
	w.Inspect("spa.sign-in")
	signIn("wrong")
	w.AwaitText("The name or the password is wrong")
	refused("403 /sign-in")
	w.Inspect("spa.sign-in-wrong")
	signIn(password)
	w.Await("button", "Set up an authenticator app")
	w.Inspect("spa.settings-off")
	w.Click("Set up an authenticator app")
	w.Await("textbox", "Password")
	refused("403 /2fa/enrollments")
	w.Inspect("spa.grant")
	w.Fill("Password", password)
	w.Click("Continue")
	w.Await("textbox", "Code that the app shows now")
	w.Await("image", "QR code of the key that is written above")
	w.Inspect("spa.enrollment")
	phone, err := twofactortest.ScanPhone(w.Picture("#qr"))
	require.NoError(t, err)
	w.Fill("Code that the app shows now", phone.Code(clock.Now()))
	w.Click("Confirm")
	w.Await("button", "I have kept them")
	w.Inspect("spa.codes")
	codes := browsertest.Eval[[]string](w, `[...document.querySelectorAll("#list li")].map(e => e.innerText)`)
	require.Len(t, codes, 10)
	w.Click("I have kept them")
	w.Await("button", "Remove")
	w.Inspect("spa.settings-on")
	w.Click("Sign out")

	signIn(password)
	w.Await("textbox", "Code")
	w.Inspect("spa.second-step")
	w.Fill("Code", codes[0])
	w.Click("Continue")
	w.Await("button", "Remove")
	require.Contains(t, w.Text(), "Recovery codes left: 9")
	w.Click("Sign out")
	w.Await("button", "Sign in")

	// Without a mouse; and a reload leads to where one was.
	w.AwaitFocus("Name")
	w.Type(userName)
	w.Tab("Password")
	w.Type(password)
	w.Tab("Sign in")
	w.Type("\r")
	w.Await("textbox", "Code")
	w.Reload()
	refused("401 /2fa/settings")
	w.Await("textbox", "Code")
	clock.Advance(30 * time.Second)
	w.AwaitFocus("Code")
	w.Type(phone.Code(clock.Now()))
	w.Type("\r")
	w.Await("button", "Remove")
}
