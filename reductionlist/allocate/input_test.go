package allocate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

const smallCoal = `{"start":"2016-12-16T20:00:00+08:00","step_h":1,"steps":3,
"units":[{"name":"5#","min_mw":120,"max_mw":300,"initially_on":true,"hours_in_state":100,"min_up_h":2,"min_down_h":2,
 "start_coal_t":60,"coal_t_per_h":{"constant":12,"per_mw":0.38,"per_mw2":0.00005,"per_gj":0.045},
 "max_heat_gj_h":900,"mw_lost_per_gj_h":0.05,"emission_kg_per_t_coal":{"so2":0.113,"nox":0.288,"pm":0.0099},
 "low_load_mw":130,"low_load_nox_factor":1.4,"available":[{"from":"2016-12-16T20:00:00+08:00","to":"2016-12-17T20:00:00+08:00"}]}],
"demand":[{"power_min_mw":150,"power_max_mw":200,"heat_gj_h":300}],
"weight_per_kg":{"so2":1.0526,"nox":1.0526,"pm":0.4587},"baseline_mw":{"5#":[260]}}`

const smallWaste = `{"start":"2016-12-16T20:00:00+08:00","step_h":4,"steps":3,"furnaces":[{"name":"1#","min_t_h":20,"max_t_h":31.25,
 "initially_on":true,"hours_in_state":500,"min_up_h":4,"min_down_h":4,
 "emission_kg_per_t":{"so2":0.06,"nox":0.45,"pm":0.02,"hcl":0.03},"start_emission_kg":{"nox":60,"so2":10},"available":[]}],
"pit":{"level_t":6000,"min_t":2000,"max_t":12000,"end_max_t":9000},"intake_t_h":[30],
"divert":{"max_t_h":10,"emission_kg_per_t":{"nox":0.6},"max_total_t":60},"steam_min_t_h":0,"steam_per_t_waste":2.3,
"weight_per_kg":{"so2":1.0526,"nox":1.0526,"pm":0.4587,"hcl":0.093},"step_weight":[1,0.2]}`

func parse(kind string, text []byte) error {
	if kind == "coal" {
		_, err := ParseCoal(text)
		return err
	}
	_, err := ParseWaste(text)
	return err
}

