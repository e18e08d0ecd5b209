package alerts

import (
	"testing"
	"time"
)

// A clock that was ahead when a warning began and was put right stands before its start: a lift counts at once all the
// same.
func TestALiftCountsAtOnceBeforeTheStart(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	for _, drill := range []bool{false, true} {
		in := declaration(Yellow)
		in.Drill = drill
		began := do(w, w.engine.DecideDeclare, "duty", in)
		w.now = w.now.Add(-8 * time.Hour)
		got := do(w, w.engine.DecideLift, "duty", Lift{WarningID: began.ID, Revision: began.Revision, Reason: "示例"})
		if began.State != Active || got.State != Lifted || !got.EndsAt.Equal(began.StartsAt) || len(w.timersOf(got.ID)) != 0 {
			t.Errorf("%+v was lifted to %+v, timers %v", began, got, w.timersOf(got.ID))
		}
		w.now = w.now.Add(9 * time.Hour)
	}
}

// What waited for approval, and what is changed, for which nobody named a time takes effect at once, though the clock
// was ahead when it was asked for and is put right by then. A time that was named is kept.
func TestWhatIsAskedForAtOnceDoesNotWaitForTheClock(t *testing.T) {
	const ahead = 8 * time.Hour
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	end := func(got *Warning) {
		do(w, e.DecideLift, "duty", Lift{WarningID: got.ID, Revision: got.Revision, Reason: "示例"})
		w.now = w.now.Add(24 * time.Hour)
	}

	in := declaration(Red)
	in.StartsAt = nil
	got := do(w, e.DecideDeclare, "duty", in)
	w.now = w.now.Add(-ahead)
	got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision})
	if got.State != Active || !got.StartsAt.Equal(w.now) || !got.LevelSince.Equal(w.now) || got.LevelAt(w.now) != Red {
		t.Errorf("declared ahead and approved: %+v", got)
	}
	end(got)

	in.StartsAt = new(w.now)
	named := do(w, e.DecideDeclare, "duty", in)
	w.now = w.now.Add(-ahead)
	got = do(w, e.DecideApprove, "approver", Approve{named.ID, named.Revision})
	if got.State != Scheduled || !got.StartsAt.Equal(named.StartsAt) {
		t.Errorf("declared for a time that was named: %+v", got)
	}
	do(w, e.DecideCancel, "duty", Cancel{WarningID: got.ID, Revision: got.Revision, Reason: "示例"})
	w.now = w.now.Add(24 * time.Hour)

	in.StartsAt = nil
	got = do(w, e.DecideDeclare, "duty", in)
	got = do(w, e.DecideReject, "approver", Reject{got.ID, got.Revision, "示例"})
	w.now = w.now.Add(-ahead)
	got = do(w, e.DecideRevise, "duty", Revise{WarningID: got.ID, Revision: got.Revision, Level: Yellow})
	if got.State != Active || !got.StartsAt.Equal(w.now) {
		t.Errorf("declared anew: %+v", got)
	}
	w.now = w.now.Add(ahead)
	got = do(w, e.DecideAdjust, "duty", Adjust{WarningID: got.ID, Revision: got.Revision, Level: Orange})
	w.now = w.now.Add(-ahead)
	got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision})
	if got.Level != Orange || !got.LevelSince.Equal(w.now) || got.LevelAt(w.now) != Orange {
		t.Errorf("a raise asked for ahead: %+v", got)
	}
	end(got)

	in = declaration(Yellow)
	in.StartsAt = nil
	got = do(w, e.DecideDeclare, "duty", in)
	w.now = w.now.Add(-ahead)
	got = do(w, e.DecideAdjust, "duty", Adjust{WarningID: got.ID, Revision: got.Revision, Level: Advisory})
	if !got.LevelSince.Equal(w.now) {
		t.Errorf("lowered before the start that the clock gave: %+v", got)
	}
	w.mustMatch()
}
