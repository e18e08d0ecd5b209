package plant

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

func clockTime(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, alerts.Shanghai())
	if err != nil {
		panic(err)
	}
	return t
}

// heatPlant has two units; 6# has other factors from 2016-12-18 on.
func heatPlant() *reductionlist.Recipient {
	unit := func(name, from, to string, nox float64) reductionlist.Unit {
		return reductionlist.Unit{Name: name, From: from, To: to, MinMW: 120, MaxMW: 300, MinUpH: 8, MinDownH: 8,
			StartCoalT: 60,
			Coal:       reductionlist.CoalCurve{Constant: 12, PerMW: 0.38, PerMW2: 0.00005, PerGJ: 0.045}, MaxHeatGJH: 900,
			MWLostPerGJH: 0.05,
			Emission:     reductionlist.Gases{SO2: 0.113, NOx: nox, PM: 0.0099}, LowLoadMW: 130, LowLoadNOx: 1.4}
	}
	return &reductionlist.Recipient{ID: "E0001", Units: []reductionlist.Unit{unit("5#", "", "", 0.3),
		unit("6#", "", "2016-12-17", 0.3), unit("6#", "2016-12-18", "", 0.24)},
		Measures: []reductionlist.Measure{{ID: "M1", Action: reductionlist.ReduceCoal, Unit: "5#机组",
			Levels: []alerts.Level{alerts.Yellow}}}}
}

func burningPlant() *reductionlist.Recipient {
	f := func(name string) reductionlist.Furnace {
		return reductionlist.Furnace{Name: name, MinTH: 20, MaxTH: 31, MinUpH: 48, MinDownH: 24,
			Emission: reductionlist.Gases{SO2: 0.06, NOx: 0.45, PM: 0.02, HCl: 0.03}}
	}
	return &reductionlist.Recipient{ID: "E0002", Furnaces: []reductionlist.Furnace{f("1#"), f("2#")},
		Pit: &reductionlist.Pit{MinT: 2000, MaxT: 12000, SteamPerT: 2.3},
		Measures: []reductionlist.Measure{{ID: "M1", Action: reductionlist.AllocateWaste, Unit: "1#炉",
			Levels: []alerts.Level{alerts.Yellow}}}}
}

func givenAt(at, text string) *FiguresRecord {
	g := &FiguresRecord{At: clockTime(at)}
	if err := refusal.Unmarshal([]byte(text), &g.Figures); err != nil {
		panic(err)
	}
	return g
}

const (
	heatFigures = `{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-25T00:00:00+08:00","step_h":2,
"units":[{"name":"5#","initially_on":true,"hours_in_state":10},{"name":"6#","initially_on":false,"hours_in_state":3}],
"demand":[{"power_min_mw":1,"power_max_mw":300,"heat_gj_h":1},{"power_min_mw":2,"power_max_mw":300,"heat_gj_h":2},{"power_min_mw":3,"power_max_mw":300,"heat_gj_h":3}],
"baseline_mw":{"5#":[260],"6#":[200]}}`
	burningFigures = `{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-25T00:00:00+08:00",
"furnaces":[{"name":"1#","initially_on":true,"hours_in_state":500},{"name":"2#","initially_on":true,"hours_in_state":500}],
"pit":{"level_t":6000},"intake_t_h":[50],"steam_min_t_h":30}`
)

func planFor(from, to, now string) PlanFor {
	in := PlanFor{From: clockTime(from), Now: clockTime(now), MaxAge: 48 * time.Hour}
	if to != "" {
		end := clockTime(to)
		in.To = &end
	}
	return in
}

func paths(ms []MissingFigure) (out []string) {
	for _, m := range ms {
		out = append(out, m.Path)
		if text := m.Text("zh-CN") + m.Text("en"); strings.Contains(text, "{") || !refusal.Known(m.Rule) {
			out = append(out, "no words: "+text)
		}
	}
	return out
}

