package alerts

import (
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// Today is 12-16, 17:00. A warning of the days 12-19 to 12-21 stands, declared from their forecast; then another
// forecast comes. By hand, national-2024 (days from the 17th on).
func TestAWarningsTimesFollowItsEpisode(t *testing.T) {
	for _, c := range []struct {
		name   string
		level  Level // 100,100 and three days that ask for it
		first  int   // AQI of the 19th to 21st
		end    bool  // declared with the episode's end, 12-22T00
		second []int
		want   string
	}{
		{"the same again", Orange, 160, true, []int{100, 100, 160, 160, 160, 90, 90}, "-"},
		{"the day before qualifies too", Orange, 160, false, []int{100, 160, 160, 160, 160, 90, 90},
			"revise orange 12-18T00 to further notice"},
		{"a day beyond a gap of 24 h", Orange, 160, false, []int{210, 100, 160, 160, 160, 90, 90},
			"revise orange 12-17T00 to further notice"},
		{"a day more behind the end", Orange, 160, true, []int{100, 100, 160, 160, 160, 160, 90, 90},
			"revise orange 12-19T00 to 12-23T00"},
		{"a day more without a set end", Orange, 160, false, []int{100, 100, 160, 160, 160, 160, 90, 90}, "-"},
		{"both", Orange, 160, true, []int{100, 160, 160, 160, 160, 160, 90, 90}, "revise orange 12-18T00 to 12-23T00"},
		{"a day less", Orange, 160, true, []int{100, 100, 100, 160, 160, 90, 90}, "downgrade yellow 12-20T00 to 12-22T00"},
		{"a higher level goes first", Orange, 160, true, []int{210, 310, 210, 160, 160, 160, 90, 90},
			"upgrade red 12-19T00 to 12-23T00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			e := w.engine
			p := w.ahead(100, 100, c.first, c.first, c.first, 90, 90)
			in := declaration(p.Level)
			in.StartsAt, in.ProposalID = &p.StartsAt, p.ID
			if c.end {
				in.EndsAt = p.EndsAt
			}
			got := do(w, e.DecideDeclare, "duty", in)
			got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision})
			if len(w.open()) > 0 || got.Level != c.level {
				t.Fatalf("%s, open %v", got.Level, w.open())
			}
			w.now = w.now.Add(time.Hour)
			next := w.ahead(c.second...)
			if next.line() != c.want {
				t.Fatalf("%s, want %s", next.line(), c.want)
			}
			if next == nil || next.Kind != KindRevise {
				return
			}
			w.accept(next)
			if again := w.open(); len(again) > 0 {
				t.Errorf("accepted, and then %s", again[0].line())
			}
			if got := w.warning(got.ID); got.Pending != nil || !got.StartsAt.Equal(next.StartsAt) ||
				!sameMoment(got.EndsAt, next.EndsAt) || got.Level != c.level ||
				len(got.Stages) != 1 || !got.Stages[0].From.Equal(got.StartsAt) || !got.LevelSince.Equal(got.StartsAt) {
				t.Errorf("%+v", got)
			}
			w.mustMatch()
		})
	}
}

