package notify

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// coalPlant is a plant of two units with a measure for each, a third that no plan touches, and a stricter one at red.
func coalPlant() reductionlist.Recipient {
	r := enterprise("E1")
	from := []alerts.Level{alerts.Yellow, alerts.Orange, alerts.Red}
	for i, name := range []string{"5#", "6#"} {
		r.Units = append(r.Units, reductionlist.Unit{Name: name, MinMW: 120, MaxMW: 300,
			Coal: reductionlist.CoalCurve{Constant: 12, PerMW: 0.38}, MaxHeatGJH: 900})
		m := enterprise("E1", alerts.Yellow).Measures[0]
		m.ID, m.Unit, m.Levels = fmt.Sprintf("M%d", i+1), name+"机组", from
		m.Monitors = append(m.Monitors, reductionlist.Monitor{Source: reductionlist.DCS, Ref: "MN002", Factor: "g20301",
			Criterion: reductionlist.Criterion{Kind: reductionlist.DayTotalAtMost, Limit: 2400, Unit: "t"}})
		r.Measures = append(r.Measures, m)
	}
	other := enterprise("E1", alerts.Yellow).Measures[0]
	other.ID, other.Action, other.Unit, other.Text, other.Levels = "M3", reductionlist.StopVehicles, "物流门", "停运国四货车", from
	other.Quantity = nil
	r.Measures = append(r.Measures, other)
	red := r.Measures[1]
	red.ID, red.Levels, red.Text = "M2", []alerts.Level{alerts.Red}, "6#机组入炉煤量每日减少600吨"
	r.Measures[1].Levels = from[:2]
	r.Measures = append(r.Measures, red)
	return r
}

var planFrom, planTo = time.Date(2016, 12, 16, 20, 0, 0, 0, alerts.Shanghai()),
	time.Date(2016, 12, 18, 0, 0, 0, 0, alerts.Shanghai())

// coalPlan runs 5# at 80 t/h and 6# at 50.25 t/h until midnight, and then 5# alone.
func (w *world) coalPlan() *plant.OperatingPlan {
	r := coalPlant()
	p := &plant.OperatingPlan{Kind: plant.Coal, Window: plant.PlanWindow{From: planFrom, To: planTo, Ends: &planTo},
		StepH: 1, Status: "optimal",
		Totals: plant.PlanTotals{CoalT: new(28*80 + 4*50.25), Kg: map[string]float64{"nox": 700}}, Binding: []string{"供热需求"},
		Problem: json.RawMessage(`{"step_h":1}`), ListVersion: w.version.ID, Model: plant.OfRecipient(&r).Model()}
	for h := range 28 {
		s := plant.PlanStep{At: planFrom.Add(time.Duration(h) * time.Hour), Units: []plant.MachineStep{
			{Name: "5#", On: true, MW: 200, HeatGJH: 900, T: 80, Kg: map[string]float64{"nox": 24}}, {Name: "6#"}}}
		if h < 4 {
			s.Units[1] = plant.MachineStep{Name: "6#", On: true, MW: 130, T: 50.25, Kg: map[string]float64{"nox": 40}}
		}
		p.Steps = append(p.Steps, s)
	}
	p.Add()
	for _, id := range []string{"M1", "M2"} {
		p.Reductions = append(p.Reductions, plant.PlanReduction{MeasureID: id, Unit: "机组",
			Listed: reductionlist.Amounts{SO2: 0.1, NOx: 0.2, PM: 0.01}, Reduction: &reductionlist.Amounts{SO2: 0.15, NOx: 0.3}})
	}
	w.view(func(tx *bbolt.Tx) error {
		if o, err := GetPlantOrder(tx, readBody, e1); err == nil {
			p.Demands = o.Demanded.Digest()
		}
		return nil
	})
	return p
}

func (w *world) accept(order string, p *plant.OperatingPlan) ([]Event, error) {
	w.t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	_, evs, err := do(w, DecideAcceptPlan, AcceptPlan{OrderID: order, Plan: text, Read: readBody})
	return evs, err
}

