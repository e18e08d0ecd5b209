package judging_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/seeds"
)

// plant is E0001 under a yellow warning, whose sulphur is to stay below 35 mg/m³ from four hours behind the order on.
type plant struct {
	*servicetest.World
	t        *testing.T
	eval     *judging.Evaluator
	readings judging.Readings
	order    string
	point    telemetry.Point
	due      time.Time
	id       string // of the warning
	keep     func(ctx context.Context, hour time.Time, leaves [][]byte) error
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = "2016-01-01"
	w.Import(l)
	instruments := stationstest.New(t, w.Svc, w.Clock.Now)
	w.Svc.Instruments = instruments
	p := &plant{World: w, t: t, readings: instruments}
	p.eval = p.fresh(instruments)
	w.Account("feeder", calls.Feeder, "数据接入", "")
	declared, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"city_order","document_no":"1","issued_by":"天津市","reason":"示例"}`))
	if err != nil {
		t.Fatal(err)
	}
	w.Elapse(0)
	p.id = declared.ID
	p.order = declared.ID + "-E0001-1"
	look := p.look()
	for _, watch := range look.Watches {
		if watch.Measure == "M09" {
			p.point, _ = watch.Points()
			p.due = watch.Segments[0].From
		}
	}
	if p.point == "" {
		t.Fatalf("no sulphur: %+v", look.Watches)
	}
	return p
}

// fresh is an evaluator that has seen nothing yet.
func (p *plant) fresh(readings judging.Readings) *judging.Evaluator {
	p.t.Helper()
	holidays, err := judge.ParseHolidays(seeds.Holidays())
	if err != nil {
		p.t.Fatal(err)
	}
	return judging.New(judging.Options{Journal: p.Svc.J, Readings: readings, Settings: judge.Defaults, Follow: judging.Usual,
		Holidays: holidays.Class, Keep: p.keep, Log: slog.New(slog.DiscardHandler)})
}

func (p *plant) look() *judging.Look {
	p.t.Helper()
	l, err := p.eval.Look(p.t.Context(), p.id, "E0001")
	if err != nil {
		p.t.Fatal(err)
	}
	return l
}

// says reports hours of sulphur from an hour behind the deadline on.
func (p *plant) says(first int, values ...float64) {
	p.t.Helper()
	p.saysOf(p.point, "mg/m3", telemetry.Avg, first, values...)
}

// saysOf reports hours of a point, and waits until a number of each is read back.
func (p *plant) saysOf(point telemetry.Point, unit string, number telemetry.Kind, first int, values ...float64) {
	p.t.Helper()
	msg := struct {
		Point    telemetry.Point  `json:"point"`
		Unit     string           `json:"unit"`
		Step     string           `json:"step"`
		Readings []map[string]any `json:"readings"`
	}{Point: point, Unit: unit, Step: "1h"}
	last := p.due
	for i, v := range values {
		last = p.due.Add(time.Duration(first+i) * time.Hour)
		msg.Readings = append(msg.Readings, map[string]any{"at": last, "value": v, "flag": "N"})
	}
	if over := last.Add(time.Hour); p.Clock.Now().Before(over) {
		p.Elapse(over.Sub(p.Clock.Now()))
	}
	body, err := json.Marshal(msg)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.Svc.TakeTelemetry(p.t.Context(), service.Ask{Who: &access.Principal{User: "feeder", Role: calls.Feeder}},
		calls.Telemetry{Text: body}); err != nil {
		p.t.Fatal(err)
	}
	stationstest.Eventually(p.t, "the hours", func() bool {
		for i, v := range values {
			at := p.due.Add(time.Duration(first+i) * time.Hour)
			all, err := p.Svc.Instruments.Series(p.t.Context(), point, telemetry.Hour, at, at.Add(time.Hour), 1)
			if err != nil || len(all) == 0 {
				return err != nil
			}
			said := []telemetry.Values{all[0].Values}
			for _, o := range all[0].Others {
				said = append(said, o.Values)
			}
			if !slices.ContainsFunc(said, func(is telemetry.Values) bool { x, ok := is.Get(number); return ok && x == v }) {
				return false
			}
		}
		return true
	})
}

// until has the clock be some hours behind the deadline, and judges.
func (p *plant) until(hours float64) {
	p.t.Helper()
	if d := p.due.Add(time.Duration(hours * float64(time.Hour))).Sub(p.Clock.Now()); d > 0 {
		p.Elapse(d)
	}
	if _, err := p.eval.Pass(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// verdict is what the record says of the order.
func (p *plant) verdict() (order string, finding *compliance.Finding) {
	p.t.Helper()
	err := p.Svc.J.View(func(tx *bbolt.Tx) error {
		o, err := notify.Get(tx, p.order)
		if err != nil {
			return err
		}
		order = o.Verdict.String()
		all, _, err := compliance.ListFindings(tx, compliance.Filter{Warning: p.id, Recipient: "E0001"}, "", compliance.MaxPage)
		for _, f := range all {
			if f.Measure == "M09" && finding == nil {
				finding = f
			}
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return order, finding
}

func (p *plant) tasks() (out []string) {
	p.t.Helper()
	err := p.Svc.J.View(func(tx *bbolt.Tx) error {
		all, _, err := compliance.ListTasks(tx, compliance.TaskFilter{}, "", compliance.MaxPage)
		for _, t := range all {
			if t.Recipient == "E0001" {
				out = append(out, fmt.Sprint(t.Origin, " ", t.Finding))
			}
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// A plant that does not keep its limit is suspected after two hours; what it does not explain in four is a violation, and
// somebody goes there.
func TestAPlantThatDoesNotObey(t *testing.T) {
	p := newPlant(t)
	p.until(0)
	if v, f := p.verdict(); v != "none" || f != nil {
		t.Errorf("before anything is due: %s, %+v", v, f)
	}
	p.says(0, 40, 41)
	p.until(2)
	v, f := p.verdict()
	if v != "suspected" || f == nil || f.Verdict != judge.Suspected || len(f.Hours) != 2 || *f.Hours[1].Measured != 41 ||
		*f.Hours[1].Limit != 35 || f.Unit != "mg/m3" || f.Criterion != "hour_concentration_at_most 35 mg/m3" || f.ToldAt.IsZero() {
		t.Fatalf("%s, %+v", v, f)
	}
	p.says(2, 42, 43)
	p.until(5.9)
	if v, _ := p.verdict(); v != "suspected" {
		t.Errorf("while it may explain: %s", v)
	}
	p.until(6)
	if v, f = p.verdict(); v != "violated" || f.Revision != 2 {
		t.Errorf("%s, %+v", v, f)
	}
	if got, want := p.tasks(), []string{"finding " + f.ID, "never_heard "}; !slices.Equal(got, want) {
		t.Errorf("the tasks are %q, want %q", got, want)
	}
	height := p.Svc.J.Height()
	p.until(6.4)
	if p.Svc.J.Height() != height {
		t.Error("the same again is recorded")
	}
}

func (p *plant) submit(kind, actor string, payload any) error {
	_, err := p.Svc.J.Submit(p.t.Context(), journal.Command{Kind: kind, Actor: actor, Payload: payload})
	return err
}

// What was explained in time waits for an officer, and is no violation meanwhile; an accepted explanation takes the hours
// out, a rejected one makes them a violation at once.
func TestWhatIsExplained(t *testing.T) {
	for _, decision := range []compliance.Decision{compliance.Accept, compliance.Reject} {
		t.Run(string(decision), func(t *testing.T) {
			p := newPlant(t)
			p.says(0, 40, 41)
			p.until(2)
			_, f := p.verdict()
			explain := compliance.Explain{Finding: f.ID, Recipient: "E0001", NoteRef: "v1", NoteHash: "h1"}
			for range 2 { // the same again changes nothing
				if err := p.submit(judging.CommandExplain, "E0001", explain); err != nil {
					t.Fatal(err)
				}
			}
			explain.Recipient = "E0002"
			if err := p.submit(judging.CommandExplain, "E0002", explain); refusal.CodeOf(err) != refusal.NotFound {
				t.Errorf("somebody else explains it: %v", err)
			}
			p.says(2, 42, 43, 44)
			p.until(8)
			if v, f := p.verdict(); v != "suspected" || !f.Waits() || len(f.Explanations) != 1 {
				t.Errorf("while it waits: %s, %+v", v, f)
			}
			decide := compliance.DecideExplanation{Finding: f.ID, Decision: decision, ReasonRef: "v2"}
			if err := p.submit(judging.CommandDecide, "duty", decide); err != nil {
				t.Fatal(err)
			}
			p.until(8.1)
			v, f := p.verdict()
			if decision == compliance.Reject {
				if v != "violated" || f.Cleared {
					t.Errorf("rejected: %s, %+v", v, f)
				}
				return
			}
			if v == "suspected" || v == "violated" || !f.Cleared || f.Explanations[0].DecidedBy != "duty" {
				t.Errorf("accepted: %s, %+v", v, f)
			}
			if l := p.look(); l.Case.Worst >= judge.Suspected {
				t.Errorf("the worst is %v though it was accepted", l.Case.Worst)
			}
		})
	}
}

// What comes late, in whatever order, leads to the same.
func TestLateData(t *testing.T) {
	p := newPlant(t)
	p.says(3, 44)
	p.until(5)
	if v, _ := p.verdict(); v == "suspected" {
		t.Errorf("by one hour alone: %s", v)
	}
	p.says(2, 43)
	p.says(0, 41, 42)
	p.until(5.1)
	if v, f := p.verdict(); v != "suspected" || len(f.Hours) != 4 || !f.From.Equal(p.due) {
		t.Errorf("%s, %+v", v, f)
	}
	p.says(0, 30, 30) // and other values of hours that failed: the worse ones count
	p.until(5.2)
	v, f := p.verdict()
	if v != "suspected" || len(f.Hours) != 4 || len(f.Hours[0].Said) != 2 || f.Revision != 2 {
		t.Fatalf("%s, %+v", v, f)
	}
	accept := compliance.AcceptValue{Finding: f.ID, At: f.Hours[0].At, Value: 30, ReasonRef: "v1"}
	if err := p.submit(judging.CommandValue, "duty", accept); err != nil {
		t.Fatal(err)
	}
	p.until(5.3)
	if _, f := p.verdict(); len(f.Hours) != 3 || !f.From.Equal(p.due.Add(time.Hour)) {
		t.Errorf("an accepted value does not count: %+v", f)
	}
	if accept.Value = 31; refusal.CodeOf(p.submit(judging.CommandValue, "duty", accept)) != refusal.Invalid {
		t.Error("a value is accepted that nobody said")
	}
}

// When an order has ended its findings stand and ask nothing more; an explanation that waits is still decided on, and has
// the case judged once more.
func TestWhatIsDecidedBehindTheEnd(t *testing.T) {
	p := newPlant(t)
	p.says(0, 40, 41)
	p.until(2)
	_, f := p.verdict()
	explain := compliance.Explain{Finding: f.ID, Recipient: "E0001", NoteRef: "v1", NoteHash: "h1"}
	if err := p.submit(judging.CommandExplain, "E0001", explain); err != nil {
		t.Fatal(err)
	}
	var revision int
	err := p.Svc.J.View(func(tx *bbolt.Tx) error {
		w, err := alerts.GetWarning(tx, p.id)
		if err == nil {
			revision = w.Revision
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := servicetest.WarningAct(t.Context(), p.Svc, "duty", "", p.id, "lift",
		fmt.Appendf(nil, `{"revision":%d,"reason":"示例"}`, revision)); err != nil {
		t.Fatal(err)
	}
	p.Elapse(0)
	p.until(6)
	stands := func() (running bool, open compliance.Standing, asked int) {
		t.Helper()
		err := p.Svc.J.View(func(tx *bbolt.Tx) (err error) {
			running = slices.Contains(compliance.Running(tx), [2]string{p.id, "E0001"})
			all, err := compliance.Asked(tx, "E0001")
			if asked = len(all); err == nil {
				open, err = compliance.CountOpen(tx, func(f *compliance.Finding) bool { return f.Recipient == "E0001" })
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return running, open, asked
	}
	v, f := p.verdict()
	if running, open, asked := stands(); v != "suspected" || !f.Ended || running || asked != 0 || open != (compliance.Standing{Waiting: 1}) {
		t.Errorf("behind the end: %s, %+v; running %v, open %+v, %d asked", v, f, running, open, asked)
	}
	if err := p.submit(judging.CommandDecide, "duty", compliance.DecideExplanation{Finding: f.ID, Decision: compliance.Accept}); err != nil {
		t.Fatal(err)
	}
	p.until(6.1)
	v, f = p.verdict()
	if running, open, _ := stands(); v == "suspected" || !f.Cleared || running || open != (compliance.Standing{}) {
		t.Errorf("behind the decision: %s, %+v; running %v, open %+v", v, f, running, open)
	}
	height := p.Svc.J.Height()
	if p.until(6.2); p.Svc.J.Height() != height {
		t.Error("it is judged again and again")
	}
}
