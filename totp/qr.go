package totp

import (
	"errors"
	"fmt"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the light margin that ISO/IEC 18004 wants around a QR code, in
// modules. Without it scanners fail on dark pages.
const quietZone = 4

// A QR is the QR code of a [URI], to be shown once, while its owner enrols. It
// contains the secret in every form: don't log, store or cache it, and don't
// have it drawn by someone else's service.
type QR struct {
	m               **matrix // hidden from fmt as in Secret
	issuer, account string
}

// A matrix is the pattern of a QR code, without quiet zone.
type matrix struct {
	dim  int // modules on each side
	dark []bool
}

// QR returns the QR code of u. The error is that of [URI.Encode].
func (u URI) QR() (*QR, error) {
	text, err := u.Encode()
	if err != nil {
		return nil, err
	}
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		// The error of package qr contains the text, and so the secret.
		return nil, errors.New("totp: can't make a QR code of the URI")
	}
	// Only the pattern is taken from package barcode: its Scale draws no quiet
	// zone.
	dim := code.Bounds().Dx()
	m := &matrix{dim: dim, dark: make([]bool, dim*dim)}
	for i := range m.dark {
		r, _, _, _ := code.At(i%dim, i/dim).RGBA()
		m.dark[i] = r == 0
	}
	return &QR{m: new(m), issuer: u.Issuer, account: u.Account}, nil
}

// AltText returns a text alternative in English, which names the issuer and the
// account but not the secret. Who can't see the code needs [Secret.Groups] next
// to it.
func (q *QR) AltText() string {
	return fmt.Sprintf("QR code that adds the account %s at %s to an authenticator app", q.account, q.issuer)
}

// dim returns how many modules each side has.
func (q *QR) dim() int { return (*q.m).dim }

// at reports whether the module at x, y is dark. Everything outside the pattern
// is light.
func (q *QR) at(x, y int) bool {
	m := *q.m
	return 0 <= x && x < m.dim && 0 <= y && y < m.dim && m.dark[y*m.dim+x]
}
