package reductionlist

import (
	"encoding/json"
	"testing"

	"qingkong/alerts/refusal"
)

func TestParseCriterion(t *testing.T) {
	for _, c := range []struct {
		text string
		want Criterion
	}{
		{"hour_mass_at_most 30 kg/h", Criterion{Kind: HourMassAtMost, Limit: 30, Unit: "kg/h"}},
		{"hour_concentration_at_most 50 mg/m3", Criterion{Kind: HourConcentrationAtMost, Limit: 50, Unit: "mg/m3"}},
		{"at_most_fraction_of_baseline 0.5", Criterion{Kind: FractionOfBaseline, Limit: 0.5}},
		{"stopped", Criterion{Kind: Stopped}},
		{"at_least 12 t/h", Criterion{Kind: AtLeastRate, Limit: 12, Unit: "t/h"}},
		{"five_minute_mean_at_least 850 ℃", Criterion{Kind: FiveMinuteMeanAtLeast, Limit: 850, Unit: "℃"}},
		{"day_total_at_most 2400 t", Criterion{Kind: DayTotalAtMost, Limit: 2400, Unit: "t"}},
		{"no_vehicle_below 国五", Criterion{Kind: NoVehicleBelow, Standard: "国五"}},
		{"  day_total_at_most   16  辆次 ", Criterion{Kind: DayTotalAtMost, Limit: 16, Unit: "辆次"}},
		{"at_most_fraction_of_baseline 0", Criterion{Kind: FractionOfBaseline}},
	} {
		got, err := ParseCriterion(c.text)
		if err != nil || got != c.want {
			t.Errorf("ParseCriterion(%q) = %+v, %v, want %+v", c.text, got, err, c.want)
		}
	}
}

func TestParseCriterionRefuses(t *testing.T) {
	for _, text := range []string{
		"", "   ", "stop", "Stopped", "stopped 0", "不排放",
		"hour_mass_at_most", "hour_mass_at_most 30", "hour_mass_at_most kg/h", "hour_mass_at_most -30 kg/h",
		"hour_mass_at_most 30kg/h",
		"hour_mass_at_most 30 mg/m3", "hour_mass_at_most 30 kg/h h", "hour_mass_at_most 1e3 kg/h",
		"hour_mass_at_most 0x1p4 kg/h",
		"hour_mass_at_most NaN kg/h", "hour_mass_at_most Inf kg/h", "hour_mass_at_most ３０ kg/h", "hour_mass_at_most 30. kg/h",
		"hour_mass_at_most .5 kg/h",
		"hour_mass_at_most 1.2.3 kg/h", "hour_concentration_at_most 50 kg/h", "at_most_fraction_of_baseline 1.5",
		"at_most_fraction_of_baseline 50 %",
		"at_most_fraction_of_baseline", "five_minute_mean_at_least 850 K", "at_least 12 3", "at_least 12 t；h",
		"no_vehicle_below 国七", "no_vehicle_below", "no_vehicle_below 国五 国六",
		"at_most 3 t", "at_least 5 \xff",
	} {
		if got, err := ParseCriterion(text); refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("ParseCriterion(%q) = %+v, %v, want it refused", text, got, err)
		}
	}
}

func TestCriterionIsAStringInJSON(t *testing.T) {
	in := Monitor{Source: CEMS, Ref: "1", Factor: "a21002",
		Criterion: Criterion{Kind: HourMassAtMost, Limit: 30, Unit: "kg/h"}}
	data := mustJSON(in)
	if want := `{"source":"cems","ref":"1","factor":"a21002","criterion":"hour_mass_at_most 30 kg/h"}`; string(data) != want {
		t.Errorf("%s, want %s", data, want)
	}
	var out Monitor
	if err := json.Unmarshal(data, &out); err != nil || out != in {
		t.Errorf("%+v, %v, want %+v", out, err, in)
	}
	if data := mustJSON(Monitor{Source: Video}); string(data) != `{"source":"video"}` {
		t.Errorf("without criterion: %s", data)
	}
}

// What is accepted is written back canonically: parsing the text again gives the same value and the same text.
func FuzzParseCriterion(f *testing.F) {
	for _, s := range []string{"hour_mass_at_most 30 kg/h", "stopped", "no_vehicle_below 国五", "at_least 0.10 t/h",
		"at_most_fraction_of_baseline 1",
		"five_minute_mean_at_least 850 ℃", "day_total_at_most 00012.50 m³", "hour_concentration_at_most 35 µg/m3",
		"at_least 1 \u00a0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCriterion(text)
		if err != nil {
			return
		}
		again, err := ParseCriterion(c.String())
		if err != nil || again != c || again.String() != c.String() {
			t.Errorf("%q is %+v, written %q, read %+v, %v", text, c, c.String(), again, err)
		}
		var back Criterion
		if err := json.Unmarshal(mustJSON(c), &back); err != nil || back != c {
			t.Errorf("%q through JSON: %+v, %v", text, back, err)
		}
	})
}
