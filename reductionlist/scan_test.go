package reductionlist

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"qingkong/alerts"
)

// plainDue is what readDue should give: the whole row read by encoding/json.
func plainDue(t failer, row []byte, level alerts.Level) Due {
	var r Recipient
	if err := json.Unmarshal(row, &r); err != nil {
		t.Fatalf("row %s: %v", row, err)
	}
	d := DueOf(&r, level)
	for i := range d.Measures {
		d.Measures[i].Notes = Notes{}
	}
	return d
}

type failer interface {
	Fatalf(format string, args ...any)
}

// sameDue compares as orders see it: an empty list is none.
func sameDue(a, b Due) bool {
	clean := func(d Due) Due {
		ms := make([]Measure, len(d.Measures))
		for i, m := range d.Measures {
			if m.Notes = (Notes{}); len(m.Levels) == 0 {
				m.Levels = nil
			}
			if len(m.Monitors) == 0 {
				m.Monitors = nil
			}
			if len(m.Evidence) == 0 {
				m.Evidence = nil
			}
			ms[i] = m
		}
		d.Measures = ms
		return d
	}
	return reflect.DeepEqual(clean(a), clean(b))
}

func TestReadDueReadsWhatEncodingJSONReads(t *testing.T) {
	text := rapid.OneOf(rapid.String(),
		rapid.SampledFrom([]string{"", "停产", `"`, `\`, "<b>&", "\u2028\t\n", "\xff", "a,]}:{["}))
	amounts := rapid.Custom(func(t *rapid.T) Amounts {
		f := rapid.Float64Range(0, 1e9)
		return Amounts{f.Draw(t, "so2"), f.Draw(t, "nox"), f.Draw(t, "pm"), 0}
	})
	criteria := []Criterion{{}, {Kind: Stopped}, {Kind: FractionOfBaseline, Limit: 0.3},
		{Kind: DayTotalAtMost, Limit: 32, Unit: "辆次"}}
	measure := rapid.Custom(func(t *rapid.T) Measure {
		m := Measure{ID: rapid.SampledFrom([]string{"M1", "M2", "M3"}).Draw(t, "id"), Unit: text.Draw(t, "unit"),
			Text: text.Draw(t, "text"),
			Levels: rapid.SliceOfN(rapid.SampledFrom([]alerts.Level{"advisory", "yellow", "orange", "red", "odd"}), 0, 3).Draw(t,
				"levels"),
			Action: Limit, CompleteWithinH: rapid.Float64Range(0, 72).Draw(t, "h"), Responsible: text.Draw(t, "who"),
			Evidence: rapid.SliceOfN(text, 0, 3).Draw(t, "evidence"), Reduction: amounts.Draw(t, "reduction"),
			Notes: Notes{Note: text.Draw(t, "note"), Extra: map[string]string{text.Draw(t, "key"): "x"}}}
		if rapid.Bool().Draw(t, "quantity") {
			m.Quantity = &Quantity{AtMost, rapid.Float64().Draw(t, "value"), text.Draw(t, "of")}
		}
		for range rapid.IntRange(0, 2).Draw(t, "monitors") {
			m.Monitors = append(m.Monitors,
				Monitor{Power, text.Draw(t, "ref"), "", rapid.SampledFrom(criteria).Draw(t, "criterion")})
		}
		return m
	})
	rapid.Check(t, func(t *rapid.T) {
		r := Recipient{ID: text.Draw(t, "id"), Type: Enterprise, Name: text.Draw(t, "name"), Town: text.Draw(t, "town"),
			Industry: "C3360",
			Lon:      117.1, Grade: GradeB, Address: text.Draw(t, "address"),
			Lines: []Line{{ID: "L1", Emission: amounts.Draw(t, "line"), Idle: true}},
			Pit:   &Pit{MinT: 1}, Measures: rapid.SliceOfN(measure, 0, 4).Draw(t, "measures")}
		row := canonical(&r)
		for _, level := range []alerts.Level{"advisory", "orange", "none"} {
			got, err := readDue(row, level)
			if err != nil {
				t.Fatalf("row %s: %v", row, err)
			}
			if want := plainDue(t, row, level); !sameDue(got, want) {
				t.Fatalf("row %s reads as %+v, want %+v", row, got, want)
			}
		}
	})
}

// What is not as canonical writes it is read by encoding/json, or refused by it.
func TestReadDueOfOtherJSON(t *testing.T) {
	for _, row := range []string{
		`{ "id": "E1", "measures": [ {"id":"M1","levels":["orange"],"monitor":null,"quantity":null} ] }`,
		`{"ID":"E1","measures":null}`,
		`{"id":"E1","lon":1e2,"pit":{"min_t":-1.5E-3},"measures":[]}`,
	} {
		got, err := readDue([]byte(row), "orange")
		if err != nil || !sameDue(got, plainDue(t, []byte(row), "orange")) {
			t.Errorf("%s reads as %+v, %v", row, got, err)
		}
	}
	good := `{"id":"E1","type":"site","measures":[{"id":"M1","levels":["orange"],"complete_within_h":4}]}`
	for i := range len(good) {
		if d, err := readDue([]byte(good[:i]), "orange"); err == nil {
			t.Errorf("the row cut to %s reads as %+v", good[:i], d)
		}
	}
	for _, row := range []string{good + "x", strings.Replace(good, "4", "4x", 1),
		strings.Replace(good, `:4}`, `:4,}`, 1)} {
		if d, err := readDue([]byte(row), "orange"); err == nil {
			t.Errorf("%s reads as %+v", row, d)
		}
	}
}
