package notify

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist/plant"
)

// demanded is what an order asks of its plant without a plan.
func (w *world) demanded(order string) (d plant.Demands) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		o, err := GetPlantOrder(tx, readBody, order)
		if err != nil {
			w.t.Fatal(err)
		}
		d = o.Demanded
		return nil
	})
	return d
}

// A plan that does not keep a measure is accepted with a reason alone, which is recorded beside the order with what is
// not kept.
func TestAcceptAPlanThatBreaksTheList(t *testing.T) {
	w := newWorld(t, coalPlant())
	w.change(Round{Level: alerts.Yellow, EndsAt: &planTo})
	w.elapse(0)
	p := w.coalPlan()
	p.Marks = []plant.PlanMarks{{MeasureID: "M1", Unit: "5#机组", Verdict: plant.NotKept},
		{MeasureID: "M2", Verdict: plant.Kept},
		{MeasureID: "M3", Verdict: plant.NotCompared}}
	accept := func(reason string) ([]Event, error) {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		_, evs, err := do(w, DecideAcceptPlan, AcceptPlan{OrderID: e1, Plan: text, ReasonRef: reason, Read: readBody})
		return evs, err
	}
	evs, err := accept("")
	var e *refusal.Error
	if !errors.As(err, &e) || e.Code != refusal.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != "reason" ||
		e.Fields[0].Rule != "plan.reason" || len(evs) > 0 {
		t.Fatalf("without a reason: %v, %d events", err, len(evs))
	}
	if text := e.Fields[0].Message("zh-CN"); text != "这个方案达不到清单对 M1 5#机组 的要求；要接受请写明理由。" {
		t.Error(text)
	}
	p.Demands = "sha256:other"
	if _, err := accept("v1:1"); code(err) != refusal.Conflict {
		t.Errorf("marked by something else: %v", err)
	}
	p.Demands = w.demanded(e1).Digest()
	if evs, err = accept("v1:1"); err != nil || len(evs) != 2 {
		t.Fatalf("%d events, %v", len(evs), err)
	}
	why, ok := evs[1].(*PlanReason)
	if !ok || why.OrderID != e1second || why.ReasonRef != "v1:1" || !slices.Equal(why.NotKept, []string{"M1"}) {
		t.Errorf("%+v", evs[1])
	}
	for i := range p.Marks {
		p.Marks[i].Verdict = plant.Kept
	}
	if evs, err := accept(""); err != nil || len(evs) != 0 {
		t.Errorf("the same plan again, whatever its marks: %d events, %v", len(evs), err)
	}
	w.check()
}

// What an order asks for stays the list's, or what an objection made of it, however many plans its measures carry.
func TestDemandedUnderAPlan(t *testing.T) {
	w := newWorld(t, coalPlant())
	w.change(Round{Level: alerts.Yellow, EndsAt: &planTo})
	w.elapse(0)
	w.must(w.answer("E1", e1, Object, "停炉不安全"))
	_, evs, err := do(w, DecideObjection,
		amendment("M2", `{"text":"减少入炉煤量 100 t/d","quantity":{"kind":"reduce_by","value":100,"unit":"t/d"}}`))
	w.must(evs, err)
	amended := w.demanded(e1second)
	if q := amended[1].Quantity; q.Value != 100 {
		t.Fatalf("%+v", q)
	}
	p := w.coalPlan()
	p.Demands = amended.Digest()
	w.must(w.accept(e1second, p))
	const third, fourth = warningID + "-E1-3", warningID + "-E1-4"
	if q := w.measures(third)[1].Quantity; q.Kind != "at_most" {
		t.Fatalf("no plan is carried: %+v", q)
	}
	if got := w.demanded(third); got.Digest() != amended.Digest() {
		t.Errorf("under a plan %+v, want %+v", got, amended)
	}
	p.Status = "feasible"
	w.must(w.accept(third, p))
	if got := w.demanded(fourth); got.Digest() != amended.Digest() {
		t.Errorf("under a second plan %+v, want %+v", got, amended)
	}
	w.change(Round{Level: alerts.Red, EndsAt: &planTo, Reissue: true})
	w.elapse(0)
	const red = warningID + "-E1-5"
	if o := w.json(red); o["plan"] == nil {
		t.Fatal("the plan is over")
	}
	if got := w.demanded(red); len(got) != 3 || got[1].Text != "6#机组入炉煤量每日减少600吨" || got[1].Quantity.Kind != "reduce_by" ||
		!got[1].From.After(amended[1].From.Add(-1)) {
		t.Errorf("at another level %+v", got)
	}
	w.check()
}