// A plan begins with the next whole hour of what is left of the order's time, and ends where the factors change: a
// problem has one factor of a unit.
func TestPlanWindow(t *testing.T) {
	p := OfRecipient(heatPlant())
	for name, c := range map[string]struct {
		in       PlanFor
		from, to string
		cut      string
	}{
		"to come": {planFor("2016-12-16 20:00", "2016-12-17 12:00", "2016-12-16 18:30"), "2016-12-16 20:00",
			"2016-12-17 12:00", ""},
		"begun": {planFor("2016-12-16 20:00", "2016-12-17 12:00", "2016-12-16 23:10"), "2016-12-17 00:00",
			"2016-12-17 12:00", ""},
		"on the hour": {planFor("2016-12-16 20:00", "2016-12-17 12:00", "2016-12-16 23:00"), "2016-12-16 23:00",
			"2016-12-17 12:00", ""},
		"minutes": {planFor("2016-12-16 20:20", "2016-12-17 12:20", "2016-12-16 18:00"), "2016-12-16 21:00",
			"2016-12-17 13:00", ""},
		"to the change": {planFor("2016-12-16 20:00", "2016-12-18 00:00", "2016-12-16 18:00"), "2016-12-16 20:00",
			"2016-12-18 00:00", ""},
		"across the change": {planFor("2016-12-16 20:00", "2016-12-20 00:00", "2016-12-16 18:00"), "2016-12-16 20:00",
			"2016-12-18 00:00", CutFactors},
		"the rest afterwards": {planFor("2016-12-16 20:00", "2016-12-20 00:00", "2016-12-18 00:00"), "2016-12-18 00:00",
			"2016-12-20 00:00", ""},
		"longer than a plan": {planFor("2016-12-19 00:00", "2017-03-01 00:00", "2016-12-18 00:00"), "2016-12-19 00:00",
			"2017-01-02 00:00", CutLength},
	} {
		got, err := p.Problem(c.in, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !got.From.Equal(clockTime(c.from)) || !got.To.Equal(clockTime(c.to)) || got.Cut != c.cut {
			t.Errorf("%s: %s to %s %q, want %s to %s %q", name, got.From, got.To, got.Cut, c.from, c.to, c.cut)
		}
	}
	if _, err := p.Problem(planFor("2016-12-16 20:00", "2016-12-17 00:00", "2016-12-17 01:00"),
		nil); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("when all is over: %v", err)
	}
	old := heatPlant()
	old.Units = old.Units[1:2]
	if _, err := OfRecipient(old).Problem(planFor("2016-12-20 20:00", "2016-12-21 00:00", "2016-12-17 01:00"),
		nil); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("with no row in force: %v", err)
	}
}

