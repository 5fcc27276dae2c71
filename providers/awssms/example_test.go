package awssms_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/awssms"
)

func Example() {
	// In place of AWS.
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("X-Amz-Target"))
		fmt.Fprint(w, `{"MessageId":"0100"}`)
	}))
	defer api.Close()

	sender, err := awssms.New(awssms.Config{
		API:                 client(api.URL), // in production pinpointsmsvoicev2.NewFromConfig(cfg)
		OriginationIdentity: "arn:aws:sms-voice:ap-southeast-2:111122223333:pool/pool-1",
		MaxPrice:            "0.10",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sender.Send(context.Background(), otpcode.Message{
		Channel: otpcode.SMS,
		To:      "+61491570156",
		Text:    "Your code is 007731.\n\n@login.example.com #007731",
	})
	fmt.Println(err)
	// Output:
	// PinpointSMSVoiceV2.SendTextMessage
	// <nil>
}
