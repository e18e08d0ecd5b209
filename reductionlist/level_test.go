package reductionlist

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"qingkong/alerts"
)

func TestMeasuresAt(t *testing.T) {
	m := func(id, text string, at ...alerts.Level) Measure { return Measure{ID: id, Text: text, Levels: at} }
	r := &Recipient{Measures: []Measure{
		m("M2", "lorries", alerts.Advisory, alerts.Yellow, alerts.Orange, alerts.Red),
		m("M1", "less", alerts.Yellow),
		m("M1", "half", alerts.Orange),
		m("M3", "only the highest", alerts.Red),
	}}
	for _, c := range []struct {
		level alerts.Level
		want  []string
	}{
		{alerts.None, nil},
		{"purple", nil},
		{alerts.Advisory, []string{"M2 lorries"}},
		{alerts.Yellow, []string{"M1 less", "M2 lorries"}},
		{alerts.Orange, []string{"M1 half", "M2 lorries"}},
		{alerts.Red, []string{"M1 half", "M2 lorries", "M3 only the highest"}},
	} {
		var got []string
		for _, m := range MeasuresAt(r, c.level) {
			got = append(got, m.ID+" "+m.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("at %q: %q, want %q", c.level, got, c.want)
		}
	}
}

// The rule read literally: walk down from the level until the measure has a row.
func slowMeasuresAt(r *Recipient, level alerts.Level) map[string]string {
	got := map[string]string{}
	from := slices.Index(alerts.Levels(), level)
	for _, m := range r.Measures {
		for k := from; k >= 0; k-- {
			i := slices.IndexFunc(r.Measures, func(o Measure) bool {
				return o.ID == m.ID && slices.Contains(o.Levels, alerts.Levels()[k])
			})
			if i >= 0 {
				got[m.ID] = r.Measures[i].Text
				break
			}
		}
	}
	return got
}

func TestMeasuresAtIsTheNearestRowBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Recipient{}
		taken := map[string]bool{}
		for i := range rapid.IntRange(0, 12).Draw(t, "rows") {
			id := fmt.Sprint("M", rapid.IntRange(1, 4).Draw(t, "id"))
			var at []alerts.Level
			for _, l := range rapid.SliceOfNDistinct(rapid.SampledFrom(alerts.Levels()), 1, 4, rapid.ID).Draw(t, "levels") {
				if key := id + string(l); !taken[key] {
					taken[key] = true
					at = append(at, l)
				}
			}
			if len(at) > 0 {
				r.Measures = append(r.Measures, Measure{ID: id, Text: fmt.Sprint(i), Levels: at})
			}
		}
		for _, level := range alerts.Levels() {
			got, want := MeasuresAt(r, level), slowMeasuresAt(r, level)
			if len(got) != len(want) {
				t.Fatalf("at %s %d measures, want %d", level, len(got), len(want))
			}
			for i, m := range got {
				if want[m.ID] != m.Text || i > 0 && got[i-1].ID >= m.ID {
					t.Fatalf("at %s row %s of %s, want %s", level, m.Text, m.ID, want[m.ID])
				}
			}
		}
	})
}
