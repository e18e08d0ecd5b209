// Package place is arithmetic on positions: how far apart two are, and what becomes of one between the two systems that
// are in use in China. GNSS receivers, and so the EXIF data of photos and what a browser says of its device, give WGS-84.
// Maps that are published in China, and so positions that were picked on one, are in GCJ-02, which shifts a position by
// some 300 to 700 m. The shift has no official formula; the one here is that which is in public use, and tested with the
// vectors that its implementations share.
package place

import "math"

// Point is a position in degrees, east and north.
type Point struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}

// Valid says whether a point lies on the earth. The point 0, 0 does not: receivers without a fix give it.
func (p Point) Valid() bool {
	return p != (Point{}) && p.Lon >= -180 && p.Lon <= 180 && p.Lat >= -90 && p.Lat <= 90
}

// System is what coordinates mean.
type System string

// The systems.
const (
	WGS84 System = "wgs84"
	GCJ02 System = "gcj02"
)

// FromWGS84 is a WGS-84 position in a system.
func (s System) FromWGS84(p Point) Point {
	if s == GCJ02 {
		return ToGCJ02(p)
	}
	return p
}

// The ellipsoid of Krasovsky 1940, on which the shift is reckoned: the semi-major axis in m, the eccentricity squared.
const (
	axis         = 6378245.0
	eccentricity = 0.00669342162296594323
)

// shifted says whether a position lies in the rectangle around China in which maps are shifted.
func shifted(p Point) bool {
	return p.Lon >= 72.004 && p.Lon <= 137.8347 && p.Lat >= 0.8293 && p.Lat <= 55.8271
}

// ToGCJ02 is a WGS-84 position in GCJ-02; outside of China the same.
func ToGCJ02(p Point) Point {
	if !shifted(p) {
		return p
	}
	x, y := p.Lon-105, p.Lat-35
	root := math.Sqrt(math.Abs(x))
	short := 20*math.Sin(6*x*math.Pi) + 20*math.Sin(2*x*math.Pi)
	north := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*root + 2.0/3*(short+waves(y, 20, 40, 3)+
		160*math.Sin(y/12*math.Pi)+320*math.Sin(y*math.Pi/30))
	east := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*root + 2.0/3*(short+waves(x, 20, 40, 3)+
		150*math.Sin(x/12*math.Pi)+300*math.Sin(x/30*math.Pi))
	sin, cos := math.Sincos(p.Lat * math.Pi / 180)
	magic := 1 - eccentricity*sin*sin
	perDegree := math.Pi / 180 * axis
	return Point{Lon: p.Lon + east/(perDegree/math.Sqrt(magic)*cos),
		Lat: p.Lat + north/(perDegree*(1-eccentricity)/(magic*math.Sqrt(magic)))}
}

// waves is the part of the shift that goes with v and v/third.
func waves(v, first, second, third float64) float64 {
	return first*math.Sin(v*math.Pi) + second*math.Sin(v/third*math.Pi)
}

// ToWGS84 is a GCJ-02 position in WGS-84, to within a centimetre: the position that [ToGCJ02] takes there.
func ToWGS84(p Point) Point {
	if !shifted(p) {
		return p
	}
	const rounds = 10 // each leaves about a hundredth of the error of the one before
	q := p
	for range rounds {
		to := ToGCJ02(q)
		q = Point{Lon: q.Lon + p.Lon - to.Lon, Lat: q.Lat + p.Lat - to.Lat}
	}
	return q
}

// Distance is how far apart two positions of one system are, in m along a great circle.
func Distance(p, q Point) float64 {
	const earth = 6371e3 // m
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	lat, lon := math.Sin(rad(q.Lat-p.Lat)/2), math.Sin(rad(q.Lon-p.Lon)/2)
	h := lat*lat + math.Cos(rad(p.Lat))*math.Cos(rad(q.Lat))*lon*lon
	return 2 * earth * math.Asin(math.Sqrt(min(h, 1)))
}
