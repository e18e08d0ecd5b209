package alerts

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// line is a proposal in one line: kind level first..last.
func (p *Proposal) line() string {
	if p == nil {
		return "-"
	}
	end := "further notice"
	if p.EndsAt != nil {
		end = p.EndsAt.Format("01-02T15")
	}
	return fmt.Sprintf("%s %s %s to %s", p.Kind, p.Level, p.StartsAt.Format("01-02T15"), end)
}

// The episode of December 2016 as the days went by: at 17:00 the day is measured and the next five are forecast as
// they then were; an officer and an approver do at once what is proposed.
//
//	12-12  16 and 17 are 155 and 238: >150 for 48 h: yellow from 16
//	12-13  18 comes into view with 340: >150 for 72 h, and >200 for 48 h: orange from 16
//	12-14  19: three days above 200, one above 300: red, from the episode's first day on
//	12-15…21  further days above 200 at the level there is already: nothing
//	12-20  22 is to be 134 and 23 65, clean from 12-22T00 on: in 31 h, more than the 24 h ahead
//	12-21  313 observed, but in 7 h the air clears for 36 h: lift, with that end
//	12-22  at 00:00 its end has lifted it
func TestTianjinDecember2016DayByDay(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	aqi := map[Date]int{"2016-12-11": 90, "2016-12-12": 118, "2016-12-13": 120, "2016-12-14": 82, "2016-12-15": 79,
		"2016-12-16": 155,
		"2016-12-17": 238, "2016-12-18": 340, "2016-12-19": 293, "2016-12-20": 292, "2016-12-21": 313, "2016-12-22": 134,
		"2016-12-23": 65, "2016-12-24": 100, "2016-12-25": 120, "2016-12-26": 110, "2016-12-27": 99}
	var got []string
	for today := Date("2016-12-11"); today <= "2016-12-22"; today = today.AddDays(1) {
		w.at(string(today) + "T17:00").fire()
		do(w, w.engine.DecideObservation, "feeder", observed(today, aqi[today]))
		var next []int
		for i := 1; i <= 5; i++ {
			next = append(next, aqi[today.AddDays(i)])
		}
		p := do(w, w.engine.DecideForecast, "feeder", forecast(string(today)+"T17:00", today.AddDays(1), next...)).Proposal
		line := string(today[5:]) + " " + p.line()
		if p != nil {
			line += " " + string(w.accept(p).State)
		}
		got = append(got, line)
	}
	want := []string{
		"12-11 -",
		"12-12 start yellow 12-16T00 to 12-18T00 scheduled",
		"12-13 upgrade orange 12-16T00 to 12-19T00 scheduled",
		"12-14 upgrade red 12-16T00 to 12-20T00 scheduled",
		"12-15 -",
		"12-16 -",
		"12-17 -",
		"12-18 -",
		"12-19 -",
		"12-20 -",
		"12-21 lift none 12-22T00 to 12-22T00 active",
		"12-22 -",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	w.mustMatch()
}

// accept does what a proposal suggests, with a second person where one is needed. A start has no end, so that the
// story shows the lift.
func (w *world) accept(p *Proposal) *Warning {
	w.t.Helper()
	e := w.engine
	var got *Warning
	if p.Kind == KindStart {
		in := declaration(p.Level)
		in.Trigger, in.StartsAt, in.ProposalID = OwnForecast, &p.StartsAt, p.ID
		got = do(w, e.DecideDeclare, "duty", in)
	} else {
		now := w.warning(p.WarningID)
		if p.Kind == KindLift {
			return do(w, e.DecideLift, "duty",
				Lift{WarningID: now.ID, Revision: now.Revision, EndsAt: p.EndsAt, ProposalID: p.ID})
		}
		if p.Kind == KindRevise {
			in := Revise{WarningID: now.ID, Revision: now.Revision, EndsAt: p.EndsAt, NoEnd: p.NoEnd, ProposalID: p.ID}
			if now.State == Scheduled {
				in.StartsAt = &p.StartsAt
			}
			got = do(w, e.DecideRevise, "duty", in)
		} else {
			got = do(w, e.DecideAdjust, "duty",
				Adjust{WarningID: now.ID, Revision: now.Revision, Level: p.Level, StartsAt: &p.StartsAt, ProposalID: p.ID})
		}
	}
	if got.State == PendingApproval || got.Pending != nil {
		got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision})
	}
	if closed := w.proposal(p.ID); closed.State != StateAccepted || closed.WarningID != got.ID {
		w.t.Errorf("proposal %+v", closed)
	}
	if len(w.timersOf(got.ID)) == 0 && got.State == Scheduled {
		w.t.Errorf("%s is scheduled without a timer", got.ID)
	}
	return got
}

