package notify

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

const e1 = warningID + "-E1-1"

// Which act an open order takes in which state, and what becomes of it. What is not listed is refused. receive and
// read are allowed everywhere.
var allowed = map[string]map[Action]string{
	"awaiting/not_started":     {Acknowledge: "acknowledged/not_started", Object: "objected/not_started"},
	"overdue/not_started":      {Acknowledge: "acknowledged/not_started", Object: "objected/not_started"},
	"objected/not_started":     {Acknowledge: "acknowledged/not_started"},
	"acknowledged/not_started": {Start: "acknowledged/started"},
	"acknowledged/started":     {Report: "acknowledged/reported", Complete: "acknowledged/completed"},
	"acknowledged/reported":    {Report: "acknowledged/reported", Complete: "acknowledged/completed"},
	"acknowledged/completed":   {},
}

var everyAction = []Action{Receive, ReadIt, Acknowledge, Object, Start, Report, Complete}

func TestEveryActInEveryState(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	base := w.order(e1)
	for s := range stateNames {
		for from, acts := range allowed {
			for _, action := range everyAction {
				o := *base
				o.State = State(s)
				o.released.State = o.State
				setAxes(t, &o, from)
				t.Run(fmt.Sprintf("%s %s %s", o.State, from, action), func(t *testing.T) {
					to, ok := acts[action]
					ok = ok && o.State == StateOpen
					switch action {
					case Receive, ReadIt:
						to, ok = from, true
					}
					got, err := tryAct(t, w, &o, action)
					if !ok {
						wantState := o.State.String()
						if o.State == StateOpen {
							wantState = refusedBy(action, &o)
						}
						var e *refusal.Error
						if !errors.As(err, &e) || e.Code != refusal.TransitionRefused || e.State != wantState {
							t.Fatalf("got %v, want transition_refused in state %s", err, wantState)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					if is := got.Answer.String() + "/" + got.Execution.String(); is != to || got.State != o.State {
						t.Errorf("became %s %s, want %s %s", got.State, is, o.State, to)
					}
					wantDelivery := DeliveryDelivered
					if action == ReadIt {
						wantDelivery = DeliveryRead
					}
					if got.Delivery != wantDelivery || got.Unreceived {
						t.Errorf("delivery %s, unreceived %v; want %s and received", got.Delivery, got.Unreceived, wantDelivery)
					}
				})
			}
		}
	}
}

// refusedBy is the state a refusal names: that of the answer, or of the execution once the answer allows work.
func refusedBy(action Action, o *Order) string {
	switch action {
	case Start, Report, Complete:
		if o.Answer == AnswerAcknowledged {
			return o.Execution.String()
		}
	}
	return o.Answer.String()
}

func setAxes(t *testing.T, o *Order, axes string) {
	for a, an := range answerNames {
		for e, en := range executionNames {
			if an+"/"+en == axes {
				o.Answer, o.Execution = AnswerState(a), Execution(e)
				return
			}
		}
	}
	t.Fatalf("no state %s", axes)
}

var errUndo = errors.New("undo")

// tryAct decides and applies an act on the order as given, and undoes it.
func tryAct(t *testing.T, w *world, o *Order, action Action) (got *Order, refused error) {
	err := w.live.Update(func(tx *bbolt.Tx) error {
		if err := o.store(tx); err != nil {
			return err
		}
		evs, after, err := DecideAnswer(tx, "E1",
			Answer{RecipientID: "E1", OrderID: o.ID, Action: action, NoteHash: "说明"}, w.now)
		if err != nil {
			refused = err
			return errUndo
		}
		for _, ev := range evs {
			if err := Apply(tx, newEffects(), w.now, "E1", Pos{}, ev); err != nil {
				return err
			}
		}
		if got, err = Get(tx, o.ID); err != nil {
			return err
		}
		if *after != *got {
			t.Errorf("decided %+v, applied %+v", after, got)
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	return got, refused
}

// The same act with the same content is answered ok and changes nothing, with other content it is a conflict, however
// far the order went on.
func TestActsAgain(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	steps := []Action{Receive, ReadIt, Acknowledge, Start, Report, Complete}
	for i, action := range steps {
		evs, err := w.answer("E1", e1, action, "说明")
		if err != nil || len(evs) != 1 {
			t.Fatalf("%s: %d events, %v", action, len(evs), err)
		}
		for _, done := range steps[:i+1] {
			if evs, err := w.answer("E1", e1, done, "说明"); err != nil || len(evs) != 0 {
				t.Errorf("after %s, %s again: %d events, %v", action, done, len(evs), err)
			}
			if acts[done].content < 0 || done == Report { // progress has a test of its own
				continue
			}
			if _, err := w.answer("E1", e1, done, "另一说明"); code(err) != refusal.Conflict {
				t.Errorf("after %s, %s with other content: %v", action, done, err)
			}
		}
	}
	if o := w.order(e1); o.Delivery != DeliveryRead || o.Execution != ExecutionCompleted {
		t.Errorf("order ends as %s, %s", o.Delivery, o.Execution)
	}
	w.lift()
	if evs, err := w.answer("E1", e1, Complete, "说明"); err != nil || len(evs) != 0 {
		t.Errorf("complete again after the release: %d events, %v", len(evs), err)
	}
	var e *refusal.Error
	if _, err := w.answer("E1", e1, Complete, "另一说明"); !errors.As(err, &e) || e.State != "released" {
		t.Errorf("complete with other content after the release: %v", err)
	}
	w.check()
}

func measured(reports ...MeasureReport) (ms []MeasureAnswer) {
	for _, r := range reports {
		ms = append(ms, MeasureAnswer{MeasureReport: r})
	}
	return ms
}

// Any part of the content makes another content.
func TestDigestCoversTheWholeContent(t *testing.T) {
	one, two := 1.0, 2.0
	at := time.Date(2026, 12, 1, 2, 0, 0, 0, alerts.Shanghai())
	later := at.Add(time.Second)
	contents := []Answer{
		{}, {NoteHash: "a"}, {NoteHash: "b"}, {Evidence: []string{"a"}}, {Evidence: []string{"a", "b"}},
		{Evidence: []string{"ab"}},
		{Measures: measured(MeasureReport{ID: "M1"})}, {Measures: measured(MeasureReport{ID: "M1", Value: &one})},
		{Measures: measured(MeasureReport{ID: "M1", Value: &two})}, {Measures: measured(MeasureReport{ID: "M1", Unit: "t"})},
		{Measures: []MeasureAnswer{{MeasureReport: MeasureReport{ID: "M1"}, NoteHash: "t"}}},
		{Measures: measured(MeasureReport{ID: "M1"}, MeasureReport{ID: "M2"})}, {At: &at}, {At: &later}, {Correction: true},
	}
	seen := map[digest]int{}
	for i := range contents {
		for j, action := range []Action{Acknowledge, Report} {
			contents[i].Action = action
			d := contents[i].digest()
			if k, dup := seen[d]; dup {
				t.Errorf("contents %d and %d have the same digest", 10*i+j, k)
			}
			seen[d] = 10*i + j
		}
	}
	a, b := Answer{NoteRef: "v:1", NoteHash: "h"}, Answer{NoteRef: "v:2", NoteHash: "h"}
	if a.digest() != b.digest() {
		t.Error("the same note kept twice is another content")
	}
}

// Another's order is answered like one that there is not.
func TestAnswerToSomebodyElsesOrder(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange), enterprise("E2", alerts.Orange))
	w.level(alerts.Orange)
	for _, action := range append(everyAction, "nonsense") {
		_, other := w.answer("E2", e1, action, "")
		_, none := w.answer("E2", warningID+"-E9-1", action, "")
		if code(other) != refusal.NotFound || code(none) != refusal.NotFound {
			t.Fatalf("%s: another's %v, none %v", action, other, none)
		}
		var a, b *refusal.Error
		errors.As(other, &a)
		errors.As(none, &b)
		if a.Rule != b.Rule || a.State != b.State || len(a.Args) != len(b.Args) {
			t.Errorf("%s: %v tells more than %v", action, other, none)
		}
	}
	if o := w.order(e1); o.Delivery != DeliveryPending {
		t.Errorf("delivery became %s", o.Delivery)
	}
}

func TestUnknownActionNamesItsPlace(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	_, err := w.answer("E1", e1, "approve", "")
	if code(err) != refusal.Invalid || firstPath(err) != "action" {
		t.Errorf("got %v", err)
	}
}

func TestLate(t *testing.T) {
	for _, c := range []struct {
		name    string
		after   time.Duration
		overdue bool // the deadline's timer has run
		late    bool
	}{
		{"in time", 59 * time.Minute, false, false},
		{"at the deadline", time.Hour, true, false},
		{"before the timer ran", time.Hour + time.Millisecond, false, true},
		{"after", 2 * time.Hour, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, enterprise("E1", alerts.Orange))
			w.level(alerts.Orange)
			if c.overdue {
				w.elapse(c.after)
				if o := w.order(e1); o.Answer != AnswerOverdue {
					t.Fatalf("answer is %s, want overdue", o.Answer)
				}
			} else {
				w.now = w.now.Add(c.after)
			}
			w.must(w.answer("E1", e1, Acknowledge, ""))
			w.must(w.answer("E1", e1, Start, ""))
			o := w.order(e1)
			if o.Late != c.late || o.Answer != AnswerAcknowledged || !o.AcknowledgedAt.Equal(w.now) {
				t.Errorf("late %v, answer %s at %v; want late %v", o.Late, o.Answer, o.AcknowledgedAt, c.late)
			}
			w.elapse(24 * time.Hour)
			if o := w.order(e1); o.Answer != AnswerAcknowledged || o.Late != c.late {
				t.Errorf("a day later: late %v, answer %s", o.Late, o.Answer)
			}
			w.check()
		})
	}
}

func TestObjection(t *testing.T) {
	t.Run("accepted", func(t *testing.T) {
		w := newWorld(t, enterprise("E1", alerts.Orange))
		w.level(alerts.Orange)
		w.must(w.answer("E1", e1, Object, "停炉不安全"))
		_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: e1, Decision: "accept", ReasonRef: "v:r"})
		w.must(evs, err)
		if o := w.order(e1); o.State != StateExempted || !o.Unreceived {
			t.Errorf("order is %s", o.State)
		}
		_, payload := w.message(e1 + "/released")
		if got := unmarshal[struct{ Order struct{ State string } }](t, payload); got.Order.State != "exempted" {
			t.Errorf("message says %q", got.Order.State)
		}
		w.must(w.answer("E1", e1, Receive, ""))
		w.check()
		w.lift()
		if o := w.order(e1); o.State != StateExempted {
			t.Errorf("after the lift the order is %s", o.State)
		}
		w.check()
	})
	t.Run("rejected", func(t *testing.T) {
		w := newWorld(t, enterprise("E1", alerts.Orange))
		w.level(alerts.Orange)
		w.must(w.answer("E1", e1, Object, "停炉不安全"))
		w.elapse(2 * time.Hour)
		_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: e1, Decision: "reject"})
		w.must(evs, err)
		w.elapse(59 * time.Minute)
		if o := w.order(e1); o.Answer != AnswerAwaiting {
			t.Fatalf("answer is %s, want awaiting", o.Answer)
		}
		w.must(w.answer("E1", e1, Object, "停炉不安全"))
		_, evs, err = do(w, DecideObjection, ObjectionDecision{OrderID: e1, Decision: "reject"})
		w.must(evs, err)
		w.elapse(time.Hour)
		if o := w.order(e1); o.Answer != AnswerOverdue {
			t.Errorf("answer is %s, want overdue", o.Answer)
		}
		w.check()
	})
}
