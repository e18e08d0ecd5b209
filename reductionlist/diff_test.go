package reductionlist_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// There is a difference exactly when the hashes differ, and each version's rows lead page by page to the same ones.
func TestDiffAgreesWithTheHashAndWithThePages(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := drawList(rt), drawList(rt)
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
		must(t, db.View(func(tx *bbolt.Tx) error {
			for after := ""; ; {
				page, next, err := reductionlist.DiffVersions(tx, va.ID, vb.ID, after, 2)
				must(t, err)
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
	a, b := exampleList(20), exampleList(21)
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

func TestAmend(t *testing.T) {
	for _, c := range []struct {
		name string
		in   reductionlist.Amendment
		rule string // of the refusal, or of its first field
		want string // the measures afterwards
	}{
		{"one member of one row", reductionlist.Amendment{MeasureID: "M1", Level: alerts.Yellow, Change: []byte(`{"complete_within_h":8}`)}, "", "M1/8 M1/4 M2/2"},
		{"a row taken out", reductionlist.Amendment{MeasureID: "M2"}, "", "M1/4 M1/4"},
		{"a new measure", reductionlist.Amendment{MeasureID: "M9", Change: []byte(`{"levels":["red"],"action":"other","text":"厂界每2小时巡查1次","quantity":{"kind":"at_least","value":12,"unit":"次/日"},
			"complete_within_h":1,"responsible":"安全员","monitor":[{"source":"video"}],"evidence":["巡查记录"]}`)}, "", "M1/4 M1/4 M2/2 M9/1"},
		{"several rows and no level", reductionlist.Amendment{MeasureID: "M1", Change: []byte(`{}`)}, "list.which_row", ""},
		{"no such measure to take out", reductionlist.Amendment{MeasureID: "M7"}, "list.no_such_row", ""},
		{"no such recipient", reductionlist.Amendment{RecipientID: "E0099", MeasureID: "M2"}, "list.no_recipient", ""},
		{"no day", reductionlist.Amendment{MeasureID: "M2", EffectiveFrom: "soon"}, "list.date", ""},
		{"an unknown member", reductionlist.Amendment{MeasureID: "M2", Change: []byte(`{"deadline":1}`)}, "input.unknown_field", ""},
		{"a vague text", reductionlist.Amendment{MeasureID: "M2", Change: []byte(`{"text":"尽量少用车"}`)}, "list.vague", ""},
		{"an unknown action", reductionlist.Amendment{MeasureID: "M2", Change: []byte(`{"action":"slow_down"}`)}, "list.enum", ""},
		{"no evidence left", reductionlist.Amendment{MeasureID: "M2", Change: []byte(`{"evidence":[]}`)}, "list.no_evidence", ""},
		{"a criterion that is none", reductionlist.Amendment{MeasureID: "M2", Change: []byte(`{"monitor":[{"source":"gate","criterion":"few"}]}`)}, "list.criterion", ""},
		{"a level it has a row for", reductionlist.Amendment{MeasureID: "M1", Level: alerts.Yellow, Change: []byte(`{"levels":["red"]}`)}, "list.duplicate", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := exampleList(5)
			before := l.Hash()
			if c.in.RecipientID == "" {
				c.in.RecipientID = "E0003"
			}
			if c.in.EffectiveFrom == "" {
				c.in.EffectiveFrom = "2016-12-20"
			}
			err := l.Amend(c.in)
			if c.rule == "" {
				must(t, err)
				var got string
				for _, m := range l.Recipients[2].Measures {
					got += fmt.Sprint(" ", m.ID, "/", m.CompleteWithinH)
				}
				if got != " "+c.want || l.EffectiveFrom != "2016-12-20" {
					t.Errorf("measures%s from %s, want %s", got, l.EffectiveFrom, c.want)
				}
				return
			}
			e, ok := err.(*refusal.Error)
			if !ok || e.Rule != c.rule && (len(e.Fields) == 0 || e.Fields[0].Rule != c.rule) {
				t.Errorf("%v, want %s", err, c.rule)
			}
			if l.Hash() != before {
				t.Error("a refused amendment changed the list")
			}
		})
	}
}

func TestFindingsAsAWorkbook(t *testing.T) {
	s := seedSheets(t)
	s.set(t, measures, 2, "动作", "减产")
	_, found := s.read(t)
	var buf bytes.Buffer
	must(t, reductionlist.WriteFindings(&buf, found, "zh-CN"))
	f, err := excelize.OpenReader(&buf)
	must(t, err)
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	must(t, err)
	if len(rows) != len(found)+1 {
		t.Fatalf("%d rows for %d findings", len(rows), len(found))
	}
	i := slices.IndexFunc(rows, func(r []string) bool { return r[3] == "动作" })
	if i < 0 || rows[i][0] != "错误" || rows[i][2] != "2" || rows[i][6] != "list.enum" {
		t.Errorf("rows %v", rows)
	}
}

// The JSON of a measure is what orders and the interface show.
func TestMeasureJSON(t *testing.T) {
	s := seedSheets(t)
	l, _ := s.read(t)
	r, err := l.Find("E0001")
	must(t, err)
	m := reductionlist.MeasuresAt(r, alerts.Orange)[1]
	m.Notes = reductionlist.Notes{}
	got, err := json.Marshal(m)
	must(t, err)
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
		return reductionlist.Measure{ID: "M" + unit, Levels: []alerts.Level{level}, Unit: unit, Reduction: reductionlist.Amounts{NOx: nox}}
	}
	l := &reductionlist.List{Emission: reductionlist.Amounts{SO2: 10, NOx: 10}, Recipients: []*reductionlist.Recipient{
		{ID: "A", Measures: []reductionlist.Measure{measure(alerts.Yellow, "1", 2), measure(alerts.Orange, "1", 3), measure(alerts.Red, "2", 4)}},
		{ID: "B", Category: reductionlist.Closed, Measures: []reductionlist.Measure{measure(alerts.Yellow, "1", 100)}},
		{ID: "C", Lines: []reductionlist.Line{{ID: "1", Idle: true}}, Measures: []reductionlist.Measure{measure(alerts.Yellow, "1", 100)}},
	}}
	want := map[alerts.Level]float64{alerts.Advisory: 0, alerts.Yellow: 0.2, alerts.Orange: 0.3, alerts.Red: 0.7}
	for _, r := range reductionlist.Ratios(l) {
		if r.Share.NOx != want[r.Level] {
			t.Errorf("%s: NOx %v, want %v", r.Level, r.Share.NOx, want[r.Level])
		}
	}
	// SO2 and NOx stand in for each other: 20 % together at yellow is enough, 30 % of 40 at orange is not.
	var levels []alerts.Level
	for _, s := range reductionlist.Shortfalls(l, reductionlist.DefaultSettings()) {
		levels = append(levels, s.Level)
	}
	if !slices.Equal(levels, []alerts.Level{alerts.Orange}) {
		t.Errorf("shortfalls at %v, want orange alone", levels)
	}
}

func TestValidUSCC(t *testing.T) {
	for code, want := range map[string]bool{
		"91350100M000100Y43": true, // the example of GB 32100-2015
		"91350100M000100Y44": false, "91350100M000100Y4": false, "91350100m000100y43": false, "91350100M000100I43": false, "": false,
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
