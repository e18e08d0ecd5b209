package notify

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// auditNow is what the audit names, as kind and id, and how many orders it looked at.
func (w *world) auditNow(fx *effects) (named []string, orders int) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		stuck, n, err := auditIn(tx, w.now, fx, 2)
		for _, s := range stuck {
			named = append(named, s.Kind.String()+" "+s.ID)
		}
		slices.Sort(named)
		orders = n
		return err
	})
	return named, orders
}

// Each row takes one thing away from a state in which everything has its next step, and the audit names just that.
func TestAuditNamesWhatIsStuck(t *testing.T) {
	e := engine()
	declare := func(w *world, l alerts.Level) *alerts.Warning {
		return warn(w, e.DecideDeclare, alerts.Declare{Level: l, Trigger: alerts.CityOrder, Region: "120111",
			ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	}
	issued := func(w *world) *alerts.Warning {
		warning := declare(w, alerts.Yellow)
		w.pass(0, func() {})
		return warning
	}
	id := func(recipient string, revision int) string { return orderID(warningID, recipient, revision) }
	drop := func(timer string) func(*effects) {
		return func(fx *effects) {
			if _, ok := fx.timers[timer]; !ok {
				panic(fmt.Sprint("no timer ", timer, " in ", fx.timers))
			}
			delete(fx.timers, timer)
		}
	}
	unsent := func(message string) func(*effects) {
		return func(fx *effects) {
			if _, ok := fx.outbox[Topic+" "+message]; !ok {
				panic(fmt.Sprint("no message ", message, " in ", fx.outbox))
			}
			delete(fx.outbox, Topic+" "+message)
		}
	}
	for name, c := range map[string]struct {
		before func(w *world)
		take   func(fx *effects)
		want   []string
	}{
		"the message of an order": {func(w *world) { issued(w) }, unsent(id("E1", 1) + "/issued"),
			[]string{"unsent " + id("E1", 1)}},
		"the message of a revised order": {func(w *world) {
			warning := issued(w)
			warn(w, e.DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Orange})
			w.pass(0, func() {})
		}, unsent(id("E1", 2) + "/revised"), []string{"unsent " + id("E1", 2)}},
		"the message of a release": {func(w *world) {
			warning := issued(w)
			warn(w, e.DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision})
			w.pass(0, func() {})
		}, unsent(id("E1", 1) + "/released"), []string{"unsent " + id("E1", 1)}},
		"the message of an exemption": {func(w *world) {
			issued(w)
			w.must(w.answer("E1", id("E1", 1), Object, "停产检修"))
			_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: id("E1", 1), Decision: decideAccept})
			w.must(evs, err)
		}, unsent(id("E1", 1) + "/released"), []string{"unsent " + id("E1", 1)}},
		"the message of an order that was received": {func(w *world) {
			issued(w)
			w.must(w.answer("E1", id("E1", 1), Receive, ""))
		}, unsent(id("E1", 1) + "/issued"), nil},
		"a repeat within the longest pause": {func(w *world) { issued(w) }, func(fx *effects) {
			fx.outbox[Topic+" "+id("E1", 1)+"/issued"] = time.Date(2016, 12, 16, 18, 30, 0, 0, alerts.Shanghai())
		}, nil},
		"a repeat for tomorrow": {func(w *world) { issued(w) }, func(fx *effects) {
			fx.outbox[Topic+" "+id("E1", 1)+"/issued"] = time.Date(2016, 12, 17, 18, 0, 0, 0, alerts.Shanghai())
		}, []string{"sent_late " + id("E1", 1)}},
		"the deadline of a warning": {func(w *world) { issued(w) }, drop("overdue/" + warningID + "/1/1"),
			[]string{"no_deadline " + id("E1", 1), "no_deadline " + id("E2", 1)}},
		"the deadline of a warning, for whom it has not answered": {func(w *world) {
			issued(w)
			w.must(w.answer("E1", id("E1", 1), Acknowledge, ""))
		}, drop("overdue/" + warningID + "/1/1"), []string{"no_deadline " + id("E2", 1)}},
		"the deadline of the plan before": {func(w *world) {
			warning := issued(w)
			w.pass(10*time.Minute, func() {})
			warn(w, e.DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Orange})
			w.pass(0, func() {})
		}, drop("overdue/" + warningID + "/1/1"), []string{"no_deadline " + id("E2", 1)}}, // E1 has a new order
		"the deadline of one order": {func(w *world) {
			issued(w)
			w.must(w.answer("E1", id("E1", 1), Object, "停产检修"))
			w.pass(time.Hour, func() {})
			_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: id("E1", 1), Decision: decideReject})
			w.must(evs, err)
		}, drop("overdue/" + id("E1", 1)), []string{"no_deadline " + id("E1", 1)}},
		"the first plan": {func(w *world) { declare(w, alerts.Yellow) }, drop("plan/" + warningID + "/1/1"),
			[]string{"no_plan " + warningID}},
		"the plan of a raise": {func(w *world) {
			warning := issued(w)
			warn(w, e.DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Red})
		}, drop("plan/" + warningID + "/2/3"), []string{"no_plan " + warningID}},
		"the plan of the releases": {func(w *world) {
			warning := issued(w)
			w.must(w.answer("E2", id("E2", 1), Acknowledge, ""))
			warn(w, e.DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision})
		}, drop("plan/" + warningID + "/2/3"), []string{"not_released " + id("E1", 1), "not_released " + id("E2", 1)}},
		"the next stage": {func(w *world) {
			warning := issued(w)
			for _, l := range []alerts.Level{alerts.Orange, alerts.Red} {
				at := w.now.Add(map[alerts.Level]time.Duration{alerts.Orange: 6, alerts.Red: 12}[l] * time.Hour)
				warning = warn(w, e.DecideAdjust,
					alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: l, StartsAt: &at})
			}
			w.pass(0, func() {})
		}, drop("stage/" + warningID), []string{"no_stage " + warningID}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E2", alerts.Yellow))
			c.before(w)
			if named, _ := w.auditNow(w.fx); len(named) > 0 {
				t.Fatalf("before anything is taken: %v", named)
			}
			fx := w.fx.clone()
			c.take(fx)
			if named, _ := w.auditNow(fx); !slices.Equal(named, c.want) {
				t.Errorf("named %v, want %v", named, c.want)
			}
		})
	}
}