func (w *world) timersOf(id string) (out []string) {
	for name := range w.liveFx.timers {
		if strings.HasSuffix(name, "/"+id) {
			out = append(out, name)
		}
	}
	return out
}

func TestProposalIsRaisedOnceUpdatedInPlaceAndWithdrawn(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	step := func(name, want string, p *Proposal, line string) {
		t.Helper()
		if got := w.events(); got != want {
			t.Errorf("%s: events %q, want %q", name, got, want)
		}
		if p.line() != line {
			t.Errorf("%s: %s, want %s", name, p.line(), line)
		}
		if n := len(w.open()); n > 1 || n == 1 != (p != nil) {
			t.Errorf("%s: %d proposals are open", name, n)
		}
		w.mustMatch()
	}
	first := forecast("2016-12-16T17:00", "2016-12-17", 210, 100)
	r := do(w, e.DecideForecast, "feeder", first)
	step("raised", "forecast.received proposal.raised", r.Proposal, "start yellow 12-17T00 to 12-18T00")
	if p := r.Proposal; p.ID != "P20161216-01" || p.ForecastID != "F20161216-01" || p.LeadH != 7 || p.Revision != 1 ||
		p.Criteria != "national-2024" {
		t.Errorf("%+v", p)
	}
	again := do(w, e.DecideForecast, "feeder", first)
	step("the same forecast", "", again.Proposal, "start yellow 12-17T00 to 12-18T00")
	if again.ID != r.ID {
		t.Errorf("id %s, want %s", again.ID, r.ID)
	}
	w.at("2016-12-16T18:30")
	if open := do(w, e.DecideReevaluate, "timer", Reevaluate{}); len(open) != 1 {
		t.Errorf("open %v", open)
	}
	step("only time has passed", "", w.open()[0], "start yellow 12-17T00 to 12-18T00")
	r = do(w, e.DecideForecast, "feeder", forecast("2016-12-16T18:00", "2016-12-17", 210, 310, 205))
	step("updated", "forecast.received proposal.updated", r.Proposal, "start red 12-17T00 to 12-20T00")
	if p := r.Proposal; p.ID != "P20161216-01" || p.Revision != 2 || p.LeadH != 5.5 ||
		!p.RaisedAt.Equal(clockAt("2016-12-16T17:00")) {
		t.Errorf("%+v", p)
	}
	r = do(w, e.DecideForecast, "feeder", forecast("2016-12-16T17:30", "2016-12-17", 50, 50, 50))
	step("an older forecast that came late", "forecast.received", r.Proposal, "start red 12-17T00 to 12-20T00")
	r = do(w, e.DecideForecast, "feeder", forecast("2016-12-16T18:20", "2016-12-17", 50, 50, 50))
	step("withdrawn", "forecast.received proposal.withdrawn", r.Proposal, "-")
	if p := w.proposal("P20161216-01"); p.State != StateWithdrawn || p.ClosedAt == nil {
		t.Errorf("%+v", p)
	}
	if s := strings.Join(w.liveFx.sent, ","); s != "proposal P20161216-01/1,proposal P20161216-01/2" {
		t.Errorf("sent %s", s)
	}
	if m := w.message(TopicProposal, "P20161216-01/1"); m.Subject != "qingkong.proposal.yellow" || m.Stream ||
		!strings.Contains(string(m.Payload), `"level":"yellow"`) {
		t.Errorf("the first message changed: %+v", m)
	}
}

