package main

import (
	"time"

	"github.com/stretchr/testify/require"
)

// walkCRM is the story of B1 to B11: the app or SMS, devices that aren't asked
// again, and the two ways of those who lost theirs.
func walkCRM(s *stage) {
	site := s.site("crm")
	w := s.window(site)
	w.signIn("alice")
	w.confirmPassword("alice")
	require.Contains(s, w.Text(), "Recommended") // B1
	require.False(s, w.Has("textbox", "Mobile number"), "B1: it is the profile's")
	w.Press("Use this number")
	w.Follow("Not now")
	phone := w.setUpApp()
	w.Follow("I have kept them")
	require.Contains(s, w.Text(), "Authenticator app") // B10
	w.Press("Sign out")

	// B4, B5: asked, and on this device not again.
	w.signIn("alice")
	w.at("/second-step")
	w.look("second-step.remember")
	w.Tick("Don’t ask again on this device for 30 days")
	w.Fill("6 digits from your app", w.next(phone))
	w.Press("Sign in")
	w.at("/")
	w.Press("Sign out")
	w.signIn("alice")
	w.at("/")
	w.Follow("Security settings")
	w.look("settings.devices")

	// What one browser takes back, the other notices.
	other := s.window(site)
	other.signIn("alice")
	other.Fill("6 digits from your app", other.next(phone))
	other.Press("Sign in")
	other.Open("/settings")
	other.Fill("6 digits from your app", other.next(phone))
	other.Press("Confirm")
	other.look("settings.granted")
	other.Press("Ask again on Chrome on Linux")
	other.tells("asked for a code again")
	w.Press("Sign out")
	w.signIn("alice")
	w.at("/second-step")
	w.Tick("Don’t ask again on this device for 30 days")
	w.Fill("6 digits from your app", w.next(phone))
	w.Press("Sign in")
	other.Open("/settings")
	other.Press("Ask again on all of them")
	other.tells("All devices will be asked for a code again")
	w.Press("Sign out")
	w.signIn("alice")
	w.at("/second-step")

	// B6, B7: the device is lost.
	w.Follow("Lost your two-factor device?")
	w.look("second-step.lost")
	w.Fill("Last four digits of your mobile number", "5678")
	w.Press("Send code")
	w.tells("If the digits were right")
	w.look("second-step.lost-sent")
	w.Fill("Code from the message", w.message("+61412345678"))
	w.Press("Sign in")
	w.at("/settings")
	w.tells("without your second factor")
	w.Unfold("Change an authenticator app")
	w.Press("Remove")
	w.tells("The method was removed")
	w.setUpApp()
	w.Open("/")
	require.Contains(s, w.Text(), "Authenticator app")
	s.walkReset(w)
}

// walkReset is the last way: an administrator resets the second factor.
func (s *stage) walkReset(alice *window) {
	alice.Open("/admin")
	alice.Refused(403)
	alice.look("error.forbidden")

	w := s.window(alice.site)
	w.signIn("admin")
	w.Follow("Admin")
	w.look("admin.no-proof")
	w.confirmPassword("admin")
	w.setUpApp()
	w.Follow("I have kept them")
	w.Follow("Admin")
	w.look("admin")
	w.Fill("Mail address of the user", "nobody@example.com")
	w.Fill("Reason", "lost phone, known by voice")
	w.Press("Reset")
	w.objects("no such user", "Mail address of the user")
	w.look("admin.wrong")
	w.Fill("Mail address of the user", "alice@example.com")
	w.Fill("Reason", "lost phone, known by voice")
	w.Press("Reset")
	w.tells("was reset")

	alice.Follow("Go to the start")
	alice.at("/sign-in?note=ended")
	alice.signIn("alice")
	alice.at("/")
	require.Contains(s, alice.Text(), "Your password is all that protects this account.")

	// What was fresh isn't any more.
	w.clock.Advance(fresh + time.Second)
	w.Fill("Mail address of the user", "alice@example.com")
	w.Fill("Reason", "once more")
	w.Press("Reset")
	w.objects("sign in again", "")
	w.Press("Sign in again")
	w.at("/sign-in?note=out")
}
