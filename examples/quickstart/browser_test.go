package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/browsertest"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// TestBrowser walks all pages with Chromium, and has axe-core look at each.
func TestBrowser(t *testing.T) {
	t.Parallel()
	browsertest.NeedAxe(t)
	chromium := browsertest.Start(t)
	clock := twofactortest.NewClock(time.Now()) // browsers keep cookies by their own
	server := httptest.NewServer(handler(clock.Now))
	t.Cleanup(server.Close)
	w := chromium.Window(t, server.URL)
	signIn := func() {
		w.Fill("Email address", userName)
		w.Fill("Password", password)
		w.Press("Sign in")
	}

	w.Open("/")
	require.Equal(t, "/sign-in", w.Path())
	w.Inspect("quickstart.sign-in")
	w.Fill("Email address", userName)
	w.Fill("Password", "wrong")
	w.Press("Sign in")
	require.Contains(t, w.Description("Email address"), "The name or the password is wrong.")
	w.Inspect("quickstart.sign-in-wrong")
	signIn()
	w.Inspect("quickstart.home-off")
	w.Follow("Set up an authenticator app")
	w.Inspect("quickstart.set-up")
	w.Fill("Password", password)
	w.Press("Continue")
	w.Inspect("quickstart.scan")
	phone, err := twofactortest.ScanPhone(w.Picture(".qr svg"))
	require.NoError(t, err)
	w.Fill("6 digits that the app shows now", "000000")
	w.Press("Confirm")
	require.Contains(t, w.Description("6 digits that the app shows now"), "That is wrong.")
	w.Inspect("quickstart.scan-wrong")
	w.Fill("6 digits that the app shows now", phone.Code(clock.Now()))
	w.Press("Confirm")
	w.Inspect("quickstart.recovery-codes")
	recoveryCode := browsertest.Eval[string](w, `document.querySelector(".codes code").innerText`)
	w.Follow("I have kept them")
	w.Inspect("quickstart.home-on")
	w.Press("Sign out")

	signIn()
	require.Equal(t, "/code", w.Path())
	w.Unfold("Without your phone?")
	w.Inspect("quickstart.code")
	w.Fill("One of your recovery codes", recoveryCode)
	w.Press("Use recovery code")
	require.Contains(t, w.Text(), "Recovery codes left: 9.")
	w.Press("Sign out")

	// Without a mouse.
	w.AwaitFocus("Email address")
	w.Type(userName)
	w.Tab("Password")
	w.Type(password)
	w.Enter()
	w.AwaitFocus("6 digits from your authenticator app")
	clock.Advance(30 * time.Second)
	w.Type(phone.Code(clock.Now()))
	w.Enter()
	require.Equal(t, "/", w.Path())
}
