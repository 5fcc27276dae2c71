package lockcode_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
)

// building is what an application brings: it sends PINs, knows who may do
// what, and moves locks.
type building struct{ letters map[string]lockcode.PIN }

func (b building) SendPIN(_ context.Context, userID string, p lockcode.PIN) error {
	b.letters[userID] = p
	return nil
}

func (b building) Allow(_ context.Context, _ lockcode.ConfigHash, userID string, what lockcode.Binding) error {
	if userID != "olga" {
		return errors.New("no rights")
	}
	return nil
}

func (b building) Act(_ context.Context, userID string, what lockcode.Binding) error {
	fmt.Println(userID, "-", what.Purpose, "-", what.Target)
	return nil
}

// A box is put up, its owner activates it, and opens a door, first from the
// App and then with a Code on a web page.
func Example() {
	ctx := context.Background()
	b := building{map[string]lockcode.PIN{}}
	box, err := lockcode.NewController(lockcode.ControllerConfig{
		LockID: "lock-1", Store: new(memory.LockKeys), PINs: b, Rights: b, Doors: b,
	})
	if err != nil {
		panic(err)
	}
	// The relay would stand here; a controller can be talked to directly too.
	app, err := lockcode.NewApp(lockcode.AppConfig{Keys: new(memory.AppKeys), Relay: box, Name: "Olga's phone"})
	if err != nil {
		panic(err)
	}

	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	must(box.HardwareReset(ctx)) // the button
	must(app.RequestActivation(ctx, "lock-1", "olga"))
	sent := b.letters["olga"]
	must(app.Activate(ctx, "lock-1", "olga", sent))
	own, err := lockcode.ParsePIN("7306")
	must(err)
	if own == sent { // one time in ten thousand
		own, _ = lockcode.ParsePIN("4907")
	}
	must(app.ChangePIN(ctx, "lock-1", sent, own))
	must(app.ConfirmConfig(ctx, "lock-1", own, lockcode.ConfigHash{}))

	front := lockcode.Binding{Purpose: lockcode.OpenDoor, Target: "front"}
	must(app.Do(ctx, "lock-1", own, front))

	code, err := app.Code(ctx, "lock-1", own, front)
	must(err)
	typed, err := lockcode.ParseCode(code.Characters())
	must(err)
	must(lockcode.SubmitCode(ctx, box, "lock-1", "olga", typed, front))
	fmt.Println(lockcode.SubmitCode(ctx, box, "lock-1", "olga", typed, front))
	// Output:
	// olga - open door - front
	// olga - open door - front
	// lockcode: invalid code
}

func ExampleApp_NewDeviceCode() {
	ctx := context.Background()
	b := building{map[string]lockcode.PIN{}}
	box, _ := lockcode.NewController(lockcode.ControllerConfig{
		LockID: "lock-1", Store: new(memory.LockKeys), PINs: b, Rights: b, Doors: b, InsecureKeepActivationPIN: true,
	})
	first, _ := lockcode.NewApp(lockcode.AppConfig{Keys: new(memory.AppKeys), Relay: box, Name: "phone"})
	second, _ := lockcode.NewApp(lockcode.AppConfig{Keys: new(memory.AppKeys), Relay: box, Name: "tablet"})
	_ = box.HardwareReset(ctx)
	_ = first.RequestActivation(ctx, "lock-1", "olga")
	pin := b.letters["olga"]
	_ = first.Activate(ctx, "lock-1", "olga", pin)
	_ = first.ConfirmConfig(ctx, "lock-1", pin, lockcode.ConfigHash{})

	code, err := first.NewDeviceCode(ctx, "lock-1", pin)
	if err != nil {
		panic(err)
	}
	if err := second.Join(ctx, "lock-1", "olga", code); err != nil {
		panic(err)
	}
	st, err := first.Status(ctx, "lock-1")
	if err != nil {
		panic(err)
	}
	for _, d := range st.Devices {
		fmt.Println(d.Name, d.This)
	}
	fmt.Println("new devices:", len(st.Notices))
	// Output:
	// phone true
	// tablet false
	// new devices: 1
}
