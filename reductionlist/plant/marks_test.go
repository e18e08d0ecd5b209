package plant

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
)

// running is a plan of two units from 20:00 for 30 hours: 5# burns 100 t/h and emits 24 kg of NOx, 6# burns 50 t/h for
// the first ten hours. Usually 5# burns 110 t/h at 250 MW, 6# 60 t/h at 150 MW.
func running() *OperatingPlan {
	p := &OperatingPlan{Kind: Coal, StepH: 1}
	for h := range 30 {
		s := PlanStep{At: clockTime("2016-12-16 20:00").Add(time.Duration(h) * time.Hour), Units: []MachineStep{
			{Name: "5#", On: true, MW: 200, HeatGJH: 800, T: 100, Kg: map[string]float64{"nox": 24},
				Usual: &allocate.Usual{MW: 250, HeatGJH: 700, Tonnes: 110}},
			{Name: "6#", Usual: &allocate.Usual{MW: 150, HeatGJH: 300, Tonnes: 60}}}}
		if h < 10 {
			s.Units[1].On, s.Units[1].MW, s.Units[1].T, s.Units[1].Kg = true, 130, 50, map[string]float64{"nox": 20}
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

func criterionOf(text string) reductionlist.Criterion {
	c, err := reductionlist.ParseCriterion(text)
	if err != nil {
		panic(err)
	}
	return c
}

// What each form of a demand comes to over the hours of the plan. The first day has 4 of its hours, the second all, the
// third 2.
func TestMarks(t *testing.T) {
	kinds := map[string]reductionlist.QuantityKind{"<": reductionlist.AtMost, "-": reductionlist.ReduceBy,
		">": reductionlist.AtLeast}
	const reduce, stop, limit, treat = reductionlist.ReduceCoal, reductionlist.Stop, reductionlist.Limit,
		reductionlist.ImproveTreatment
	for _, c := range []struct {
		name    string
		action  reductionlist.Action
		unit    string
		within  float64
		kind    string // of the quantity, then its value and unit; or empty and a criterion
		value   float64
		per     string
		factor  string
		verdict Verdict
		why     Why
		planned float64
		broken  int
		of      int
	}{
		{"a day's tonnes that it keeps", reduce, "5#机组", 0, "<", 2400, "t/d", "", Kept, "", 2400, 0, 3},
		{"a tenth of a tonne less", reduce, "5#", 0, "<", 2399.9, "吨/日", "", NotKept, "", 2400, 3, 3},
		{"ten thousand tonnes are no tonnes", reduce, "5#", 0, "<", 0.24, "万吨/日", "", NotCompared, WhyUnit, 0, 0, 0},
		{"ten thousand kWh are no MWh", limit, "5#", 0, "<", 480, "万千瓦时/日", "", NotCompared, WhyUnit, 0, 0, 0},
		{"both units together, only the night breaks it", reduce, "5#、6#", 0, "<", 2700, "t/d", "", NotKept, "", 3600, 1, 3},
		{"no unit named is the whole plant", reduce, "", 0, "<", 3600, "t/d", "", Kept, "", 3600, 0, 3},
		{"by the hour, the worst of them", reduce, "全厂", 0, "<", 149, "t/h", "", NotKept, "", 150, 10, 30},
		{"nothing is demanded before the deadline", reduce, "全厂", 10, "<", 2400, "t/d", "", Kept, "", 2400, 0, 2},
		{"due in the middle of a step", reduce, "全厂", 9.5, "<", 149, "t/h", "", NotKept, "", 150, 1, 21},
		{"due when it is over", reduce, "5#", 30, "<", 1, "t/d", "", NotCompared, WhyNotDue, 0, 0, 0},
		{"less than usual", reduce, "5#", 0, "-", 240, "t/d", "", Kept, "", 240, 0, 3},
		{"more than that less", reduce, "5#", 0, "-", 241, "t/d", "", NotKept, "", 240, 3, 3},
		{"a share less than usual", reduce, "5#", 0, "-", 9, "%", "", Kept, "", 9.091, 0, 3},
		{"a larger share", reduce, "5#", 0, "-", 10, "%", "", NotKept, "", 9.091, 3, 3},
		{"what stands still cannot be less", reduce, "6#", 10, "-", 2000, "t/d", "", Kept, "", 1440, 0, 2},
		{"a limit is one of what is made", limit, "5#", 0, "-", 20, "%", "", Kept, "", 20, 0, 3},
		{"and not kept", limit, "5#", 0, "-", 30, "%", "", NotKept, "", 20, 3, 3},
		{"at least of the heat", limit, "5#", 0, ">", 801, "GJ/h", "", NotKept, "", 800, 30, 30},
		{"at most of the power", limit, "全厂", 0, "<", 330, "MW", "", Kept, "", 330, 0, 30},
		{"a share of what is not said", reduce, "5#", 0, "<", 80, "%", "", NotCompared, WhyUnit, 0, 0, 0},
		{"a unit that no plan has", reduce, "5#", 0, "<", 80, "辆次/日", "", NotCompared, WhyUnit, 0, 0, 0},
		{"another machine", reduce, "9#机组", 0, "<", 80, "t/d", "", NotCompared, WhyNoMachine, 0, 0, 0},
		{"what is no matter of plans", treat, "5#", 0, ">", 8, "t/h", "", NotCompared, WhyNoPart, 0, 0, 0},
		{"a stop", stop, "6#", 0, "<", 0, "台", "", NotKept, "", 50, 10, 30},
		{"a stop that is due later", stop, "6#", 10, "-", 100, "%", "", Kept, "", 0, 0, 20},
		{"the criterion of a stop", stop, "6#", 11, "", 0, "stopped", "", Kept, "", 0, 0, 19},
		{"a day's total", reduce, "6#", 0, "", 0, "day_total_at_most 200 t", "", NotKept, "", 1200, 2, 3},
		{"a day's total of a pollutant", reduce, "5#", 0, "", 0, "day_total_at_most 0.576 t", "a21002", Kept, "",
			0.576, 0, 3},
		{"an hour's mass", reduce, "全厂", 0, "", 0, "hour_mass_at_most 40 kg/h", "a21002", NotKept, "", 44, 10, 30},
		{"an hour's mass in grams", reduce, "5#", 0, "", 0, "hour_mass_at_most 24000 g/h", "a21002", Kept, "", 24000, 0, 30},
		{"a factor that the plan has not", reduce, "5#", 0, "", 0, "hour_mass_at_most 24 kg/h", "a21024", NotCompared,
			WhyUnit, 0, 0, 0},
		{"a concentration", reduce, "5#", 0, "", 0, "hour_concentration_at_most 35 mg/m3", "a21026", NotCompared, WhyUnit,
			0, 0, 0},
		{"a temperature", reduce, "5#", 0, "", 0, "five_minute_mean_at_least 850 ℃", "", NotCompared, WhyUnit, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := DemandedMeasure{From: clockTime("2016-12-16 20:00"),
				Measure: reductionlist.Measure{ID: "M1", Action: c.action, Unit: c.unit, CompleteWithinH: c.within}}
			if c.kind != "" {
				m.Quantity = &reductionlist.Quantity{Kind: kinds[c.kind], Value: c.value, Unit: c.per}
			} else {
				m.Monitors = []reductionlist.Monitor{{Source: reductionlist.DCS, Factor: c.factor, Criterion: criterionOf(c.per)}}
				m.Quantity = nil
			}
			v := running().marks(Demands{m})[0]
			if c.kind == "" && c.action == reductionlist.Stop {
				v.Demands = v.Demands[1:] // before it stands what the action itself demands
			}
			d := v.Demands[0]
			if len(v.Demands) != 1 || v.Verdict != c.verdict || d.Verdict != c.verdict || d.Why != c.why ||
				d.Broken != c.broken || d.Of != c.of {
				t.Fatalf("%s %+v", v.Verdict, v.Demands)
			}
			if (d.Planned != nil) != (c.of > 0) || d.Planned != nil && *d.Planned != c.planned {
				t.Errorf("planned %v, want %g", d.Planned, c.planned)
			}
			if d.Unit == "t/d" && len(d.Days) != d.Of {
				t.Errorf("days %+v", d.Days)
			}
		})
	}
}

// Without the usual loads nothing is said of what is to be less than usual.
func TestMarksWithoutUsualLoads(t *testing.T) {
	p := running()
	for i := range p.Steps {
		for k := range p.Steps[i].Units {
			p.Steps[i].Units[k].Usual = nil
		}
	}
	m := DemandedMeasure{From: p.Steps[0].At,
		Measure: reductionlist.Measure{ID: "M1", Action: reductionlist.ReduceCoal, Unit: "5#",
			Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: 600, Unit: "t/d"},
			Monitors: []reductionlist.Monitor{{Source: reductionlist.DCS, Criterion: criterionOf("day_total_at_most 2100 t")},
				{Source: reductionlist.Video}}}}
	v := p.marks(Demands{m})[0]
	if len(v.Demands) != 2 || v.Demands[0].Why != WhyNoUsual || v.Demands[1].Verdict != NotKept || v.Verdict != NotKept {
		t.Errorf("%+v", v)
	}
	if b := Broken([]PlanMarks{v, {MeasureID: "M2", Verdict: NotCompared}}); len(b) != 1 || b[0].MeasureID != "M1" {
		t.Errorf("%+v", b)
	}
	if brief := WithoutDays([]PlanMarks{v}); len(brief[0].Demands[1].Days) != 0 || len(v.Demands[1].Days) != 3 {
		t.Errorf("%+v, %+v", brief, v)
	}
}

// A day's tonnes are those of its minutes from the deadline on, and the demand is the part of the day that these make.
func TestMarksAgainstMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stepH := rapid.IntRange(1, 4).Draw(t, "step")
		p := &OperatingPlan{Kind: Waste, StepH: float64(stepH)}
		from := clockTime("2016-12-16 20:00").Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "from")) * time.Hour)
		limit := float64(rapid.IntRange(0, 600).Draw(t, "limit"))
		m := DemandedMeasure{From: from.Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "before")) * time.Minute),
			Measure: reductionlist.Measure{ID: "M1", Action: reductionlist.AllocateWaste, Unit: "1#炉",
				CompleteWithinH: float64(rapid.IntRange(0, 12).Draw(t, "within")),
				Quantity:        &reductionlist.Quantity{Kind: reductionlist.AtMost, Value: limit, Unit: "t/d"}}}
		due := m.From.Add(time.Duration(m.CompleteWithinH) * time.Hour)
		tonnes, minutes := map[string]float64{}, map[string]float64{}
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			burnt := float64(rapid.IntRange(0, 25*stepH).Draw(t, "t"))
			at := from.Add(time.Duration(i*stepH) * time.Hour)
			p.Steps = append(p.Steps, PlanStep{At: at, Units: []MachineStep{{Name: "1#", T: burnt}, {Name: "2#", T: 99}}})
			for k := range stepH * 60 {
				if minute := at.Add(time.Duration(k) * time.Minute); !minute.Before(due) {
					day := string(alerts.DateOf(minute))
					tonnes[day] += burnt / float64(stepH*60)
					minutes[day]++
				}
			}
		}
		d := p.marks(Demands{m})[0].Demands[0]
		broken := 0
		for _, day := range d.Days {
			share := limit * minutes[day.Date] / (24 * 60)
			if math.Abs(day.Planned-tonnes[day.Date]) > 1e-3 || math.Abs(day.Demanded-share) > 1e-3 ||
				math.Abs(day.Hours-minutes[day.Date]/60) > 1e-3 {
				t.Fatalf("%+v, want %g of %g t in %g minutes", day, tonnes[day.Date], share, minutes[day.Date])
			}
			if over := tonnes[day.Date] - share; over > 1e-3 {
				broken++
			}
		}
		if len(d.Days) != len(tonnes) || d.Broken < broken || (d.Verdict == NotKept) != (d.Broken > 0) || len(tonnes) == 0 &&
			d.Why != WhyNotDue {
			t.Fatalf("%d days broken of %d, want %d of %d: %+v", d.Broken, len(d.Days), broken, len(tonnes), d)
		}
	})
}

