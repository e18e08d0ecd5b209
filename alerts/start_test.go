package alerts

import (
	"testing"
	"time"

	"qingkong/alerts/refusal"
)

// A start more than 7 days back or 15 ahead is entered by whoever repeats its date, whatever the act.
func TestAStartFarFromNowIsConfirmedByItsDate(t *testing.T) {
	declare := func(w *world, start *time.Time, confirm Date) error {
		in := declaration(Yellow)
		in.StartsAt, in.Confirm = start, confirm
		_, err := try(w, w.engine.DecideDeclare, "duty", in)
		return err
	}
	adjust := func(w *world, start *time.Time, confirm Date) error {
		on := w.in(stageActive)
		on = do(w, w.engine.DecideRevise, "duty", Revise{WarningID: on.ID, Revision: on.Revision, EndsAt: ptr(w.now.AddDate(1, 0, 0))})
		_, err := try(w, w.engine.DecideAdjust, "duty", Adjust{WarningID: on.ID, Revision: on.Revision, Level: Advisory, StartsAt: start, Confirm: confirm})
		return err
	}
	revise := func(w *world, start *time.Time, confirm Date) error {
		on := w.in(stageRejected)
		_, err := try(w, w.engine.DecideRevise, "duty", Revise{WarningID: on.ID, Revision: on.Revision, StartsAt: start, EndsAt: ptr(w.now.AddDate(1, 0, 0)), Confirm: confirm})
		return err
	}
	for act, enter := range map[string]func(*world, *time.Time, Date) error{"declare": declare, "adjust": adjust, "revise": revise} {
		for _, c := range []struct {
			start, confirm string
			rule           string
		}{
			{"", "", ""}, {"2016-12-09T17:00", "", ""}, {"2016-12-31T17:00", "", ""}, {"2016-12-20T00:00", "2017-12-20", ""},
			{"2016-12-09T16:59", "", "warning.confirm_start"}, {"2016-12-31T17:01", "", "warning.confirm_start"},
			{"2017-01-17T00:00", "2016-01-17", "warning.confirm_other"}, {"2017-01-17T00:00", "2017-01-16", "warning.confirm_other"},
			{"2017-01-17T00:00", "17.1.2017", "day.date_wrong"}, {"2016-12-20T00:00", "tomorrow", "day.date_wrong"},
			{"2017-01-17T00:00", "2017-01-17", ""}, {"2017-01-17T23:59", "2017-01-17", ""}, {"2016-11-17T08:00", "2016-11-17", ""},
		} {
			w := newWorld(t, t.TempDir())
			var start *time.Time
			if c.start != "" {
				start = ptr(clockAt(c.start).UTC())
			}
			err := enter(w, start, Date(c.confirm))
			if got := ruleAt(err, "confirm"); c.rule != "" && got != c.rule || c.rule == "" && err != nil {
				t.Errorf("%s from %q, confirmed by %q: %v, want %q", act, c.start, c.confirm, err, c.rule)
			}
			w.mustMatch()
			w.close()
		}
	}
}

// A rejected declaration keeps its own start, which may have fallen far behind by the time it is entered anew.
func TestARejectedStartThatFellBehindIsConfirmed(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	in := declaration(Red)
	in.StartsAt = ptr(clockAt("2016-12-17T00:00"))
	got := do(w, w.engine.DecideDeclare, "duty", in)
	got = do(w, w.engine.DecideReject, "approver", Reject{got.ID, got.Revision, "依据不足"})
	w.at("2016-12-26T17:00")
	again := Revise{WarningID: got.ID, Revision: got.Revision}
	if _, err := try(w, w.engine.DecideRevise, "duty", again); ruleAt(err, "confirm") != "warning.confirm_start" {
		t.Errorf("from nine days back: %v", err)
	}
	again.Confirm = "2016-12-17"
	if got := do(w, w.engine.DecideRevise, "duty", again); got.State != PendingApproval {
		t.Errorf("confirmed: %+v", got)
	}
	w.mustMatch()
}

// The limits are the district's; none is none.
func TestStartLimitsAreSettings(t *testing.T) {
	for limits, want := range map[StartLimits]string{{BackD: 1, AheadD: 2}: "warning.confirm_start", {BackD: 1, AheadD: 30}: "", {BackD: 1}: ""} {
		w := newWorld(t, t.TempDir())
		w.engine.StartLimits = limits
		in := declaration(Yellow)
		in.StartsAt = ptr(w.now.Add(72 * time.Hour))
		_, err := try(w, w.engine.DecideDeclare, "duty", in)
		if got := ruleAt(err, "confirm"); want != "" && got != want || want == "" && err != nil {
			t.Errorf("%+v: %v, want %q", limits, err, want)
		}
		if e, ok := err.(*refusal.Error); ok && (len(e.Fields) != 1 || e.Fields[0].Message("zh-CN") == "") {
			t.Errorf("%+v: %+v", limits, e.Fields)
		}
		w.close()
	}
}
