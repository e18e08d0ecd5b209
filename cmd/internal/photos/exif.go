// Package photos reads what pictures say of themselves, and scales them down. What it reads may be made by an enemy: the
// work and the memory for one picture are bounded by constants, whatever its headers claim.
package photos

import (
	"errors"
	"io"
	"math"
	"time"

	"github.com/bep/imagemeta"

	"qingkong/alerts"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/place"
)

// HEIC is the media type of photos as some phones keep them. They are read here and not scaled: no decoder that this
// program could carry is there.
const HEIC = "image/heic"

// formats are the pictures whose EXIF data are read.
var formats = map[string]imagemeta.ImageFormat{"image/jpeg": imagemeta.JPEG, "image/png": imagemeta.PNG,
	"image/webp": imagemeta.WebP, HEIC: imagemeta.HEIF}

// Bounds of what is read of a picture: bytes, of which a jump costs a page, and tags with their sizes.
const (
	mostRead = 16 << 20
	mostTags = 2000
	mostTag  = 1000
)

// said are the tags of which something is made.
var said = map[string]bool{"DateTimeOriginal": true, "OffsetTimeOriginal": true, "OffsetTime": true, "Orientation": true,
	"GPSLatitude": true, "GPSLatitudeRef": true, "GPSLongitude": true, "GPSLongitudeRef": true, "GPSDateStamp": true,
	"GPSTimeStamp": true}

// EXIF is when and where a picture says that it was taken; nothing of one that does not say, or is no picture. A time
// without a zone is in Asia/Shanghai. The reader's place afterwards is not known.
func EXIF(r io.ReadSeeker, media string) compliance.Taken {
	tags := tagsOf(r, media)
	return compliance.Taken{At: tags.time(), Position: tags.position()}
}

// tags are those of [said] by their names.
type tags map[string]any

// tagsOf are the tags of a picture, as far as they can be read: a file that is damaged behind them has them all the same.
func tagsOf(r io.ReadSeeker, media string) tags {
	format, known := formats[media]
	all := tags{}
	if !known {
		return all
	}
	_, _ = imagemeta.Decode(imagemeta.Options{R: &bounded{r: r, left: mostRead}, ImageFormat: format, Sources: imagemeta.EXIF,
		LimitNumTags: mostTags, LimitTagSize: mostTag,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return said[t.Tag] && !inThumbnail(t) },
		HandleTag: func(t imagemeta.TagInfo) error {
			if _, twice := all[t.Tag]; !twice {
				all[t.Tag] = t.Value
			}
			return nil
		}})
	return all
}

// inThumbnail says whether a tag is about the small picture within the picture.
func inThumbnail(t imagemeta.TagInfo) bool { return len(t.Namespace) < 4 || t.Namespace[:4] != "IFD0" }

func (t tags) text(name string) string { s, _ := t[name].(string); return s }

// time is when a picture was taken: as the camera's clock had it, or else as the satellites did.
func (t tags) time() *time.Time {
	const local, zoned, gps = "2006:01:02 15:04:05", "2006:01:02 15:04:05-07:00", "2006:01:02 15:04:05"
	taken := t.text("DateTimeOriginal")
	for _, offset := range []string{t.text("OffsetTimeOriginal"), t.text("OffsetTime")} {
		if at, err := time.Parse(zoned, taken+offset); err == nil && offset != "" {
			return plausible(at)
		}
	}
	if at, err := time.ParseInLocation(local, taken, alerts.Shanghai()); err == nil {
		return plausible(at)
	}
	if at, err := time.Parse(gps, t.text("GPSDateStamp")+" "+t.text("GPSTimeStamp")); err == nil {
		return plausible(at)
	}
	return nil
}

// plausible is a time that a camera may give; nil for one before there were any, which a clock that was never set has.
func plausible(at time.Time) *time.Time {
	if at.Year() < 1990 || at.Year() > 9000 {
		return nil
	}
	at = at.In(alerts.Shanghai()).Truncate(time.Second)
	return &at
}

// position is where a picture was taken, to within some centimetres.
func (t tags) position() *place.Point {
	lat, ok := t["GPSLatitude"].(float64)
	lon, both := t["GPSLongitude"].(float64)
	if !ok || !both {
		return nil
	}
	if t.text("GPSLatitudeRef") == "S" {
		lat = -lat
	}
	if t.text("GPSLongitudeRef") == "W" {
		lon = -lon
	}
	const digits = 1e7
	p := place.Point{Lon: math.Round(lon*digits) / digits, Lat: math.Round(lat*digits) / digits}
	if !p.Valid() {
		return nil
	}
	return &p
}

// orientation is how a picture has to be turned to stand upright, 1 to 8 of EXIF; 1 is as it is.
func (t tags) orientation() int {
	if n, ok := t["Orientation"].(uint16); ok && n >= 1 && n <= 8 {
		return int(n)
	}
	return 1
}

// bounded is a reader that ends once so much was read.
type bounded struct {
	r    io.ReadSeeker
	left int64
}

var errMuch = errors.New("photos: there is more to read than a picture needs")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errMuch
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *bounded) Seek(offset int64, whence int) (int64, error) {
	const page = 4096
	if b.left -= page; b.left <= 0 {
		return 0, errMuch
	}
	return b.r.Seek(offset, whence)
}
