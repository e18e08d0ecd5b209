package papers

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// symbol is a QR code: its modules, row by row, without the quiet zone around them.
type symbol struct {
	size int
	dark []bool
}

// quiet is the width of the white border that a reader needs, in modules (ISO/IEC 18004).
const quiet = 4

// newSymbol encodes an address with the error correction M, under which 15 % of it may be lost to dirt.
func newSymbol(address string) (*symbol, error) {
	code, err := qr.Encode(address, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("papers: QR code: %w", err)
	}
	s := &symbol{size: code.Bounds().Dx()}
	for y := range s.size {
		for x := range s.size {
			r, _, _, _ := code.At(x, y).RGBA()
			s.dark = append(s.dark, r == 0)
		}
	}
	return s, nil
}

func (s *symbol) at(x, y int) bool { return s.dark[y*s.size+x] }

// Side is the width of the picture in modules, with the quiet zone.
func (s *symbol) Side() int { return s.size + 2*quiet }

// Path draws the dark modules as an SVG path, a run of them at a time.
func (s *symbol) Path() string {
	var b strings.Builder
	for y := range s.size {
		for x := 0; x < s.size; {
			if !s.at(x, y) {
				x++
				continue
			}
			from := x
			for x < s.size && s.at(x, y) {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
		}
	}
	return b.String()
}

// picture draws the symbol with scale pixels a module.
func (s *symbol) picture(scale int) image.Image {
	img := image.NewPaletted(image.Rect(0, 0, s.Side()*scale, s.Side()*scale), color.Palette{color.White, color.Black})
	for y := range s.size {
		for x := range s.size {
			if !s.at(x, y) {
				continue
			}
			for dy := range scale {
				for dx := range scale {
					img.SetColorIndex((x+quiet)*scale+dx, (y+quiet)*scale+dy, 1)
				}
			}
		}
	}
	return img
}

func (s *symbol) png() ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, s.picture(8))
	return b.Bytes(), err
}
