package notify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// warn runs an act on a warning on both sides, with its events observed.
func warn[C any](w *world, decide func(*bbolt.Tx, string, C, time.Time) ([]alerts.Event, *alerts.Warning, error),
	in C) *alerts.Warning {
	w.t.Helper()
	warning, err := tryWarn(w, decide, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return warning
}

// tryWarn is warn for an act that may be refused.
func tryWarn[C any](w *world, decide func(*bbolt.Tx, string, C, time.Time) ([]alerts.Event, *alerts.Warning, error),
	in C) (warning *alerts.Warning, err error) {
	for _, side := range []struct {
		db *bbolt.DB
		fx *effects
	}{{w.live, w.fx}, {w.copy, w.copyFx}} {
		err = side.db.Update(func(tx *bbolt.Tx) error {
			evs, result, err := decide(tx, "duty", in, w.now)
			warning = result
			for _, ev := range evs {
				if err == nil {
					err = alerts.Apply(tx, newEffects(), w.now, "duty", ev)
				}
				if err == nil {
					side.fx.now = w.now
					err = Observe(tx, side.fx, w.now, "duty", ev)
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return warning, nil
}

func engine() alerts.Engine {
	s := alerts.DefaultSettings()
	s.Approval = map[alerts.Level]int{alerts.Advisory: 1, alerts.Yellow: 1, alerts.Orange: 1, alerts.Red: 1}
	return alerts.Engine{Settings: s}
}

// The life of a warning is the life of its orders: they go out with its announcement, before it starts.
func TestOrdersFollowTheWarning(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E2", alerts.Orange))
	e := engine()
	_, evs, err := do(w, DecideSettings, Settings{AcknowledgeWithinMin: 30, ContactRef: "v:duty"})
	w.must(evs, err)
	starts := w.now.Add(2 * time.Hour)
	warning := warn(w, e.DecideDeclare,
		alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder, StartsAt: &starts, Region: "120111",
			Document: alerts.Document{DocumentNo: "津气指办〔2016〕12号"}, ListPin: alerts.ListPin{ListVersion: w.version.ID,
				ListHash: w.version.Hash}})
	w.elapse(0)
	id := func(recipient string, revision int) string { return orderID(warning.ID, recipient, revision) }
	w.wants("announced", id("E1", 1)+"/issued")
	o := w.json(id("E1", 1))
	for k, want := range map[string]string{"level": "yellow", "issued_at": "2016-12-16T18:00:00+08:00",
		"acknowledge_by": "2016-12-16T18:30:00+08:00",
		"effective_from": "2016-12-16T20:00:00+08:00", "document_no": "津气指办〔2016〕12号", "list_version": w.version.ID,
		"list_hash": w.version.Hash} {
		if o[k] != want {
			t.Errorf("%s is %v, want %s", k, o[k], want)
		}
	}
	warning = warn(w, e.DecideAdjust,
		alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Orange, Reason: "预报加重"})
	w.elapse(time.Hour)
	w.wants("raised before its start", id("E1", 2)+"/revised", id("E2", 1)+"/issued")
	w.elapse(time.Hour)
	warn(w, e.DecideActivate, alerts.WarningRef{WarningID: warning.ID})
	w.elapse(0)
	w.wants("started, which changes no order", id("E1", 2)+"/revised", id("E2", 1)+"/issued")
	w.view(func(tx *bbolt.Tx) (err error) { warning, err = alerts.GetWarning(tx, warning.ID); return err })
	warning = warn(w, e.DecideAdjust,
		alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Yellow, Reason: "转好"})
	w.elapse(time.Hour)
	w.wants("lowered", id("E1", 3)+"/revised", id("E2", 1)+"/released")
	if o := w.order(id("E1", 3)); o.Answer != AnswerOverdue {
		t.Errorf("an hour later E1's answer is %s", o.Answer)
	}
	warn(w, e.DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision, Reason: "空气质量转好"})
	w.elapse(0)
	w.wants("lifted", id("E1", 3)+"/released", id("E2", 1)+"/released")
	w.check()
}

// wants compares the messages that are still to be received.
func (w *world) wants(when string, want ...string) {
	w.t.Helper()
	if got := w.outbox(); !slices.Equal(got, want) {
		w.t.Fatalf("%s: %v, want %v", when, got, want)
	}
}

// A raise that takes effect later is ordered at once, with what goes on till then; what is lowered later goes on till
// then.
func TestOrdersOfStages(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E2", alerts.Orange))
	e := engine()
	warning := warn(w, e.DecideDeclare, alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder,
		Region: "120111", ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	w.elapse(0)
	id := func(recipient string, revision int) string { return orderID(warning.ID, recipient, revision) }
	adjust := func(l alerts.Level, in time.Duration) {
		at := w.now.Add(in)
		warning = warn(w, e.DecideAdjust,
			alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: l, StartsAt: &at})
		w.elapse(0)
	}
	adjust(alerts.Orange, 6*time.Hour)
	w.wants("orange in six hours", id("E1", 2)+"/revised", id("E2", 1)+"/issued")
	const goesOn = "在此之前继续执行黄色（Ⅲ级）措施。"
	if o := w.json(id("E1", 2)); o["effective_from"] != "2016-12-17T00:00:00+08:00" ||
		!strings.Contains(o["text"].(string), goesOn) ||
		!strings.Contains(o["text"].(string), "自2016年12月17日0时起") {
		t.Errorf("%v", o)
	}
	if o := w.json(id("E2", 1)); strings.Contains(o["text"].(string), goesOn) {
		t.Errorf("E2 had no order before: %v", o)
	}
	w.elapse(7 * time.Hour)
	adjust(alerts.Yellow, 3*time.Hour)
	w.wants("yellow in three hours", id("E1", 2)+"/revised", id("E2", 1)+"/issued")
	w.elapse(3 * time.Hour)
	w.wants("yellow now", id("E1", 3)+"/revised", id("E2", 1)+"/released")
	if o := w.json(id("E1", 3)); o["issued_at"] != "2016-12-17T04:00:00+08:00" ||
		o["acknowledge_by"] != "2016-12-17T05:00:00+08:00" {
		t.Errorf("%v", o)
	}
	w.check()
}

// A warning that goes on beyond the end its orders name is ordered anew, also where the measures stay the same; one
// that ends earlier is not: the release says so.
func TestOrdersOfALaterEnd(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow), enterprise("E2", alerts.Yellow))
	e := engine()
	end := w.now.Add(24 * time.Hour)
	warning := warn(w, e.DecideDeclare,
		alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder, Region: "120111", EndsAt: &end,
			ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	w.elapse(0)
	id := func(recipient string, revision int) string { return orderID(warning.ID, recipient, revision) }
	w.must(w.answer("E2", id("E2", 1), Object, "设备检修"))
	_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: id("E2", 1), Decision: "accept"})
	w.must(evs, err)
	revise := func(d time.Duration) {
		end := w.now.Add(d)
		warning = warn(w, e.DecideRevise, alerts.Revise{WarningID: warning.ID, Revision: warning.Revision, EndsAt: &end})
		w.elapse(0)
	}
	revise(12 * time.Hour)
	w.wants("earlier", id("E1", 1)+"/issued", id("E2", 1)+"/released")
	revise(24 * time.Hour)
	w.wants("as the orders say", id("E1", 1)+"/issued", id("E2", 1)+"/released")
	revise(48 * time.Hour)
	w.wants("later", id("E1", 2)+"/revised", id("E2", 1)+"/released") // who is exempted stays so
	if o := w.json(id("E1", 2)); o["ends_at"] != "2016-12-18T18:00:00+08:00" {
		t.Errorf("%v", o)
	}
	warning = warn(w, e.DecideAdjust,
		alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Orange})
	w.elapse(0)
	w.wants("another level with the same measures", id("E1", 2)+"/revised", id("E2", 1)+"/released")
	w.check()
}

