package main

import (
	"time"

	"github.com/stretchr/testify/require"
)

// walkHosting is the story of C1 to C7, without JavaScript: a number that is
// saved, verified and enabled in three steps, and one method at a time.
func walkHosting(s *stage) {
	site := s.site("hosting")
	w := s.window(site)
	w.DisableScripts()
	w.signIn("alice")
	w.confirmPassword("alice")
	w.look("settings.no-number")

	// C2, C3: saved, then verified, then enabled.
	w.Fill("Mobile number", "hello")
	w.Press("Save")
	w.objects("not a phone number", "Mobile number")
	w.Fill("Mobile number", "0498 765 432")
	w.Press("Save")
	w.tells("+61 498 765 432")
	w.Press("Delete the number")
	w.tells("deleted")
	w.Fill("Mobile number", "0412 345 678")
	w.Press("Save")
	require.Contains(s, w.Text(), "Please verify your mobile number first.")
	w.look("settings.unverified")
	w.Press("Send a code to verify it")
	w.tells("reference")
	w.Fill("Code from the message", "000000")
	w.Press("Verify")
	w.objects("wrong", "")
	w.Fill("Code from the message", w.message("+61412345678"))
	w.Press("Verify")
	w.tells("verified")
	w.Press("Use this number")
	w.tells("registered: codes by SMS")
	w.look("codes.sms")
	w.Follow("I have kept them")
	require.Contains(s, w.Text(), "Only one method at a time") // C1
	w.look("settings.one")

	// C6, C7: the code goes out by itself.
	w.Press("Sign out")
	site.clock.Advance(31 * time.Second)
	w.signIn("alice")
	require.Contains(s, w.Text(), "A code was sent to")
	w.look("second-step.unasked")
	w.Fill("Code from the message", w.message("+61412345678"))
	w.Press("Sign in")
	w.at("/")

	// C1, C5: the other method, after this one is gone.
	w.Open("/settings")
	site.clock.Advance(31 * time.Second)
	w.Press("Send a code to •••78")
	w.Fill("Code from the message", w.message("+61412345678"))
	w.Enter()
	w.Unfold("Change codes by SMS")
	w.Press("Remove")
	w.tells("removed")
	phone := w.setUpApp()
	w.Open("/")
	w.Press("Sign out")
	w.signIn("alice")
	w.Fill("6 digits from your app", w.next(phone))
	w.Press("Sign in")
	w.at("/")

	// C4: a number that a person of the account has verified.
	bob := s.window(site)
	bob.DisableScripts()
	bob.signIn("bob")
	bob.confirmPassword("bob")
	bob.Fill("Mobile number", "0412000111")
	bob.Press("Save")
	bob.tells("verified already")
	bob.Press("Use this number")
	bob.tells("registered: codes by SMS")
}
