// Package photostest makes photos that say when and where they were taken, for tests.
package photostest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"time"

	"qingkong/notify/compliance/place"
)

// Says is what a photo says of itself; the zero value is nothing.
type Says struct {
	At          time.Time // written as local time with its offset
	Bare        bool      // without the offset
	Position    place.Point
	Orientation uint16
	Seed        int // makes photos differ
}

// JPEG is a photo of w by h pixels: its upper left corner is red.
func JPEG(s Says, w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{uint8(x * s.Seed), uint8(y), 200, 255}
			if x < w/4 && y < h/4 {
				c = color.RGBA{255, 0, 0, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err) // into memory
	}
	exif := append([]byte("Exif\x00\x00"), s.TIFF()...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
	return append(append(out, exif...), b.Bytes()[2:]...)
}

// entry is a tag of an IFD: its number, type, how many values, and their bytes.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte
}

func text(tag uint16, s string) entry {
	return entry{tag, 2, uint32(len(s) + 1), append([]byte(s), 0)}
}

func long(tag uint16, n int) entry {
	return entry{tag, 4, 1, binary.BigEndian.AppendUint32(nil, uint32(n))}
}

// degrees are a coordinate as degrees, minutes and seconds.
func degrees(tag uint16, v float64) entry {
	v = math.Abs(v)
	minutes := (v - math.Floor(v)) * 60
	seconds := (minutes - math.Floor(minutes)) * 60
	var b []byte
	for _, r := range [][2]uint32{{uint32(v), 1}, {uint32(minutes), 1}, {uint32(math.Round(seconds * 1e6)), 1e6}} {
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, r[0]), r[1])
	}
	return entry{tag, 5, 3, b}
}

// TIFF is what the photo says, as EXIF has it.
func (s Says) TIFF() []byte {
	const at = 8
	first := []entry{}
	if s.Orientation != 0 {
		first = append(first, entry{0x0112, 3, 1, []byte{byte(s.Orientation >> 8), byte(s.Orientation), 0, 0}})
	}
	var exif, gps []entry
	if !s.At.IsZero() {
		exif = append(exif, text(0x9003, s.At.Format("2006:01:02 15:04:05")))
		if !s.Bare {
			exif = append(exif, text(0x9011, s.At.Format("-07:00")))
		}
	}
	if s.Position != (place.Point{}) {
		ns, ew := "N", "E"
		if s.Position.Lat < 0 {
			ns = "S"
		}
		if s.Position.Lon < 0 {
			ew = "W"
		}
		gps = []entry{text(1, ns), degrees(2, s.Position.Lat), text(3, ew), degrees(4, s.Position.Lon)}
	}
	// the two that it points to lie behind it, each in a length that does not depend on where
	size := func(all []entry) int { return len(ifd(all, 0)) }
	root := append(first, long(0x8769, 0), long(0x8825, 0))
	behind := at + size(root)
	root = append(first, long(0x8769, behind), long(0x8825, behind+size(exif)))
	b := append([]byte("MM\x00\x2a"), 0, 0, 0, at)
	b = append(b, ifd(root, at)...)
	b = append(b, ifd(exif, behind)...)
	return append(b, ifd(gps, behind+size(exif))...)
}

// ifd writes entries as a directory that begins at an offset.
func ifd(all []entry, at int) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(all)))
	behind := at + 2 + 12*len(all) + 4
	var values []byte
	for _, e := range all {
		b = binary.BigEndian.AppendUint16(b, e.tag)
		b = binary.BigEndian.AppendUint16(b, e.kind)
		b = binary.BigEndian.AppendUint32(b, e.count)
		if len(e.value) <= 4 {
			b = append(b, append(e.value, 0, 0, 0, 0)[:4]...)
			continue
		}
		b = binary.BigEndian.AppendUint32(b, uint32(behind+len(values)))
		values = append(values, e.value...)
	}
	return append(append(b, 0, 0, 0, 0), values...)
}
