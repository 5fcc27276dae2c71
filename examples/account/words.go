package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/providers/phone"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// kindName names a kind of second factor in the middle of a sentence.
func kindName(k twofactor.Kind) string {
	switch k {
	case twofactor.TOTP:
		return "an authenticator app"
	case twofactor.SMS:
		return "codes by SMS"
	case twofactor.Email:
		return "codes by mail"
	}
	return "another method"
}

// kindTitle names it as a heading.
func kindTitle(k twofactor.Kind) string {
	name := strings.TrimPrefix(kindName(k), "an ")
	return strings.ToUpper(name[:1]) + name[1:]
}

// in says how long something is away. The server doesn't know the person's time
// zone, and without a script nor does the page.
func (p pages) in(t time.Time) string {
	d := t.Sub(p.now())
	switch {
	case d <= 0:
		return "now"
	case d < 90*time.Second:
		return fmt.Sprintf("in %d seconds", int((d+time.Second-1)/time.Second))
	case d < 90*time.Minute:
		return fmt.Sprintf("in %d minutes", int((d+time.Minute-1)/time.Minute))
	case d < 36*time.Hour:
		return fmt.Sprintf("in %d hours", int((d+time.Hour-1)/time.Hour))
	}
	return "on " + day(t)
}

func at(t time.Time) string  { return t.UTC().Format("15:04") + " UTC" }
func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// sentences are for each reason of a refusal. One that isn't here is a refusal
// like any other.
var sentences = map[twofactor.Reason]string{
	twofactor.ReasonWrongCode:          "That code is wrong.",
	twofactor.ReasonMalformedCode:      "That can’t be a code. Please check it; this cost no try.",
	twofactor.ReasonAlreadyUsed:        "That code was used before. Please wait for the next one.",
	twofactor.ReasonExpired:            "That code was right, but it is too old. Please get a new one.",
	twofactor.ReasonSuperseded:         "A newer code was sent. Please enter that one.",
	twofactor.ReasonPaused:             "There were too many wrong codes.",
	twofactor.ReasonLoginEnded:         "Please enter your password again.",
	twofactor.ReasonSendLimited:        "No further message can be sent for now.",
	twofactor.ReasonSendFailed:         "The message could not be sent. Please try again, or use another method.",
	twofactor.ReasonNotUsable:          "That method can’t be used now.",
	twofactor.ReasonGrantRequired:      "Please confirm first that it is you.",
	twofactor.ReasonPolicy:             "That is not possible with this account’s rules.",
	twofactor.ReasonEnrollmentRequired: "Please set up a second factor first.",
	twofactor.ReasonConflict:           "Something else was changed at the same moment. Please try again.",
}

func sayReason(r twofactor.Reason) string {
	if s, ok := sentences[r]; ok {
		return s
	}
	return "That is not possible now."
}

// say tells a refusal, with what the person can do about it.
func (p pages) say(no *twofactor.RejectedError) string {
	text := sayReason(no.Reason)
	switch {
	case !no.SentAt.IsZero():
		text = "A newer code was sent at " + at(no.SentAt) + ". Please enter that one."
	case !no.RetryAt.IsZero():
		text += " Please try again " + p.in(no.RetryAt) + "."
	}
	if no.Reason == twofactor.ReasonWrongCode && no.Remaining > 0 {
		text += fmt.Sprintf(" Tries left: %d.", no.Remaining)
	}
	return text
}

// sayInput tells what is wrong with something typed.
func sayInput(in *twofactor.InputError) string {
	if bad, ok := errors.AsType[*phone.InvalidError](in); ok {
		if s, ok := numberSentences[bad.Reason]; ok {
			return s
		}
	}
	if in.Field == "name" {
		return "That name is too long, or has characters that no name has."
	}
	return "That can’t be understood. Please check it."
}

var numberSentences = map[phone.Reason]string{
	phone.Empty:          "Please enter a mobile number.",
	phone.NotANumber:     "That is not a phone number.",
	phone.HasExtension:   "A number with an extension gets no messages.",
	phone.NeedsCountry:   "Please begin with + and the country code.",
	phone.UnknownCountry: "There is no country with that code.",
	phone.TooShort:       "That number is too short.",
	phone.TooLong:        "That number is too long.",
	phone.NoSuchNumber:   "There is no such number.",
	phone.NotMobile:      "That is not a mobile number.",
}

var whys = map[twofactor.Why]string{
	twofactor.WhyOneAtATime: "Only one method at a time: remove the one you have first.",
	twofactor.WhyNoEmail:    "Your profile has no mail address.",
	twofactor.WhyNoPhone:    "Your profile has no mobile number that can get messages.",
	twofactor.WhyUnverified: "Please verify your mobile number first.",
}

func sayWhy(w twofactor.Why) string {
	if s, ok := whys[w]; ok {
		return s
	}
	return "Not possible now."
}

func sayLeft(left int) string {
	return fmt.Sprintf("You signed in with a recovery code, which is used up. Codes left: %d.", left)
}

func sayLow(left int) string {
	return fmt.Sprintf("You have few recovery codes left: %d. Please make new ones in the settings.", left)
}

// deviceName is what a user will know a trusted device by.
func deviceName(agent string) string {
	first := func(fallback string, names ...[2]string) string {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				return n[1]
			}
		}
		return fallback
	}
	// Each browser also claims to be those after it.
	browser := first("A browser", [2]string{"Edg", "Edge"}, [2]string{"OPR/", "Opera"}, [2]string{"Firefox/", "Firefox"},
		[2]string{"Chrom", "Chrome"}, [2]string{"Safari/", "Safari"})
	system := first("", [2]string{"iPhone", " on iPhone"}, [2]string{"iPad", " on iPad"}, [2]string{"Android", " on Android"},
		[2]string{"Windows", " on Windows"}, [2]string{"Mac OS", " on Mac"}, [2]string{"Linux", " on Linux"})
	return browser + system
}
