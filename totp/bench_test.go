package totp_test

import (
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/pquerna/otp"
	pquerna "github.com/pquerna/otp/totp"
)

// BenchmarkMatch checks a wrong code, and a right one at each place in the
// window, with this package and with bare pquerna/otp.
func BenchmarkMatch(b *testing.B) {
	const cur = 37037036
	k, now, w := rfcKey(b), unix(cur*30), totp.Window{Back: 1, Ahead: 1}
	k.Digits = 6
	text := k.Secret.Base32()
	opts := pquerna.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix}
	for _, bb := range []struct{ name, code string }{
		{"wrong", "000000"},
		{"back", phone(b, k, cur-1)},
		{"present", phone(b, k, cur)},
		{"ahead", phone(b, k, cur+1)},
	} {
		wrong := bb.name == "wrong"
		b.Run(bb.name+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Match(bb.code, now, none, w); errors.Is(err, totp.ErrMismatch) != wrong {
					b.Fatal(err)
				}
			}
		})
		b.Run(bb.name+"/pquerna", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := pquerna.ValidateCustom(bb.code, text, now, opts); ok == wrong {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkMatchAlgorithm(b *testing.B) {
	for _, a := range []totp.Algorithm{totp.SHA1, totp.SHA256, totp.SHA512} {
		k := rfcKey(b)
		k.Algorithm = a
		b.Run(a.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Match("000000", unix(1111111109), none, totp.Window{Back: 1, Ahead: 1}); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkMatchConsecutive(b *testing.B) {
	k, codes := rfcKey(b), [3]string{"000000", "000000", "000000"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.MatchConsecutive(codes, unix(1111111109), none, totp.Window{Back: 1, Ahead: 1}); err == nil {
			b.Fatal("accepted")
		}
	}
}
