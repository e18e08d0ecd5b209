package service_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
	"qingkong/seeds"
	"qingkong/seeds/xiqing"
)

// large is a list with one plant of twelve units, and a week of demands that swing.
func large() (*reductionlist.List, plant.Figures) {
	n := rand.New(rand.NewPCG(2, 99))
	from := time.Date(2016, 12, 16, 17, 0, 0, 0, alerts.Shanghai())
	to := from.AddDate(0, 0, 10)
	r := &reductionlist.Recipient{ID: "E0001", Type: reductionlist.Enterprise, Name: "示例热电", Town: "大寺镇",
		Industry: "D4412",
		Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Yellow}, Action: reductionlist.ReduceCoal,
			Unit: "全厂", Text: "日耗煤量减少600吨",
			Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: 600, Unit: "t/d"}, CompleteWithinH: 4,
			Responsible: "值长"}}}
	f := plant.Figures{From: &from, To: &to}
	top, most := 0.0, 0.0
	for i := range 12 {
		name := string(rune('A' + i))
		f.Units = append(f.Units, plant.MachineState{Name: name, InitiallyOn: new(n.IntN(3) > 0), HoursInState: new(100.0)})
		u := reductionlist.Unit{Name: name, MaxMW: 300, MWLostPerGJH: 0.05, LowLoadNOx: 1.4, MinUpH: float64(4 + n.IntN(8)),
			MinDownH: float64(4 + n.IntN(8))}
		u.MinMW, u.StartCoalT = float64(110+10*n.IntN(4)), float64(30+n.IntN(60))
		u.Coal = reductionlist.CoalCurve{Constant: 11 + 2*n.Float64(), PerMW: 0.37 + 0.02*n.Float64(), PerMW2: 0.00005,
			PerGJ: 0.045}
		u.MaxHeatGJH = float64(700 + 100*n.IntN(3))
		u.Emission, u.LowLoadMW = reductionlist.Gases{SO2: 0.113, NOx: 0.24 + 0.07*n.Float64(), PM: 0.0099}, u.MinMW+15
		r.Units = append(r.Units, u)
		top, most = top+u.MaxMW, most+u.MaxHeatGJH
	}
	for h := range 168 {
		day := math.Sin(float64(h)/24*2*math.Pi) + 0.4*math.Sin(float64(h)/12*2*math.Pi)
		low := math.Round(top * (0.5 + 0.14*day + 0.03*n.Float64()))
		f.Demand = append(f.Demand, plant.Demand{PowerMinMW: new(low), PowerMaxMW: new(low + 120),
			HeatGJH: new(math.Round(most * (0.42 - 0.1*day + 0.04*n.Float64())))})
	}
	return &reductionlist.List{Name: "示例", Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: "示例",
		Recipients: []*reductionlist.Recipient{r}}, f
}

func planWorld(t *testing.T, l *reductionlist.List, hours int) (*servicetest.World, string) {
	t.Helper()
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	w.Import(l)
	warning, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "", fmt.Appendf(nil,
		`{"level":"yellow","trigger":"city_order","document_no":"1","issued_by":"天津市","reason":"示例","ends_at":%q}`,
		servicetest.Begin.Add(time.Duration(hours)*time.Hour).Format(time.RFC3339)))
	if err != nil {
		t.Fatal(err)
	}
	w.Elapse(0)
	return w, warning.ID
}

// What the time did not suffice to prove is accepted with the gap that is left, and stays what was seen.
func TestAcceptAPlanThatIsNotProved(t *testing.T) {
	l, f := large()
	w, id := planWorld(t, l, 168)
	if err := w.Svc.RecordFigures(t.Context(), service.By("duty"), "E0001", f); err != nil {
		t.Fatal(err)
	}
	const limit = time.Nanosecond
	p, err := w.Svc.PreparePlan(t.Context(), id+"-E0001-1", limit)
	if err != nil || p.Answer == nil {
		t.Fatalf("%v %+v", err, p)
	}
	if p.Answer.Status != allocate.Feasible {
		t.Fatalf("proved in no time: %+v", p.Answer.Outcome)
	}
	text, err := w.Svc.AcceptPlan(t.Context(), service.By("duty"),
		calls.PlanAccepted{ByID: calls.ByID{ID: id + "-E0001-1"},
			SolveLimit: calls.SolveLimit{TimeLimit: limit.Seconds()}, Reason: "示例"})
	if err != nil {
		t.Fatal(err)
	}
	var o notify.View
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	plan, err := plant.ParseOperatingPlan(o.Plan)
	if err != nil || plan.Status != "feasible" || plan.Gap != *p.Answer.Gap || plan.Gap <= 0 ||
		*plan.Totals.CoalT != *p.Answer.Totals.CoalT || len(plan.Steps) != 168 {
		t.Errorf("%v %s gap %g, seen %g", err, plan.Status, plan.Gap, *p.Answer.Gap)
	}
	if q := o.Measures[0].Quantity; len(q.Days) != 8 || q.Value < 1000 { // one measure for the whole plant
		t.Errorf("%+v", q)
	}
	// more time is not answered with what less time gave
	better, err := w.Svc.WhatIf(t.Context(), id+"-E0001-1", nil, 500*time.Millisecond)
	if err != nil || *better.Gap > plan.Gap {
		t.Errorf("with more time: %v, gap %g", err, *better.Gap)
	}
}

// The demo's figures give an optimal plan whatever window a warning has, in a moment.
func TestDemoFiguresFitAnyWindow(t *testing.T) {
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, hours := range []int{1, 5, 26, 72, 130, 300, 400} {
		w, id := planWorld(t, l, hours)
		for recipient, f := range xiqing.Figures(servicetest.Begin.In(alerts.Shanghai())) {
			if !strings.HasPrefix(f.Source, "示例") {
				t.Errorf("%s: %q", recipient, f.Source)
			}
			if err := w.Svc.RecordFigures(t.Context(), service.By("demo"), recipient, f); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range []string{"E0001", "E0002"} {
			begin := time.Now()
			p, err := w.Svc.PreparePlan(t.Context(), id+"-"+r+"-1", 10*time.Second)
			if err != nil || p.Answer == nil || p.Answer.Status != allocate.Optimal {
				t.Errorf("%s, %d h: %v %+v", r, hours, err, p)
				continue
			}
			t.Logf("%s, %d h in %s", r, hours, time.Since(begin).Round(time.Millisecond))
			if want := min(hours, 14*24); int(math.Round(float64(len(p.Answer.Steps))*p.Answer.StepH)) != want {
				t.Errorf("%s, %d h: %d steps", r, hours, len(p.Answer.Steps))
			}
			stays, err := json.Marshal(plant.AskedReductions(p.Operating().Reductions))
			if err != nil {
				t.Fatal(err)
			}
			if asks := r == "E0002" || hours == 1; (string(stays) != "null") != asks { // in an hour no measure is due
				t.Errorf("%s, %d h: asked are %s", r, hours, stays)
			}
			if _, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.AcceptPlan, id+"-"+r+"-1",
				fmt.Appendf(nil, `{"reason":"示例","reduction_stays":%s}`, stays)); err != nil {
				t.Errorf("%s, %d h: %v", r, hours, err)
			}
		}
	}
}
