package compliance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/notify/compliance/place"
)

// A photo is remarked upon where it was taken beyond 1 km from the site or half an hour from the inspection, and where what
// it says itself and what the device claims differ by as much. The list's positions are shifted as maps are.
func TestRemarksOfAPhoto(t *testing.T) {
	site := place.Point{Lon: 117.0, Lat: 39.1} // WGS-84
	listed := place.ToGCJ02(site)
	noon := time.Date(2016, 12, 19, 12, 0, 0, 0, alerts.Shanghai())
	north := func(m float64) *place.Point { return &place.Point{Lon: site.Lon, Lat: site.Lat + m/111194.93} }
	after := func(d time.Duration) *time.Time { at := noon.Add(d); return &at }
	for _, c := range []struct {
		name          string
		exif, claimed Taken
		site          *place.Point
		at            time.Time
		limits        PhotoLimits
		want          string
	}{
		{name: "nothing is known", site: &listed, at: noon},
		{name: "at the gate", exif: Taken{after(0), north(0)}, claimed: Taken{after(0), north(0)}, site: &listed, at: noon},
		{name: "just near enough", exif: Taken{after(30 * time.Minute), north(990)}, site: &listed, at: noon},
		{name: "too far", exif: Taken{nil, north(1010)}, site: &listed, at: noon, want: "photo_far 101"},
		{name: "too late", exif: Taken{after(31 * time.Minute), nil}, site: &listed, at: noon, want: "photo_late 31"},
		{name: "a day before", exif: Taken{after(-24 * time.Hour), nil}, site: &listed, at: noon, want: "photo_late 1440"},
		{name: "claimed alone", claimed: Taken{after(time.Hour), north(5000)}, site: &listed, at: noon,
			want: "photo_far 500"},
		{name: "what it says goes before what is claimed", exif: Taken{after(0), north(0)},
			claimed: Taken{after(time.Hour), north(5000)}, site: &listed, at: noon, want: "photo_place_differs 5000, photo_time_differs 60"},
		{name: "no site and no time", exif: Taken{after(time.Hour), north(5000)}},
		{name: "a list of WGS-84", exif: Taken{nil, north(0)}, site: &site, at: noon,
			limits: PhotoLimits{Far: 100, Late: time.Hour, System: place.WGS84}},
		{name: "taken as shifted it is not near", exif: Taken{nil, north(0)}, site: &site, at: noon,
			limits: PhotoLimits{Far: 100, Late: time.Hour, System: place.GCJ02}, want: "photo_far "},
	} {
		var got []string
		for _, r := range c.limits.Remarks(c.exif, c.claimed, c.site, c.at) {
			n := r.Args["metres"]
			if n == nil {
				n = r.Args["minutes"]
			}
			got = append(got, fmt.Sprint(r.Rule, " ", n))
			if zh, en := r.Words("zh-CN"), r.Words("en"); zh == en || strings.ContainsAny(zh+en, "{}") {
				t.Errorf("%s: %s, %s", c.name, zh, en)
			}
		}
		if all := strings.Join(got, ", "); c.want == "" && all != "" || !strings.HasPrefix(all, c.want) {
			t.Errorf("%s: %q, not %q", c.name, all, c.want)
		}
	}
}
