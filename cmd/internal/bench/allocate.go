package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"qingkong/reductionlist/allocate"
)

// allocateLimit bounds either solver's time for one problem.
const allocateLimit = 30 * time.Second

// Problem is a problem to be measured, by the name it has in the results.
type Problem struct {
	Name, Kind string // Kind is coal or waste
	Text       []byte
}

// Allocate measures how long the proof of each problem takes, and which gap is left, beside CBC on the same problem in
// the same run; n times each, of which the median counts. Problems larger than CBC proves within the limit end there
// for both. Where CBC is not installed its values are missing.
func Allocate(ctx context.Context, n int, problems []Problem) ([]Result, error) {
	if len(problems) == 0 {
		problems = allocateProblems()
	}
	b := &bench{}
	cbc, _ := exec.LookPath("cbc")
	for _, p := range problems {
		s, err := p.read()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		var ours, theirs []float64
		var gap, otherGap float64
		for range n {
			begin := time.Now()
			out, write, err := s(ctx, allocate.Options{TimeLimit: allocateLimit})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
			if ours = append(ours, time.Since(begin).Seconds()); out.Gap != nil {
				gap = *out.Gap
			}
			if cbc == "" || len(theirs) > 0 && theirs[0] > allocateLimit.Seconds()/2 { // slow: once is enough
				continue
			}
			took, g, err := runCBC(ctx, cbc, write)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
			theirs, otherGap = append(theirs, took), g
		}
		b.add(p.Name+", time", median(ours)*1000, "ms", median(theirs)*1000)
		b.add(p.Name+", proven gap", 100*gap, "%", 100*otherGap)
	}
	return b.results, nil
}

// solver solves a problem and says how to write it down for another solver.
type solver func(context.Context, allocate.Options) (allocate.Outcome, lpWriter, error)

// lpWriter writes a problem in the LP format.
type lpWriter = func(io.Writer) error

func (p *Problem) read() (solver, error) {
	if p.Kind == "coal" {
		c, err := allocate.ParseCoal(p.Text)
		return func(ctx context.Context, opt allocate.Options) (allocate.Outcome, lpWriter, error) {
			r, err := c.Solve(ctx, opt)
			if err != nil {
				return allocate.Outcome{}, nil, err
			}
			return r.Outcome, func(w io.Writer) error { return c.WriteLP(w, c.TangentsFor(r)) }, nil
		}, err
	}
	w, err := allocate.ParseWaste(p.Text)
	return func(ctx context.Context, opt allocate.Options) (allocate.Outcome, lpWriter, error) {
		r, err := w.Solve(ctx, opt)
		if err != nil {
			return allocate.Outcome{}, nil, err
		}
		return r.Outcome, w.WriteLP, nil
	}, err
}

var cbcBounds = regexp.MustCompile(`(?m)^(Objective value|Lower bound|Gap):\s+(\S+)`)

// runCBC is how long CBC takes to a gap of 1e-6 or to the limit, and the gap that is left.
func runCBC(ctx context.Context, cbc string, write func(io.Writer) error) (seconds, gap float64, err error) {
	dir, err := os.MkdirTemp("", "qingkong-bench-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return 0, 0, err
	}
	path := filepath.Join(dir, "problem.lp")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return 0, 0, err
	}
	limit := strconv.Itoa(int(allocateLimit.Seconds()))
	begin := time.Now()
	// #nosec G204 -- of the bench alone, on a file that it wrote
	said, err := exec.CommandContext(ctx, cbc, path, "ratio", "1e-6", "timeMode", "elapsed", "sec", limit,
		"solve").CombinedOutput()
	seconds = time.Since(begin).Seconds()
	if err != nil {
		return 0, 0, fmt.Errorf("cbc: %w: %s", err, said)
	}
	value := map[string]float64{}
	for _, m := range cbcBounds.FindAllSubmatch(said, -1) {
		if v, err := strconv.ParseFloat(string(m[2]), 64); err == nil {
			value[string(m[1])] = v
		}
	}
	if low, has := value["Lower bound"]; has && value["Objective value"] > 0 {
		gap = max(0, (value["Objective value"]-low)/value["Objective value"])
	}
	if strings.Contains(string(said), "No feasible solution found") {
		gap = 1
	}
	return seconds, gap, nil
}

