package rules_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
	"qingkong/seeds"
)

func criterion(t testing.TB, text string) reductionlist.Criterion {
	t.Helper()
	c, err := reductionlist.ParseCriterion(text)
	listtest.Must(t, err)
	return c
}

// Which sources a criterion can be evaluated against, also by its unit.
func TestCriterionAndSource(t *testing.T) {
	for text, want := range map[string]string{
		"hour_mass_at_most 30 kg/h":           "cems",
		"hour_concentration_at_most 50 mg/m3": "cems",
		"at_most_fraction_of_baseline 0.5":    "power",
		"stopped":                             "cems power dcs gate weighing",
		"at_least 12 t/h":                     "dcs weighing",
		"at_least 50 Hz":                      "dcs weighing",
		"at_least 3 MW":                       "power dcs",
		"five_minute_mean_at_least 850 ℃":     "cems dcs",
		"day_total_at_most 2400 t":            "weighing dcs cems",
		"day_total_at_most 2400 吨":            "weighing dcs cems",
		"day_total_at_most 300 万千瓦时":          "power dcs",
		"day_total_at_most 300 kWh":           "power dcs",
		"day_total_at_most 56 辆次":             "gate",
		"day_total_at_most 20 炉":              "dcs weighing gate power",
		"no_vehicle_below 国五":                 "gate",
	} {
		var got []string
		for _, s := range criterion(t, text).ReadBy() {
			got = append(got, string(s))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is read by %v, want %s", text, got, want)
		}
	}
}

// One good channel is enough for 可监测; with none, all the reasons are given, and the work list takes the shorter way.
func TestOneGoodChannelIsEnough(t *testing.T) {
	l, err := seeds.List()
	listtest.Must(t, err)
	r, err := l.Find("E0001")
	listtest.Must(t, err)
	s := rules.DefaultSettings()
	m := &r.Measures[slices.IndexFunc(r.Measures, func(m reductionlist.Measure) bool { return m.ID == "M06" })]
	if marks := rules.MarksOf(r, m, &s); !marks.All() || len(marks.Monitorable.Reasons) > 0 {
		t.Fatalf("%+v", marks)
	}
	m.Monitors[0].Ref, m.Monitors[0].Factor = "X", "NOx"
	if marks := rules.MarksOf(r, m, &s); !marks.Monitorable.OK {
		t.Errorf("%+v", marks.Monitorable)
	}
	m.Monitors[1].Factor = ""
	marks := rules.MarksOf(r, m, &s)
	var why []string
	for _, reason := range marks.In("en").Monitorable.Reasons {
		why = append(why, reason.Rule)
		if reason.Message == "" || strings.ContainsAny(reason.Message+reason.Remedy, "{}") {
			t.Errorf("%+v", reason)
		}
	}
	slices.Sort(why)
	if marks.Monitorable.OK || !slices.Equal(why, []string{"list.factor", "list.no_factor", "list.unknown_channel"}) {
		t.Errorf("reasons %v", why)
	}
	a := assess(l, s)
	if len(a.Tasks) != 1 || a.Tasks[0].Rule != "list.no_factor" || a.Score.All != a.Score.Measures-1 {
		t.Errorf("%+v, tasks %+v", a.Score, a.Tasks)
	}
	// The station register may know what the list does not.
	m.Monitors[0].Factor = "a21002"
	s.Registered = func(source reductionlist.Source, ref string) bool { return source == reductionlist.CEMS && ref == "X" }
	if marks := rules.MarksOf(r, m, &s); !marks.Monitorable.OK {
		t.Errorf("%+v", marks.Monitorable)
	}
}

// Lines are named by name or number, several at once, or all; units and furnaces too.
func TestWhatALineIsCalled(t *testing.T) {
	l, err := seeds.List()
	listtest.Must(t, err)
	s := rules.DefaultSettings()
	for _, c := range []struct {
		id, unit string
		operable bool
	}{
		{"E0001", "5#机组", true}, {"E0001", "U5", true}, {"E0001", "５＃ 机组", true}, {"E0001", "5#", true},
		{"E0001", "5#机组、6#机组", true},
		{"E0001", "全厂", true}, {"E0001", "9#机组", false}, {"E0001", "5#机组、9#机组", false}, {"E0001", "", false},
		{"E0001", "机组", false},
		{"E0002", "1#炉", true}, {"E0002", "3#焚烧炉", true}, {"E0002", "4#焚烧炉", false},
		{"E0014", "任何作业面", true}, {"D01", "清单内工业企业", true},
	} {
		r, err := l.Find(c.id)
		listtest.Must(t, err)
		m := r.Measures[0]
		m.Unit = c.unit
		if got := rules.MarksOf(r, &m, &s).Operable; got.OK != c.operable {
			t.Errorf("%s %q: %+v", c.id, c.unit, got)
		}
	}
}

