package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A unit and a furnace over three steps, as the issue writes them down.
const (
	oneUnit = `{"start":"2016-12-16T20:00:00+08:00","step_h":1,"steps":3,"units":[{"name":"5#","min_mw":120,"max_mw":300,
"initially_on":true,"hours_in_state":100,"min_up_h":2,"min_down_h":2,"start_coal_t":60,
"coal_t_per_h":{"constant":12,"per_mw":0.38,"per_mw2":0.00005,"per_gj":0.045},"max_heat_gj_h":900,"mw_lost_per_gj_h":0.05,
"emission_kg_per_t_coal":{"so2":0.113,"nox":0.288,"pm":0.0099},"low_load_mw":130,"low_load_nox_factor":1.4}],
"demand":[{"power_min_mw":150,"power_max_mw":200,"heat_gj_h":300}],"baseline_mw":{"5#":[260]}}`
	oneFurnace = `{"start":"2016-12-16T20:00:00+08:00","step_h":4,"steps":3,"furnaces":[{"name":"1#","min_t_h":20,"max_t_h":31.25,
"initially_on":true,"hours_in_state":500,"min_up_h":4,"min_down_h":4,"emission_kg_per_t":{"so2":0.06,"nox":0.45,"pm":0.02,"hcl":0.03},
"start_emission_kg":{"nox":60,"so2":10}}],"pit":{"level_t":6000,"min_t":5900,"max_t":6200,"end_max_t":6000},"intake_t_h":[30],
"divert":{"max_t_h":10,"emission_kg_per_t":{"nox":0.6},"max_total_t":60},"steam_min_t_h":0,"steam_per_t_waste":2.3,"step_weight":[1,0.2]}`
)

func TestAllocate(t *testing.T) {
	for kind, text := range map[string]string{"coal": oneUnit, "waste": oneFurnace} {
		file := writeFile(t, kind+".json", []byte(text))
		out, _ := ran(t, exitOK, "allocate", kind, file)
		for _, want := range []string{"最优", "optimal", "加权排放", "2016-12-16 20:00", "起限制作用的条件"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in\n%s", kind, want, out)
			}
		}
		out, _ = ran(t, exitOK, "allocate", kind, file, "--json", "--time-limit", "30")
		var got struct {
			Status                string
			Objective, Bound, Gap *float64
			Conflicts, Plan       []json.RawMessage
			Totals                map[string]any
			Baseline, Saved       *json.RawMessage
			Binding               []string
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.Status != "optimal" || *got.Gap > 1e-6 || len(got.Plan) != 3 || got.Conflicts == nil ||
			len(got.Binding) == 0 || (got.Saved != nil) != (kind == "coal") {
			t.Errorf("%s: %s", kind, out)
		}
	}
}

// What cannot be done is said, with what conflicts, and is no failure of the command.
func TestAllocateInfeasible(t *testing.T) {
	file := writeFile(t, "coal.json", []byte(strings.Replace(oneUnit, `"heat_gj_h":300`, `"heat_gj_h":1000`, 1)))
	out, _ := ran(t, exitOK, "allocate", "coal", file)
	if !strings.Contains(out, "供热需求（2016-12-16 20:00–21:00）：须让出 100 GJ/h") || !strings.Contains(out, "infeasible") {
		t.Error(out)
	}
	out, _ = ran(t, exitOK, "allocate", "coal", file, "--json")
	var got struct {
		Status    string
		Objective *float64
		Conflicts []struct {
			Constraint, Unit string
			ShortBy          float64 `json:"short_by"`
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Status != "infeasible" || got.Objective != nil || len(got.Conflicts) != 1 ||
		got.Conflicts[0].Constraint != "heat" || got.Conflicts[0].ShortBy != 100 {
		t.Error(out)
	}
}

func TestAllocateRefuses(t *testing.T) {
	file := writeFile(t, "coal.json", []byte(strings.Replace(oneUnit, `"min_mw":120`, `"min_mw":-120`, 1)))
	if _, errs := ran(t, exitFailed, "allocate", "coal", file); !strings.Contains(errs, "units[0].min_mw: -120 是负数") {
		t.Error(errs)
	}
	ran(t, exitUsage, "allocate", "coal", file, "--time-limit", "-1")
	ran(t, exitUsage, "allocate", "coal")
	ran(t, exitFailed, "allocate", "waste", file)
}

// Every shared example is answered with a proof: of its plan, or of what has to be given.
func TestAllocateShared(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "allocate")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("left out: the shared data folder is absent")
	}
	for _, c := range []struct{ kind, file, says string }{
		{"coal", "coal.json", "最优（已证明"},
		{"waste", "waste.json", "最优（已证明"},
		{"coal", "zero.json", "合计 / in all: 煤 / coal 0.0 t"},
		{"coal", "third.json", "最优（已证明"},
		{"waste", "slow-waste-9-11.json", "须让出 21.6 t"},
	} {
		out, _ := ran(t, exitOK, "allocate", c.kind, filepath.Join(dir, c.file), "--time-limit", "30")
		if !strings.Contains(out, c.says) || strings.Contains(out, "足够") {
			t.Errorf("%s: %s", c.file, out)
		}
	}
}