func TestPastDaysOpenNoProposal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	if p := do(w, e.DecideObservation, "feeder", observed("2016-12-12", 210, 310, 210, 100)).Proposal; p != nil {
		t.Errorf("proposed %s for what is past", p.line())
	}
	if p := do(w, e.DecideForecast, "feeder", forecast("2016-12-12T17:00", "2016-12-10", 310, 310)).Proposal; p != nil {
		t.Errorf("proposed %s for what is past", p.line())
	}
	// 14 was observed at 210; 15 with 100 lies between; 17 is a new spell 48 h later and is judged by itself.
	if p := do(w, e.DecideForecast, "feeder",
		forecast("2016-12-16T17:00", "2016-12-17", 210)).Proposal; p.line() != "start yellow 12-17T00 to 12-18T00" {
		t.Errorf("proposed %s", p.line())
	}
}

// A run that began on measured days and goes on in the forecast counts whole, and starts now.
func TestObservedAndForecastDaysMakeOneRun(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	do(w, w.engine.DecideObservation, "feeder", observed("2016-12-15", 155, 160))
	p := do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-16", 80, 170)).Proposal
	if p.line() != "start orange 12-16T17 to 12-18T00" || p.LeadH != 0 {
		t.Fatalf("%s, lead %v", p.line(), p.LeadH)
	}
	var got []string
	for _, d := range p.Trace.Days {
		got = append(got, fmt.Sprintf("%s %d %s %s", d.Date, *d.AQI, d.Source, d.ForecastID))
	}
	want := []string{"2016-12-15 155 observation ", "2016-12-16 160 observation ", "2016-12-17 170 forecast F20161216-01"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("days %q, want %q", got, want)
	}
}

func TestTraceNamesClausesExclusionsAndSettings(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	f := forecast("2016-12-16T17:00", "2016-12-17", 210, 320, 220)
	f.Days[2].Cause = Dust
	p := do(w, w.engine.DecideForecast, "feeder", f).Proposal
	got, err := json.MarshalIndent(p.Trace, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var trace struct {
		Clauses []struct {
			Level, Clause string
			Met           bool
			Windows       []struct {
				From, To       string
				AQIMin, AQIMax int
			}
		}
		Excluded []struct{ Date, Reason string }
		Settings map[string]any
	}
	if err := json.Unmarshal(got, &trace); err != nil {
		t.Fatal(err)
	}
	var met []string
	for _, c := range trace.Clauses {
		met = append(met, fmt.Sprint(c.Level, " ", c.Clause, " ", c.Met))
	}
	wantMet := []string{"yellow >200 24h true", "yellow >150 48h true", "orange >200 48h true", "orange >150 72h false",
		"red >200 72h and >300 24h false"}
	if !reflect.DeepEqual(met, wantMet) {
		t.Errorf("clauses %q, want %q", met, wantMet)
	}
	if len(trace.Excluded) != 1 || trace.Excluded[0].Date != "2016-12-19" || trace.Excluded[0].Reason != "dust" {
		t.Errorf("excluded %v", trace.Excluded)
	}
	wantSettings := map[string]any{"criteria": "national-2024", "document": "环大气〔2024〕6号", "range": "high",
		"merge_gap_h": 36.0, "merge": "strict",
		"lift_h": 36.0, "lift_rule": "at_most", "lift_at_most": 150.0, "lift_step": "day", "lift_lead_h": 24.0,
		"lead_h": 24.0, "over_300_consecutive": false,
		"aqi_mismatch": 10.0, "dust_suspect": "tell", "forecast_max_age_h": 72.0, "forecast_max_lead_d": 10.0,
		"start_at": "midnight"}
	if !reflect.DeepEqual(trace.Settings, wantSettings) {
		t.Errorf("settings %v", trace.Settings)
	}
}

func TestRangeSettingChoosesTheValue(t *testing.T) {
	for setting, want := range map[string]string{
		RangeHigh:   "start red 12-17T00 to 12-20T00",    // 301, 301, 301
		RangeMiddle: "start orange 12-17T00 to 12-20T00", // 276, 276, 276
		RangeLow:    "start orange 12-17T00 to 12-20T00", // 251, 251, 251
	} {
		w := newWorld(t, t.TempDir())
		w.engine.Range = setting
		if p := do(w, w.engine.DecideForecast, "feeder",
			forecast("2016-12-16T17:00", "2016-12-17", 301, 301, 301)).Proposal; p.line() != want {
			t.Errorf("%s: %s, want %s", setting, p.line(), want)
		}
		w.close()
	}
	if v := (Settings{Range: RangeMiddle}).value(100, 201); v != 151 {
		t.Errorf("the middle of 100 and 201 is %d, want 151", v)
	}
}

func TestDismissedBasisIsNotRaisedAgainButAnotherLevelIs(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	p := do(w, e.DecideForecast, "feeder", forecast("2016-12-16T15:00", "2016-12-17", 210, 100)).Proposal
	closed := do(w, e.DecideDismiss, "duty", Dismiss{p.ID, "局地短时过程"})
	if stored := w.proposal(p.ID); !sameJSON(stored, closed) || stored.State != StateDismissed ||
		stored.Reason != "局地短时过程" || stored.ClosedBy != "duty" {
		t.Errorf("answered %+v\nstored   %+v", closed, stored)
	}
	if _, err := try(w, e.DecideDismiss, "duty", Dismiss{p.ID, "再次"}); refusal.CodeOf(err) != refusal.TransitionRefused {
		t.Errorf("dismissed twice: %v", err)
	}
	if _, err := try(w, e.DecideDeclare, "duty", Declare{Level: Yellow, Trigger: OwnForecast, Region: district,
		ProposalID: p.ID}); refusal.CodeOf(err) != refusal.TransitionRefused {
		t.Errorf("declared from a dismissed proposal: %v", err)
	}
	if r := do(w, e.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 220, 100)).Proposal; r != nil {
		t.Errorf("raised again: %s", r.line())
	}
	if r := do(w, e.DecideForecast, "feeder",
		forecast("2016-12-16T16:30", "2016-12-17", 220, 230)).Proposal; r.line() != "start orange 12-17T00 to 12-19T00" {
		t.Errorf("another level: %s", r.line())
	}
	w.mustMatch()
}

