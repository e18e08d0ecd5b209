package notify

import (
	"fmt"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// atWork is a world whose order e1 was begun.
func atWork(t *testing.T) *world {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	w.must(w.answer("E1", e1, Acknowledge, ""))
	w.must(w.answer("E1", e1, Start, ""))
	return w
}

// says does an act on e1 with an amount of M1, and gives how many events it left and its refusal.
func (w *world) says(in Answer, amount float64) (events int, err error) {
	w.t.Helper()
	in.RecipientID, in.OrderID = "E1", e1
	in.Measures = measured(MeasureReport{ID: "M1", Value: &amount, Unit: "t"})
	_, evs, err := do(w, DecideAnswer, in)
	return len(evs), err
}

// progress is what the order's JSON has of it, in short.
func (w *world) progress() (all []string) {
	w.t.Helper()
	for _, p := range w.json(e1)["progress"].([]any) {
		v := p.(map[string]any)
		short := fmt.Sprintf("%s %v", v["action"], v["measures"].([]any)[0].(map[string]any)["value"])
		if v["correction"] == true {
			short += " corrected: " + v["note"].(string)
		}
		all = append(all, short)
	}
	return all
}

// Files that reports name are held for as long as their order goes on, or the one that took its place does.
func TestReportsHoldTheirFiles(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange, alerts.Red))
	w.level(alerts.Orange)
	w.must(w.answer("E1", e1, Acknowledge, ""))
	w.must(w.answer("E1", e1, Start, ""))
	held := func() int {
		t.Helper()
		all := map[string]bool{}
		w.view(func(tx *bbolt.Tx) error { return HoldEvidence(tx, readBody, all) })
		if len(all) > 0 && (!all["sha256:a"] || !all["sha256:b"]) {
			t.Errorf("held: %v", all)
		}
		return len(all)
	}
	for _, step := range []Answer{{Action: Report, Evidence: []string{"sha256:a"}}, {Action: Complete, Evidence: []string{"sha256:b", "sha256:a"}}} {
		if _, err := w.says(step, 100); err != nil {
			t.Fatal(err)
		}
	}
	if n := held(); n != 2 {
		t.Errorf("%d are held of an open order", n)
	}
	w.level(alerts.Red)
	if o := w.order(e1); o.State != StateSuperseded || held() != 2 {
		t.Errorf("%d are held of an order that was revised (%s)", held(), o.State)
	}
	w.lift()
	if n := held(); n != 0 {
		t.Errorf("%d are held once it is over", n)
	}
}

// Progress is reported as often as there is some. What was said once is said; a time lets equal figures be said again.
func TestProgressAsOftenAsNeeded(t *testing.T) {
	w := atWork(t)
	for i, step := range []struct {
		amount float64
		at     time.Duration // before now; 0 for no time
		events int
		state  Execution
	}{
		{100, 0, 1, ExecutionReported},
		{100, 0, 0, ExecutionReported},
		{120, 0, 1, ExecutionReported},
		{100, 0, 0, ExecutionReported}, // an earlier one again
		{120, 2 * time.Hour, 1, ExecutionReported},
		{120, 2 * time.Hour, 0, ExecutionReported},
		{120, time.Hour, 1, ExecutionReported},
	} {
		in := Answer{Action: Report}
		if step.at > 0 {
			at := w.now.Add(-step.at)
			in.At = &at
		}
		n, err := w.says(in, step.amount)
		if err != nil || n != step.events || w.order(e1).Execution != step.state {
			t.Fatalf("step %d: %d events, %v, %s", i, n, err, w.order(e1).Execution)
		}
	}
	if got := fmt.Sprint(w.progress()); got != "[report 100 report 120 report 120 report 120]" {
		t.Error(got)
	}
	last := w.json(e1)["progress"].([]any)[3].(map[string]any)
	if want := w.now.Add(-time.Hour).In(alerts.Shanghai()).Format(time.RFC3339); last["at"] != want {
		t.Errorf("the last was so at %v, want %s", last["at"], want)
	}
	w.check()
}

// What was said of a completion is corrected with a note that says why, and by nothing else.
func TestCorrection(t *testing.T) {
	w := atWork(t)
	correct := Answer{Action: Complete, Correction: true, NoteHash: "称重有误", NoteRef: "v:n"}
	if _, err := w.says(correct, 290); code(err) != refusal.Invalid || firstPath(err) != "correction" {
		t.Errorf("a correction before anything is complete: %v", err)
	}
	if n, err := w.says(Answer{Action: Complete}, 300); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if _, err := w.says(Answer{Action: Complete}, 290); code(err) != refusal.Conflict {
		t.Errorf("other content without a word of correction: %v", err)
	}
	if _, err := w.says(Answer{Action: Report}, 290); code(err) != refusal.TransitionRefused {
		t.Errorf("progress of what is complete: %v", err)
	}
	for _, c := range []Answer{{Action: Complete, Correction: true}, {Action: Report, Correction: true, NoteHash: "n"},
		{Action: Acknowledge, Correction: true, NoteHash: "n"}} {
		if _, err := w.says(c, 290); code(err) != refusal.Invalid || firstPath(err) != "correction" {
			t.Errorf("%s with a correction, note %q: %v", c.Action, c.NoteHash, err)
		}
	}
	for i, amount := range []float64{290, 290, 280} {
		n, err := w.says(correct, amount)
		if want := []int{1, 0, 1}[i]; err != nil || n != want {
			t.Errorf("correction to %v: %d events, %v", amount, n, err)
		}
	}
	if n, err := w.says(Answer{Action: Complete}, 300); err != nil || n != 0 {
		t.Errorf("the completion once more: %d events, %v", n, err)
	}
	if got := fmt.Sprint(w.progress()); got != "[complete 300 complete 290 corrected: 停炉不安全 complete 280 corrected: 停炉不安全]" {
		t.Error(got)
	}
	if o := w.order(e1); o.Execution != ExecutionCompleted {
		t.Errorf("it is %s", o.Execution)
	}
	w.lift()
	if _, err := w.says(correct, 270); code(err) != refusal.TransitionRefused {
		t.Errorf("a correction after the end: %v", err)
	}
	w.check()
}

