package notify

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// call telephones about an order and returns the refusal.
func (w *world) call(order string, outcome CallOutcome) error {
	w.t.Helper()
	_, _, err := do(w, DecideCalled, Call{OrderID: order, Outcome: outcome, NoteRef: "v:n"})
	return err
}

// sheet pages through whom to call about the warning, so many at a time, as "recipient" and " ×n" for whom n calls did
// not reach.
func (w *world) sheet(town string, limit int) (rows []string) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		var towns []string
		if town != "" {
			towns = []string{town}
		}
		for cursor, more := "", true; more; {
			page, next, err := CallSheet(tx, warningID, towns, cursor, limit)
			if err != nil {
				return err
			}
			if len(page) > limit || len(page) == 0 && next != "" {
				w.t.Fatalf("a page of %d rows, next %q", len(page), next)
			}
			for _, o := range page {
				row := o.RecipientID
				if o.Calls.Unreachable > 0 {
					row += fmt.Sprint(" ×", o.Calls.Unreachable)
				}
				rows = append(rows, row)
			}
			cursor, more = next, next != ""
		}
		return nil
	})
	return rows
}

// Who is called, and who no longer: the steps go on from one another.
func TestCallSheet(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow), enterprise("E2", alerts.Yellow, alerts.Orange),
		enterprise("E3", alerts.Yellow))
	id := func(recipient string, revision int) string { return orderID(warningID, recipient, revision) }
	call := func(order string, outcome CallOutcome) func() {
		return func() { w.must(nil, w.call(order, outcome)) }
	}
	answer := func(recipient string, revision int, action Action) func() {
		return func() {
			w.t.Helper()
			w.must(w.answer(recipient, id(recipient, revision), action, "n"))
		}
	}
	decide := func(order, decision string) func() {
		return func() {
			_, _, err := do(w, DecideObjection, ObjectionDecision{OrderID: order, Decision: decision, Read: readBody})
			w.must(nil, err)
		}
	}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"orders go out", func() { w.level(alerts.Yellow) }, []string{"E1", "E2", "E3"}},
		{"one is received", answer("E1", 1, Receive), []string{"E1", "E2", "E3"}},
		{"one is told", call(id("E1", 1), CallTold), []string{"E2", "E3"}},
		{"one cannot be reached", call(id("E2", 1), CallUnreachable), []string{"E2 ×1", "E3"}},
		{"nor the second time", call(id("E2", 1), CallUnreachable), []string{"E2 ×2", "E3"}},
		{"one says yes on the telephone", call(id("E3", 1), CallOral), []string{"E2 ×2"}},
		{"the deadline passes", func() { w.elapse(2 * time.Hour) }, []string{"E2 ×2"}},
		{"who was told cannot be reached now", call(id("E3", 1), CallUnreachable), []string{"E2 ×2", "E3 ×1"}},
		{"it answers itself", answer("E3", 1, Object), []string{"E2 ×2"}},
		{"its objection is rejected", decide(id("E3", 1), "reject"), []string{"E2 ×2", "E3"}},
		{"it objects again", answer("E3", 1, Object), []string{"E2 ×2"}},
		{"it is exempted and has not received that", decide(id("E3", 1), "accept"), []string{"E2 ×2", "E3"}},
		{"it receives that", answer("E3", 1, Receive), []string{"E2 ×2"}},
		{"a revision brings back who was called", func() { w.level(alerts.Orange) }, []string{"E2"}},
		{"the one who answers goes", answer("E2", 2, Acknowledge), nil},
		{"a release brings everybody back", func() { w.lift() }, []string{"E1", "E2"}},
		{"one is told of it", call(id("E1", 1), CallTold), []string{"E2"}},
		{"one receives it", answer("E2", 2, Receive), nil},
	} {
		step.do()
		if got := w.sheet("", 100); len(got) != len(step.want) || !containsAll(got, step.want) {
			t.Fatalf("%s: to be called are %q, want %q", step.name, got, step.want)
		}
		w.check()
	}
	if o := w.order(id("E1", 1)); o.Answer != AnswerOverdue || !o.Unreceived {
		t.Errorf("a call made the order %s, received: %v", o.Answer, !o.Unreceived)
	}
}

func containsAll(in, all []string) bool {
	return !slices.ContainsFunc(all, func(one string) bool { return !slices.Contains(in, one) })
}

