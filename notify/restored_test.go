package notify

import (
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

type lost struct{}

func (lost) Kind() string   { return "journal.restored" }
func (lost) Skips() int     { return 20 }
func (lost) Days() []string { return []string{"20161216"} }

// loseEnd is what the journal tells after the end of the record was lost.
func (w *world) loseEnd() {
	w.t.Helper()
	for _, side := range []struct {
		db *bbolt.DB
		fx *effects
	}{{w.live, w.fx}, {w.copy, w.copyFx}} {
		if err := side.db.Update(func(tx *bbolt.Tx) error {
			if err := alerts.Observe(tx, w.now, "system", lost{}); err != nil {
				return err
			}
			return Observe(tx, side.fx, w.now, "system", lost{})
		}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// After the end of the record was lost, no order of a live warning has the id of one that may be out: not that of a
// recipient who had orders, nor that of one whose first order was lost; and from an order the one that took its place
// is found.
func TestOrdersGoOnAboveALostEnd(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange, alerts.Red),
		enterprise("E2", alerts.Orange, alerts.Red), enterprise("E3", alerts.Red))
	warning := w.warned(alerts.Yellow)
	id := func(recipient string, revision int) string { return orderID(warning.ID, recipient, revision) }
	raise := func(to alerts.Level) {
		t.Helper()
		warning = warn(w, engine().DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: to})
		w.elapse(0)
	}
	next := func(of, want string) {
		t.Helper()
		got := ""
		w.view(func(tx *bbolt.Tx) error {
			o, err := Get(tx, of)
			if err == nil {
				if o, err = o.Next(tx); err == nil {
					got = o.ID
				}
			}
			if refusal.CodeOf(err) == refusal.NotFound {
				err = nil
			}
			return err
		})
		if got != want {
			t.Errorf("after %s comes %q, want %q", of, got, want)
		}
	}
	w.loseEnd()
	w.view(func(tx *bbolt.Tx) (err error) { warning, err = alerts.GetWarning(tx, warning.ID); return err })
	if floor := w.floor(warning.ID); floor != 21 {
		t.Errorf("the floor is %d", floor)
	}
	next(id("E1", 1), "")
	raise(alerts.Orange)
	next(id("E1", 1), id("E1", 22))
	if o := w.json(id("E1", 22)); o["supersedes"] != id("E1", 1) {
		t.Errorf("it supersedes %v", o["supersedes"])
	}
	if o := w.order(id("E2", 22)); o.State != StateOpen {
		t.Errorf("the first order of E2 is %s", o.State)
	}
	w.loseEnd()
	w.view(func(tx *bbolt.Tx) (err error) { warning, err = alerts.GetWarning(tx, warning.ID); return err })
	if floor := w.floor(warning.ID); floor != 42 {
		t.Errorf("after a second loss the floor is %d", floor)
	}
	w.must(w.answer("E2", id("E2", 22), Object, "不能执行"))
	_, _, err := do(w, DecideObjection, ObjectionDecision{OrderID: id("E2", 22), Decision: "amend", Read: readBody,
		Measures: []MeasureChange{{ID: "M1", Change: []byte(`{"responsible":"当班值长"}`)}}})
	w.must(nil, err)
	next(id("E2", 22), id("E2", 43))
	next(id("E1", 1), id("E1", 22))
	next(id("E1", 22), "")
	raise(alerts.Red)
	next(id("E1", 22), id("E1", 43))
	if o := w.order(id("E3", 43)); o.State != StateOpen {
		t.Errorf("the first order of E3 is %s", o.State)
	}
	w.check()
}

func (w *world) floor(warning string) (n int) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) { n, err = Floor(tx, warning); return err })
	return n
}