// What is missing is asked for with its place, and never put in.
func TestMissingFigures(t *testing.T) {
	soon := planFor("2016-12-16 20:00", "2016-12-17 12:00", "2016-12-16 18:30")
	coal, waste := OfRecipient(heatPlant()), OfRecipient(burningPlant())
	all := []string{"units[0].initially_on", "units[0].hours_in_state", "units[1].initially_on", "units[1].hours_in_state",
		"demand[0].power_min_mw", "demand[0].power_max_mw", "demand[0].heat_gj_h", "baseline_mw.5#", "baseline_mw.6#"}
	for name, c := range map[string]struct {
		plant *Plant
		in    PlanFor
		given *FiguresRecord
		want  []string
	}{
		"nothing of coal": {coal, soon, nil, all},
		"nothing of waste": {waste, soon, nil, []string{"furnaces[0].initially_on", "furnaces[0].hours_in_state",
			"furnaces[1].initially_on", "furnaces[1].hours_in_state", "pit.level_t", "intake_t_h", "steam_min_t_h"}},
		"all of coal":  {coal, soon, givenAt("2016-12-16 18:00", heatFigures), nil},
		"all of waste": {waste, soon, givenAt("2016-12-16 18:00", burningFigures), nil},
		"one hour": {coal, soon, givenAt("2016-12-16 18:00",
			strings.Replace(heatFigures, `,"hours_in_state":3`, ``, 1)), []string{"units[1].hours_in_state"}},
		"heat of one entry": {coal, soon, givenAt("2016-12-16 18:00", strings.Replace(heatFigures, `,"heat_gj_h":3`, ``, 1)),
			[]string{"demand[2].heat_gj_h"}},
		"no usual load": {coal, soon, givenAt("2016-12-16 18:00", strings.Replace(heatFigures, `,"6#":[200]`, ``, 1)),
			[]string{"baseline_mw.6#"}},
		"given long ago": {coal, soon, givenAt("2016-12-14 18:00", heatFigures), append([]string{"figures"}, all...)},
		"from later on": {coal, soon, givenAt("2016-12-16 18:00", strings.Replace(heatFigures, "16T18", "16T21", 1)),
			append([]string{"figures"}, all...)},
		"not long enough": {coal, soon, givenAt("2016-12-16 18:00", strings.Replace(heatFigures, "25T00", "17T11", 1)),
			append([]string{"figures"}, all...)},
		"states of long ago": {coal, soon, givenAt("2016-12-16 18:00", strings.Replace(heatFigures, "16T18", "14T18", 1)),
			append([]string{"figures"}, all...)},
		"no end": {coal, planFor("2016-12-16 20:00", "", "2016-12-16 18:30"), nil, append([]string{"to"}, all...)},
		"no end but figures": {coal, planFor("2016-12-16 20:00", "", "2016-12-16 18:30"),
			givenAt("2016-12-16 18:00", heatFigures), nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := c.plant.Problem(c.in, c.given)
			if err != nil {
				t.Fatal(err)
			}
			if got := paths(p.Missing); !slices.Equal(got, c.want) {
				t.Errorf("missing %q, want %q", got, c.want)
			}
			needed := slices.ContainsFunc(p.Missing, func(m MissingFigure) bool { return !m.Optional })
			if p.Complete() == needed || !needed && strings.Contains(string(p.Text), "null") {
				t.Errorf("complete %v: %s", p.Complete(), p.Text)
			}
		})
	}
	no := heatPlant()
	no.Measures[0].Action = reductionlist.Limit
	if OfRecipient(no) != nil || Of(&reductionlist.Recipient{}, heatPlant().Measures) != nil {
		t.Error("a plan for whom the list asks none of, or has no plant of")
	}
}

// A unit stays in its state from the figures to the plan, and the series are those of the plan's own hours.
func TestFiguresMoveToThePlan(t *testing.T) {
	p, err := OfRecipient(heatPlant()).Problem(planFor("2016-12-16 21:00", "2016-12-17 12:00", "2016-12-16 18:30"),
		givenAt("2016-12-16 18:00", heatFigures))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Start time.Time
		Steps int
		StepH int `json:"step_h"`
		Units []struct {
			Name  string
			Hours float64             `json:"hours_in_state"`
			Kg    reductionlist.Gases `json:"emission_kg_per_t_coal"`
		}
		Demand []struct {
			Heat float64 `json:"heat_gj_h"`
		}
	}
	if err := json.Unmarshal(p.Text, &d); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(d.Start.Equal(p.From), d.Steps, d.StepH, d.Units,
		d.Demand); got != "true 15 1 [{5# 13 {0.113 0.3 0.0099 0}} {6# 6 {0.113 0.3 0.0099 0}}] [{2} {3}]" {
		t.Error(got)
	}
}

