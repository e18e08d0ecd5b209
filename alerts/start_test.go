package alerts

import (
	"fmt"
	"strings"
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
		on := w.in(phaseActive)
		on = do(w, w.engine.DecideRevise, "duty",
			Revise{WarningID: on.ID, Revision: on.Revision, EndsAt: ptr(w.now.AddDate(1, 0, 0))})
		_, err := try(w, w.engine.DecideAdjust, "duty",
			Adjust{WarningID: on.ID, Revision: on.Revision, Level: Advisory, StartsAt: start, Confirm: confirm})
		return err
	}
	revise := func(w *world, start *time.Time, confirm Date) error {
		on := w.in(phaseRejected)
		_, err := try(w, w.engine.DecideRevise, "duty", Revise{WarningID: on.ID, Revision: on.Revision, StartsAt: start,
			EndsAt: ptr(w.now.AddDate(1, 0, 0)), Confirm: confirm})
		return err
	}
	for act, enter := range map[string]func(*world, *time.Time, Date) error{"declare": declare, "adjust": adjust,
		"revise": revise} {
		for _, c := range []struct {
			start, confirm string
			rule           string
		}{
			{"", "", ""}, {"2016-12-09T17:00", "", ""}, {"2016-12-31T17:00", "", ""}, {"2016-12-20T00:00", "2017-12-20", ""},
			{"2016-12-09T16:59", "", "warning.confirm_start"}, {"2016-12-31T17:01", "", "warning.confirm_start"},
			{"2017-01-17T00:00", "2016-01-17", "warning.confirm_other"},
			{"2017-01-17T00:00", "2017-01-16", "warning.confirm_other"},
			{"2017-01-17T00:00", "17.1.2017", "day.date_wrong"}, {"2016-12-20T00:00", "tomorrow", "day.date_wrong"},
			{"2017-01-17T00:00", "2017-01-17", ""}, {"2017-01-17T23:59", "2017-01-17", ""},
			{"2016-11-17T08:00", "2016-11-17", ""},
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
	for limits, want := range map[StartLimits]string{{BackD: 1, AheadD: 2}: "warning.confirm_start",
		{BackD: 1, AheadD: 30}: "", {BackD: 1}: ""} {
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

// By days a warning may start on the evening before the first day that asks for it; by hours it starts with its window,
// and nothing is lowered ahead of its day.
func TestAStartOnTheEveningBefore(t *testing.T) {
	days := forecast("2016-12-16T10:00", "2016-12-18", 210, 220, 100, 100)
	hours := Forecast{Source: "emc", Region: district, IssuedAt: clockAt("2016-12-16T10:00"), Days: []ForecastDay{},
		Hours: hoursOf(clockAt("2016-12-17T00:00"), 24, 30, 151, 30)}
	for _, c := range []struct {
		name, startAt string
		hour          int
		now           string
		f             Forecast
		want          string // starts_at
		lead          float64
	}{
		{"midnight", StartMidnight, 20, "2016-12-16T11:00", days, "2016-12-18T00:00", 37},
		{"the evening before", StartEveningBefore, 20, "2016-12-16T11:00", days, "2016-12-17T20:00", 37},
		{"an earlier evening", StartEveningBefore, 14, "2016-12-16T11:00", days, "2016-12-17T14:00", 37},
		{"the evening is over", StartEveningBefore, 20, "2016-12-17T21:30", days, "2016-12-17T21:30", 2.5},
		{"by hours", StartEveningBefore, 20, "2016-12-16T11:00", hours, "2016-12-18T00:00", 37},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			w.engine.StartAt, w.engine.EveningHour = c.startAt, c.hour
			w.at(c.now)
			p := do(w, w.engine.DecideForecast, "feeder", c.f).Proposal
			if p == nil || !p.StartsAt.Equal(clockAt(c.want)) || p.LeadH != c.lead {
				t.Fatalf("%s from %s, lead %v h; want %s, %v h", p.line(), p.StartsAt, p.LeadH, c.want, c.lead)
			}
			evening := c.startAt == StartEveningBefore
			if s := p.Trace.Settings; s.StartAt != c.startAt || (s.EveningHour == c.hour) != evening {
				t.Errorf("settings %+v", s)
			}
			said := strings.Contains(strings.Join(p.Trace.Words.ZH, "\n"), fmt.Sprintf("前一日 %d 时", c.hour))
			if said != (evening && c.name != "by hours") {
				t.Errorf("that it starts on an evening is said: %v", p.Trace.Words.ZH)
			}
			w.mustMatch()
		})
	}
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.engine.StartAt = StartEveningBefore
	live := do(w, w.engine.DecideDeclare, "duty", declaration(Red))
	do(w, w.engine.DecideApprove, "approver", Approve{live.ID, live.Revision})
	do(w, w.engine.DecideObservation, "feeder", observed("2016-12-16", 160))
	p := do(w, w.engine.DecideForecast, "feeder",
		forecast("2016-12-16T16:00", "2016-12-17", 100, 210, 220, 100, 100, 100)).Proposal
	if p == nil || p.Kind != KindDowngrade || p.StartsAt.Before(clockAt("2016-12-18T00:00")) {
		t.Errorf("lowered ahead of its day: %s", p.line())
	}
}
