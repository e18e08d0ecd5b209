package compliance

import (
	"math"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/compliance/place"
)

// Taken is when and where a photo was taken, as far as something says so. The place is WGS-84.
type Taken struct {
	At       *time.Time   `json:"at,omitempty"`
	Position *place.Point `json:"position,omitempty"`
}

// none says whether nothing is said.
func (t Taken) none() bool { return t.At == nil && t.Position == nil }

// or is what is said, and of the rest what another says.
func (t Taken) or(other Taken) Taken {
	if t.At == nil {
		t.At = other.At
	}
	if t.Position == nil {
		t.Position = other.Position
	}
	return t
}

// Photo is what a photo itself says of where and when it was taken (EXIF), and what the device claimed that handed it in.
// It is personal, so that the record has it in the vault; see [Evidence.PhotoRef].
type Photo struct {
	EXIF    Taken `json:"exif,omitzero"`
	Claimed Taken `json:"claimed,omitzero"`
}

// None says whether nothing is known of a photo.
func (p Photo) None() bool { return p.EXIF.none() && p.Claimed.none() }

// PhotoLimits are beyond what a photo is remarked upon; the zero value is [UsualPhotos].
type PhotoLimits struct {
	Far    float64       // m from the place of the inspection
	Late   time.Duration // before or after it
	System place.System  // of the positions of the list
}

// UsualPhotos are the limits of a photo taken at the gate: the size of a large plant, and half an hour. The positions of
// a list are picked on a map, so that they are most likely shifted as maps are.
var UsualPhotos = PhotoLimits{Far: 1000, Late: 30 * time.Minute, System: place.GCJ02}

// Remark is something to look at. It refuses nothing.
type Remark struct {
	Rule string // photo_far, photo_late, photo_place_differs or photo_time_differs
	Args refusal.Args
}

// Words are the remark in a language.
func (r Remark) Words(lang string) string { return refusal.Text("remark."+r.Rule, lang, r.Args) }

// Remarks are what there is to remark of a photo, from what it says itself and what the device claimed: that it was taken
// far from a place of the list, long before or after a time, or that the two differ by as much. What the photo says goes
// before what was claimed. A nil site and a zero time are not known, and then nothing is remarked of them.
func (l PhotoLimits) Remarks(exif, claimed Taken, site *place.Point, at time.Time) (all []Remark) {
	if l == (PhotoLimits{}) {
		l = UsualPhotos
	}
	far := func(rule string, p, q place.Point) {
		if m := place.Distance(p, q); m > l.Far {
			all = append(all, Remark{rule, refusal.Args{"metres": int(math.Round(m))}})
		}
	}
	late := func(rule string, s, t time.Time) {
		if d := s.Sub(t).Abs(); d > l.Late {
			all = append(all, Remark{rule, refusal.Args{"minutes": int(d / time.Minute)}})
		}
	}
	taken := exif.or(claimed)
	if taken.Position != nil && site != nil {
		far("photo_far", l.System.FromWGS84(*taken.Position), *site)
	}
	if taken.At != nil && !at.IsZero() {
		late("photo_late", *taken.At, at)
	}
	if exif.Position != nil && claimed.Position != nil {
		far("photo_place_differs", *exif.Position, *claimed.Position)
	}
	if exif.At != nil && claimed.At != nil {
		late("photo_time_differs", *exif.At, *claimed.At)
	}
	return all
}