// Whatever the window and the entries of a series, each step has what the figures say of its hours, and steps cover the
// window.
func TestSeriesOfAPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := clockTime("2016-12-16 00:00")
		every := rapid.IntRange(1, 24).Draw(t, "every")
		since, hours := rapid.IntRange(0, 40).Draw(t, "since"), rapid.IntRange(1, 100).Draw(t, "hours")
		from, end := begin.Add(time.Duration(since)*time.Hour), begin.Add(time.Duration(since+hours)*time.Hour)
		step, to := float64(every), end
		g := &FiguresRecord{At: begin, Figures: Figures{From: &begin, To: &to, StepH: &step}}
		for i := range rapid.IntRange(1, 60).Draw(t, "entries") {
			v := float64(i)
			g.Figures.IntakeTH = append(g.Figures.IntakeTH, &v)
		}
		p, err := OfRecipient(burningPlant()).Problem(PlanFor{From: from, To: &end, Now: begin, MaxAge: 48 * time.Hour}, g)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Steps  int
			StepH  int       `json:"step_h"`
			Intake []float64 `json:"intake_t_h"`
		}
		if err := json.Unmarshal(p.Text, &d); err != nil {
			t.Fatal(err)
		}
		if d.Steps*d.StepH != hours || d.StepH < 1 || d.StepH > 4 {
			t.Fatalf("%d steps of %d h for %d h", d.Steps, d.StepH, hours)
		}
		for h := range hours {
			want := *g.Figures.IntakeTH[min((since+h)/every, len(g.Figures.IntakeTH)-1)]
			if got := d.Intake[min(h/d.StepH, len(d.Intake)-1)]; got != want {
				t.Fatalf("hour %d: %g, want %g", h, got, want)
			}
		}
	})
}

// Who asks what would be if may change figures and demands, and nothing that the list says.
func TestDiffers(t *testing.T) {
	in := planFor("2016-12-16 20:00", "2016-12-17 12:00", "2016-12-16 20:30")
	coal, err := OfRecipient(heatPlant()).Problem(in, givenAt("2016-12-16 18:00", heatFigures))
	if err != nil {
		t.Fatal(err)
	}
	waste, err := OfRecipient(burningPlant()).Problem(in, givenAt("2016-12-16 18:00", burningFigures))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p        *Problem
		old, new string
		path     string
	}{
		{coal, `"heat_gj_h":2`, `"heat_gj_h":2000`, ""},
		{coal, `"hours_in_state":13`, `"hours_in_state":1`, ""},
		{coal, `"initially_on":true`, `"initially_on":false`, ""},
		{coal, `"initially_on":true`, `"available":[],"initially_on":false`, ""},
		{coal, `"baseline_mw":{`, `"baseline_mw":{"7#":[1],`, ""}, // a name that is not known is refused by whoever solves it
		{coal, `"steps":15`, `"steps":14`, "steps"},
		{coal, `"step_h":1`, `"step_h":2`, "steps"},
		{coal, `T21:00:00+08:00","step_h":1,"steps":15`, `T20:00:00+08:00","step_h":1,"steps":16`, ""},
		{coal, `T21:00:00+08:00","step_h":1,"steps":15`, `T19:00:00+08:00","step_h":1,"steps":17`, "start"},
		{coal, `T21:00:00+08:00","step_h":1,"steps":15`, `T22:00:00+08:00","step_h":1,"steps":14`, "start"},
		{coal, `"nox":0.3`, `"nox":0.29`, "units[0].emission_kg_per_t_coal.nox"},
		{coal, `"nox":0.3,`, ``, "units[0].emission_kg_per_t_coal.nox"},
		{coal, `"nox":0.3`, `"hcl":0,"nox":0.3`, "units[0].emission_kg_per_t_coal.hcl"},
		{coal, `"name":"6#"`, `"name":"7#"`, "units[1].name"},
		{coal, `"max_mw":300`, `"max_mw":3000`, "units[0].max_mw"},
		{coal, `"max_mw":300`, `"max_mw":"300"`, "units[0].max_mw"},
		{coal, `"units":[`, `"units":[{},`, "units"},
		{coal, `"step_h":1`, `"weight_per_kg":{"so2":0},"step_h":1`, "weight_per_kg"},
		{coal, `"step_h":1`, `"intake_t_h":[1],"step_h":1`, "intake_t_h"},
		{coal, `"step_h":1`, `"Units":[],"step_h":1`, "Units"},
		{waste, `"level_t":6000`, `"level_t":5000`, ""},
		{waste, `"intake_t_h":[50]`, `"intake_t_h":[50,60]`, ""},
		{waste, `"steam_min_t_h":30`, `"steam_min_t_h":0`, ""},
		{waste, `"max_t":12000`, `"max_t":13000`, "pit.max_t"},
		{waste, `"step_weight":[1]`, `"step_weight":[1,0]`, "step_weight"},
	} {
		text := strings.Replace(string(c.p.Text), c.old, c.new, 1)
		if text == string(c.p.Text) {
			t.Fatalf("%s is not in %s", c.old, text)
		}
		err := c.p.Differs([]byte(text), in.Now)
		var e *refusal.Error
		switch {
		case c.path == "" && err != nil:
			t.Errorf("%s: %v", c.new, err)
		case c.path != "" && (!errors.As(err, &e) || len(e.Fields) == 0 || e.Fields[0].Path != c.path ||
			!refusal.Known(e.Fields[0].Rule)):
			t.Errorf("%s: %v, want %s", c.new, err, c.path)
		}
	}
	for _, broken := range []string{``, `[]`, `{"units":[],"units":[]}`, `{"a":`} {
		if err := coal.Differs([]byte(broken), in.Now); refusal.CodeOf(err) == "" {
			t.Errorf("%q: %v", broken, err)
		}
	}
}

