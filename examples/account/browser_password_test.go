package main

import (
	"regexp"

	"github.com/stretchr/testify/require"
)

// walkPassword is about passwords that are forgotten and changed, and what that
// ends.
func walkPassword(s *stage) {
	site := s.site("access")
	empty := s.window(site)
	empty.Open("/outbox")
	empty.look("outbox.empty")

	w := s.window(site)
	w.Open("/sign-in")
	w.Follow("Forgot your password?")
	w.look("forgot")
	w.Fill("Mail address", "alice@example.com")
	w.Press("Send code")
	w.at("/reset-password")
	w.look("reset")
	w.Fill("Code from the mail", "WRONG")
	w.Fill("New password", "another-password")
	w.Press("Set password")
	w.Refused(400)
	w.objects("This code is wrong", "Code from the mail")
	w.look("reset.wrong")
	code := regexp.MustCompile(`\n([A-Z2-7]{26})\n`).FindStringSubmatch(site.sent("alice@example.com"))
	require.NotNil(s, code)
	empty.Reload()
	require.Contains(s, empty.Text(), code[1])
	empty.look("outbox")
	w.Fill("Code from the mail", code[1])
	w.Fill("New password", "another-password")
	w.Press("Set password")
	w.at("/sign-in?note=password")
	w.tells("Your password was changed")

	enter := func(w *window, password string) {
		w.Open("/sign-in")
		w.Fill("Mail address", "alice@example.com")
		w.Fill("Password", password)
		w.Press("Sign in")
		w.at("/")
	}
	other := s.window(site)
	enter(w, "another-password")
	enter(other, "another-password")
	w.Follow("Change your password")
	w.look("password")
	w.Fill("Your password now", "not it")
	w.Fill("New password", "a-third-password")
	w.Press("Change password")
	w.objects("not your password", "Your password now")
	w.look("password.wrong")
	w.Fill("Your password now", "another-password")
	w.Fill("New password", "a-third-password")
	w.Press("Change password")
	w.at("/")
	w.tells("All other devices are signed out")
	other.Reload()
	other.at("/sign-in?note=ended")
	enter(other, "a-third-password")
}