// A start that is moved is ordered anew days before it comes: every order says from when it holds. Who is exempted
// stays so, and the orders that went out at the announcement are not issued again when it begins.
func TestOrdersOfAMovedStart(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow), enterprise("E2", alerts.Yellow))
	e := engine()
	start := w.now.Add(72 * time.Hour)
	warning := warn(w, e.DecideDeclare,
		alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder, Region: "120111", StartsAt: &start,
			ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	w.elapse(0)
	id := func(recipient string, revision int) string { return orderID(warning.ID, recipient, revision) }
	w.must(w.answer("E2", id("E2", 1), Object, "设备检修"))
	_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: id("E2", 1), Decision: "accept"})
	w.must(evs, err)
	move := func(in time.Duration, want string) {
		t.Helper()
		start := w.now.Add(in)
		warning = warn(w, e.DecideRevise, alerts.Revise{WarningID: warning.ID, Revision: warning.Revision, StartsAt: &start})
		w.elapse(0)
		n := 1
		for w.json(id("E1", n))["state"] == "superseded" {
			n++
		}
		if o := w.json(id("E1", n)); o["effective_from"] != want {
			t.Errorf("%s: from %v, want %s", id("E1", n), o["effective_from"], want)
		}
	}
	move(24*time.Hour, "2016-12-17T18:00:00+08:00")
	w.wants("a day ahead", id("E1", 2)+"/revised", id("E2", 1)+"/released")
	move(48*time.Hour, "2016-12-18T18:00:00+08:00")
	w.wants("and back", id("E1", 3)+"/revised", id("E2", 1)+"/released")
	move(0, "2016-12-16T18:00:00+08:00")
	if warning.State != alerts.Active {
		t.Errorf("it is %s", warning.State)
	}
	w.wants("at once", id("E1", 4)+"/revised", id("E2", 1)+"/released")
	w.check()
}