// A stop of several lines takes as long as the slowest.
func TestSafeStopOfSeveralLines(t *testing.T) {
	r := &reductionlist.Recipient{ID: "E1", Type: reductionlist.Enterprise, MeterID: "D1",
		Lines: []reductionlist.Line{{ID: "L1", Name: "甲线", SafeStopH: 2}, {ID: "L2", Name: "乙线", SafeStopH: 9}}}
	m := reductionlist.Measure{ID: "M1", Levels: []alerts.Level{alerts.Red}, Action: reductionlist.Stop, Text: "停",
		CompleteWithinH: 4, Responsible: "厂长",
		Monitors: []reductionlist.Monitor{{Source: reductionlist.Power, Ref: "D1", Criterion: criterion(t, "stopped")}},
		Evidence: []string{"用电曲线"}}
	s := rules.DefaultSettings()
	for unit, want := range map[string]bool{"甲线": true, "L2": false, "甲线、乙线": false, "全厂": false} {
		m.Unit = unit
		if got := rules.MarksOf(r, &m, &s); got.Operable.OK != want || !got.Monitorable.OK || !got.Checkable.OK {
			t.Errorf("%s: %+v", unit, got)
		}
	}
}

func TestScoreOfARecipientAsJSON(t *testing.T) {
	l, err := seeds.List()
	listtest.Must(t, err)
	r, err := l.Find("E0003")
	listtest.Must(t, err)
	r.Measures[0].Text, r.Measures[0].Evidence = "适当减产20%", []string{"相关材料"}
	s := rules.DefaultSettings()
	s.Weights = rules.Weights{Operable: 2, Monitorable: 1, Checkable: 1}
	scored := rules.ScoreRecipient(r, s)
	want := rules.Score{Measures: 3, Operable: 2, Monitorable: 3, Checkable: 2, All: 2, Share: 2.0 / 3,
		Points: (2*2 + 3 + 2) / 12.0}
	if scored.Score != want {
		t.Errorf("%+v, want %+v", scored.Score, want)
	}
	data, err := json.Marshal(scored.Measures[0])
	listtest.Must(t, err)
	text := `{"id":"M1","levels":["yellow"],"operable":{"ok":false,"reasons":[{"rule":"list.vague","column":"措施内容","message":"措施内容含有“适当”`
	if !strings.HasPrefix(string(data), text) {
		t.Errorf("%s", data)
	}
}

// The work list begins with what completes most measures, and an empty list wants nothing.
func TestWorkListIsOrderedByGain(t *testing.T) {
	l, err := seeds.List()
	listtest.Must(t, err)
	plant, err := l.Find("E0001")
	listtest.Must(t, err)
	// 7# is missing
	plant.StationMN = "120111E00010000000000001、120111E00010000000000005、120111E00010000000000006、120111E00010000000000008"
	site, err := l.Find("E0014")
	listtest.Must(t, err)
	site.Measures[0].Responsible = ""
	tasks := assess(l, rules.DefaultSettings()).Tasks
	if len(tasks) != 2 || tasks[0].Recipient != "E0001" || tasks[0].Rule != "list.unknown_channel" ||
		len(tasks[0].Measures) != 4 || tasks[0].Completes != 4 ||
		tasks[1].Recipient != "E0014" || tasks[1].Completes != 1 || tasks[0].Gain <= tasks[1].Gain {
		t.Errorf("%+v", tasks)
	}
	if got := tasks[1].In("en").Message; got != "is required and empty." {
		t.Errorf("%s", got)
	}
	if a := assess(&reductionlist.List{}, rules.DefaultSettings()); a.Score.Share != 1 || len(a.Tasks) != 0 {
		t.Errorf("%+v", a)
	}
}

// near is the slow model: of two names without what does not count, all the ways to change one character.
func near(a, b string) bool {
	if a == b {
		return true
	}
	x, y := []rune(a), []rune(b)
	telling := func(r rune) bool { return r < 128 || strings.ContainsRune("一二东西", r) }
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) < 6 {
		return false
	}
	for i := range y {
		cut := slices.Delete(slices.Clone(y), i, i+1)
		if len(x) == len(y)-1 && slices.Equal(cut, x) && !telling(y[i]) {
			return true
		}
		if len(x) == len(y) && slices.Equal(cut, slices.Delete(slices.Clone(x), i, i+1)) && !telling(y[i]) && !telling(x[i]) {
			return true
		}
	}
	return false
}