// A unit that never runs keeps what it is to burn less, and one that runs where usually none does keeps no share of it.
func TestMarksOfAnIdleUnit(t *testing.T) {
	for _, c := range []struct {
		planned, usual float64
		value          float64
		unit           string
		verdict        Verdict
		says           string
	}{
		{0, 0, 600, "t/d", Kept, "平时和方案中都不运行"},
		{0, 0, 40, "%", Kept, "平时和方案中都不运行"},
		{10, 0, 40, "%", NotKept, "平时不运行；1 天中 1 天不符合"},
		{10, 0, 600, "t/d", NotKept, "增加 240 t/d（2016-12-17）；1 天中 1 天不符合"},
		{10, 40, 600, "t/d", Kept, "减少 720 t/d（2016-12-17）；1 天都符合"},
	} {
		p := &OperatingPlan{Kind: Coal, StepH: 1, Steps: []PlanStep{{At: clockTime("2016-12-17 08:00"),
			Units: []MachineStep{{Name: "5#", T: c.planned, Usual: &allocate.Usual{Tonnes: c.usual}}}}}}
		d := p.marks(Demands{{From: clockTime("2016-12-17 00:00"),
			Measure: reductionlist.Measure{Action: reductionlist.ReduceCoal,
				Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: c.value, Unit: c.unit}}}})[0].Demands[0]
		if got := d.Does("zh-CN"); d.Verdict != c.verdict || got != c.says {
			t.Errorf("%g of usually %g: %s, %s", c.planned, c.usual, d.Verdict, got)
		}
	}
}

// The digest of what is demanded changes with a measure and with the time from which it holds, and with nothing else.
func TestDemandedDigest(t *testing.T) {
	one := func(change func(*DemandedMeasure)) string {
		m := DemandedMeasure{From: clockTime("2016-12-16 20:00"),
			Measure: reductionlist.Measure{ID: "M1", Action: reductionlist.ReduceCoal,
				Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: 600, Unit: "t/d"}}}
		change(&m)
		return Demands{m}.Digest()
	}
	same := one(func(*DemandedMeasure) {})
	if one(func(m *DemandedMeasure) { m.From = m.From.UTC() }) != same {
		t.Error("the zone of a time makes a difference")
	}
	for name, change := range map[string]func(*DemandedMeasure){
		"a value":      func(m *DemandedMeasure) { m.Quantity.Value = 601 },
		"the time":     func(m *DemandedMeasure) { m.From = m.From.Add(time.Minute) },
		"the deadline": func(m *DemandedMeasure) { m.CompleteWithinH = 1 },
	} {
		if one(change) == same {
			t.Errorf("%s makes no difference", name)
		}
	}
}