// An order is counted overdue in time, and where that did not happen the audit says so when the time for it is over.
func TestAuditOfADeadline(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow))
	w.warned(alerts.Yellow)
	w.dispatch()
	delete(w.fx.timers, "overdue/"+warningID+"/1/1")
	by := w.order(orderID(warningID, "E1", 1)).AcknowledgeBy
	for _, c := range []struct {
		at   time.Duration // from the deadline
		want []string
	}{
		{-time.Millisecond, []string{"no_deadline " + orderID(warningID, "E1", 1)}},
		{0, nil}, // the timer has just fired
		{auditRules.Grace, nil},
		{auditRules.Grace + time.Millisecond, []string{"not_overdue " + orderID(warningID, "E1", 1)}},
	} {
		w.now = by.Add(c.at)
		if named, _ := w.auditNow(w.fx); !slices.Equal(named, c.want) {
			t.Errorf("%v from the deadline: %v, want %v", c.at, named, c.want)
		}
	}
	// Who starts again after the deadline has the time that is given for what is due.
	for at, want := range map[time.Duration]int{0: 0, auditRules.Grace: 0, auditRules.Grace + time.Millisecond: 1} {
		began := by.Add(5 * time.Hour)
		rules := auditRules
		rules.Began = began
		w.view(func(tx *bbolt.Tx) error {
			page, err := Audit(tx, began.Add(at), rules, rowsOf{w.fx}, "", 10)
			if len(page.Stuck) != want {
				t.Errorf("%v after a start: %v, want %d", at, page.Stuck, want)
			}
			return err
		})
	}
}