// planned is a world whose plant has an order at yellow until planTo, and an accepted plan in its second revision.
func planned(t *testing.T) *world {
	w := newWorld(t, coalPlant(), enterprise("E2", alerts.Yellow, alerts.Orange))
	w.change(Round{Level: alerts.Yellow, EndsAt: &planTo})
	w.elapse(0)
	w.must(w.accept(e1, w.coalPlan()))
	return w
}

type measureView struct {
	ID       string
	Text     string
	Quantity struct {
		Kind  string
		Value float64
		Unit  string
		Days  []plant.QuantityDay
	}
	Monitor []struct{ Source, Ref, Factor, Criterion string }
}

func (w *world) measures(order string) (ms []measureView) {
	w.t.Helper()
	text, err := json.Marshal(w.json(order)["measures"])
	if err == nil {
		err = json.Unmarshal(text, &ms)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return ms
}

// An accepted plan makes a new revision whose quantities and criteria are the plan's, by unit and day.
func TestAcceptPlan(t *testing.T) {
	w := planned(t)
	const e2 = e1second
	o := w.json(e2)
	for k, want := range map[string]any{"supersedes": e1, "revision": 2.0, "state": "open", "answer": "awaiting",
		"cause":     "plan_accepted",
		"issued_at": "2016-12-16T18:00:00+08:00", "acknowledge_by": "2016-12-16T19:00:00+08:00"} {
		if o[k] != want {
			t.Errorf("%s is %v, want %v", k, o[k], want)
		}
	}
	text := o["text"].(string)
	for _, want := range []string{"运行方案已经接受", "5#机组按已接受的运行方案执行，耗煤量：12月16日20时至24时不超过320吨，12月17日不超过1920吨",
		"6#机组按已接受的运行方案执行，耗煤量：12月16日20时至24时不超过201吨，12月17日停运；小时排放量上限随方案调整", "停运国四货车"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "减少300吨") {
		t.Errorf("the list's quantity still stands there:\n%s", text)
	}
	ms := w.measures(e2)
	if q := ms[0].Quantity; q.Kind != "at_most" || q.Value != 1920 || q.Unit != "t/d" || len(q.Days) != 2 ||
		q.Days[0].Value != 320 ||
		!q.Days[0].From.Equal(planFrom) || q.Days[1].From != nil || q.Days[1].Date != "2016-12-17" {
		t.Errorf("%+v", q)
	}
	for i, want := range [][]string{{"hour_mass_at_most 30 kg/h", "day_total_at_most 1920 t"},
		{"hour_mass_at_most 40 kg/h", "day_total_at_most 201 t"},
		{"hour_mass_at_most 30 kg/h"}} {
		for k, c := range ms[i].Monitor {
			if _, err := reductionlist.ParseCriterion(c.Criterion); err != nil || c.Criterion != want[k] {
				t.Errorf("%s: %q, want %q (%v)", ms[i].ID, c.Criterion, want[k], err)
			}
		}
	}
	if ms[2].Text != "停运国四货车" || len(ms[2].Quantity.Days) != 0 {
		t.Errorf("another measure changed: %+v", ms[2])
	}
	w.view(func(tx *bbolt.Tx) error {
		p, err := AcceptedPlan(tx, warningID, "E1")
		if err != nil || *p.Totals.CoalT != 2441 || len(p.Days) != 2 || p.Days[1].T != 1920 || p.Units[1].T != 201 ||
			p.Units[1].PeakKgH["nox"] != 40 {
			t.Errorf("%+v, %v", p, err)
		}
		return nil
	})
	for name, order := range map[string]string{"the order that has it": e2, "the one before": e1} {
		if evs, err := w.accept(order, w.coalPlan()); err != nil || len(evs) > 0 {
			t.Errorf("the same plan again for %s: %d events, %v", name, len(evs), err)
		}
	}
	w.check()
}

func TestAcceptPlanRefuses(t *testing.T) {
	w := planned(t)
	change := func(f func(p *plant.OperatingPlan)) string {
		p := w.coalPlan()
		f(p)
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, c := range []struct {
		order, plan string
		code        refusal.Code
	}{
		{e1, change(func(p *plant.OperatingPlan) { p.Status = "feasible" }), refusal.TransitionRefused},
		{e1second, `[]`, refusal.Invalid},
		{e1second, `{"cut`, refusal.Invalid},
		{e1second, ``, refusal.Invalid},
		{e1second, `{}`, refusal.Invalid},
		{e1second, change(func(p *plant.OperatingPlan) { p.Binding = []string{strings.Repeat("x", maxPlan)} }),
			refusal.TooLarge},
		{e1second, change(func(p *plant.OperatingPlan) { p.Model = "sha256:other" }), refusal.Conflict},
		{e1second, change(func(p *plant.OperatingPlan) { p.ListVersion = "other" }), refusal.Conflict},
		{warningID + "-E2-1", change(func(*plant.OperatingPlan) {}), refusal.Conflict},
		{"none", change(func(*plant.OperatingPlan) {}), refusal.NotFound},
	} {
		_, evs, err := do(w, DecideAcceptPlan, AcceptPlan{OrderID: c.order, Plan: []byte(c.plan), Read: readBody})
		if code(err) != c.code || len(evs) > 0 {
			t.Errorf("%.40s for %s: %v, want %s", c.plan, c.order, err, c.code)
		}
	}
	w.check()
}

// An accepted plan stays in its recipient's orders as long as it fits their window and the plant; else the list's
// quantities come back, and the order says so.
func TestPlanStaysWhileItFits(t *testing.T) {
	later, sooner := planTo.Add(24*time.Hour), planTo.Add(-6*time.Hour)
	level := func(l alerts.Level, ends *time.Time) func(*world) {
		return func(w *world) { w.change(Round{Level: l, EndsAt: ends, Reissue: true}); w.elapse(0) }
	}
	amend := func(id, change string) func(*world) {
		return func(w *world) {
			w.must(w.answer("E1", e1second, Object, "停炉不安全"))
			in := amendment(id, change)
			in.OrderID = e1second
			_, evs, err := do(w, DecideObjection, in)
			w.must(evs, err)
		}
	}
	for name, c := range map[string]struct {
		act   func(*world)
		stays bool
		text  string
	}{
		"the level rises":           {level(alerts.Red, &planTo), true, carriedNote},
		"issued anew":               {level(alerts.Yellow, &planTo), true, carriedNote},
		"it ends sooner":            {level(alerts.Red, &sooner), true, carriedNote},
		"it goes on longer":         {level(alerts.Yellow, &later), false, droppedNote},
		"it goes on without an end": {level(alerts.Yellow, nil), false, droppedNote},
		"the plan is over": {func(w *world) {
			w.elapse(31 * time.Hour)
			level(alerts.Red, nil)(w)
		}, false, droppedNote},
		"another measure is amended": {amend("M3", `{"complete_within_h":12}`), true, carriedNote},
		"a planned one is amended": {amend("M2",
			`{"quantity":{"kind":"reduce_by","value":100,"unit":"t/d"},"text":"6#机组入炉煤量每日减少100吨"}`), false, "经核实"},
		"a planned one is taken away": {amend("M2", `null`), false, "经核实"},
	} {
		t.Run(name, func(t *testing.T) {
			w := planned(t)
			c.act(w)
			const id = warningID + "-E1-3"
			o := w.json(id)
			if !strings.Contains(o["text"].(string), c.text) {
				t.Errorf("text %s", o["text"])
			}
			q := w.measures(id)[0].Quantity
			if has := o["plan"] != nil; has != c.stays || (len(q.Days) > 0) != c.stays {
				t.Errorf("plan %v, quantity %+v", has, q)
			}
			w.view(func(tx *bbolt.Tx) error {
				p, err := AcceptedPlan(tx, warningID, "E1")
				if err != nil || (p != nil) != c.stays {
					t.Errorf("accepted: %v, %v", p, err)
				}
				return nil
			})
			before := w.block
			w.level(unchanged(o)) // nothing changes in what the list says: no further order
			for _, r := range []string{"E1"} {
				if _, err := w.find(orderID(warningID, r, 4)); code(err) != refusal.NotFound {
					t.Errorf("ordered again after %d blocks: %v", w.block-before, err)
				}
			}
			w.check()
		})
	}
}

// A plan that begins after the order does is not carried on: its first hours would be without any quantity.
func TestALaterPlanIsNotCarriedOn(t *testing.T) {
	for late, stays := range map[time.Duration]bool{time.Hour: true, time.Hour + time.Minute: false,
		3 * time.Hour: false} {
		w := newWorld(t, coalPlant())
		w.change(Round{Level: alerts.Yellow, EndsAt: &planTo})
		w.elapse(0)
		p := w.coalPlan()
		p.Window.From = planFrom.Add(late)
		w.must(w.accept(e1, p))
		w.change(Round{Level: alerts.Red, EndsAt: &planTo})
		w.elapse(0)
		if o := w.json(warningID + "-E1-3"); (o["plan"] != nil) != stays ||
			strings.Contains(o["text"].(string), droppedNote) == stays {
			t.Errorf("%s later: carried on is %v, want %v: %s", late, o["plan"] != nil, stays, o["text"])
		}
		w.check()
	}
}

func unchanged(o map[string]any) alerts.Level { return alerts.Level(o["level"].(string)) }

func (w *world) find(id string) (o *Order, err error) {
	w.view(func(tx *bbolt.Tx) error { o, err = Get(tx, id); return nil })
	return o, err
}

// A newer list with another plant ends the plan; one that describes the same plant does not.
func TestPlanAndANewerList(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *reductionlist.Recipient)
		stays  bool
	}{
		"another measure": {func(r *reductionlist.Recipient) { r.Measures[2].Text = "停运国四及以下货车" }, true},
		"another factor": {func(r *reductionlist.Recipient) {
			r.Units[0].Emission.NOx = 0.2
			r.Measures[2].Text = "停运"
		}, false},
		"no plant": {func(r *reductionlist.Recipient) { r.Units = nil; r.Measures[2].Text = "停运" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := planned(t)
			r := coalPlant()
			c.change(&r)
			w.version = w.newer(t, []reductionlist.Recipient{r, enterprise("E2", alerts.Yellow, alerts.Orange)})
			w.change(Round{Level: alerts.Yellow, EndsAt: &planTo, Reissue: true})
			w.elapse(0)
			if o := w.json(warningID + "-E1-3"); (o["plan"] != nil) != c.stays {
				t.Errorf("plan %v: %s", o["plan"] != nil, o["text"])
			}
			w.check()
		})
	}
}

