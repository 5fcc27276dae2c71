package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/webhook"
)

// Both ends: the application that sends, and the gateway that receives.
func Example() {
	secret := []byte("0123456789abcdef0123456789abcdef") // 32 random bytes, known to both

	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := webhook.Verify(secret, r.Header, body, time.Now(), 0); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var message struct{ To, Text string }
		if err := json.Unmarshal(body, &message); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Printf("%s: %s\n", message.To, message.Text)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer gateway.Close()

	sender, err := webhook.New(webhook.Config{URL: gateway.URL, Secret: secret})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sender.Send(context.Background(), otpcode.Message{
		Channel: otpcode.SMS,
		To:      "+61491570156",
		Text:    "Your code is 007731",
	})
	fmt.Println(err)
	// Output:
	// +61491570156: Your code is 007731
	// <nil>
}