// A problem that is wrong in one place is refused at that place.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ kind, old, new, path, rule string }{
		{"coal", `"step_h":1,`, ``, "step_h", "input.required"},
		{"coal", `"step_h":1,`, `"step_h":0,`, "step_h", "allocate.step_h"},
		{"coal", `"steps":3`, `"steps":2.5`, "steps", "allocate.steps"},
		{"coal", `"steps":3`, `"steps":0`, "steps", "allocate.steps"},
		{"coal", `"start":"2016-12-16T20:00:00+08:00",`, ``, "start", "input.required"},
		{"coal", `"min_mw":120`, `"min_mw":-1`, "units[0].min_mw", "allocate.negative"},
		{"coal", `"min_mw":120`, `"min_mw":301`, "units[0].min_mw", "allocate.above"},
		{"coal", `"min_mw":120`, `"min_mw":"NaN"`, "units[0].min_mw", "input.wrong_type"},
		{"coal", `"min_mw":120`, `"min_mw":null`, "units[0].min_mw", "input.required"},
		{"coal", `"max_mw":300`, `"max_mw":1e300`, "units[0].max_mw", "allocate.too_large"},
		{"coal", `"name":"5#",`, ``, "units[0].name", "input.required"},
		{"coal", `"initially_on":true,`, ``, "units[0].initially_on", "input.required"},
		{"coal", `"per_mw":0.38,`, ``, "units[0].coal_t_per_h.per_mw", "input.required"},
		{"coal", `"so2":0.113`, `"dust":1,"so2":0.113`, "units[0].emission_kg_per_t_coal.dust", "allocate.pollutant"},
		{"coal", `"nox":0.288,`, ``, "units[0].emission_kg_per_t_coal.nox", "input.required"},
		{"coal", `"low_load_nox_factor":1.4`, `"low_load_nox_factor":0.9`, "units[0].low_load_nox_factor",
			"allocate.low_factor"},
		{"coal", `"to":"2016-12-17T20`, `"to":"2016-12-16T20`, "units[0].available[0].to", "allocate.window"},
		{"coal", `"hours_in_state":100,"min_up_h":2`, `"hours_in_state":1,"min_up_h":200`, "units[0].available", ""},
		{"coal", `"power_min_mw":150`, `"power_min_mw":250`, "demand[0].power_min_mw", "allocate.above"},
		{"coal", `"heat_gj_h":300`, `"heat_gj_h":-300`, "demand[0].heat_gj_h", "allocate.negative"},
		{"coal", `"demand":[{`, `"demand":[],"demand2":[{`, "demand2", "input.unknown_field"},
		{"coal", `"weight_per_kg":{"so2":1.0526`, `"weight_per_kg":{"so2":-1`, "weight_per_kg.so2", "allocate.negative"},
		{"coal", `"5#":[260]`, `"5#":[1,2,3,4]`, "baseline_mw.5#", "allocate.longer"},
		{"coal", `"5#":[260]`, `"5#":[]`, "baseline_mw.5#", "allocate.empty"},
		{"coal", `"5#":[260]`, `"5#":[1,null]`, "baseline_mw.5#[1]", "input.required"},
		{"coal", `"5#":[260]`, `"5#":[260],"6#":[1]`, "baseline_mw.6#", "allocate.no_unit"},
		{"waste", `"level_t":6000`, `"level_t":1000`, "pit.level_t", "allocate.start_level"},
		{"waste", `"min_t":2000`, `"min_t":20000`, "pit.min_t", "allocate.above"},
		{"waste", `"end_max_t":9000`, `"end_max_t":900`, "pit.end_max_t", "allocate.above"},
		{"waste", `"intake_t_h":[30],`, ``, "intake_t_h", "input.required"},
		{"waste", `"intake_t_h":[30]`, `"intake_t_h":[1,2,3,4]`, "intake_t_h", "allocate.longer"},
		{"waste", `"step_weight":[1,0.2]`, `"step_weight":[1,-0.2]`, "step_weight[1]", "allocate.negative"},
		{"waste", `"step_weight":[1,0.2]`, `"step_weight":[]`, "step_weight", "allocate.empty"},
		{"waste", `"max_total_t":60`, `"max_total_t":1e999`, "divert.max_total_t", ""},
		{"waste", `{"nox":0.6}`, `{"benzene":0.6}`, "divert.emission_kg_per_t.benzene", "allocate.pollutant"},
		{"waste", `"min_t_h":20`, `"min_t_h":32`, "furnaces[0].min_t_h", "allocate.above"},
		{"waste", `"steam_per_t_waste":2.3,`, ``, "steam_per_t_waste", "input.required"},
	} {
		text := smallCoal
		if c.kind == "waste" {
			text = smallWaste
		}
		wrong := strings.Replace(text, c.old, c.new, 1)
		if wrong == text {
			t.Fatalf("%s is not in the problem", c.old)
		}
		if c.path == "units[0].available" { // locked beyond its window
			wrong = strings.Replace(wrong, `"to":"2016-12-17T20`, `"to":"2016-12-16T21`, 1)
		}
		err := parse(c.kind, []byte(wrong))
		var e *refusal.Error
		if !errors.As(err, &e) || len(e.Fields) == 0 {
			t.Errorf("%s → %s: %v", c.old, c.new, err)
			continue
		}
		if f := e.Fields[0]; f.Path != c.path || c.rule != "" && f.Rule != c.rule {
			t.Errorf("%s → %s: %s %s, want %s %s", c.old, c.new, f.Path, f.Rule, c.path, c.rule)
		}
		for _, f := range e.Fields {
			if m := f.Message("en") + f.Message("zh-CN"); strings.Contains(m, "{") || !refusal.Known(f.Rule) {
				t.Errorf("%s: %s", f.Path, m)
			}
		}
	}
}

// Every number of a problem that is left out or negative is refused, wherever it stands.
func TestEveryNumberIsNeeded(t *testing.T) {
	for kind, text := range map[string]string{"coal": smallCoal, "waste": smallWaste} {
		if err := parse(kind, []byte(text)); err != nil {
			t.Fatal(err)
		}
		optional := []string{"available", "baseline_mw", "weight_per_kg"}
		var doc any
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		seen := 0
		var walk func(v any, path string)
		try := func(path string) {
			seen++
			wrong, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if parse(kind, wrong) == nil {
				t.Errorf("%s: taken without a word: %s", path, wrong)
			}
		}
		walk = func(v any, path string) {
			switch v := v.(type) {
			case map[string]any:
				for _, k := range slices.Sorted(maps.Keys(v)) {
					old := v[k]
					walk(old, path+"."+k)
					if _, number := old.(float64); number {
						v[k] = -1.0
						try(path + "." + k + " negative")
					}
					delete(v, k)
					within := strings.Contains(path, "weight_per_kg") || strings.Contains(path, "divert.emission") ||
						strings.Contains(path, "start_emission")
					if !slices.Contains(optional, k) && !within {
						try(path + "." + k + " left out")
					}
					v[k] = old
				}
			case []any:
				for i := range v {
					walk(v[i], fmt.Sprintf("%s[%d]", path, i))
				}
			}
		}
		walk(doc, kind)
		if seen < 30 {
			t.Errorf("%s: %d places", kind, seen)
		}
	}
}

// Defaults: the weights of the tax law, and always available.
func TestDefaults(t *testing.T) {
	text := strings.Replace(smallCoal, `"weight_per_kg":{"so2":1.0526,"nox":1.0526,"pm":0.4587},`, ``, 1)
	p, err := ParseCoal([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%.4f %.4f %.4f", p.weights["so2"], p.weights["nox"],
		p.weights["pm"]); got != "1.0526 1.0526 0.4587" {
		t.Error(got)
	}
}