// 生产线或设备 of a measure finds its machines as the list's own rules do.
func TestMachinesOfAMeasure(t *testing.T) {
	coal, waste := OfRecipient(heatPlant()), OfRecipient(burningPlant())
	for _, c := range []struct {
		plant *Plant
		cell  string
		want  []string
	}{
		{coal, "6#机组", []string{"6#"}}, {coal, "6#", []string{"6#"}}, {coal, "5#机组、6#机组", []string{"5#", "6#"}},
		{coal, "全厂", []string{"5#", "6#"}},
		{coal, "", []string{"5#", "6#"}}, {coal, "16#机组", nil}, {coal, "物流门", nil}, {waste, "1#焚烧炉", []string{"1#"}},
		{waste, "2#炉", []string{"2#"}},
	} {
		if got := c.plant.Named(c.cell); !slices.Equal(got, c.want) {
			t.Errorf("%q names %q, want %q", c.cell, got, c.want)
		}
	}
}

// Whatever somebody asks, it is refused or has the list's machines with the list's factors.
func FuzzDiffers(f *testing.F) {
	in := planFor("2016-12-16 20:00", "2016-12-17 12:00", "2016-12-16 20:30")
	p, err := OfRecipient(heatPlant()).Problem(in, givenAt("2016-12-16 18:00", heatFigures))
	if err != nil {
		f.Fatal(err)
	}
	type model struct {
		Units []struct {
			Name     string
			MaxMW    float64                 `json:"max_mw"`
			Coal     reductionlist.CoalCurve `json:"coal_t_per_h"`
			Emission map[string]float64      `json:"emission_kg_per_t_coal"`
		}
	}
	var own model
	if err := json.Unmarshal(p.Text, &own); err != nil {
		f.Fatal(err)
	}
	f.Add(string(p.Text))
	f.Add(strings.Replace(string(p.Text), `"units":[`, `"units":[null,`, 1))
	f.Add(strings.Replace(string(p.Text), `"nox":0.3`, `"NOX":0.1,"nox":0.3`, 1))
	f.Add(`{"start":1e999,"units":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		err := p.Differs([]byte(text), in.Now)
		if err != nil {
			if refusal.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		var other model
		if err := json.Unmarshal([]byte(text), &other); err != nil {
			t.Fatalf("taken though it cannot be read: %v", err)
		}
		if fmt.Sprint(own) != fmt.Sprint(other) {
			t.Fatalf("taken with another model: %v", other)
		}
	})
}
