package main

import (
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// walkAccess is the story of A1 to A14: three kinds of methods side by side.
func walkAccess(s *stage) {
	site := s.site("access")
	w := s.window(site)
	w.Open("/")
	w.at("/sign-in?note=ended")
	w.look("sign-in")
	w.Fill("Mail address", "alice@example.com")
	w.Fill("Password", "not it")
	w.Press("Sign in")
	w.Refused(401)
	w.objects("The mail address or the password is wrong.", "Password")
	w.AwaitFocus("Password")
	w.look("sign-in.wrong")
	w.Fill("Password", "alice-demo-password") // the address is still there
	w.Press("Sign in")
	w.at("/")
	w.look("home.none")

	// A2: the password comes before the choice of a method.
	w.Follow("Set up two-factor sign-in")
	w.look("settings.password")
	w.Fill("Your password", "not it")
	w.Press("Confirm")
	w.objects("not your password", "Your password")
	w.confirmPassword("alice")
	w.look("settings.choose")

	// A3: the app, by its picture.
	w.Press("Set up the app")
	w.look("enroll.totp")
	phone := w.scan()
	w.Fill("Code", "no code")
	w.Press("Confirm")
	w.objects("cost no try", "Code")
	w.look("enroll.totp-wrong")
	code := phone.Code(site.clock.Now())
	w.Fill("Code", " "+code[:3]+" "+code[3:])
	w.Press("Confirm")
	w.tells("an authenticator app. One thing is left: codes by mail") // A4, A8
	w.look("settings.next")

	// A6: another code kills the one before.
	w.Press("Use this address")
	w.tells("on its way")
	w.look("enroll.email")
	first := w.message("alice@example.com")
	site.clock.Advance(31 * time.Second)
	w.Press("Send another code")
	w.Fill("Code", first)
	w.Press("Confirm")
	w.objects("A newer code was sent at", "Code")
	w.Fill("Code", w.message("alice@example.com"))
	w.Press("Confirm")
	w.tells("registered: codes by mail")
	w.look("codes")
	recoveryCode := w.recoveryCodes()[0]
	w.Follow("I have kept them")
	require.NotContains(s, w.Text(), recoveryCode) // A7

	// A5: a number, as people write it.
	w.Fill("Mobile number", "12")
	w.Press("Use this number")
	w.objects("too short", "Mobile number")
	w.Fill("Mobile number", "0498 765 432")
	w.Press("Use this number")
	w.look("enroll.sms")
	w.Fill("Code", w.message("+61498765432"))
	w.Press("Confirm")
	w.tells("registered: codes by SMS")
	w.look("settings.methods")

	// A12: each can be changed and removed, but mail.
	w.Unfold("Change an authenticator app")
	w.Unfold("Change codes by mail")
	w.Unfold("Change codes by SMS")
	w.look("settings.unfolded")
	require.Contains(s, w.Text(), "This one can’t be removed.")
	w.Reload()
	w.Unfold("Change an authenticator app")
	w.Fill("Name", "Fern <3")
	w.Press("Rename")
	w.tells("new name")
	require.Contains(s, w.Text(), "Fern <3")

	// A13: off, without removing anything.
	w.Press("Switch off")
	w.tells("Your methods are kept")
	w.look("settings.off")
	w.Follow("Home")
	w.look("home.off")
	w.Press("Sign out")
	w.at("/sign-in?note=out")
	w.signIn("alice")
	w.at("/")

	// On again, which takes a fresh proof: by any of the methods.
	w.Follow("Security settings")
	w.look("settings.proof")
	w.Press("Send a code to •••32")
	w.tells("on its way to •••32")
	w.look("settings.proof-sent")
	w.Fill("Code from the message", "000000")
	w.Enter()
	w.objects("That code is wrong", "Code from the message")
	w.Fill("Code from the message", w.message("+61498765432"))
	w.Enter()
	w.tells("five minutes")
	w.Press("Switch on")
	w.tells("switched on")
	w.Follow("Home")
	w.look("home.on")

	s.walkAccessAgain(w, phone, recoveryCode)
}

// walkAccessAgain is the part of the story that begins with the next sign-in.
func (s *stage) walkAccessAgain(w *window, phone *twofactortest.Phone, recoveryCode string) {
	// A9, A14: asked, with a choice.
	other := s.window(w.site)
	other.signIn("alice")
	other.at("/second-step")
	other.look("second-step.sms")
	other.Follow("Authenticator app “Fern <3”")
	other.look("second-step.totp")
	other.Fill("6 digits from your app", "000000")
	other.Press("Sign in")
	other.objects("Tries left: 4", "6 digits from your app")
	other.AwaitFocus("6 digits from your app")
	other.look("second-step.totp-wrong")

	// A10: another code kills the one before.
	w.clock.Advance(31 * time.Second)
	other.Follow("Codes by SMS…")
	other.Press("Send code to •••32")
	other.tells("on its way")
	other.look("second-step.sms-sent")
	first := other.message("+61498765432")
	other.Press("Send another code")
	other.objects("try again in 30 seconds", "")
	w.clock.Advance(31 * time.Second)
	other.Press("Send another code")
	other.Fill("Code from the message", first)
	other.Press("Sign in")
	other.objects("A newer code was sent", "Code from the message")
	other.Fill("Code from the message", other.message("+61498765432"))
	other.Press("Sign in")
	other.at("/")

	// By mail, after all.
	other.Press("Sign out")
	other.signIn("alice")
	other.Follow("Codes by mail…")
	w.clock.Advance(31 * time.Second)
	other.Press("Send code to a•••@e•••.com")
	other.Press("Cancel and sign in as someone else")
	other.at("/sign-in")
	other.signIn("alice")
	other.Follow("Authenticator app “Fern <3”")
	other.Fill("6 digits from your app", other.next(phone))
	other.Press("Sign in")
	other.at("/")

	// A11: the recovery code removes all methods, and ends the other's session.
	w.Press("Sign out")
	w.signIn("alice")
	w.Follow("Use a recovery code")
	w.look("second-step.recovery")
	w.Fill("Recovery code", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA")
	w.Press("Sign in")
	w.objects("can’t be a code", "Recovery code")
	w.Fill("Recovery code", strings.ToLower(recoveryCode))
	w.Press("Sign in")
	w.at("/settings")
	w.tells("switched two-factor sign-in off and removed all methods")
	other.Follow("Security")
	other.at("/sign-in?note=ended")
	other.signIn("alice")
	other.at("/")
}
