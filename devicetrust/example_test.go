package devicetrust_test

import (
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/devicetrust"
)

func Example() {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	alice := devicetrust.Binding{User: "user-17", Audience: "example.com", Epoch: 1, Credential: "changed 2026-03-01"}

	device, token, err := devicetrust.Mint(alice, devicetrust.Grant{
		Life: 30 * 24 * time.Hour,
		Name: "Firefox on Linux",
	}, now)
	if err != nil {
		panic(err)
	}
	list, err := devicetrust.List{}.Add(device, 10, devicetrust.ReplaceOldest, now)
	if err != nil {
		panic(err)
	}

	d, err := list.Check(token, alice, now.AddDate(0, 0, 10))
	fmt.Println("after ten days:", d.Name, err)

	_, err = list.Check(token, alice, now.AddDate(0, 0, 30))
	fmt.Println("after thirty:", err)

	alice.Credential = "changed 2026-11-25"
	_, err = list.Check(token, alice, now.AddDate(0, 0, 10))
	fmt.Println("after a new password:", err)
	// Output:
	// after ten days: Firefox on Linux <nil>
	// after thirty: devicetrust: trust in the device has expired
	// after a new password: devicetrust: trust in the device was ended
}

func ExampleList_Revoke() {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	alice := devicetrust.Binding{User: "user-17", Audience: "example.com"}
	device, token, err := devicetrust.Mint(alice, devicetrust.Grant{Life: time.Hour}, now)
	if err != nil {
		panic(err)
	}
	list, err := devicetrust.List{device}.Revoke(device.ID)
	if err != nil {
		panic(err)
	}
	_, err = list.Check(token, alice, now)
	fmt.Println(err)
	// Output: devicetrust: no such trusted device
}