// A moved start of a level that needs two persons waits; meanwhile the old one stays, no other move is taken or
// proposed, and once the old one has come nothing waits any more.
func TestAMovedStartWaitsForTheSecondPerson(t *testing.T) {
	for _, c := range []struct {
		name string
		act  func(w *world, got *Warning) *Warning
		want string
	}{
		{"approved", func(w *world, got *Warning) *Warning {
			return do(w, w.engine.DecideApprove, "approver", Approve{got.ID, got.Revision})
		}, "scheduled 12-16T23"},
		{"approved after the new start", func(w *world, got *Warning) *Warning {
			w.now = w.now.Add(8 * time.Hour)
			return do(w, w.engine.DecideApprove, "approver", Approve{got.ID, got.Revision})
		}, "active 12-17T01"},
		{"rejected", func(w *world, got *Warning) *Warning {
			return do(w, w.engine.DecideReject, "approver", Reject{got.ID, got.Revision, "依据不足"})
		}, "scheduled 12-17T17"},
		{"on a telephone call", func(w *world, got *Warning) *Warning {
			return do(w, w.engine.DecideEmergencyApprove, "duty",
				EmergencyApprove{WarningID: got.ID, Revision: got.Revision, Authority: "分管副区长", CalledAt: w.now, Reason: "联系不上"})
		}, "scheduled 12-16T23"},
		{"the old start comes", func(w *world, got *Warning) *Warning {
			w.at("2016-12-17T18:00").fire()
			return w.warning(got.ID)
		}, "active 12-17T17"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			got := w.in(phaseScheduledRevise)
			if got.Pending.Kind != "revise" || got.Pending.Level != Red || got.Pending.By != "duty" ||
				!got.StartsAt.Equal(clockAt("2016-12-17T17:00")) {
				t.Fatalf("%+v", got.Pending)
			}
			if _, err := try(w, w.engine.DecideApprove, "duty",
				Approve{got.ID, got.Revision}); refusal.CodeOf(err) != refusal.SamePerson {
				t.Errorf("its own approver: %v", err)
			}
			_, err := try(w, w.engine.DecideRevise, "duty",
				Revise{WarningID: got.ID, Revision: got.Revision, StartsAt: ptr(w.now.Add(time.Hour))})
			if refusal.CodeOf(err) != refusal.TransitionRefused || ruleAt(err, "") != "warning.move_waits" {
				t.Errorf("another move meanwhile: %v", err)
			}
			if p := w.ahead(310, 310, 310, 90, 90); p != nil && p.StartsAt.Before(got.StartsAt) {
				t.Errorf("proposed meanwhile: %s", p.line())
			}
			end := c.act(w, w.warning(got.ID))
			if line := string(end.State) + " " + end.StartsAt.Format("01-02T15"); line != c.want || end.Pending != nil {
				t.Errorf("%s, pending %v, want %s", line, end.Pending, c.want)
			}
			w.mustMatch()
		})
	}
}

// An announced warning whose start moves goes out again, and its timer and its stages move with it.
func TestAMovedStartGoesOutAgain(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	got := w.in(phaseScheduled) // yellow from 12-17T17
	got = do(w, e.DecideAdjust, "duty",
		Adjust{WarningID: got.ID, Revision: got.Revision, Level: Advisory, StartsAt: ptr(clockAt("2016-12-18T00:00"))})
	got = do(w, e.DecideRevise, "duty",
		Revise{WarningID: got.ID, Revision: got.Revision, StartsAt: ptr(clockAt("2016-12-17T00:00"))})
	if at := w.liveFx.timers["warning.activate/"+got.ID].due; !at.Equal(clockAt("2016-12-17T00:00")) {
		t.Errorf("its timer is at %s", at)
	}
	subjects := w.subjects()
	if n := len(subjects); n != 3 || subjects[n-1] != "qingkong.warning.declared" {
		t.Errorf("went out as %q", subjects)
	}
	if l := got.LevelAt(clockAt("2016-12-17T08:00")); l != Yellow ||
		got.LevelAt(clockAt("2016-12-18T08:00")) != Advisory || !got.LevelSince.Equal(clockAt("2016-12-18T00:00")) {
		t.Errorf("stages %+v", got.Stages)
	}
	got = do(w, e.DecideRevise, "duty",
		Revise{WarningID: got.ID, Revision: got.Revision, StartsAt: ptr(clockAt("2016-12-18T06:00"))})
	if want := []Stage{{Advisory, clockAt("2016-12-18T06:00")}}; !sameJSON(got.Stages, want) {
		t.Errorf("behind its second stage it has %+v", got.Stages)
	}
	w.mustMatch()
}

func TestRevisionsThatAreRefused(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	got := w.in(phaseScheduled) // 12-17T17 to 12-18T17
	end := clockAt("2016-12-18T17:00")
	for _, c := range []struct {
		in   Revise
		path string
		rule string
	}{
		{Revise{NoEnd: true, EndsAt: &end}, "no_end", "warning.end_and_none"},
		{Revise{StartsAt: &end}, "starts_at", "warning.ends_before_start"},
		{Revise{StartsAt: ptr(end.Add(time.Hour)), EndsAt: &end}, "ends_at", "warning.ends_before_start"},
		{Revise{Level: Red}, "level", "warning.revise_level"},
		{Revise{ProposalID: "P1"}, "proposal_id", "proposal.not_here"},
	} {
		c.in.WarningID, c.in.Revision = got.ID, got.Revision
		if _, err := try(w, e.DecideRevise, "duty", c.in); ruleAt(err, c.path) != c.rule {
			t.Errorf("%+v: %v, want %s", c.in, err, c.rule)
		}
	}
	w.at("2016-12-17T18:00").fire()
	if _, err := try(w, e.DecideRevise, "duty", Revise{WarningID: got.ID, Revision: got.Revision + 1,
		StartsAt: &end}); ruleAt(err, "starts_at") != "warning.revise_start" {
		t.Errorf("of an active one: %v", err)
	}
}

