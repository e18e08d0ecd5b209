package listtest

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// DrawList makes any list: every kind of row, every vocabulary, odd text and numbers.
func DrawList(t *rapid.T) *reductionlist.List {
	words := rapid.StringMatching(`[甲乙丙丁A-Z0-9<>&"'=+@/-]{1,8}`)
	amount := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 8000).Draw(t, "n")) / 8 })
	amounts := func() reductionlist.Amounts {
		return reductionlist.Amounts{SO2: amount.Draw(t, "so2"), NOx: amount.Draw(t, "nox"), PM: amount.Draw(t, "pm"),
			VOCs: amount.Draw(t, "vocs")}
	}
	notes := func() reductionlist.Notes {
		n := reductionlist.Notes{}
		if rapid.Bool().Draw(t, "noted") {
			n = reductionlist.Notes{Note: words.Draw(t, "note"),
				Extra: map[string]string{"另" + rapid.SampledFrom([]string{"一", "二"}).Draw(t, "column"): words.Draw(t, "extra")}}
		}
		return n
	}
	l := &reductionlist.List{Name: words.Draw(t, "name"), Region: "120111", EffectiveFrom: "2016-10-01",
		EffectiveTo: rapid.SampledFrom([]string{"", "2017-09-30"}).Draw(t, "to"),
		CompiledBy:  words.Draw(t, "by"), Emission: amounts()}
	for _, p := range l.Emission.Parts() {
		*p.Value += 10_000 // above every line
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "recipients") {
		r := &reductionlist.Recipient{ID: fmt.Sprintf("E%d", i*7%6), Name: words.Draw(t, "name"), Notes: notes(),
			Type:  rapid.SampledFrom(reductionlist.TypeWords.Codes).Draw(t, "type"),
			Grade: rapid.SampledFrom(reductionlist.GradeWords.Codes).Draw(t, "grade"),
			Category: rapid.SampledFrom(reductionlist.CategoryWords.Codes).Draw(t,
				"category"),
			Contact: &reductionlist.Contact{Name: words.Draw(t, "contact"), Phone: "13812345678"}}
		for j := range rapid.IntRange(0, 2).Draw(t, "lines") {
			r.Lines = append(r.Lines, reductionlist.Line{ID: fmt.Sprint("L", j), Name: words.Draw(t, "line"),
				Emission: amounts(), SafeStopH: float64(j), Idle: j == 1, Notes: notes()})
		}
		for j := range rapid.IntRange(0, 3).Draw(t, "measures") {
			r.Measures = append(r.Measures, drawMeasure(t, fmt.Sprint("M", j), words, notes(), amounts()))
		}
		if rapid.Bool().Draw(t, "unit") {
			r.Units = append(r.Units, reductionlist.Unit{Name: "5#", To: "2024-12-31", MinMW: 1, MaxMW: 2 + amount.Draw(t, "mw"),
				Coal: reductionlist.CoalCurve{PerMW2: 0.00005}, Notes: notes()})
			r.Furnaces = append(r.Furnaces, reductionlist.Furnace{Name: "1#", From: "2020-01-01", MaxTH: 31.25,
				StartEmission: reductionlist.Gases{NOx: amount.Draw(t, "nox")}, Notes: notes()})
			r.Pit = &reductionlist.Pit{MaxT: 1 + amount.Draw(t, "pit"), Notes: notes()}
		}
		l.Recipients = append(l.Recipients, r)
	}
	return l
}

func drawMeasure(t *rapid.T, id string, words *rapid.Generator[string], notes reductionlist.Notes,
	amounts reductionlist.Amounts) reductionlist.Measure {
	m := reductionlist.Measure{ID: id, Unit: "线" + words.Draw(t, "unit"), Responsible: "生产部经理" + id, CompleteWithinH: 4,
		Reduction: amounts, Notes: notes,
		Levels:   rapid.SliceOfNDistinct(rapid.SampledFrom(alerts.Levels()), 1, 4, rapid.ID).Draw(t, "levels"),
		Evidence: rapid.SliceOfN(rapid.SampledFrom([]string{"台账", "曲线"}), 1, 3).Draw(t, "evidence")}
	m.Action = rapid.SampledFrom(reductionlist.ActionWords.Codes).Draw(t, "action")
	kind, value, unit := reductionlist.AtMost, float64(rapid.IntRange(2, 100).Draw(t, "value")), "t/d"
	switch m.Action {
	case reductionlist.Limit:
		kind, unit = reductionlist.ReduceBy, "%"
	case reductionlist.ReduceCoal:
		kind = reductionlist.ReduceBy
	case reductionlist.AllocateWaste:
	default:
		kind = rapid.SampledFrom(reductionlist.KindWords.Codes).Draw(t, "kind")
	}
	m.Quantity = &reductionlist.Quantity{Kind: kind, Value: value, Unit: unit}
	m.Text = words.Draw(t, "text") + "，" + reductionlist.AmountWords(value, unit)
	sources := rapid.SliceOfNDistinct(rapid.SampledFrom(reductionlist.SourceWords.Codes), 1, 4, rapid.ID)
	for _, s := range sources.Draw(t, "sources") {
		mon := reductionlist.Monitor{Source: s, Ref: rapid.SampledFrom([]string{"", "MN1", "MN/2"}).Draw(t, "ref"),
			Factor: rapid.SampledFrom([]string{"", "a21002"}).Draw(t, "factor")}
		if s != reductionlist.Video {
			fit := slices.DeleteFunc(slices.Clone(evaluable[s]), func(c reductionlist.Criterion) bool {
				return c.Kind == reductionlist.Stopped && m.Action != reductionlist.Stop
			})
			mon.Criterion = rapid.SampledFrom(fit).Draw(t, "criterion")
		}
		m.Monitors = append(m.Monitors, mon)
	}
	return m
}

// evaluable are criteria that can be evaluated against each source.
var evaluable = func() map[reductionlist.Source][]reductionlist.Criterion {
	by := map[reductionlist.Source][]reductionlist.Criterion{}
	for _, words := range []string{"stopped", "hour_mass_at_most 30 kg/h", "at_most_fraction_of_baseline 0.25",
		"no_vehicle_below 国五", "day_total_at_most 9 t"} {
		c, err := reductionlist.ParseCriterion(words)
		if err != nil {
			panic(err)
		}
		for _, s := range c.ReadBy() {
			by[s] = append(by[s], c)
		}
	}
	return by
}()
