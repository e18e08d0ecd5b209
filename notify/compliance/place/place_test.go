package place

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The vectors that implementations of the shift share (googollee/eviltransform, MIT): Shanghai, Shenzhen, Beijing; and
// places abroad, where nothing is shifted.
func TestPublishedVectors(t *testing.T) {
	for _, c := range []struct{ wgs, gcj Point }{
		{Point{121.5272106, 31.1774276}, Point{121.531541859215, 31.17530398364597}},
		{Point{113.912316, 22.543847}, Point{113.9171764808363, 22.540796131694766}},
		{Point{116.377817, 39.911954}, Point{116.38404722455657, 39.91334545536069}},
		{Point{-104.9903, 39.7392}, Point{-104.9903, 39.7392}},
		{Point{153.0251, -27.4698}, Point{153.0251, -27.4698}},
		{Point{139.767125, 35.681236}, Point{139.767125, 35.681236}},
	} {
		if got := ToGCJ02(c.wgs); math.Abs(got.Lon-c.gcj.Lon) > 1e-9 || math.Abs(got.Lat-c.gcj.Lat) > 1e-9 {
			t.Errorf("%v becomes %v, not %v", c.wgs, got, c.gcj)
		}
		if got := WGS84.FromWGS84(c.wgs); got != c.wgs {
			t.Errorf("%v becomes %v in its own system", c.wgs, got)
		}
		if got := GCJ02.FromWGS84(c.wgs); got != ToGCJ02(c.wgs) {
			t.Errorf("%v becomes %v", c.wgs, got)
		}
	}
	shanghai, beijing := Point{121.531541859215, 31.17530398364597}, Point{116.38404722455657, 39.91334545536069}
	const theirs, ours = 6378137.0, 6371000.0 // m: the radius of the sphere
	if d := Distance(shanghai, beijing) * theirs / ours; math.Abs(d-1078164) > 1 {
		t.Errorf("from Shanghai to Beijing it is %.0f m", d)
	}
}

// In China the shift is of some hundred metres and goes back to within a centimetre.
func TestThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Point{rapid.Float64Range(74, 135).Draw(t, "lon"), rapid.Float64Range(18, 53).Draw(t, "lat")}
		to := ToGCJ02(p)
		if d := Distance(p, to); d > 1200 {
			t.Fatalf("it is shifted by %.0f m", d)
		}
		if d := Distance(p, ToWGS84(to)); d > 0.01 {
			t.Fatalf("and back it is %g m away", d)
		}
	})
}

func TestWhatIsNoPlace(t *testing.T) {
	for p, valid := range map[Point]bool{{}: false, {117, 39}: true, {181, 0}: false, {0, 91}: false, {0, 45}: true,
		{math.NaN(), 1}: false, {1, math.Inf(1)}: false} {
		if p.Valid() != valid {
			t.Errorf("%v is valid: %v", p, p.Valid())
		}
	}
}
