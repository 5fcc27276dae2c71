package twofactortest_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// The account's name is long, so that its QR code is a large one.
func account(t *testing.T) totp.URI {
	t.Helper()
	secret, err := totp.NewSecret(totp.SHA1)
	require.NoError(t, err)
	return totp.URI{
		Issuer: "AT&T C++ Café", Account: "someone.with.a.long.name@department.example.com",
		Key: totp.Key{Secret: secret},
	}
}

func TestPhoneLearnsAnAccount(t *testing.T) {
	t.Parallel()
	u := account(t)
	qr, err := u.QR()
	require.NoError(t, err)
	uri, err := u.Encode()
	require.NoError(t, err)
	picture, err := qr.PNG(400)
	require.NoError(t, err)
	now := time.Date(2026, 3, 1, 9, 0, 10, 0, time.UTC)

	for name, learn := range map[string]func() (*twofactortest.Phone, error){
		"from a URI":  func() (*twofactortest.Phone, error) { return twofactortest.NewPhone(uri) },
		"from a PNG":  func() (*twofactortest.Phone, error) { return twofactortest.ScanPhone(picture) },
		"from an SVG": func() (*twofactortest.Phone, error) { return twofactortest.ScanPhone([]byte(qr.SVG())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			phone, err := learn()
			require.NoError(t, err)
			require.Equal(t, u.Issuer, phone.Issuer())
			require.Equal(t, u.Account, phone.Account())
			step, err := u.Key.Match(phone.Code(now), now, -1, totp.Window{})
			require.NoError(t, err)
			require.Equal(t, now.Unix()/30, step)
			_, err = u.Key.Match(phone.Code(now.Add(30*time.Second)), now, -1, totp.Window{})
			require.ErrorIs(t, err, totp.ErrMismatch, "each step has its own code")
		})
	}
}

// A photograph or screenshot has other things around the code.
func TestPhoneScansAPage(t *testing.T) {
	t.Parallel()
	secret, err := totp.SecretFromBytes([]byte("12345678901234567890"))
	require.NoError(t, err)
	qr, err := totp.URI{Issuer: "Example", Account: "alice", Key: totp.Key{Secret: secret}}.QR()
	require.NoError(t, err)
	code, err := qr.PNG(300)
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(code))
	require.NoError(t, err)
	page := image.NewGray(image.Rect(0, 0, 800, 600)) // dark
	draw.Draw(page, image.Rect(250, 150, 550, 450), img, image.Point{}, draw.Src)
	var shot bytes.Buffer
	require.NoError(t, png.Encode(&shot, page))
	phone, err := twofactortest.ScanPhone(shot.Bytes())
	require.NoError(t, err)
	require.Equal(t, "287082", phone.Code(time.Unix(59, 0)))
}

// RFC 6238, appendix B: 94287082 for SHA-1 at 59 s.
func TestPhoneShowsTheCodesOfTheRFC(t *testing.T) {
	t.Parallel()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	six, err := twofactortest.NewPhone("otpauth://totp/Example:alice?secret=" + secret + "&issuer=Example")
	require.NoError(t, err)
	require.Equal(t, "287082", six.Code(time.Unix(59, 0)))
	eight, err := twofactortest.NewPhone("otpauth://totp/Example:alice?secret=" + secret + "&issuer=Example&digits=8")
	require.NoError(t, err)
	require.Equal(t, "94287082", eight.Code(time.Unix(59, 0)))
}

func TestCodesAreConsecutiveOldestFirst(t *testing.T) {
	t.Parallel()
	u := account(t)
	uri, err := u.Encode()
	require.NoError(t, err)
	phone, err := twofactortest.NewPhone(uri)
	require.NoError(t, err)
	now := time.Date(2026, 3, 1, 9, 0, 10, 0, time.UTC)
	codes := phone.Codes(3, now)
	require.Equal(t, []string{
		phone.Code(now.Add(-60 * time.Second)), phone.Code(now.Add(-30 * time.Second)), phone.Code(now),
	}, codes)
	_, err = u.Key.MatchConsecutive([3]string(codes), now, -1, totp.Window{})
	require.NoError(t, err)
}

// A test of what an attacker tries needs a phone that an attacker would have.
func TestPhoneTakesWeakSecrets(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "A4", "GEZDGNBVGY3TQOJQ"} {
		phone, err := twofactortest.NewPhone("otpauth://totp/Example:alice?secret=" + secret)
		require.NoError(t, err)
		require.Len(t, phone.Code(time.Unix(59, 0)), 6)
	}
}

func TestPhoneRefusesWhatIsNoAccount(t *testing.T) {
	t.Parallel()
	for name, uri := range map[string]string{
		"nothing":       "",
		"a web address": "https://example.com/?secret=GEZDGNBVGY3TQOJQ",
		"a counter":     "otpauth://hotp/Example:alice?secret=GEZDGNBVGY3TQOJQ&counter=1",
		"not Base32":    "otpauth://totp/Example:alice?secret=01890189&issuer=Example",
	} {
		_, err := twofactortest.NewPhone(uri)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "GEZDGNBVGY3TQOJQ", name)
	}
	for name, picture := range map[string]string{
		"nothing":         "",
		"not a picture":   "GIF89a",
		"another drawing": `<svg viewBox="0 0 24 24"><path d="M12 2L2 22"/></svg>`,
		"no QR code":      `<svg viewBox="0 0 24 24"><path d="M4 4h7v1h-7z"/></svg>`,
	} {
		_, err := twofactortest.ScanPhone([]byte(picture))
		require.Error(t, err, name)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	clock := twofactortest.NewClock(start)
	require.Equal(t, start, clock.Now())
	clock.Advance(30 * 24 * time.Hour)
	require.Equal(t, start.AddDate(0, 0, 30), clock.Now())
	clock.Set(start)
	require.Equal(t, start, clock.Now())
}
