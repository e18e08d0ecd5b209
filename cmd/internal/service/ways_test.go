package service

import (
	"slices"
	"testing"

	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/place"
)

// A telephone's own map is asked for by WGS-84, and a map that is configured by the system of the list; a name is no part of
// an address.
func TestMapsOfAPosition(t *testing.T) {
	at := place.Point{Lon: 117.094021, Lat: 39.048898}
	const geo, name = "geo:39.048898,117.094021", "&n=A%26B+%E5%8E%82"
	for system, on := range map[place.System]string{place.WGS84: "117.094021,39.048898", place.GCJ02: "117.100437,39.050022"} {
		s := &Service{photos: compliance.PhotoLimits{System: system},
			maps: []calls.MapLink{{Name: "地图", Href: "https://maps.example/?at={lon},{lat}&n={name}"}}}
		want := []calls.MapLink{{Name: GeoLink, Href: geo}, {Name: "地图", Href: "https://maps.example/?at=" + on + name}}
		if got := s.MapsOf(at, "A&B 厂"); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", system, got, want)
		}
	}
}
