package ses_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/ses"
)

func Example() {
	// In place of SES.
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
		fmt.Fprint(w, `{"MessageId":"0100"}`)
	}))
	defer api.Close()

	sender, err := ses.New(ses.Config{
		API:  client(api.URL), // in production sesv2.NewFromConfig(cfg)
		From: "Example <login@example.com>",
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
	// Output:
	// POST /v2/email/outbound-emails
	// <nil>
}