// allocateProblems are plants of the sizes that the issue names: four units over four days and three furnaces over ten
// days, and the largest that have to be answered.
func allocateProblems() []Problem {
	return []Problem{
		{"coal 4 units × 96 steps", "coal", coalProblem(4, 96)},
		{"waste 3 furnaces × 60 steps", "waste", wasteProblem(3, 60)},
		{"coal 12 units × 168 steps", "coal", coalProblem(12, 168)},
		{"waste 8 furnaces × 90 steps", "waste", wasteProblem(8, 90)},
	}
}

type jsonObject = map[string]any

// spreadOf gives the units of a made-up plant values that differ, always the same ones.
func spreadOf(i int, from, to float64) float64 {
	return from + (to-from)*math.Mod(float64(i)*0.618034+0.3, 1)
}

func coalProblem(units, steps int) []byte {
	doc := jsonObject{"start": "2016-12-16T20:00:00+08:00", "step_h": 1, "steps": steps,
		"weight_per_kg": jsonObject{"so2": 1.0526, "nox": 1.0526, "pm": 0.4587}}
	var list, demand []jsonObject
	for i := range units {
		list = append(list, jsonObject{"name": fmt.Sprintf("%d#", i+1), "min_mw": 120, "max_mw": 300, "initially_on": i%4 != 3,
			"hours_in_state": 200,
			"min_up_h":       6 + i%3*2, "min_down_h": 6 + i%2*2, "start_coal_t": spreadOf(i, 40, 70),
			"coal_t_per_h": jsonObject{"constant": spreadOf(i, 11, 13), "per_mw": spreadOf(i+1, 0.37, 0.39), "per_mw2": 5e-05,
				"per_gj": 0.045},
			"max_heat_gj_h": 700 + 100*(i%3), "mw_lost_per_gj_h": 0.05,
			"emission_kg_per_t_coal": jsonObject{"so2": 0.113, "nox": spreadOf(i+2, 0.24, 0.31), "pm": 0.0099},
			"low_load_mw":            130, "low_load_nox_factor": 1.4})
	}
	for t := range steps {
		day := math.Sin(2*math.Pi*float64(t)/24) + 0.4*math.Sin(2*math.Pi*float64(t)/12)
		low := math.Round(300 * float64(units) * (0.5 + 0.13*day + 0.02*math.Sin(float64(t))))
		demand = append(demand, jsonObject{"power_min_mw": low, "power_max_mw": low + 120,
			"heat_gj_h": math.Round(800 * float64(units) * (0.42 - 0.1*day))})
	}
	doc["units"], doc["demand"] = list, demand
	return problemText(doc)
}

func wasteProblem(furnaces, steps int) []byte {
	var list []jsonObject
	most := 31.25 * float64(furnaces)
	for i := range furnaces {
		list = append(list, jsonObject{"name": fmt.Sprintf("%d#", i+1), "min_t_h": 20, "max_t_h": 31.25, "initially_on": i%4 != 3,
			"hours_in_state": 500,
			"min_up_h":       48, "min_down_h": 24, "emission_kg_per_t": jsonObject{"so2": spreadOf(i, 0.05, 0.07),
				"nox": spreadOf(i+1, 0.4, 0.5), "pm": 0.02, "hcl": 0.03},
			"start_emission_kg": jsonObject{"nox": spreadOf(i, 40, 70), "so2": 10}})
	}
	var intake, weight []float64
	for t := range steps {
		intake = append(intake, math.Round(most*(0.8+0.12*math.Sin(2*math.Pi*float64(t)/6))))
		weight = append(weight, 1)
		if t >= steps/2 {
			weight[t] = 0.2
		}
	}
	return problemText(jsonObject{"start": "2016-12-16T20:00:00+08:00", "step_h": 4, "steps": steps, "furnaces": list,
		"intake_t_h":    intake,
		"pit":           jsonObject{"level_t": 64 * most, "min_t": 21 * most, "max_t": 128 * most, "end_max_t": 96 * most},
		"divert":        jsonObject{"max_t_h": 0.1 * most, "emission_kg_per_t": jsonObject{"nox": 0.6}, "max_total_t": 6 * most},
		"steam_min_t_h": 0, "steam_per_t_waste": 2.3, "step_weight": weight,
		"weight_per_kg": jsonObject{"so2": 1.0526, "nox": 1.0526, "pm": 0.4587, "hcl": 0.093}})
}

func problemText(doc jsonObject) []byte {
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err) // numbers and names alone
	}
	return text
}