func TestNearNamesAgreeWithTheSlowWay(t *testing.T) {
	s := rules.DefaultSettings()
	rapid.Check(t, func(rt *rapid.T) {
		l := &reductionlist.List{}
		for i := range rapid.IntRange(2, 12).Draw(rt, "n") {
			name := rapid.StringMatching(`[甲乙一二东1]{0,2}华盛涂装[厂场1]{0,3}[丙丁]?`).Draw(rt, "name")
			name = strings.NewReplacer("甲", "天", "乙", "津", "丙", "新", "丁", "旧").Replace(name)
			name = strings.ReplaceAll(name, "新", "兴")
			l.Recipients = append(l.Recipients, &reductionlist.Recipient{ID: fmt.Sprintf("E%02d", i), Name: name,
				Type: reductionlist.Town, Category: reductionlist.Micro})
		}
		want := map[string]string{}
		for i, r := range l.Recipients {
			for _, o := range l.Recipients[:i] {
				if near(o.Name, r.Name) && want[r.ID] == "" {
					want[r.ID] = o.ID
				}
			}
		}
		got := map[string]string{}
		for _, f := range rules.Check(l, s) {
			if f.Rule == "list.near_name" {
				got[f.Recipient] = fmt.Sprint(f.Args["first"])
			}
		}
		for id := range want {
			if got[id] != want[id] {
				rt.Fatalf("%s is near %q, want %q", id, got[id], want[id])
			}
		}
		if len(got) != len(want) {
			rt.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestBottomLines(t *testing.T) {
	shares := func(so2, nox, vocs float64) *reductionlist.List {
		return &reductionlist.List{Emission: reductionlist.Amounts{SO2: 1, NOx: 1, VOCs: 1},
			Recipients: []*reductionlist.Recipient{
				{ID: "A", Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Yellow},
					Reduction: reductionlist.Amounts{SO2: so2, NOx: nox, VOCs: vocs}}}}}}
	}
	said := func(l *reductionlist.List, s rules.Settings) string {
		var words []string
		for _, f := range rules.ShortfallsOf(new(reductionlist.TotalsOf(l)), s) {
			words = append(words, fmt.Sprintf("%s %s %.2f", f.Level, f.Pollutant, f.Want))
		}
		return strings.Join(words, ", ")
	}
	s := rules.DefaultSettings()
	if got := said(shares(0.55, 0.05, 0.2), s); got != "red VOCs 0.30" {
		t.Errorf("with the exchange: %s", got)
	}
	s.BottomLine, _ = rules.BottomLines(rules.BottomLineTianjin2017)
	if got := said(shares(0.55, 0.05, 0.2), s); got != "" {
		t.Errorf("by the ladder of 2017: %s", got)
	}
	s.Exchange = false
	if got := said(shares(0.55, 0.15, 0.2), s); got != "orange NOx 0.20, red NOx 0.30" {
		t.Errorf("without the exchange: %s", got)
	}
	s.Exchange = true
	for name, without := range map[string]func(*reductionlist.Amounts){"SO2": func(a *reductionlist.Amounts) { a.SO2 = 0 },
		"NOx": func(a *reductionlist.Amounts) { a.NOx = 0 }} {
		l := shares(0.3, 0.3, 0.3)
		without(&l.Emission) // nothing of it is emitted, so that nothing of it can stand in for the other
		if got := said(l, s); got != "" {
			t.Errorf("with the exchange and no %s: %s", name, got)
		}
	}
	if _, known := rules.BottomLines("beijing"); known {
		t.Error("an unknown ladder is known")
	}
}

// The sectors' reductions add up to the whole.
func TestSectorsAddUp(t *testing.T) {
	l, err := seeds.List()
	listtest.Must(t, err)
	sum, sectors := map[alerts.Level]float64{}, map[string]bool{}
	for _, e := range reductionlist.ComparisonOf(nil, reductionlist.TotalsOf(&reductionlist.List{}),
		reductionlist.TotalsOf(l)).Sectors {
		sum[e.Level] += e.ToShare.NOx
		sectors[e.Sector] = true
	}
	for _, r := range reductionlist.TotalsOf(l).Ratios() {
		if d := sum[r.Level] - r.Share.NOx; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s: sectors %v, whole %v", r.Level, sum[r.Level], r.Share.NOx)
		}
	}
	if !sectors["电力、热力生产和供应业"] {
		t.Errorf("%v", sectors)
	}
}

func TestDistrictOutline(t *testing.T) {
	// A square with a bay cut into its eastern side.
	s := rules.DefaultSettings()
	for _, p := range [][2]float64{{117, 39}, {118, 39}, {118, 39.4}, {117.5, 39.5}, {118, 39.6}, {118, 40}, {117, 40}} {
		s.District = append(s.District, rules.Point{Lon: p[0], Lat: p[1]})
	}
	for p, want := range map[[2]float64]bool{
		{117.2, 39.5}: true, {117.9, 39.5}: false, {117.9, 39.1}: true, {116.995, 39.5}: true, {116.98, 39.5}: false,
		{118.005, 39.1}: true, {0, 0}: true, {117.505, 39.5}: true,
	} {
		l := &reductionlist.List{Recipients: []*reductionlist.Recipient{{ID: "A", Lon: p[0], Lat: p[1],
			Category: reductionlist.Micro}}}
		found := slices.DeleteFunc(rules.Check(l, s), func(f rules.Fault) bool { return f.Rule != "list.outside_district" })
		if (len(found) == 0) != want {
			t.Errorf("%v: %+v", p, found)
		}
	}
}
