package twilio_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/twilio"
)

func Example() {
	// In place of Twilio.
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("To") == "+61491570110" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}))
	defer api.Close()

	sender, err := twilio.New(twilio.Config{
		AccountSID: "AC0123456789abcdef0123456789abcdef",
		KeySID:     "SK0123456789abcdef0123456789abcdef",
		Secret:     "the key's secret",
		From:       "+61491570006",
		BaseURL:    api.URL, // left out in production
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, to := range []string{"+61491570156", "+61491570110"} {
		err = sender.Send(context.Background(), otpcode.Message{
			Channel: otpcode.SMS,
			To:      to,
			Text:    "Your code is 007731.\n\n@login.example.com #007731",
		})
		fmt.Println(errors.Is(err, otpcode.ErrUndeliverable), err)
	}
	// Output:
	// false <nil>
	// true twilio: error 21610, number has opted out: otpcode: message or destination was refused
}