// The end of a lift follows the air: a day that was to be clean and is 160 moves it, and where the forecast no longer
// says when the air clears, the end is to be taken away.
func TestTheEndOfALiftFollowsTheAir(t *testing.T) {
	for want, second := range map[string][]int{
		"-":                                  {90, 90, 90},
		"revise yellow 12-16T00 to 12-18T00": {160, 90, 90, 90}, // 16 and 17 are a yellow run, too
		"revise yellow 12-16T00 to further notice":  {90, 160, 90}, // 24 h of clean air, and then not known for 36
		"revise yellow 12-16T00 to 12-19T00":        {90, 160, 90, 90},
		"revise yellow 12-16T00 to further notice ": {120, 160},
	} {
		w := newWorld(t, t.TempDir())
		in := declaration(Yellow)
		in.StartsAt = ptr(clockAt("2016-12-16T00:00"))
		live := do(w, w.engine.DecideDeclare, "duty", in)
		do(w, w.engine.DecideObservation, "feeder", observed("2016-12-16", 210))
		w.accept(w.ahead(90, 90, 90))
		if got := w.warning(live.ID); got.EndsAt == nil || !got.EndsAt.Equal(clockAt("2016-12-17T00:00")) ||
			got.State != Active {
			t.Fatalf("%s until %v", got.State, got.EndsAt)
		}
		w.now = w.now.Add(time.Hour)
		f := forecast(w.now.Format("2006-01-02T15:04"), "2016-12-17", second...)
		if len(second) < 3 { // those of the first forecast that the second does not speak of stay
			f.Days = append(f.Days, ForecastDay{Date: "2016-12-19", AQILow: 160, AQIHigh: 160, Primary: []string{PM25}})
		}
		p := do(w, w.engine.DecideForecast, "feeder", f).Proposal
		if got := p.line(); got != strings.TrimSpace(want) {
			t.Errorf("%v: %s, want %s", second, got, want)
		}
		if p != nil {
			if (p.EndsAt == nil) != p.NoEnd {
				t.Errorf("%s, no end %v", p.line(), p.NoEnd)
			}
			if got := w.accept(p); !sameMoment(got.EndsAt, p.EndsAt) || len(w.open()) > 0 {
				t.Errorf("%v: ends %v, and then %v", second, got.EndsAt, w.open())
			}
		}
		w.mustMatch()
		w.close()
	}
}

// A dismissed revise covers the same times alone, and does not hide what comes behind it.
func TestADismissedReviseCoversTheSameTimesAlone(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	in := declaration(Yellow)
	in.StartsAt, in.EndsAt = ptr(clockAt("2016-12-16T00:00")), ptr(clockAt("2016-12-18T00:00"))
	do(w, e.DecideDeclare, "duty", in)
	do(w, e.DecideObservation, "feeder", observed("2016-12-16", 160))
	p := w.ahead(160, 100, 160, 160, 90, 90)
	if p.line() != "revise yellow 12-16T00 to 12-21T00" {
		t.Fatal(p.line())
	}
	do(w, e.DecideDismiss, "duty", Dismiss{p.ID, "另行会商"})
	again := func(aqi ...int) string { w.now = w.now.Add(time.Hour); return w.ahead(aqi...).line() }
	if got := again(160, 100, 160, 160, 95, 90); got != "-" {
		t.Errorf("the same times: %s", got)
	}
	if got := again(160, 100, 160, 160, 220, 90); !strings.HasPrefix(got, "upgrade orange") {
		t.Errorf("what goes before it: %s", got)
	}
	if got := again(160, 100, 160, 160, 95, 90); got != "-" {
		t.Errorf("after another kind was raised: %s", got)
	}
	if got := again(160, 100, 210, 100, 90, 90); got != "revise yellow 12-16T00 to 12-20T00" {
		t.Errorf("another end: %s", got)
	}
	w.mustMatch()
}

// The old forms of a region's row and of a pending raise are read.
func TestARaiseOfAnEarlierProgramIsRead(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	got := w.in(phaseActiveRaise)
	w.view(func(tx *bbolt.Tx) error {
		raw := string(tx.Bucket(bWarning).Get([]byte(got.ID)))
		if strings.Contains(raw, "no_end") || strings.Contains(raw, `"pending":{"notice_text"`) ||
			strings.Contains(raw, "lift_from") {
			t.Errorf("a raise is stored with members that it did not have: %s", raw)
		}
		return nil
	})
}
