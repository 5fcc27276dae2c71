package twofactortest

import (
	"bytes"
	"errors"
	"fmt"
	"image"
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

// NewPhone returns a phone that has learned the account in an otpauth URI. It
// takes secrets that are short or empty too: refusing them is what is tested.
func NewPhone(uri string) (*Phone, error) {
	key, err := otp.NewKeyFromURL(uri)
	if err != nil || key.Type() != "totp" {
		return nil, errors.New("twofactortest: not an otpauth URI for an authenticator app")
	}
	p := &Phone{key}
	if _, err := p.code(time.Unix(0, 0)); err != nil {
		return nil, errors.New("twofactortest: the otpauth URI has no usable secret")
	}
	return p, nil
}

// ScanPhone returns a phone that has scanned the QR code in a picture: a PNG, or
// the SVG element that totp.QR makes, cut out of its page. A picture from a screen
// should be a few times as large as on it: of those with modules of five pixels
// and four, the reader misses one in 200.
func ScanPhone(picture []byte) (*Phone, error) {
	img, err := decode(picture)
	if err != nil {
		return nil, err
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return nil, fmt.Errorf("twofactortest: %w", err)
	}
	// Of pictures with nothing else in them the reader misses one in a hundred, unless
	// it is told that they are such; and then it can't read any others.
	read, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		read, err = qrcode.NewQRCodeReader().Decode(bitmap, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("twofactortest: no QR code in the picture: %w", err)
	}
	return NewPhone(read.GetText())
}

func decode(picture []byte) (image.Image, error) {
	if bytes.HasPrefix(picture, []byte("<svg")) {
		return drawSVG(picture)
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("twofactortest: %w", err)
	}
	return img, nil
}

// Issuer returns the name of the service under which the phone lists the codes.
func (p *Phone) Issuer() string { return p.key.Issuer() }

// Account returns the name of the account under which the phone lists the codes.
func (p *Phone) Account() string { return p.key.AccountName() }

// Code returns what the phone shows at a time.
func (p *Phone) Code(at time.Time) string {
	code, err := p.code(at)
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

func (p *Phone) code(at time.Time) (string, error) {
	return totp.GenerateCodeCustom(p.key.Secret(), at, totp.ValidateOpts{
		Period: uint(p.key.Period()), Digits: p.key.Digits(), Algorithm: p.key.Algorithm(),
	})
}
