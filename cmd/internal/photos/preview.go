package photos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

var (
	// ErrNone says that a file is no picture that can be scaled here.
	ErrNone = errors.New("photos: no picture that can be shown small")
	// ErrLarge says that a picture would take too much memory.
	ErrLarge = errors.New("photos: the picture is too large to be shown small")
)

// What one picture may take: pixels, which are time, and about how many bytes a decoder needs for them. A photo of 50
// megapixels as cameras write it is within both.
const (
	mostPixels = 52_000_000
	mostMemory = 160 << 20
)

// codec is how pictures of a type are read, and how many bytes of memory a pixel takes.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	pixel  func(image.Config) int64
}

var codecs = map[string]codec{
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode, nil}, // it depends on the frame, see jpegPixel
	"image/png":  {png.DecodeConfig, png.Decode, deep},
	"image/gif":  {gif.DecodeConfig, gif.Decode, func(image.Config) int64 { return 1 }},
	"image/webp": {webp.DecodeConfig, webp.Decode, func(image.Config) int64 { return 4 }},
	"image/bmp":  {bmp.DecodeConfig, bmp.Decode, func(image.Config) int64 { return 4 }},
}

// deep is what a pixel of a PNG takes.
func deep(c image.Config) int64 {
	switch c.ColorModel {
	case color.NRGBA64Model, color.RGBA64Model, color.Gray16Model:
		return 8
	}
	return 4
}

// Scales says whether pictures of a media type can be scaled.
func Scales(media string) bool { _, ok := codecs[media]; return ok }

// Preview is a picture as a JPEG of at most size pixels in width and in height, upright, on white. Errors are [ErrNone] of
// what cannot be decoded, [ErrLarge] of what would take too much memory, which is found before it is decoded, and those of
// the reader.
func Preview(r io.ReadSeeker, media string, size int) ([]byte, error) {
	c, ok := codecs[media]
	if !ok {
		return nil, ErrNone
	}
	is, err := c.config(r)
	if err != nil || is.Width <= 0 || is.Height <= 0 {
		return nil, fmt.Errorf("%w: %v", ErrNone, err)
	}
	pixel := int64(0)
	if c.pixel != nil {
		pixel = c.pixel(is)
	} else if pixel, err = jpegPixel(r); err != nil {
		return nil, err
	}
	if int64(is.Width) > min(mostPixels, mostMemory/pixel)/int64(is.Height) {
		return nil, fmt.Errorf("%w: %d × %d", ErrLarge, is.Width, is.Height)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	turn := tagsOf(r, media).orientation()
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	full, err := c.decode(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNone, err)
	}
	var out bytes.Buffer
	const quality = 80
	err = jpeg.Encode(&out, upright(scaled(full, size), turn), &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// scaled is a picture that fits a square of size pixels; a smaller one stays as large as it is.
func scaled(full image.Image, size int) *image.RGBA {
	b := full.Bounds()
	w, h := b.Dx(), b.Dy()
	if longest := max(w, h); longest > size {
		w, h = max(1, w*size/longest), max(1, h*size/longest)
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src)
	scaler := draw.Interpolator(draw.ApproxBiLinear)
	const perCell, enough = 32, 64 << 20 // bytes that the better one keeps between its two passes
	if w*b.Dy() <= enough/perCell && readsFast(full) {
		scaler = draw.BiLinear
	}
	scaler.Scale(small, small.Bounds(), full, b, draw.Over, nil)
	return small
}

// readsFast says whether package draw knows how a picture lies in memory. Of another it asks each pixel, which takes seconds
// for a large one.
func readsFast(p image.Image) bool {
	switch p.(type) {
	case *image.Gray, *image.NRGBA, *image.RGBA, *image.YCbCr:
		return true
	}
	return false
}

// upright turns a picture as EXIF's orientation says.
func upright(p *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return p
	}
	w, h := p.Rect.Dx(), p.Rect.Dy()
	to := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		to = image.Rect(0, 0, h, w)
	}
	q := image.NewRGBA(to)
	for y := range h {
		for x := range w {
			u, v := turned(x, y, w, h, orientation)
			q.SetRGBA(u, v, p.RGBAAt(x, y))
		}
	}
	return q
}

// turned is where a pixel of a picture of w by h goes.
func turned(x, y, w, h, orientation int) (u, v int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	}
	return y, w - 1 - x // 8
}

// jpegPixel is how many bytes of memory a pixel of a JPEG takes at most: a byte a component, and four more for the
// coefficients where it is progressive.
func jpegPixel(r io.ReadSeeker) (int64, error) {
	if _, err := r.Seek(2, io.SeekStart); err != nil {
		return 0, err
	}
	const mostSegments = 1000
	var head [4]byte
	for range mostSegments {
		if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0xff {
			return 0, fmt.Errorf("%w: %v", ErrNone, err)
		}
		size := int64(binary.BigEndian.Uint16(head[2:])) - 2
		switch marker := head[1]; {
		case marker == 0xc0, marker == 0xc1, marker == 0xc2:
			var frame [6]byte // precision, height, width, components
			if _, err := io.ReadFull(r, frame[:]); err != nil {
				return 0, fmt.Errorf("%w: %v", ErrNone, err)
			}
			components := max(1, int64(frame[5]))
			if marker == 0xc2 {
				return 5 * components, nil
			}
			return components, nil
		case size < 0:
			return 0, ErrNone
		}
		if _, err := r.Seek(size, io.SeekCurrent); err != nil {
			return 0, err
		}
	}
	return 0, ErrNone
}
