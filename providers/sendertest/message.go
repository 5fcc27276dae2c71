package sendertest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// validate stops the test if the Target is not complete.
func validate(t *testing.T, target Target) Target {
	t.Helper()
	if target.Sender == nil || len(target.Channels) == 0 || target.Set == nil || target.Received == nil {
		t.Fatal("sendertest: the Target needs a Sender, Channels, Set and Received")
	}
	return target
}

// message returns the i-th of a row of messages that differ in each field a
// backend receives.
func message(channel otpcode.Channel, i int) otpcode.Message {
	code := fmt.Sprintf("%06d", 7_731+i) // a leading zero, since they get lost
	m := otpcode.Message{
		Channel:        channel,
		To:             fmt.Sprintf("+614915705%02d", i),
		Text:           "Your Examplé code is " + code + " (ref. KD). Valid for 5 minutes.\n\n@login.example.com #" + code,
		Locale:         "en-AU",
		Reference:      "KD",
		IdempotencyKey: fmt.Sprintf("key-%d-7c1f", i),
	}
	if channel == otpcode.Email {
		m.To = fmt.Sprintf("jo.citizen+%d@mail.example.net", i)
		m.Subject = fmt.Sprintf("Dein Anmeldecode für Müller & Söhne, Nr. %d", i)
		m.HTML = "<p>Your Examplé code is <b>" + code + "</b>.</p>\n<p lang=\"ja\">コード</p>"
	}
	return m
}

// same compares what arrived with what was given.
func same(got Received, want otpcode.Message) error {
	var errs []error
	differ := func(field, got, want string) {
		if got != want {
			errs = append(errs, fmt.Errorf("%s arrived as %q, want %q", field, got, want))
		}
	}
	differ("the destination", got.To, want.To)
	differ("the text", got.Text, want.Text)
	if want.Channel == otpcode.Email {
		differ("the subject", got.Subject, want.Subject)
		differ("the HTML", got.HTML, want.HTML)
	}
	return errors.Join(errs...)
}

// arrived checks that exactly these messages, in this order, were received.
func arrived(target Target, want ...otpcode.Message) error {
	got := target.Received()
	if len(got) != len(want) {
		return fmt.Errorf("%d messages arrived, want %d", len(got), len(want))
	}
	var errs []error
	for i := range want {
		errs = append(errs, same(got[i], want[i]))
	}
	return errors.Join(errs...)
}

// wantUndeliverable checks that err says "never", and therefore also "not sent".
func wantUndeliverable(err error) error {
	if !errors.Is(err, otpcode.ErrUndeliverable) || !errors.Is(err, otpcode.ErrNotSent) {
		return fmt.Errorf("send returned %s, want an error that wraps otpcode.ErrUndeliverable", kind(err))
	}
	return nil
}

// wantNotSent checks that err says "not sent, but try again".
func wantNotSent(err error) error {
	if !errors.Is(err, otpcode.ErrNotSent) || errors.Is(err, otpcode.ErrUndeliverable) {
		return fmt.Errorf("send returned %s, want an error that wraps otpcode.ErrNotSent and not otpcode.ErrUndeliverable", kind(err))
	}
	return nil
}

// wantUnknown checks that err is an error that promises nothing.
func wantUnknown(err error) error {
	if err == nil || errors.Is(err, otpcode.ErrNotSent) {
		return fmt.Errorf("send returned %s, want an error that does not wrap otpcode.ErrNotSent", kind(err))
	}
	return nil
}

// kind describes an error without its text, which is only [quiet]'s business.
func kind(err error) string {
	switch {
	case err == nil:
		return "nil"
	case errors.Is(err, otpcode.ErrUndeliverable):
		return "an error that wraps ErrUndeliverable"
	case errors.Is(err, otpcode.ErrNotSent):
		return "an error that wraps ErrNotSent"
	default:
		return fmt.Sprintf("another error (%T)", err)
	}
}
