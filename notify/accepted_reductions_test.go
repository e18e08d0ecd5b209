package notify

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// reductions are the daily reductions of an order's measures, by id.
func (w *world) reductions(order string) map[string]reductionlist.Amounts {
	w.t.Helper()
	text, err := json.Marshal(w.json(order)["measures"])
	var ms []MeasureView
	if err == nil {
		err = json.Unmarshal(text, &ms)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]reductionlist.Amounts{}
	for _, m := range ms {
		out[m.ID] = m.Reduction
	}
	return out
}

// asking is a world whose plant has an order, and a plan from which the reduction of 6# does not follow.
func asking(t *testing.T) (*world, *plant.OperatingPlan) {
	w := newWorld(t, coalPlant(), enterprise("E2", alerts.Yellow, alerts.Orange))
	w.change(Round{Level: alerts.Yellow, EndsAt: &planTo})
	w.elapse(0)
	p := w.coalPlan()
	p.Reductions[1].Reduction = nil
	return w, p
}

func (w *world) acceptSaying(order string, p *plant.OperatingPlan, given []GivenReduction, stays ...string) ([]Event,
	error) {
	w.t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	_, evs, err := do(w, DecideAcceptPlan,
		AcceptPlan{OrderID: order, Plan: text, Reductions: given, Stays: stays, Read: readBody})
	return evs, err
}

var listedReduction = reductionlist.Amounts{SO2: 0.1, NOx: 0.2, PM: 0.01} // of every measure of coalPlant

// An order that carries a plan has the plan's daily reductions in the measures that the plan rewrites: what follows from
// it, what was given, or what stays.
func TestAcceptedReductions(t *testing.T) {
	follows := reductionlist.Amounts{SO2: 0.15, NOx: 0.3}
	given := reductionlist.Amounts{SO2: 0.9, VOCs: 0.002}
	for name, c := range map[string]struct {
		given []GivenReduction
		stays []string
		want  reductionlist.Amounts // of 6#
	}{
		"given":          {[]GivenReduction{{"M2", given}}, nil, given},
		"given as none":  {[]GivenReduction{{"M2", reductionlist.Amounts{}}}, nil, reductionlist.Amounts{}},
		"stays as it is": {nil, []string{"M2"}, listedReduction},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := asking(t)
			w.must(w.acceptSaying(e1, p, c.given, c.stays...))
			want := map[string]reductionlist.Amounts{"M1": follows, "M2": c.want, "M3": listedReduction}
			if got := w.reductions(e1second); got["M1"] != want["M1"] || got["M2"] != want["M2"] || got["M3"] != want["M3"] {
				t.Errorf("%v, want %v", got, want)
			}
			w.view(func(tx *bbolt.Tx) error {
				p, err := AcceptedPlan(tx, warningID, "E1")
				if err != nil || len(p.Reductions) != 2 || p.Reductions[1].MeasureID != "M2" ||
					p.Reductions[1].Unit != "6#机组" || p.Reductions[1].Listed != listedReduction || *p.Reductions[1].Reduction != c.want {
					t.Errorf("the plan has %+v, %v", p.Reductions, err)
				}
				return nil
			})
			w.change(Round{Level: alerts.Red, EndsAt: &planTo, Reissue: true})
			w.elapse(0)
			const red = warningID + "-E1-3"
			if got := w.reductions(red); w.json(red)["plan"] == nil || got["M1"] != want["M1"] || got["M2"] != want["M2"] {
				t.Errorf("carried on at red with %v, want %v", got, want)
			}
			w.check()
		})
	}
}

