package photos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/bmp"

	"qingkong/alerts"
	"qingkong/cmd/internal/photos/photostest"
	"qingkong/notify/compliance/place"
)

var dagang = place.Point{Lon: 117.2345678, Lat: 38.8765432}

// A photo says when and where it was taken; where it names no zone its time is Beijing's.
func TestWhatAPhotoSays(t *testing.T) {
	at := time.Date(2016, 12, 19, 14, 5, 6, 0, alerts.Shanghai())
	for _, c := range []struct {
		name string
		says photostest.Says
		at   time.Time
		pos  place.Point
	}{
		{"both", photostest.Says{At: at, Position: dagang}, at, dagang},
		{"a time without a zone", photostest.Says{At: at, Bare: true}, at, place.Point{}},
		{"another zone", photostest.Says{At: at.UTC()}, at, place.Point{}},
		{"south and west", photostest.Says{Position: place.Point{Lon: -43.1729, Lat: -22.9068}}, time.Time{},
			place.Point{Lon: -43.1729, Lat: -22.9068}},
		{"a clock that was never set", photostest.Says{At: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}, time.Time{}, place.Point{}},
		{"nothing", photostest.Says{}, time.Time{}, place.Point{}},
	} {
		photo := photostest.JPEG(c.says, 32, 32)
		for media, file := range map[string][]byte{"image/jpeg": photo, "image/png": pngWith(c.says.TIFF())} {
			got := EXIF(bytes.NewReader(file), media)
			if (got.At == nil) != c.at.IsZero() || got.At != nil && !got.At.Equal(c.at) {
				t.Errorf("%s, %s: taken at %v, not %v", c.name, media, got.At, c.at)
			}
			if (got.Position == nil) != (c.pos == place.Point{}) || got.Position != nil && place.Distance(*got.Position, c.pos) > 0.1 {
				t.Errorf("%s, %s: taken at %v, not %v", c.name, media, got.Position, c.pos)
			}
		}
		if got := EXIF(bytes.NewReader(photo), "application/pdf"); got.At != nil || got.Position != nil {
			t.Errorf("%s: what is no picture says %v", c.name, got)
		}
	}
}

// pngWith is a picture of one pixel that has EXIF data.
func pngWith(tiff []byte) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	const behind = 8 + 25 // the signature and IHDR
	return append(append(bytes.Clone(b.Bytes()[:behind]), chunk("eXIf", tiff)...), b.Bytes()[behind:]...)
}

func chunk(name string, data []byte) []byte {
	body := append([]byte(name), data...)
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
}

// What an enemy writes as EXIF data costs no more than is read of a picture: a directory that leads to itself, a tag of
// gigabytes, thousands of tags, a chunk that never ends.
func TestBombsOfEXIF(t *testing.T) {
	loop := append([]byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08"), 0, 0, 0, 8)
	large := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x90\x03\x00\x02\xff\xff\xff\xf0\x00\x00\x00\x08\x00\x00\x00\x00")
	many := binary.BigEndian.AppendUint16([]byte("MM\x00\x2a\x00\x00\x00\x08"), math.MaxUint16)
	many = append(many, bytes.Repeat([]byte("\x90\x03\x00\x02\x00\x00\x00\x14\x00\x00\x00\x08"), 5000)...)
	for name, tiff := range map[string][]byte{"a loop": loop, "a large tag": large, "many tags": many} {
		segment := append([]byte("Exif\x00\x00"), tiff...)
		photo := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(min(len(segment)+2, 65535)))...)
		photo = append(photo, segment...)
		for media, file := range map[string][]byte{"image/jpeg": photo, "image/png": pngWith(tiff),
			HEIC: append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1\xff\xff\xff\xffmeta"), tiff...)} {
			grown := allocated(func() { EXIF(bytes.NewReader(file), media) })
			if grown > 24<<20 {
				t.Errorf("%s in %s takes %d bytes", name, media, grown)
			}
		}
	}
}

func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func FuzzEXIF(f *testing.F) {
	f.Add(photostest.JPEG(photostest.Says{At: time.Unix(1.5e9, 0), Position: dagang, Orientation: 6}, 8, 8))
	f.Add(pngWith(photostest.Says{At: time.Unix(1.5e9, 0)}.TIFF()))
	f.Add([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for media := range formats {
			got := EXIF(bytes.NewReader(file), media)
			if got.Position != nil && !got.Position.Valid() {
				t.Errorf("it was taken at %v", *got.Position)
			}
		}
	})
}

func FuzzPreview(f *testing.F) {
	f.Add(photostest.JPEG(photostest.Says{Orientation: 6}, 40, 30))
	for _, file := range encoded(f, image.NewNRGBA(image.Rect(0, 0, 5, 5))) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for media := range codecs {
			small, err := Preview(bytes.NewReader(file), media, 16)
			if err != nil {
				continue
			}
			if is, err := jpeg.DecodeConfig(bytes.NewReader(small)); err != nil || max(is.Width, is.Height) > 16 {
				t.Errorf("a preview of %s is %v, %v", media, is, err)
			}
		}
	})
}

