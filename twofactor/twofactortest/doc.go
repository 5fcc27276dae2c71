// Package twofactortest has what the tests of an app need to sign in like a
// person with a second factor: a [Phone] that scans the QR code and shows
// codes, and a [Clock] to move.
//
//	clock := twofactortest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
//	// twofactor.Config{…, Now: clock.Now}
//	phone, err := twofactortest.ScanPhone(png)
//	code := phone.Code(clock.Now())
//	clock.Advance(30 * time.Second)
//
// It has no place in an app itself.
package twofactortest