func TestAnotherEpisodeIsRaisedAfterADismissal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	p := do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T15:00", "2016-12-17", 210)).Proposal
	do(w, w.engine.DecideDismiss, "duty", Dismiss{p.ID, "局地短时过程"})
	w.at("2016-12-20T17:00")
	if r := do(w, w.engine.DecideForecast, "feeder",
		forecast("2016-12-20T15:00", "2016-12-21", 210)).Proposal; r.line() != "start yellow 12-21T00 to 12-22T00" {
		t.Errorf("%s", r.line())
	}
}

// What is proposed while a warning is live. Today is 12-16, 17:00.
func TestProposalsForALiveWarning(t *testing.T) {
	for _, c := range []struct {
		name  string
		level Level
		seen  int // observed today; -1 = not observed
		ahead []int
		want  string
	}{
		{"higher level ahead", Yellow, 160, []int{210, 220, 100}, "upgrade orange 12-16T17 to 12-19T00"},
		{"higher level beyond the merge gap", Yellow, 160, []int{160, 100, 100, 100, 310, 310, 310}, "-"},
		{"same level", Orange, 160, []int{210, 220, 100}, "-"},
		{"lower level", Red, 160, []int{210, 220, 100, 100}, "downgrade orange 12-16T17 to 12-19T00"},
		{"lower level, but the forecast ends less than the merge gap after the episode", Red, 160, []int{210, 220, 100}, "-"},
		{"any level is above a work requirement", Advisory, 160, []int{210, 100}, "upgrade yellow 12-16T17 to 12-18T00"},
		{"clean for 36 h", Red, 150, []int{150, 150, 300}, "lift none 12-16T17 to 12-16T17"},
		{"today is not clean, from tomorrow on it is", Red, 151, []int{100, 100}, "lift none 12-17T00 to 12-17T00"},
		{"clean in more than a day", Yellow, 151, []int{151, 100, 100}, "-"},
		{"the 36th hour is not clean", Yellow, 100, []int{100, 151}, "-"},
		{"an unknown day is not clean", Red, 100, []int{100}, "-"},
		{"not observed, from tomorrow on it is clean", Red, -1, []int{100, 100, 100}, "lift none 12-17T00 to 12-17T00"},
		{"nothing is known of today and the forecast is short", Red, -1, []int{100}, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			live := do(w, w.engine.DecideDeclare, "duty", declaration(c.level))
			if live.State == PendingApproval {
				do(w, w.engine.DecideApprove, "approver", Approve{live.ID, live.Revision})
			}
			p := do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", c.ahead...)).Proposal
			if c.seen >= 0 {
				p = do(w, w.engine.DecideObservation, "feeder", observed("2016-12-16", c.seen)).Proposal
			}
			if p.line() != c.want {
				t.Errorf("%s, want %s", p.line(), c.want)
			}
			if p != nil && p.WarningID != live.ID {
				t.Errorf("for warning %q", p.WarningID)
			}
			w.mustMatch()
		})
	}
}