func TestTimeOfProgress(t *testing.T) {
	w := atWork(t)
	soon, ahead := w.now.Add(time.Minute), w.now.Add(time.Hour)
	if _, err := w.says(Answer{Action: Report, At: &ahead}, 100); code(err) != refusal.Invalid || firstPath(err) != "at" {
		t.Errorf("a time to come: %v", err)
	}
	if _, err := w.says(Answer{Action: Object, At: &soon, NoteHash: "n"}, 100); code(err) != refusal.Invalid || firstPath(err) != "at" {
		t.Errorf("an objection with a time: %v", err)
	}
	wrongYear := w.now.AddDate(-1, 0, 0)
	if _, err := w.says(Answer{Action: Report, At: &wrongYear}, 100); code(err) != refusal.Invalid || firstPath(err) != "at" {
		t.Errorf("last year's: %v", err)
	}
	if n, err := w.says(Answer{Action: Report, At: &soon}, 100); err != nil || n != 1 {
		t.Errorf("a clock a minute ahead: %v", err)
	}
}

// An order takes so many reports, and its completion on top.
func TestReportsHaveALimit(t *testing.T) {
	w := atWork(t)
	for i := range maxReports {
		if n, err := w.says(Answer{Action: Report}, float64(i)); err != nil || n != 1 {
			t.Fatalf("report %d: %d, %v", i, n, err)
		}
	}
	if _, err := w.says(Answer{Action: Report}, -1); code(err) != refusal.Conflict {
		t.Errorf("one more: %v", err)
	}
	if n, err := w.says(Answer{Action: Report}, 7); err != nil || n != 0 {
		t.Errorf("an old one again: %d, %v", n, err)
	}
	if n, err := w.says(Answer{Action: Complete}, 300); err != nil || n != 1 {
		t.Errorf("the completion: %d, %v", n, err)
	}
	if _, err := w.says(Answer{Action: Complete, Correction: true, NoteHash: "n"}, 299); code(err) != refusal.Conflict {
		t.Errorf("a correction: %v", err)
	}
	if got := len(w.progress()); got != maxReports+1 {
		t.Errorf("%d are kept", got)
	}
	w.check()
}

// How many were told that their order ended, and how many have received that: by a release or an exemption, of the
// latest order of each, as the board counts and the list of orders finds them.
func TestTheEndIsCounted(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange), enterprise("E2", alerts.Orange), enterprise("E22", alerts.Orange))
	w.level(alerts.Orange)
	id := func(recipient string) string { return orderID(warningID, recipient, 1) }
	is := func(when string, total, received int) {
		t.Helper()
		w.view(func(tx *bbolt.Tx) error {
			board, err := GetBoard(tx, warningID)
			if err != nil {
				return err
			}
			if want := (ReleaseTally{total, received, total - received}); board.Release != want {
				t.Errorf("%s: %+v, want %+v", when, board.Release, want)
			}
			sum := 0
			for _, town := range board.ByTown {
				sum += town.Release.Waiting
			}
			f := Filter{Warning: warningID, State: "release_waiting"}
			found, _, err := ListOrders(tx, f, "", 10)
			if err != nil {
				return err
			}
			f.Query = "E"
			n, err := CountOrders(tx, f)
			if want := total - received; sum != want || len(found) != want || n != want {
				t.Errorf("%s: %d by town, %d listed, %d counted; want %d waiting", when, sum, len(found), n, want)
			}
			return err
		})
		w.check()
	}
	is("while all bind", 0, 0)
	w.must(w.answer("E1", id("E1"), Object, "停炉不安全"))
	_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: id("E1"), Decision: "accept", ReasonRef: "v:r"})
	w.must(evs, err)
	is("one is exempted", 1, 0)
	w.must(w.answer("E1", id("E1"), Receive, ""))
	is("which it has received", 1, 1)
	w.must(w.answer("E2", id("E2"), Acknowledge, ""))
	w.lift()
	is("the warning is over", 3, 1)
	w.must(w.answer("E2", id("E2"), Receive, ""))
	is("another has it", 3, 2)
	w.must(w.answer("E2", id("E2"), ReadIt, ""))
	is("and reads it", 3, 2)
	w.must(w.answer("E22", id("E22"), Receive, ""))
	is("all have it", 3, 3)
}
