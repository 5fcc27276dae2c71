package otpcode_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
)

func Example() {
	key := make([]byte, 32) // random in an application, and kept
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	b := otpcode.Binding{User: "user-17", Purpose: "sign-in", Login: "login-3", Destination: "+61412345678"}

	state, first, err := otpcode.Challenge{}.Issue(key, b, otpcode.Spec{}, now)
	if err != nil {
		panic(err)
	}
	// Save state, then send the code. A minute later, "Resend":
	state, second, err := state.Issue(key, b, otpcode.Spec{}, now.Add(time.Minute))
	if err != nil {
		panic(err)
	}

	now = now.Add(2 * time.Minute)
	_, err = state.Verify(key, b, first.Code, now)
	if superseded, ok := errors.AsType[*otpcode.SupersededError](err); ok {
		fmt.Println("a newer code was sent at", superseded.SentAt.Format("15:04"))
	}
	state, err = state.Verify(key, b, second.Code, now)
	fmt.Println("the newer code:", err)
	_, err = state.Verify(key, b, second.Code, now)
	fmt.Println("once more:", err)
	// Output:
	// a newer code was sent at 12:01
	// the newer code: <nil>
	// once more: otpcode: code was used before
}

func ExampleChallenge_Abandon() {
	key := make([]byte, 32)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	b := otpcode.Binding{User: "user-17", Purpose: "sign-in", Destination: "+61412345678"}
	state, first, err := otpcode.Challenge{}.Issue(key, b, otpcode.Spec{}, now)
	if err != nil {
		panic(err)
	}
	state, second, err := state.Issue(key, b, otpcode.Spec{}, now)
	if err != nil {
		panic(err)
	}
	// The second message could not be handed over, so the first code counts.
	if err := fmt.Errorf("gateway is down: %w", otpcode.ErrNotSent); errors.Is(err, otpcode.ErrNotSent) {
		state = state.Abandon(second.Reference)
	}
	_, err = state.Verify(key, b, first.Code, now)
	fmt.Println(err)
	// Output: <nil>
}

func ExampleRenderer() {
	r, err := otpcode.NewRenderer(otpcode.Config{
		Service: "Example",
		Contact: "https://example.com/help",
		Host:    "example.com",
	})
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	issued := otpcode.Issued{Code: "000123", Reference: "BXKM", Sent: now, Expires: now.Add(5 * time.Minute)}

	sms, err := r.Code(otpcode.CodeSignIn, otpcode.SMS, "fr-CA", issued)
	if err != nil {
		panic(err)
	}
	fmt.Println(sms.Text)

	mail, err := r.Notice("en", otpcode.Notice{Kind: otpcode.NoticeRecoveryUsed, At: now})
	if err != nil {
		panic(err)
	}
	fmt.Println()
	fmt.Println(mail.Subject)
	fmt.Println(mail.Text)
	// Output:
	// 000123 : votre code de connexion Example. Réf. BXKM, valable 5 minutes. Ne le partagez pas.
	//
	// @example.com #000123
	//
	// Example: a recovery code was used
	// A recovery code was used to sign in to your Example account.
	//
	// Time: 2026-11-21 12:00 UTC
	//
	// If this was you, there is nothing to do. If this was not you, change your password at once and contact us: https://example.com/help
}

type gateway struct {
	name string
	err  error
}

func (g gateway) Send(context.Context, otpcode.Message) error {
	fmt.Println("trying", g.name)
	return g.err
}

func ExampleChain() {
	chain, err := otpcode.NewChain(
		otpcode.Link{Name: "first", Sender: gateway{"first", otpcode.ErrNotSent}},
		otpcode.Link{Name: "second", Sender: gateway{"second", nil}},
	)
	if err != nil {
		panic(err)
	}
	err = chain.Send(context.Background(), otpcode.Message{Channel: otpcode.SMS, To: "+61412345678"})
	fmt.Println(err)
	// Output:
	// trying first
	// trying second
	// <nil>
}

func ExampleMaskPhoneStart() {
	fmt.Println(otpcode.MaskPhone("+61412345678"))
	fmt.Println(otpcode.MaskPhoneStart("+61412345678"))
	fmt.Println(otpcode.MaskEmail("alice@example.com"))
	// Output:
	// •••78
	// +61•••
	// a•••@e•••.com
}