// A city order that comes beside an open proposal leaves one that fits the warning there is now.
func TestCityOrderBesideAnOpenProposal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	p := do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 210, 220)).Proposal
	w.events()
	do(w, w.engine.DecideDeclare, "duty", declaration(Yellow))
	if s := w.events(); s != "warning.declared warning.activated proposal.updated" {
		t.Errorf("events %s", s)
	}
	if got := w.proposal(p.ID); got.line() != "upgrade orange 12-16T17 to 12-19T00" {
		t.Errorf("%s", got.line())
	}
	if _, err := try(w, w.engine.DecideLift, "duty", Lift{WarningID: "W20161216-01", Revision: 2,
		ProposalID: p.ID}); ruleAt(err, "proposal_id") != "proposal.other_kind" {
		t.Errorf("lifted from an upgrade: %v", err)
	}
}

func TestDrillForecastProposesADrillAlone(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	f := forecast("2016-12-16T16:00", "2016-12-17", 210, 310, 210)
	f.Drill = true
	p := do(w, w.engine.DecideForecast, "feeder", f).Proposal
	if p.ID != "PD20161216-01" || !p.Drill || p.Level != Red {
		t.Errorf("%+v", p)
	}
	if m := w.message(TopicProposal, "PD20161216-01/1"); m.Subject != "qingkong.drill.proposal.red" {
		t.Errorf("subject %s", m.Subject)
	}
	if q := do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 100)).Proposal; q != nil {
		t.Errorf("the drill's days reached the live proposal: %s", q.line())
	}
	if _, err := try(w, w.engine.DecideDeclare, "duty", Declare{Level: Red, Trigger: OwnForecast, Region: district,
		ProposalID: p.ID}); ruleAt(err, "proposal_id") != "proposal.not_here" {
		t.Errorf("a live warning from a drill's proposal: %v", err)
	}
}

func TestRefusedForItsTime(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	if _, err := try(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T18:01", "2016-12-17", 210)); ruleAt(err,
		"issued_at") != "forecast.issued_in_future" {
		t.Errorf("issued in the future: %v", err)
	}
	if _, err := try(w, w.engine.DecideObservation, "feeder", observed("2016-12-16", 100, 100)); ruleAt(err,
		"days[1].date") != "observation.in_future" {
		t.Errorf("observed in the future: %v", err)
	}
}

func TestLaterObservationWins(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	do(w, e.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 160))
	w.events()
	steps := []struct {
		aqi    int
		events string
	}{{160, "observation.received proposal.raised"}, {160, ""}, {140, "observation.received proposal.withdrawn"}}
	for _, s := range steps {
		do(w, e.DecideObservation, "feeder", observed("2016-12-16", s.aqi))
		if got := w.events(); got != s.events {
			t.Errorf("%d: events %q, want %q", s.aqi, got, s.events)
		}
	}
	w.mustMatch()
}

