package twofactortest

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"regexp"
	"strconv"
)

var (
	svgSize = regexp.MustCompile(`viewBox="0 0 (\d{1,3}) (\d{1,3})"`)
	svgRun  = regexp.MustCompile(`M(\d{1,3}) (\d{1,3})h(\d{1,3})v1h-`) // dark modules side by side
)

// drawSVG paints the SVG element of a totp.QR. It knows the few shapes that are
// in there and is no reader of SVG.
func drawSVG(svg []byte) (image.Image, error) {
	const module = 4 // pixels
	rect := func(x, y, width, height []byte) image.Rectangle {
		var n [4]int
		for i, digits := range [][]byte{x, y, width, height} {
			n[i], _ = strconv.Atoi(string(digits)) // three digits at most
		}
		return image.Rect(n[0]*module, n[1]*module, (n[0]+n[2])*module, (n[1]+n[3])*module)
	}
	size := svgSize.FindSubmatch(svg)
	runs := svgRun.FindAllSubmatch(svg, -1)
	if size == nil || len(runs) == 0 {
		return nil, errors.New("twofactortest: not the SVG of a QR code")
	}
	img := image.NewGray(rect(nil, nil, size[1], size[2]))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for _, run := range runs {
		draw.Draw(img, rect(run[1], run[2], run[3], []byte("1")), image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	return img, nil
}
