package totp

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

const (
	minModule = 4    // pixels; cameras need about that
	maxWidth  = 4096 // pixels
)

// A WidthError says that a QR code can't be drawn so small or so large.
type WidthError struct {
	Width    int // what was asked for, in pixels
	Min, Max int // what is possible for this code
}

func (e *WidthError) Error() string {
	return fmt.Sprintf("totp: QR code of %d pixels is not between %d and %d", e.Width, e.Min, e.Max)
}

// PNG returns the code as a PNG image of width by width pixels, black on opaque
// white. A module is the largest whole number of pixels that leaves a margin of
// at least four modules. 300 pixels are enough for usual names; where a module
// would have less than 4 pixels, the error is a [*WidthError].
func (q *QR) PNG(width int) ([]byte, error) {
	modules := q.dim() + 2*quietZone
	if width < minModule*modules || width > maxWidth {
		return nil, &WidthError{Width: width, Min: minModule * modules, Max: maxWidth}
	}
	size := width / modules
	margin := (width - size*q.dim()) / 2
	img := image.NewPaletted(image.Rect(0, 0, width, width), color.Palette{color.White, color.Black})
	for y := range size * q.dim() {
		row := img.Pix[(margin+y)*img.Stride+margin:]
		for x := range size * q.dim() {
			if q.at(x/size, y/size) {
				row[x] = 1
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("totp: can't encode the image: %w", err)
	}
	return b.Bytes(), nil
}
