package phone_test

import (
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/providers/phone"
)

func ExampleParser_ParsePhone() {
	parser := phone.Parser{}
	for _, text := range []string{"0412 345 678", "+61 (0)412-345-678", "02 9876 5432", "12345"} {
		e164, err := parser.ParsePhone(text, "AU")
		if invalid, ok := errors.AsType[*phone.InvalidError](err); ok {
			fmt.Println(invalid.Reason)
			continue
		}
		fmt.Println(e164)
	}
	// Output:
	// +61412345678
	// +61412345678
	// not_mobile
	// too_short
}

func ExampleParser_Display() {
	parser := phone.Parser{}
	text, err := parser.Display("+61412345678")
	if err != nil {
		fmt.Println(err)
		return
	}
	country, err := parser.Country("+61412345678")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("We will send a code to %s (%s).\n", text, country)
	// Output: We will send a code to +61 412 345 678 (AU).
}
