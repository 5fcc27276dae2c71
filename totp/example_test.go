package totp_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
)

// The secret of the examples is that of RFC 6238. NewSecret makes real ones.
const exampleSecret = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"

func ExampleKey_Match() {
	secret, err := totp.ParseSecret(exampleSecret)
	if err != nil {
		fmt.Println(err)
		return
	}
	key := totp.Key{Secret: secret}
	window := totp.Window{Back: 1, Ahead: 1}
	now := time.Date(2005, 3, 18, 1, 58, 29, 0, time.UTC)

	last := int64(-1) // nothing was accepted before
	for _, typed := range []string{"081 8O4", "123 456", "081 804", "081 804"} {
		step, err := key.Match(typed, now, last, window)
		switch {
		case err == nil:
			last = step // and store it, before the user is let in
			fmt.Println("welcome, step", step)
		case errors.Is(err, totp.ErrMalformed):
			fmt.Println("type the six digits that the app shows")
		default:
			fmt.Println(err) // counts as a failed try
		}
	}
	// Output:
	// type the six digits that the app shows
	// totp: wrong code
	// welcome, step 37037036
	// totp: code already used
}

func ExampleKey_MatchConsecutive() {
	secret, err := totp.ParseSecret(exampleSecret)
	if err != nil {
		fmt.Println(err)
		return
	}
	key := totp.Key{Secret: secret}
	now := time.Date(2005, 3, 18, 1, 58, 29, 0, time.UTC)

	codes := [3]string{"150 727", "731 029", "081 804"}
	step, err := key.MatchConsecutive(codes, now, -1, totp.Window{Back: 1})
	fmt.Println(step, err)
	// Output: 37037036 <nil>
}

func ExampleNewSecret() {
	secret, err := totp.NewSecret(totp.SHA1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(secret, len(secret.Bytes()))
	// Output: [redacted] 20
}

func ExampleSecret_Groups() {
	secret, err := totp.ParseSecret("gezdgnbvgy3tqojqgezdgnbvgy3tqojq")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(secret.Groups())
	// Output: GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ
}

func ExampleNormalize() {
	fmt.Println(totp.Normalize(" 081-804\n"))
	fmt.Println(totp.Normalize("０８１８０４"))
	fmt.Println(totp.Normalize("O81804"))
	// Output:
	// 081804 <nil>
	// 081804 <nil>
	//  totp: malformed code
}

func ExampleURI_Encode() {
	secret, err := totp.ParseSecret(exampleSecret)
	if err != nil {
		fmt.Println(err)
		return
	}
	uri := totp.URI{Issuer: "Big Corp", Account: "alice@example.com", Key: totp.Key{Secret: secret}}
	fmt.Println(uri.Encode())
	// Output: otpauth://totp/Big%20Corp:alice%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Big%20Corp&algorithm=SHA1&digits=6&period=30 <nil>
}

func ExampleParseURI() {
	uri, err := totp.ParseURI("otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=sha256&period=60")
	fmt.Println(uri.Issuer, uri.Account, uri.Key.Secret, uri.Key.Algorithm, uri.Key.Digits, uri.Key.Period, err)
	_, err = totp.ParseURI("otpauth-migration://offline?data=CjEKCkhlbGxv")
	fmt.Println(err)
	// Output:
	// Example alice [redacted] SHA256 6 60 <nil>
	// totp: invalid otpauth URI: an export of many keys, not a key
}

func ExampleURI_QR() {
	secret, err := totp.NewSecret(totp.SHA1)
	if err != nil {
		fmt.Println(err)
		return
	}
	uri := totp.URI{Issuer: "Example", Account: "alice", Key: totp.Key{Secret: secret}}
	code, err := uri.QR()
	if err != nil {
		fmt.Println(err)
		return
	}
	image, err := code.PNG(300)
	fmt.Println(len(image) > 0, err)
	fmt.Println(code.AltText())

	_, err = code.PNG(50)
	if small, ok := errors.AsType[*totp.WidthError](err); ok {
		fmt.Println("too small:", small.Width)
	}
	// Output:
	// true <nil>
	// QR code that adds the account alice at Example to an authenticator app
	// too small: 50
}
