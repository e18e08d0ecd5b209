package alerts

import (
	"fmt"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// lost is a restoration as the journal tells of it.
type lost struct{ days []string }

func (lost) Kind() string     { return "journal.restored" }
func (lost) Skips() int       { return 20 }
func (l lost) Days() []string { return l.days }

func (w *world) observe(ev Event) {
	w.t.Helper()
	for _, db := range []*bbolt.DB{w.live, w.replay} {
		if err := db.Update(func(tx *bbolt.Tx) error { return Observe(tx, w.now, "system", ev) }); err != nil {
			w.t.Fatalf("observe: %v", err)
		}
	}
}

// After the end of the record was lost nothing is numbered as what may be out already: neither a new warning nor a
// message of one that goes on; and what may be out is told.
func TestNumbersGoOnAboveALostEnd(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	on := w.in(phaseActive)
	day := w.now.Format("20060102")
	w.observe(lost{[]string{day}})

	got := w.warning(on.ID)
	if got.Revision != on.Revision+20 || got.State != on.State {
		t.Fatalf("the warning that goes on is %s at revision %d, before %d", got.State, got.Revision, on.Revision)
	}
	if _, err := try(w, w.engine.DecideLift, "duty",
		Lift{WarningID: on.ID, Revision: on.Revision}); refusal.CodeOf(err) != refusal.StaleRevision {
		t.Errorf("who saw the lost state acts: %v", err)
	}
	if since := got.Since(on.Revision); len(since) != 1 || since[0].Event != "restored" {
		t.Errorf("since revision %d there is %+v", on.Revision, since)
	}
	lifted := do(w, w.engine.DecideLift, "duty", Lift{WarningID: on.ID, Revision: got.Revision})
	if at := lifted.Revisions(); len(at) != len(lifted.History) || at[len(at)-1] != lifted.Revision ||
		at[len(at)-2] != got.Revision || at[0] != 1 {
		t.Errorf("the history has the revisions %v", at)
	}
	if since := lifted.Since(got.Revision); len(since) != 1 || since[0].Event != "lifted" {
		t.Errorf("since revision %d there is %+v", got.Revision, since)
	}
	if since := lifted.Since(0); len(since) != len(lifted.History) {
		t.Errorf("since the beginning there is %+v", since)
	}
	w.message(TopicWarning, fmt.Sprintf("%s/%d", on.ID, on.Revision+21))
	if next := w.in(phaseActive); next.ID != "W"+day+"-22" {
		t.Errorf("the next warning is %s", next.ID)
	}
	w.view(func(tx *bbolt.Tx) error {
		out, err := OutsideLast(tx)
		if err != nil || out == nil {
			t.Fatalf("nothing is said of what may be outside: %v", err)
		}
		for _, want := range []Range{{"W" + day, 2, 21}, {"D" + day, 1, 20}, {"P" + day, 1, 20}} {
			if !slices.Contains(out.IDs, want) {
				t.Errorf("%v is not among %v", want, out.IDs)
			}
		}
		if want := []Range{{on.ID, on.Revision + 1, on.Revision + 20}}; !slices.Equal(out.Messages, want) {
			t.Errorf("messages %v, want %v", out.Messages, want)
		}
		return nil
	})
	w.mustMatch()
}

// An open proposal goes on above as well, and a record that lost nothing says nothing.
func TestAProposalGoesOnAboveALostEnd(t *testing.T) {
	w := newWorld(t, t.TempDir()).at("2016-12-15T18:00")
	defer w.close()
	w.view(func(tx *bbolt.Tx) error {
		if out, err := OutsideLast(tx); out != nil || err != nil {
			t.Errorf("of a whole record it is said that %v may be outside (%v)", out, err)
		}
		return nil
	})
	do(w, w.engine.DecideForecast, "feed", forecast("2016-12-15T17:00", "2016-12-16", 220, 230, 240, 90))
	open := w.open()
	if len(open) != 1 {
		t.Fatalf("%d proposals", len(open))
	}
	w.observe(lost{[]string{"20161215"}})
	do(w, w.engine.DecideForecast, "feed", forecast("2016-12-15T17:30", "2016-12-16", 320, 330, 340, 90))
	if got := w.proposal(open[0].ID); got.Revision != open[0].Revision+21 {
		t.Errorf("the proposal is at revision %d, was at %d", got.Revision, open[0].Revision)
	}
	w.mustMatch()
}

// A rejected declaration that comes back under its id goes on above too: it may have come back in the end that was
// lost.
func TestARejectedWarningGoesOnAboveALostEnd(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	ended := w.in(phaseLifted)
	rejected := w.in(phaseRejected)
	w.observe(lost{[]string{w.now.Format("20060102")}})
	if got := w.warning(rejected.ID); got.Revision != rejected.Revision+20 {
		t.Errorf("it is at revision %d, was at %d", got.Revision, rejected.Revision)
	}
	if got := w.warning(ended.ID); got.Revision != ended.Revision {
		t.Errorf("one that has ended went from revision %d to %d", ended.Revision, got.Revision)
	}
	w.mustMatch()
}
