package demo

import (
	"testing"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/settings"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

// The demo is set up as Xiqing would be: a list that says nothing of its bounds is held to the district's, and a
// district's own bounds stay.
func TestDemoHasTheDistrictsBounds(t *testing.T) {
	cfg := (&Demo{}).Configure(config.Default())
	if want := (config.Box{West: 116.88, East: 117.35, South: 38.82, North: 39.18}); cfg.ListChecks.District != want {
		t.Fatalf("the demo's bounds are %+v, want %+v", cfg.ListChecks.District, want)
	}
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.Extra = nil
	found := func() (n int) {
		for _, f := range rules.Judge(workbook.Places(l), settings.List(cfg.ListChecks)) {
			if f.Rule == "list.far_outside" || f.Rule == "list.outside_district" {
				n++
			}
		}
		return n
	}
	if n := found(); n > 0 {
		t.Errorf("%d of the embedded list lie outside", n)
	}
	r, err := l.Find("E0003")
	if err != nil {
		t.Fatal(err)
	}
	if r.Lon, r.Lat = 116.4, 39.9; found() != 1 {
		t.Error("an enterprise in another city is not found")
	}
	own := config.Default()
	own.ListChecks.District = config.Box{West: 116, East: 118, South: 38, North: 40}
	if got := (&Demo{}).Configure(own).ListChecks.District; got != own.ListChecks.District {
		t.Errorf("a district's own bounds became %+v", got)
	}
	other := config.Default()
	other.District.Region = "120112"
	if got := (&Demo{}).Configure(other).ListChecks.District; got != (config.Box{}) {
		t.Errorf("another district has Xiqing's bounds: %+v", got)
	}
}
