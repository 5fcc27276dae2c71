package totp_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

// uris are what the QR tests draw: the usual, names that need escaping, and the
// longest there is.
func uris(t testing.TB) map[string]totp.URI {
	t.Helper()
	return map[string]totp.URI{
		"usual":    {Issuer: "Example", Account: "alice@example.com", Key: rfcKey(t)},
		"escaping": {Issuer: `A&B <"C">`, Account: "Jörg 'x'", Key: rfcKey(t)},
		"longest": {Issuer: strings.Repeat("é", 64), Account: strings.Repeat("é", 128), Key: totp.Key{
			Secret: secret(t, strings.Repeat(rfcSecret, 3)), Algorithm: totp.SHA512, Digits: 8, Period: 120,
		}},
	}
}

func drawn(t testing.TB, u totp.URI) *totp.QR {
	t.Helper()
	q, err := u.QR()
	require.NoError(t, err)
	return q
}

// requireScans fails if zbarimg doesn't read the URI in img.
func requireScans(t *testing.T, u totp.URI, img image.Image) {
	t.Helper()
	zbarimg, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("zbarimg not found: install zbar-tools")
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	path := filepath.Join(t.TempDir(), "qr.png")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	out, err := exec.CommandContext(t.Context(), zbarimg, "--raw", "-q", path).Output()
	require.NoError(t, err)
	want, err := u.Encode()
	require.NoError(t, err)
	require.Equal(t, want, strings.TrimSuffix(string(out), "\n"))
}

// requireQuiet fails unless img is opaque and has a white margin, and black
// finder patterns of 7 modules in three corners, from which it takes the size of
// a module.
func requireQuiet(t *testing.T, img image.Image) {
	t.Helper()
	b := img.Bounds()
	dark := func(x, y int) bool {
		r, g, bl, a := img.At(x, y).RGBA()
		if a != 0xffff || r != g || g != bl || r != 0 && r != 0xffff {
			require.Fail(t, "neither black nor white", "at %d, %d", x, y)
		}
		return r == 0
	}
	top, left, bottom, right := b.Max.Y, b.Max.X, -1, -1
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if dark(x, y) {
				top, left, bottom, right = min(top, y), min(left, x), max(bottom, y), max(right, x)
			}
		}
	}
	side := 0
	for dark(left+side, top) {
		side++
	}
	require.Zero(t, side%7, "a module is not a whole number of pixels")
	module := side / 7
	require.GreaterOrEqual(t, module, 4)
	require.Zero(t, (right+1-left)%module)
	for _, margin := range []int{top - b.Min.Y, left - b.Min.X, b.Max.Y - 1 - bottom, b.Max.X - 1 - right} {
		require.GreaterOrEqual(t, margin, 4*module)
	}
}

func TestPNG(t *testing.T) {
	t.Parallel()
	for name, u := range uris(t) {
		q := drawn(t, u)
		_, err := q.PNG(0)
		var tooSmall *totp.WidthError
		require.ErrorAs(t, err, &tooSmall)
		for _, width := range []int{tooSmall.Min, tooSmall.Min + 1, tooSmall.Min*5/4 + 1, 2*tooSmall.Min - 1, 2 * tooSmall.Min, 1000} {
			t.Run(fmt.Sprintf("%s/%d", name, width), func(t *testing.T) {
				t.Parallel()
				text, err := q.PNG(width)
				require.NoError(t, err)
				img, err := png.Decode(bytes.NewReader(text))
				require.NoError(t, err)
				require.Equal(t, image.Pt(width, width), img.Bounds().Size())
				requireQuiet(t, img)
				requireScans(t, u, img)
			})
		}
	}
}

func TestPNGWidths(t *testing.T) {
	t.Parallel()
	q := drawn(t, uris(t)["usual"])
	var refused *totp.WidthError
	for _, width := range []int{-1, 0, 1, 100, 4097, 1 << 30} {
		_, err := q.PNG(width)
		require.ErrorAs(t, err, &refused)
		require.Equal(t, width, refused.Width)
		require.Equal(t, fmt.Sprintf("totp: QR code of %d pixels is not between %d and 4096", width, refused.Min), err.Error())
		require.LessOrEqual(t, refused.Min, 300)
	}
	_, err := q.PNG(refused.Min - 1)
	require.Error(t, err)
	for _, possible := range []int{refused.Min, refused.Max} {
		_, err = q.PNG(possible)
		require.NoError(t, err)
	}
}

// An svg is what SVG promises to write.
type svg struct {
	ViewBox string `xml:"viewBox,attr"`
	Role    string `xml:"role,attr"`
	Label   string `xml:"aria-label,attr"`
	Title   string `xml:"title"`
	Paths   []struct {
		Fill string `xml:"fill,attr"`
		D    string `xml:"d,attr"`
	} `xml:"path"`
}

func TestSVG(t *testing.T) {
	t.Parallel()
	for name, u := range uris(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := drawn(t, u)
			var got svg
			require.NoError(t, xml.Unmarshal([]byte(q.SVG()), &got))
			require.Equal(t, "img", got.Role)
			require.Equal(t, q.AltText(), got.Label)
			require.Equal(t, q.AltText(), got.Title)
			var width int
			_, err := fmt.Sscanf(got.ViewBox, "0 0 %d %d", &width, &width)
			require.NoError(t, err)
			require.Len(t, got.Paths, 2)
			require.Equal(t, "#fff", got.Paths[0].Fill)
			require.Equal(t, fmt.Sprintf("M0 0h%dv%dH0z", width, width), got.Paths[0].D)

			require.Equal(t, "#000", got.Paths[1].Fill)
			img := blank(width)
			for rect := range strings.SplitSeq(strings.TrimSuffix(got.Paths[1].D, "z"), "z") {
				var x, y, run, back int
				_, err := fmt.Sscanf(rect, "M%d %dh%dv1h%d", &x, &y, &run, &back)
				require.NoError(t, err)
				require.Equal(t, -run, back)
				fill(img, x, y, run)
			}
			requireQuiet(t, img)
			requireScans(t, u, img)
			requireNoSecret(t, q.SVG())
		})
	}
}

// TestTerminal draws what the characters show, and scans it.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for name, u := range uris(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := strings.Split(strings.TrimSuffix(drawn(t, u).Terminal(), "\n"), "\n")
			img := blank(2 * len(lines))
			for y, line := range lines {
				line, ok := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m") // black on white
				require.True(t, ok)
				line, ok = strings.CutSuffix(line, "\x1b[0m")
				require.True(t, ok)
				x := 0
				for _, c := range line {
					require.Contains(t, "█▀▄ ", string(c))
					if c == '█' || c == '▀' {
						fill(img, x, 2*y, 1)
					}
					if c == '█' || c == '▄' {
						fill(img, x, 2*y+1, 1)
					}
					x++
				}
				require.InDelta(t, 2*len(lines), x, 1, "not a square")
			}
			requireQuiet(t, img)
			requireScans(t, u, img)
		})
	}
}

func TestAltText(t *testing.T) {
	t.Parallel()
	u := uris(t)["usual"]
	alt := drawn(t, u).AltText()
	require.Contains(t, alt, u.Issuer)
	require.Contains(t, alt, u.Account)
	requireNoSecret(t, alt)
}

// pixels is the size of a module in the images that the tests draw.
const pixels = 4

func blank(modules int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, modules*pixels, modules*pixels))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	return img
}

// fill blackens a row of modules.
func fill(img *image.Gray, x, y, run int) {
	for dy := range pixels {
		for dx := range run * pixels {
			img.SetGray(x*pixels+dx, y*pixels+dy, color.Gray{})
		}
	}
}
