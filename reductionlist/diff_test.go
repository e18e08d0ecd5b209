package reductionlist_test

import (
	"encoding/json"
	"slices"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
)

// There is a difference exactly when the hashes differ, and each version's rows lead page by page to the same ones.
func TestDiffAgreesWithTheHashAndWithThePages(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := listtest.DrawList(rt), listtest.DrawList(rt)
		if rapid.Bool().Draw(rt, "same") {
			b = a
		}
		for _, l := range []*reductionlist.List{a, b} {
			for _, r := range l.Recipients {
				r.Contact = nil
			}
		}
		want := reductionlist.Diff(a, b)
		if (len(want) == 0) != (a.Hash() == b.Hash()) {
			rt.Fatalf("hashes %s and %s, differences %+v", a.Hash(), b.Hash(), want)
		}
		db := store(t)
		va := importList(t, db, a, at(t, "2016-12-16 08:00"), func(reductionlist.Event) {})
		vb := importList(t, db, b, at(t, "2016-12-16 09:00"), func(reductionlist.Event) {})
		var got []reductionlist.Change
		listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
			for after := ""; ; {
				page, next, err := reductionlist.DiffVersions(tx, va.ID, vb.ID, after, 2)
				listtest.Must(t, err)
				got = append(got, page...)
				if after = next; next == "" {
					return nil
				}
			}
		}))
		if !slices.Equal(got, want) {
			rt.Fatalf("pages %+v, want %+v", got, want)
		}
	})
}

func TestDiffNamesTheColumn(t *testing.T) {
	a, b := listtest.Example(20), listtest.Example(21)
	b.Recipients[2].Grade = reductionlist.GradeD
	b.Recipients[2].Measures[0].CompleteWithinH = 6
	b.Recipients[3].Lines = nil
	b.Recipients = slices.Delete(b.Recipients, 4, 5)
	id := a.Recipients[2].Measures[0].ID + " 黄色"
	want := []reductionlist.Change{
		{Kind: "changed", Recipient: "E0003", Sheet: "减排对象", Column: "绩效分级", Old: a.Recipients[2].Grade.Label(), New: "D"},
		{Kind: "changed", Recipient: "E0003", Sheet: "减排措施", Key: id, Column: "完成时限(小时)", Old: "4", New: "6"},
		{Kind: "removed", Recipient: "E0004", Sheet: "生产线", Key: "L1"},
		{Kind: "removed", Recipient: "E0005", Sheet: "减排对象", Old: a.Recipients[4].Name},
		{Kind: "added", Recipient: "E0021", Sheet: "减排对象", New: b.Recipients[19].Name},
	}
	if got := reductionlist.Diff(a, b); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The JSON of a measure is what orders and the interface show.
func TestMeasureJSON(t *testing.T) {
	s := listtest.Seed()
	l, _ := s.Read(t)
	r, err := l.Find("E0001")
	listtest.Must(t, err)
	m := reductionlist.MeasuresAt(r, alerts.Orange)[1]
	m.Notes = reductionlist.Notes{}
	got, err := json.Marshal(m)
	listtest.Must(t, err)
	want := `{"id":"M06","levels":["orange"],"unit":"6#机组","action":"reduce_coal",` +
		`"text":"6#机组在4小时内把日耗煤量减少300吨，减发电出力、不减供热，脱硝反应器入口烟温不低于310℃",` +
		`"quantity":{"kind":"reduce_by","value":300,"unit":"t/d"},"complete_within_h":4,"responsible":"当班值长",` +
		`"monitor":[{"source":"cems","ref":"120111E00010000000000006","factor":"a21002","criterion":"hour_mass_at_most 29 kg/h"},` +
		`{"source":"dcs","ref":"120111E00010000000000006","factor":"g20301","criterion":"day_total_at_most 2400 t"}],` +
		`"evidence":["DCS曲线","入炉煤量台账"],"reduction_t_per_day":{"so2":0.0339,"nox":0.072,"pm":0.00297,"vocs":0}}`
	if string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestRatios(t *testing.T) {
	measure := func(level alerts.Level, unit string, nox float64) reductionlist.Measure {
		return reductionlist.Measure{ID: "M" + unit, Levels: []alerts.Level{level}, Unit: unit,
			Reduction: reductionlist.Amounts{NOx: nox}}
	}
	l := &reductionlist.List{Emission: reductionlist.Amounts{SO2: 10, NOx: 10}, Recipients: []*reductionlist.Recipient{
		{ID: "A", Measures: []reductionlist.Measure{measure(alerts.Yellow, "1", 2), measure(alerts.Orange, "1", 3),
			measure(alerts.Red, "2", 4)}},
		{ID: "B", Category: reductionlist.Closed, Measures: []reductionlist.Measure{measure(alerts.Yellow, "1", 100)}},
		{ID: "C", Lines: []reductionlist.Line{{ID: "1", Idle: true}},
			Measures: []reductionlist.Measure{measure(alerts.Yellow, "1", 100)}},
	}}
	want := map[alerts.Level]float64{alerts.Advisory: 0, alerts.Yellow: 0.2, alerts.Orange: 0.3, alerts.Red: 0.7}
	for _, r := range reductionlist.TotalsOf(l).Ratios() {
		if r.Share.NOx != want[r.Level] {
			t.Errorf("%s: NOx %v, want %v", r.Level, r.Share.NOx, want[r.Level])
		}
	}
	// SO2 and NOx stand in for each other: 20 % together at yellow is enough, 30 % of 40 at orange is not.
	var levels []alerts.Level
	for _, s := range rules.ShortfallsOf(new(reductionlist.TotalsOf(l)), rules.DefaultSettings()) {
		levels = append(levels, s.Level)
	}
	if !slices.Equal(levels, []alerts.Level{alerts.Orange}) {
		t.Errorf("shortfalls at %v, want orange alone", levels)
	}
}

func TestValidUSCC(t *testing.T) {
	for code, want := range map[string]bool{
		"91350100M000100Y43": true, // the example of GB 32100-2015
		"91350100M000100Y44": false, "91350100M000100Y4": false, "91350100m000100y43": false, "91350100M000100I43": false,
		"": false,
	} {
		if got := reductionlist.ValidUSCC(code); got != want {
			t.Errorf("ValidUSCC(%q) = %v", code, got)
		}
	}
}

func TestSector(t *testing.T) {
	for _, c := range []struct {
		r    reductionlist.Recipient
		want string
	}{
		{reductionlist.Recipient{Type: reductionlist.Enterprise, Industry: "C2110"}, "家具制造业"},
		{reductionlist.Recipient{Type: reductionlist.Enterprise, Industry: "4412"}, "电力、热力生产和供应业"},
		{reductionlist.Recipient{Type: reductionlist.Enterprise, Industry: "99"}, "其他行业"},
		{reductionlist.Recipient{Type: reductionlist.Enterprise}, "其他行业"},
		{reductionlist.Recipient{Type: reductionlist.Site, Industry: "E4700"}, "施工工地"},
		{reductionlist.Recipient{Type: reductionlist.Town}, "街镇"},
	} {
		if got := c.r.Sector(); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.r.Type, c.r.Industry, got, c.want)
		}
	}
}