// What is burnt is spread over the days of Shanghai to the minute, nothing is lost, and a day is partial where the plan
// does not cover all of it.
func TestDaysOfAPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stepH := rapid.SampledFrom([]int{1, 2, 3, 4}).Draw(t, "step")
		from := planFrom.Add(time.Duration(rapid.IntRange(0, 47).Draw(t, "from")) * time.Hour)
		n := rapid.IntRange(1, 40).Draw(t, "steps")
		p := &plant.OperatingPlan{Kind: plant.Waste, StepH: float64(stepH),
			Window: plant.PlanWindow{From: from, To: from.Add(time.Duration(n*stepH) * time.Hour)}}
		want, minutes, total := map[string]float64{}, map[string]int{}, 0.0
		for i := range n {
			tonnes := float64(rapid.IntRange(0, 100).Draw(t, "t"))
			at := from.Add(time.Duration(i*stepH) * time.Hour)
			p.Steps = append(p.Steps, plant.PlanStep{At: at, Units: []plant.MachineStep{{Name: "1#", On: true, T: tonnes}}})
			for m := range stepH * 60 {
				day := string(alerts.DateOf(at.Add(time.Duration(m) * time.Minute)))
				want[day] += tonnes / float64(stepH*60)
				minutes[day]++
			}
			total += tonnes
		}
		p.Add()
		if len(p.Days) != len(want) || math.Abs(p.Units[0].T-total) > 1e-6 {
			t.Fatalf("%d days, want %d; %g t, want %g", len(p.Days), len(want), p.Units[0].T, total)
		}
		for _, d := range p.Days {
			if math.Abs(d.T-want[d.Date]) > 1e-5 || math.Abs(d.Units[0].T-d.T) > 1e-9 {
				t.Errorf("%s: %g, want %g", d.Date, d.T, want[d.Date])
			}
			whole := minutes[d.Date] == 24*60
			if whole != (d.From == nil) || whole != (d.To == nil) || !whole &&
				int(d.To.Sub(*d.From).Minutes()) != minutes[d.Date] {
				t.Errorf("%s: %v to %v, %d minutes", d.Date, d.From, d.To, minutes[d.Date])
			}
		}
	})
}
