package main

import (
	"github.com/latchkey-auth/latchkey/internal/browsertest"
	"github.com/stretchr/testify/require"
)

// walkKeyboard sets up an authenticator app and signs in with it, without a mouse.
func walkKeyboard(s *stage) {
	site := s.site("twostep")
	w := s.window(site)
	w.Open("/sign-in")
	w.AwaitFocus("Mail address")
	w.Type("alice@example.com")
	require.Equal(s, []string{"Password"}, w.Tab("Password"))
	w.Type("alice-demo-password")
	w.Enter()
	w.at("/")
	require.Equal(s, "Welcome – Latchkey Demo", w.Title())
	require.Equal(s, []string{
		"Skip to content", "Latchkey Demo", "Home", "Security", "Outbox", "Sign out", "Set up two-factor sign-in",
	}, w.Tab("Set up two-factor sign-in"))
	w.Enter()
	w.at("/settings")
	w.Tab("Your password")
	w.Type("not it")
	w.Enter()
	w.AwaitFocus("Your password")
	w.Type("alice-demo-password")
	w.Enter()
	w.Tab("Set up the app")
	w.Enter()

	// The skip link leads past what is on every page.
	phone := w.scan()
	w.Tab("Skip to content")
	w.Enter()
	require.Equal(s, []string{"open the app", "Code"}, w.Tab("Code"))
	w.Type("000000")
	w.Enter()
	w.objects("That code is wrong", "Code")
	w.AwaitFocus("Code")
	w.Type(phone.Code(site.clock.Now()))
	w.Enter()
	require.Equal(s, "Your recovery codes – Latchkey Demo", w.Title())
	w.Tab("I have kept them")
	w.Enter()
	w.at("/settings")
	w.Tab("Sign out")
	w.Enter()

	w.AwaitFocus("Mail address")
	w.Type("alice@example.com")
	w.Tab("Password")
	w.Type("alice-demo-password")
	w.Enter()
	w.at("/second-step")
	require.Equal(s, "One more step – Latchkey Demo", w.Title())
	w.AwaitFocus("6 digits from your app")
	require.Equal(s, []string{"one-time-code", "numeric", "text"}, browsertest.Eval[[]string](w.Window,
		`["autocomplete", "inputmode", "type"].map(a => document.activeElement.getAttribute(a))`))
	w.Type("000000")
	w.Enter()
	w.objects("That code is wrong", "6 digits from your app")
	w.AwaitFocus("6 digits from your app")
	require.Equal(s, []string{"Sign in", "Use a recovery code", "Cancel and sign in as someone else"},
		w.Tab("Cancel and sign in as someone else"))
	w.Tab("6 digits from your app")
	w.Type(w.next(phone))
	w.Enter()
	w.at("/")
}