// A raise that is ordered ahead and then comes at another time is ordered anew: its orders say from when they hold.
func TestOrdersOfAMovedRaise(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	e := engine()
	warning := warn(w, e.DecideDeclare,
		alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder, Region: "120111",
			ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	w.elapse(0)
	raise := func(in time.Duration) {
		t.Helper()
		at := w.now.Add(in)
		warning = warn(w, e.DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision,
			Level: alerts.Orange, StartsAt: &at})
		if warning.Pending != nil {
			warning = warn(w, e.DecideApprove, alerts.Approve{WarningID: warning.ID, Revision: warning.Revision})
		}
		w.elapse(0)
	}
	from := func(n int, want string) {
		t.Helper()
		if o := w.json(orderID(warning.ID, "E1", n)); o["effective_from"] != want || o["state"] != "open" {
			t.Errorf("order %d is %v from %v, want %s", n, o["state"], o["effective_from"], want)
		}
	}
	raise(20 * time.Hour)
	from(1, "2016-12-17T14:00:00+08:00")
	raise(5 * time.Hour)
	from(2, "2016-12-16T23:00:00+08:00")
	w.elapse(6 * time.Hour) // it has begun: nothing is issued again
	from(2, "2016-12-16T23:00:00+08:00")
	w.check()
}

// A warning without an end says so in every order, also where one was named.
func TestOrdersOfAnEndTakenAway(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow))
	e := engine()
	end := w.now.Add(24 * time.Hour)
	warning := warn(w, e.DecideDeclare,
		alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder, Region: "120111", EndsAt: &end,
			ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	w.elapse(0)
	warning = warn(w, e.DecideRevise, alerts.Revise{WarningID: warning.ID, Revision: warning.Revision, NoEnd: true})
	w.elapse(48 * time.Hour)
	if o := w.json(orderID(warning.ID, "E1", 2)); o["ends_at"] != nil || o["state"] != "open" {
		t.Errorf("%v", o)
	}
	w.check()
}

// A warning that never was active has orders to release when it was announced, and none otherwise.
func TestCancelledBeforeItsStart(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	e := engine()
	e.Approval[alerts.Orange] = 2
	starts := w.now.Add(2 * time.Hour)
	declare := func() *alerts.Warning {
		return warn(w, e.DecideDeclare,
			alerts.Declare{Level: alerts.Orange, Trigger: alerts.CityOrder, StartsAt: &starts, Region: "120111",
				ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	}
	warning := declare()
	warn(w, e.DecideCancel, alerts.Cancel{WarningID: warning.ID, Revision: warning.Revision, Reason: "误发"})
	if len(w.fx.timers) > 0 || len(w.fx.outbox) > 0 {
		t.Errorf("effects %+v", w.fx)
	}
	e.Approval[alerts.Orange] = 1
	warning = declare()
	w.elapse(0)
	warn(w, e.DecideCancel, alerts.Cancel{WarningID: warning.ID, Revision: warning.Revision, Reason: "误发"})
	w.elapse(0)
	w.wants("cancelled", orderID(warning.ID, "E1", 1)+"/released")
	w.check()
}
