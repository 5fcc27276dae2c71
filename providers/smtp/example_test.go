package smtp_test

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/smtp"
)

// Without a server to talk to, the message certainly was not sent.
func Example() {
	sender, err := smtp.New(smtp.Config{
		Host:     "localhost",
		Port:     1,
		Username: "login",
		Password: "the mail server's password",
		From:     "Example <login@example.com>",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sender.Send(context.Background(), otpcode.Message{
		Channel: otpcode.Email,
		To:      "jo@example.net",
		Subject: "Your sign-in at Example",
		Text:    "Your code is 007731. It is valid for 5 minutes.",
		HTML:    "<p>Your code is <b>007731</b>. It is valid for 5 minutes.</p>",
	})
	fmt.Println(err)
	// Output: smtp: cannot connect: otpcode: message was not sent
}