// What nothing says is asked for, and what is said of anything else is refused with its place; nothing changes.
func TestReductionsRefused(t *testing.T) {
	amounts := func(v float64) reductionlist.Amounts { return reductionlist.Amounts{NOx: v} }
	for name, c := range map[string]struct {
		given []GivenReduction
		stays []string
		want  []string // path and rule
	}{
		"nothing":           {nil, nil, []string{"reductions plan.reduction_asked"}},
		"of another":        {[]GivenReduction{{"M9", amounts(1)}}, []string{"M2"}, []string{"reductions[0].measure_id plan.reduction_not_asked"}},
		"of what follows":   {nil, []string{"M2", "M1"}, []string{"reduction_stays[1] plan.reduction_not_asked"}},
		"of what is left":   {nil, []string{"M3", "M2"}, []string{"reduction_stays[0] plan.reduction_not_asked"}},
		"given and staying": {[]GivenReduction{{"M2", amounts(1)}}, []string{"M2"}, []string{"reduction_stays[0] plan.reduction_twice"}},
		"given twice": {[]GivenReduction{{"M2", amounts(1)}, {"M2", amounts(2)}}, nil,
			[]string{"reductions[1].measure_id plan.reduction_twice"}},
		"less than nothing": {[]GivenReduction{{"M2", amounts(-1)}}, nil,
			[]string{"reductions[0].reduction_t_per_day plan.reduction_range"}},
		"beyond all": {[]GivenReduction{{"M2", amounts(2e9)}}, nil,
			[]string{"reductions[0].reduction_t_per_day plan.reduction_range"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := asking(t)
			evs, err := w.acceptSaying(e1, p, c.given, c.stays...)
			var e *refusal.Error
			if !errors.As(err, &e) || e.Code != refusal.Invalid || len(evs) > 0 {
				t.Fatalf("%d events, %v", len(evs), err)
			}
			var got []string
			for _, f := range e.Fields {
				got = append(got, f.Path+" "+f.Rule)
				for _, lang := range []string{"zh-CN", "en"} {
					if text := f.Message(lang); strings.Contains(text, "{") || !strings.Contains(text, "M") && !strings.Contains(text, "NOx") {
						t.Errorf("it says %q", text)
					}
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("refused for %v, want %v", got, c.want)
			}
		})
	}
	w, p := asking(t)
	p.Marks = []plant.PlanMarks{{MeasureID: "M1", Unit: "5#机组", Verdict: plant.NotKept}}
	var e *refusal.Error
	if _, err := w.acceptSaying(e1, p, nil); !errors.As(err, &e) || len(e.Fields) != 2 || e.Fields[0].Path != "reason" ||
		e.Fields[1].Path != "reductions" || !strings.Contains(e.Fields[1].Message("zh-CN"), "M2 6#机组") {
		t.Errorf("all that is wanting is said at once: %v", err)
	}
}

// A measure that takes nothing away takes nothing away under a plan, and nobody is asked.
func TestNoReductionStaysNone(t *testing.T) {
	r := coalPlant()
	for i := range r.Measures {
		r.Measures[i].Reduction = reductionlist.Amounts{}
	}
	w := newWorld(t, r)
	w.change(Round{Level: alerts.Yellow, EndsAt: &planTo})
	w.elapse(0)
	p := w.coalPlan()
	p.Reductions = nil
	w.must(w.accept(e1, p))
	if got := w.reductions(e1second); got["M1"] != (reductionlist.Amounts{}) || got["M2"] != (reductionlist.Amounts{}) {
		t.Errorf("%v", got)
	}
}

// A plan that an order carries is accepted again only with another daily reduction; what stays is what that order says.
func TestAcceptAgainWithOtherReductions(t *testing.T) {
	w, p := asking(t)
	first, other := reductionlist.Amounts{SO2: 0.5}, reductionlist.Amounts{SO2: 0.6}
	w.must(w.acceptSaying(e1, p, []GivenReduction{{"M2", first}}))
	for name, again := range map[string]func(string) ([]Event, error){
		"the same":      func(o string) ([]Event, error) { return w.acceptSaying(o, p, []GivenReduction{{"M2", first}}) },
		"stays":         func(o string) ([]Event, error) { return w.acceptSaying(o, p, nil, "M2") },
		"nothing of it": func(o string) ([]Event, error) { return w.acceptSaying(o, p, nil) },
	} {
		for _, order := range []string{e1, e1second} {
			if evs, err := again(order); err != nil || len(evs) > 0 {
				t.Errorf("%s for %s: %d events, %v", name, order, len(evs), err)
			}
		}
	}
	if _, err := w.acceptSaying(e1, p, []GivenReduction{{"M2", other}}); code(err) != refusal.TransitionRefused {
		t.Errorf("another for the order that is no longer open: %v", err)
	}
	w.must(w.acceptSaying(e1second, p, []GivenReduction{{"M2", other}}))
	const third, fourth = warningID + "-E1-3", warningID + "-E1-4"
	if got := w.reductions(third)["M2"]; got != other {
		t.Errorf("%v", got)
	}
	p.Status = "feasible"
	w.must(w.acceptSaying(third, p, nil, "M2"))
	if got := w.reductions(fourth)["M2"]; got != other {
		t.Errorf("what stays became %v", got)
	}
	w.check()
}
