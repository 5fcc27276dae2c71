package twofactortest

import (
	"bytes"
	"fmt"
	"image/png"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// A Phone is an authenticator app with one account. Its codes come from
// github.com/pquerna/otp, and so from other code than that which checks them.
type Phone struct {
	key *otp.Key
}

// NewPhone returns a phone that has learned the account in an otpauth URI.
func NewPhone(uri string) (*Phone, error) {
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		return nil, fmt.Errorf("twofactortest: not an otpauth URI")
	}
	return &Phone{key}, nil
}

// ScanPhone returns a phone that has scanned a QR code in a PNG.
func ScanPhone(picture []byte) (*Phone, error) {
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("twofactortest: %w", err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return nil, fmt.Errorf("twofactortest: %w", err)
	}
	read, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		return nil, fmt.Errorf("twofactortest: no QR code in the picture: %w", err)
	}
	return NewPhone(read.GetText())
}

// Code returns what the phone shows at a time.
func (p *Phone) Code(at time.Time) string {
	code, err := totp.GenerateCodeCustom(p.key.Secret(), at, totp.ValidateOpts{
		Period: uint(p.key.Period()), Digits: p.key.Digits(), Algorithm: p.key.Algorithm(),
	})
	if err != nil {
		panic("twofactortest: " + err.Error()) // NewPhone took a key that isn't one
	}
	return code
}

// Codes returns the n codes that the phone shows one after the other, the last
// of them at a time.
func (p *Phone) Codes(n int, last time.Time) []string {
	codes := make([]string, n)
	for i := range codes {
		codes[i] = p.Code(last.Add(-time.Duration(n-1-i) * time.Duration(p.key.Period()) * time.Second))
	}
	return codes
}