// What ended and was received is not looked at, and neither are the warnings of the past; what ended and was not
// received is.
func TestAuditLooksAtNothingThatIsOver(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow), enterprise("E2", alerts.Yellow), enterprise("E3", alerts.Yellow))
	e := engine()
	for year := range 3 {
		w.now = time.Date(2016+year, 12, 16, 18, 0, 0, 0, alerts.Shanghai())
		warning := w.warned(alerts.Yellow)
		if _, orders := w.auditNow(w.fx); orders != 3 {
			t.Errorf("in year %d %d orders were looked at, want those of its warning", year, orders)
		}
		w.pass(time.Hour, func() {})
		warn(w, e.DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision})
		w.pass(0, func() {})
		w.orders(func(o *Order) {
			if o.State == StateReleased {
				defer func() { w.must(w.answer(o.RecipientID, o.ID, Receive, "")) }()
			}
		})
		w.pass(auditRules.RepeatMax, func() {})
		if named, orders := w.auditNow(newEffects()); orders != 0 || len(named) > 0 {
			t.Errorf("after year %d %d orders were looked at, of which %v", year, orders, named)
		}
	}
}

// A plan that another replaces half way through keeps the deadline of what it has ordered.
func TestAPlanReplacedHalfWayKeepsItsDeadline(t *testing.T) {
	w := newWorld(t, manyRecipients(MaxChunk+1)...) // each has more to do under orange
	e := engine()
	warning := warn(w, e.DecideDeclare, alerts.Declare{Level: alerts.Orange, Trigger: alerts.CityOrder,
		Region: "120111", ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	w.run("plan/" + warning.ID + "/1/1")
	w.dispatch()
	if named, orders := w.auditNow(w.fx); len(named) > 0 || orders == 0 || orders > MaxChunk {
		t.Fatalf("half way %d orders, stuck %v", orders, named)
	}
	w.now = w.now.Add(time.Minute)
	for _, l := range []alerts.Level{alerts.Yellow, alerts.Orange} { // a slip, corrected at once
		warning = warn(w, e.DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: l})
	}
	if named, _ := w.auditNow(w.fx); len(named) > 0 {
		t.Errorf("replaced half way: %d stuck, the first %s", len(named), named[0])
	}
	first := orderID(warning.ID, "E000000", 1)
	by := w.order(first).AcknowledgeBy
	w.pass(by.Sub(w.now), func() {})
	if o := w.order(first); o.Answer != AnswerOverdue {
		t.Errorf("at its deadline %s is %s", first, o.Answer)
	}
	w.check()
}

// What the audit says is in the catalogue, with the time it is about.
func TestAuditHasWords(t *testing.T) {
	at := time.Date(2016, 12, 16, 18, 0, 0, 0, alerts.Shanghai())
	for k := range stuckNames {
		s := Stuck{Kind: StuckKind(k), ID: "W20161216-01", Since: at}
		if s.Kind == StuckSentLate {
			s.Due = at.Add(time.Hour)
		}
		if !refusal.Known("audit." + s.Kind.String()) {
			t.Errorf("no words for %s", s.Kind)
		}
		words := s.Words()
		for _, text := range []string{words.ZH, words.EN} {
			if !strings.Contains(text, s.ID) || !strings.Contains(text, "2016-12-16 18:00") ||
				strings.Contains(text, "{") {
				t.Errorf("%s: %q", s.Kind, text)
			}
		}
	}
}

// An index that names an order that is not there is damage, which no audit passes over.
func TestAuditOfDamage(t *testing.T) {
	for name, breaks := range map[string]func(tx *bbolt.Tx) error{
		"no order": func(tx *bbolt.Tx) error { return tx.Bucket(ordersBucket).Delete([]byte(orderID(warningID, "E1", 1))) },
		"half a row": func(tx *bbolt.Tx) error {
			key := []byte(orderID(warningID, "E1", 1))
			return tx.Bucket(ordersBucket).Put(key, slices.Clone(tx.Bucket(ordersBucket).Get(key)[:20]))
		},
		"no plan": func(tx *bbolt.Tx) error { return tx.Bucket(roundsBucket).Delete([]byte(warningID)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, enterprise("E1", alerts.Yellow))
			w.warned(alerts.Yellow)
			if err := w.live.Update(breaks); err != nil {
				t.Fatal(err)
			}
			w.view(func(tx *bbolt.Tx) error {
				if _, err := Audit(tx, w.now, auditRules, rowsOf{w.fx}, "", 10); err == nil {
					t.Error("nothing is said")
				}
				return nil
			})
		})
	}
}