func TestListProposalsByState(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	for i, aqi := range []int{210, 50, 220} {
		w.now = clockAt(fmt.Sprintf("2016-12-16T1%d:00", i))
		do(w, w.engine.DecideForecast, "feeder", forecast(fmt.Sprintf("2016-12-16T1%d:00", i), "2016-12-17", aqi))
	}
	for state, want := range map[string]string{"": "[P20161216-02 P20161216-01]", "open": "[P20161216-02]",
		"withdrawn": "[P20161216-01]", "accepted": "[]"} {
		w.view(func(tx *bbolt.Tx) error {
			page, err := ListProposals(tx, state, "", 10)
			ids := []string{}
			for _, p := range page.Items {
				ids = append(ids, p.ID)
			}
			if got := fmt.Sprint(ids); got != want || page.Total != len(ids) {
				t.Errorf("%q: %s of %d, want %s", state, got, page.Total, want)
			}
			return err
		})
	}
}

// Once another level has been raised, the earlier dismissal no longer holds.
func TestDismissalEndsWhenAnotherLevelIsRaised(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	feed := func(issued string, aqi ...int) string {
		return do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T"+issued, "2016-12-17", aqi...)).Proposal.line()
	}
	feed("12:00", 210, 100)
	do(w, w.engine.DecideDismiss, "duty", Dismiss{"P20161216-01", "局地短时过程"})
	for _, s := range []struct{ issued, got, want string }{
		{"13:00", feed("13:00", 210, 100), "-"},
		{"14:00", feed("14:00", 210, 220), "start orange 12-17T00 to 12-19T00"},
		{"15:00", feed("15:00", 100, 100), "-"},
		{"16:00", feed("16:00", 210, 100), "start yellow 12-17T00 to 12-18T00"},
	} {
		if s.got != s.want {
			t.Errorf("%s: %s, want %s", s.issued, s.got, s.want)
		}
	}
}

// While a raise waits for its second person, a level between the two asks for no other level.
func TestNoDowngradeWhileARaiseIsPending(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	live := w.in(phaseActiveRaise)
	p := do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 210, 220)).Proposal
	// But its end, 12-18T17, lies before the episode's.
	if live.Level != Yellow || live.Pending.Level != Red || p.line() != "revise yellow 12-16T17 to 12-19T00" {
		t.Errorf("%+v: proposed %s", live.Pending, p.line())
	}
}

// A clean day and a half does not lift a warning in whose own period an episode is still to come.
func TestNoLiftBeforeAnEpisodeWithinTheWarning(t *testing.T) {
	for ends, want := range map[string]string{"2016-12-22T00:00": "-",
		"2016-12-19T00:00": "lift none 12-16T17 to 12-16T17"} {
		w := newWorld(t, t.TempDir())
		in := declaration(Yellow)
		in.EndsAt = ptr(clockAt(ends))
		do(w, w.engine.DecideDeclare, "duty", in)
		do(w, w.engine.DecideObservation, "feeder", observed("2016-12-16", 100))
		p := do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 100, 100, 210)).Proposal
		if p.line() != want {
			t.Errorf("until %s: %s, want %s", ends, p.line(), want)
		}
		w.close()
	}
}

func TestForecastIsKeptAsReceived(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	f := forecast("2016-12-16T16:00", "2016-12-17", 210)
	id := do(w, w.engine.DecideForecast, "feeder", f).ID
	w.view(func(tx *bbolt.Tx) error {
		got, err := GetForecast(tx, id)
		if err == nil && !sameJSON(got, f) {
			t.Errorf("%+v", got)
		}
		if _, missing := GetForecast(tx, "F1"); refusal.CodeOf(missing) != refusal.NotFound {
			t.Errorf("no such forecast: %v", missing)
		}
		return err
	})
}

func TestDecodeRefusesAnotherKind(t *testing.T) {
	for _, c := range []struct{ kind, data string }{{"alerts.warning.forgotten", "{}"}, {"alerts.warning.lifted", "["}} {
		if ev, err := Decode(c.kind, []byte(c.data)); err == nil {
			t.Errorf("%s %s: %+v", c.kind, c.data, ev)
		}
	}
}
