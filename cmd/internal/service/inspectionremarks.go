package service

import (
	"fmt"
	"slices"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/place"
)

// mostShared is how many inspections are named that share a file with another: a form may stand in all of them.
const mostShared = 10

// shared are the ids of other inspections that name a file of one, as far as who asks may see them. What an inspection
// corrects, or is corrected by, shares its files as a matter of course.
func (v *inspected) shared(is *inspect.Inspection) (ids []string, err error) {
	const mostLooked = 50 // at inspections that who asks does not see, or that are of one chain of corrections
	if v.ask.Who == nil {
		return nil, nil
	}
	var chain []string
	looked := 0
	for _, hash := range is.Files() {
		for id := range inspect.WithFile(v.tx, hash) {
			if looked++; looked > mostLooked || len(ids) == mostShared {
				return ids, nil
			}
			if chain == nil {
				if chain, err = inspect.Chain(v.tx, is); err != nil {
					return nil, err
				}
			}
			if slices.Contains(chain, id) || slices.Contains(ids, id) {
				continue
			}
			other, err := inspect.Get(v.tx, id)
			if err != nil {
				return nil, err
			}
			if Visible(v.ask.Who, other.Recipient, other.Town) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

func (v *inspected) remark(r inspect.Remark) calls.RemarkView {
	return calls.RemarkView{Rule: r.Rule, Of: r.Of,
		Text: refusal.Text("inspection.remark."+r.Rule, v.ask.Lang, refusal.Args{"of": r.Of})}
}

// farAway remarks that the inspector stood far from where the list has the recipient.
func (v *inspected) farAway(is *inspect.Inspection, at *inspect.Fix, out *calls.InspectionView) {
	site := v.site(is.Recipient)
	if at == nil || site == nil {
		return
	}
	if m := place.Distance(v.s.photos.System.FromWGS84(place.Point{Lon: at.Lon, Lat: at.Lat}), *site); m > v.s.photos.Far {
		out.Remarks = append(out.Remarks, v.remark(inspect.Remark{Rule: inspect.FarAway, Of: fmt.Sprintf("%.1f", m/1000)}))
	}
}

// site is where the list in force has a recipient, in its own system; nil where it does not say.
func (v *inspected) site(recipient string) *place.Point {
	r, err := ListedRecipient(v.tx, recipient, v.s.J.Wall())
	if err != nil || r.Lon == 0 && r.Lat == 0 {
		return nil
	}
	return &place.Point{Lon: r.Lon, Lat: r.Lat}
}

// photos remarks what the photos of an inspection say of where and when they were taken: by the telephone's own clock, by
// which it was inspected as well.
func (v *inspected) photos(is *inspect.Inspection, out *calls.InspectionView) error {
	site := v.site(is.Recipient)
	for _, hash := range is.Files() {
		e, err := compliance.GetEvidence(v.tx, hash, "")
		if err != nil || hash == is.Signature {
			continue // one that nobody handed in is refused before
		}
		photo, err := PhotoOf(v.tx, e)
		if err != nil {
			return err
		}
		for _, r := range v.s.photos.Remarks(photo.EXIF, photo.Claimed, site, is.At) {
			out.Remarks = append(out.Remarks, calls.RemarkView{Rule: r.Rule, Of: hash, Text: r.Words(v.ask.Lang)})
		}
	}
	return nil
}