func encoded(t testing.TB, img image.Image) map[string][]byte {
	t.Helper()
	var p, g, b bytes.Buffer
	if err := errors.Join(png.Encode(&p, img), gif.Encode(&g, img, nil), bmp.Encode(&b, img)); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"image/png": p.Bytes(), "image/gif": g.Bytes(), "image/bmp": b.Bytes()}
}

// A picture is shown small and upright, whatever way the camera was held; what was not there is white.
func TestPreview(t *testing.T) {
	for o := uint16(1); o <= 8; o++ {
		small, err := Preview(bytes.NewReader(photostest.JPEG(photostest.Says{Orientation: o}, 400, 200)), "image/jpeg", 100)
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(small))
		if err != nil {
			t.Fatal(err)
		}
		b := img.Bounds()
		if want := image.Rect(0, 0, 100, 50); o < 5 && b != want || o >= 5 && (b.Dx() != 50 || b.Dy() != 100) {
			t.Errorf("orientation %d: it has %v", o, b)
		}
		// where the red corner has to be, as the numbers of EXIF are defined
		right := o == 2 || o == 3 || o == 6 || o == 7
		below := o == 3 || o == 4 || o == 7 || o == 8
		x, y := 2, 2
		if right {
			x = b.Dx() - 3
		}
		if below {
			y = b.Dy() - 3
		}
		if r, g, _, _ := img.At(x, y).RGBA(); r < 0xb000 || g > 0x5000 {
			t.Errorf("orientation %d: at %d, %d it is %v", o, x, y, img.At(x, y))
		}
	}
	for media, file := range encoded(t, image.NewNRGBA(image.Rect(0, 0, 300, 20))) {
		small, err := Preview(bytes.NewReader(file), media, 100)
		if err != nil {
			t.Fatalf("%s: %v", media, err)
		}
		img, err := jpeg.Decode(bytes.NewReader(small))
		if err != nil || img.Bounds() != image.Rect(0, 0, 100, 6) {
			t.Errorf("%s: %v, %v", media, img.Bounds(), err)
		}
		if r, _, _, _ := img.At(3, 3).RGBA(); media == "image/png" && color.Gray16Model.Convert(img.At(3, 3)).(color.Gray16).Y < 0xf000 {
			t.Errorf("%s: what is clear becomes %d", media, r)
		}
	}
	if small, err := Preview(bytes.NewReader(photostest.JPEG(photostest.Says{}, 40, 20)), "image/jpeg", 100); err != nil {
		t.Error(err)
	} else if is, _ := jpeg.DecodeConfig(bytes.NewReader(small)); is.Width != 40 {
		t.Errorf("a small one becomes %v", is)
	}
}

// A picture of 50,000 by 50,000 pixels is refused by its header, and what is none by its bytes.
func TestBombsOfPixels(t *testing.T) {
	const side = 50_000
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, side), side)
	pngBomb := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(header, 8, 6, 0, 0, 0))...)
	pngBomb = append(pngBomb, chunk("IDAT", []byte("x\x9c"))...)
	jpegBomb := func(sof byte) []byte {
		return append([]byte{0xff, 0xd8, 0xff, sof, 0, 17, 8, side >> 8, side & 0xff, side >> 8, side & 0xff, 3, 1, 0x22, 0, 2, 0x11, 1,
			3, 0x11, 1}, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0)
	}
	bmpBomb := encoded(t, image.NewNRGBA(image.Rect(0, 0, 1, 1)))["image/bmp"]
	binary.LittleEndian.PutUint32(bmpBomb[18:], side)
	binary.LittleEndian.PutUint32(bmpBomb[22:], side)
	gifBomb := append([]byte("GIF89a"), side&0xff, side>>8, side&0xff, side>>8, 0, 0, 0)
	for _, c := range []struct{ media, file string }{{"image/png", string(pngBomb)}, {"image/jpeg", string(jpegBomb(0xc0))},
		{"image/jpeg", string(jpegBomb(0xc2))}, {"image/bmp", string(bmpBomb)}, {"image/gif", string(gifBomb)}} {
		var err error
		grown := allocated(func() { _, err = Preview(strings.NewReader(c.file), c.media, 320) })
		if !errors.Is(err, ErrLarge) || grown > 1<<20 {
			t.Errorf("%s: %v, and %d bytes were taken", c.media, err, grown)
		}
	}
	for media := range codecs {
		if _, err := Preview(strings.NewReader("<script>"), media, 320); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", media, err)
		}
	}
	if _, err := Preview(strings.NewReader("%PDF-1.7"), "application/pdf", 320); !errors.Is(err, ErrNone) {
		t.Errorf("a PDF: %v", err)
	}
}

// A photo of 12 megapixels as a phone takes it.
func BenchmarkPreview(b *testing.B) {
	photo := photostest.JPEG(photostest.Says{Orientation: 6}, 4000, 3000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Preview(bytes.NewReader(photo), "image/jpeg", 320); err != nil {
			b.Fatal(err)
		}
	}
}

// The largest picture that is taken, of a kind that is read slowly.
func BenchmarkLargePreview(b *testing.B) {
	var file bytes.Buffer
	if err := gif.Encode(&file, image.NewPaletted(image.Rect(0, 0, 7000, 7000), color.Palette{color.White, color.Black}), nil); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Preview(bytes.NewReader(file.Bytes()), "image/gif", 1280); err != nil {
			b.Fatal(err)
		}
	}
}
