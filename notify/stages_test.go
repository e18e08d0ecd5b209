package notify

import (
	"testing"
	"time"

	"qingkong/alerts"
)

// A course of several stages is ordered one at a time: who follows the latest order does at every hour what the warning
// asks.
func TestOrdersOfACourse(t *testing.T) {
	type step struct {
		hour  int          // from now, when it is looked at
		level alerts.Level // of the latest order
		from  int          // the hour from which that applies
	}
	for name, c := range map[string]struct {
		stages []step // the first applies from the declaration
		want   []step
	}{
		"up and up": {
			[]step{{level: alerts.Yellow}, {level: alerts.Orange, from: 6}, {level: alerts.Red, from: 12}},
			[]step{{0, alerts.Orange, 6}, {5, alerts.Orange, 6}, {6, alerts.Red, 12}, {12, alerts.Red, 12}},
		},
		"down and down": {
			[]step{{level: alerts.Red}, {level: alerts.Orange, from: 6}, {level: alerts.Yellow, from: 12}},
			[]step{{0, alerts.Red, 0}, {5, alerts.Red, 0}, {6, alerts.Orange, 6}, {11, alerts.Orange, 6},
				{12, alerts.Yellow, 12}},
		},
		"down and up": {
			[]step{{level: alerts.Red}, {level: alerts.Yellow, from: 6}, {level: alerts.Orange, from: 12}},
			[]step{{0, alerts.Red, 0}, {6, alerts.Orange, 12}, {12, alerts.Orange, 12}},
		},
		"up and down": {
			[]step{{level: alerts.Yellow}, {level: alerts.Red, from: 6}, {level: alerts.Orange, from: 12}},
			[]step{{0, alerts.Red, 6}, {11, alerts.Red, 6}, {12, alerts.Orange, 12}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange, alerts.Red))
			e, begin := engine(), w.now
			warning := warn(w, e.DecideDeclare,
				alerts.Declare{Level: c.stages[0].level, Trigger: alerts.CityOrder, Region: "120111",
					ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
			for _, s := range c.stages[1:] {
				at := begin.Add(time.Duration(s.from) * time.Hour)
				warning = warn(w, e.DecideAdjust,
					alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: s.level, StartsAt: &at})
			}
			for _, s := range c.want {
				w.elapse(begin.Add(time.Duration(s.hour) * time.Hour).Sub(w.now))
				var o map[string]any
				for id := range w.bodies() {
					if w.order(id).State == StateOpen {
						o = w.json(id)
					}
				}
				from := begin.Add(time.Duration(s.from) * time.Hour).Format(time.RFC3339)
				if o["level"] != string(s.level) || o["effective_from"] != from {
					t.Errorf("at hour %d: %v from %v, want %s from %s", s.hour, o["level"], o["effective_from"], s.level, from)
				}
			}
			warn(w, e.DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision})
			w.elapse(0)
			for id := range w.fx.timers {
				if w.fx.timers[id].command != CommandOverdue {
					t.Errorf("after the lift %s is still to run %s", id, w.fx.timers[id].command)
				}
			}
			w.check()
		})
	}
}

// A stage is looked at when it is due and the warning still lasts, and otherwise nothing happens.
func TestNextStageNotDue(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Red))
	e := engine()
	warning := warn(w, e.DecideDeclare, alerts.Declare{Level: alerts.Red, Trigger: alerts.CityOrder, Region: "120111",
		ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	at := w.now.Add(6 * time.Hour)
	warning = warn(w, e.DecideAdjust,
		alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: alerts.Yellow, StartsAt: &at})
	w.elapse(5 * time.Hour)
	for _, id := range []string{warning.ID, "W20200101-01"} {
		if _, evs, err := do(w, DecideNextStage, NextStage{Warning: id}); err != nil || len(evs) > 0 {
			t.Errorf("%s early: %d events, %v", id, len(evs), err)
		}
	}
	warn(w, e.DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision})
	w.elapse(2 * time.Hour)
	if _, evs, err := do(w, DecideNextStage, NextStage{Warning: warning.ID}); err != nil || len(evs) > 0 {
		t.Errorf("after the lift: %d events, %v", len(evs), err)
	}
	w.check()
}
