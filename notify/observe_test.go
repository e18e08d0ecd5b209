package notify

import (
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// warn runs an act on a warning on both sides, with its events observed.
func warn[C any](w *world, decide func(*bbolt.Tx, string, C, time.Time) ([]alerts.Event, *alerts.Warning, error), in C) (warning *alerts.Warning) {
	w.t.Helper()
	for _, side := range []struct {
		db *bbolt.DB
		fx *effects
	}{{w.live, w.fx}, {w.copy, w.copyFx}} {
		err := side.db.Update(func(tx *bbolt.Tx) error {
			evs, result, err := decide(tx, "duty", in, w.now)
			warning = result
			for _, ev := range evs {
				if err == nil {
					err = alerts.Apply(tx, newEffects(), w.now, "duty", ev)
				}
				if err == nil {
					err = Observe(tx, side.fx, w.now, "duty", ev)
				}
			}
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return warning
}

func engine() alerts.Engine {
	s := alerts.DefaultSettings()
	s.Approval = map[alerts.Level]int{alerts.Advisory: 1, alerts.Yellow: 1, alerts.Orange: 1, alerts.Red: 1}
	return alerts.Engine{Settings: s}
}

// The life of a warning is the life of its orders.
func TestOrdersFollowTheWarning(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E2", alerts.Orange))
	e := engine()
	_, evs, err := do(w, DecideSettings, Settings{AcknowledgeWithinMin: 30, ContactRef: "v:duty"})
	w.must(evs, err)
	starts := w.now.Add(2 * time.Hour)
	warning := warn(w, e.DecideDeclare, alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder, StartsAt: &starts, Region: "120111",
		DocumentNo: "津气指办〔2016〕12号", ListVersion: w.version.ID, ListHash: w.version.Hash})
	warning = warn(w, e.DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Orange, Reason: "预报加重"})
	w.elapse(time.Hour)
	if got := w.outbox(); len(got) > 0 {
		t.Fatalf("before the start: %v", got)
	}
	w.elapse(time.Hour)
	warn(w, e.DecideActivate, alerts.WarningRef{WarningID: warning.ID})
	w.elapse(0)
	id := func(recipient string, revision int) string { return orderID(warning.ID, recipient, revision) }
	if got, want := w.outbox(), []string{id("E1", 1) + "/issued", id("E2", 1) + "/issued"}; !slices.Equal(got, want) {
		t.Errorf("active: %v, want %v", got, want)
	}
	o := w.json(id("E2", 1))
	for k, want := range map[string]string{"level": "orange", "issued_at": "2016-12-16T20:00:00+08:00", "acknowledge_by": "2016-12-16T20:30:00+08:00",
		"document_no": "津气指办〔2016〕12号", "list_version": w.version.ID, "list_hash": w.version.Hash} {
		if o[k] != want {
			t.Errorf("%s is %v, want %s", k, o[k], want)
		}
	}
	w.view(func(tx *bbolt.Tx) (err error) { warning, err = alerts.GetWarning(tx, warning.ID); return err })
	warning = warn(w, e.DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Yellow, Reason: "转好"})
	w.elapse(time.Hour)
	if got, want := w.outbox(), []string{id("E1", 2) + "/revised", id("E2", 1) + "/released"}; !slices.Equal(got, want) {
		t.Errorf("yellow: %v, want %v", got, want)
	}
	if o := w.order(id("E1", 2)); o.Answer != AnswerOverdue {
		t.Errorf("an hour later E1's answer is %s", o.Answer)
	}
	warn(w, e.DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision, Reason: "空气质量转好"})
	w.elapse(0)
	if got, want := w.outbox(), []string{id("E1", 2) + "/released", id("E2", 1) + "/released"}; !slices.Equal(got, want) {
		t.Errorf("lifted: %v, want %v", got, want)
	}
	w.check()
}

// A warning that never was active has no orders to release.
func TestCancelledBeforeItsStart(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	e := engine()
	starts := w.now.Add(2 * time.Hour)
	warning := warn(w, e.DecideDeclare, alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder, StartsAt: &starts, Region: "120111",
		ListVersion: w.version.ID, ListHash: w.version.Hash})
	warn(w, e.DecideCancel, alerts.Cancel{WarningID: warning.ID, Revision: warning.Revision, Reason: "误发"})
	if len(w.fx.timers) > 0 || len(w.fx.outbox) > 0 {
		t.Errorf("effects %+v", w.fx)
	}
	w.check()
}