// The sheet goes by deadline and then by what is at stake, in one town as in all of them, however long its pages are.
func TestCallSheetIsInTheOrderOfCalling(t *testing.T) {
	var rs []reductionlist.Recipient
	for i, so2 := range []float64{0.5, 0.0001, 12, 0.5, 3, 0} {
		r := enterprise(fmt.Sprintf("E%d", i), alerts.Yellow, alerts.Orange)
		r.Town = []string{"大寺镇", "大寺", ""}[i%3]
		r.Measures[0].Text += `，"reduction_t_per_day":{`
		r.Measures[0].Reduction = reductionlist.Amounts{SO2: so2}
		r.Measures[1].Reduction = reductionlist.Amounts{}
		rs = append(rs, r)
	}
	w := newWorld(t, rs...)
	w.level(alerts.Yellow)
	w.must(w.answer("E2", orderID(warningID, "E2", 1), Object, "n"))
	w.elapse(time.Minute)
	_, _, err := do(w, DecideObjection, ObjectionDecision{OrderID: orderID(warningID, "E2", 1), Decision: "reject",
		Read: readBody})
	w.must(nil, err)
	for town, want := range map[string][]string{
		"":    {"E4", "E0", "E3", "E1", "E5", "E2"},
		"大寺镇": {"E0", "E3"},
		"大寺":  {"E4", "E1"},
		"杨柳青": nil,
	} {
		for _, limit := range []int{1, 2, 100} {
			if got := w.sheet(town, limit); !slices.Equal(got, want) {
				t.Errorf("%q, %d a page: %v, want %v", town, limit, got, want)
			}
		}
	}
	if got := w.order(orderID(warningID, "E4", 1)).AtStake(); got != 3 {
		t.Errorf("%v t/d at stake, want 3", got)
	}
	w.view(func(tx *bbolt.Tx) error {
		board, err := GetBoard(tx, warningID)
		if err == nil && board.ToCall != 6 {
			t.Errorf("the board counts %d to be called", board.ToCall)
		}
		for _, cursor := range []string{"x", "1.2", "1..E1", "z.-1.E1", "."} {
			if _, _, err := CallSheet(tx, warningID, nil, cursor, 1); code(err) != refusal.Invalid {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
		return err
	})
}

// A page goes on behind the last row of the one before, although rows leave the sheet meanwhile.
func TestCallSheetWhilePeopleCall(t *testing.T) {
	w := newWorld(t, recipients(5, alerts.Orange)...)
	w.level(alerts.Orange)
	var cursor string
	w.view(func(tx *bbolt.Tx) (err error) {
		_, cursor, err = CallSheet(tx, warningID, nil, "", 2)
		return err
	})
	for _, told := range []string{"E0000", "E0001"} {
		w.must(nil, w.call(orderID(warningID, told, 1), CallTold))
	}
	w.view(func(tx *bbolt.Tx) error {
		page, next, err := CallSheet(tx, warningID, nil, cursor, 2)
		if len(page) != 2 || page[0].RecipientID != "E0002" || next == "" {
			t.Errorf("the second page has %d rows, next %q", len(page), next)
		}
		return err
	})
}

func TestCallIsRefused(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E2", alerts.Orange))
	w.level(alerts.Yellow)
	w.level(alerts.Orange)
	w.must(w.answer("E2", orderID(warningID, "E2", 1), Acknowledge, ""))
	for order, c := range map[string]struct {
		outcome CallOutcome
		code    refusal.Code
		state   string
	}{
		"W20161216-01-E9-1":            {CallTold, refusal.NotFound, ""},
		orderID(warningID, "E1", 2):    {"", refusal.Invalid, ""},
		orderID(warningID, "E1", 1):    {CallTold, refusal.TransitionRefused, "superseded"},
		orderID(warningID, "E2", 1):    {CallOral, refusal.TransitionRefused, "acknowledged"},
		orderID(warningID, "E1", 2000): {"asked", refusal.Invalid, ""},
	} {
		err := w.call(order, c.outcome)
		var told *refusal.Error
		if !errors.As(err, &told) || told.Code != c.code || told.State != c.state {
			t.Errorf("%s, %s: %v, want %s for %q", order, c.outcome, err, c.code, c.state)
		}
	}
	id := orderID(warningID, "E1", 2)
	for range maxCalls {
		w.must(nil, w.call(id, CallUnreachable))
	}
	if err := w.call(id, CallTold); code(err) != refusal.Conflict {
		t.Errorf("call %d: %v", maxCalls+1, err)
	}
	if o := w.order(id); o.Calls.Unreachable != maxCalls || !o.Calls.Last.Equal(w.now) {
		t.Errorf("calls %+v", o.Calls)
	}
	w.check()
}
