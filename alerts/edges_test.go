package alerts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// A red warning above an orange forecast is lowered only where every day of the episode, and as far behind it as
// another spell would belong to it, is known by its PM2.5.
func TestNoDowngradeAroundADayThatIsNotKnown(t *testing.T) {
	first, pm10 := Date("2016-12-17"), aqi.Whole(70)
	known := forecast("2016-12-16T16:00", first, 210, 220, 100, 100, 100)
	hole := known
	hole.Days = append(append([]ForecastDay{}, known.Days[:2]...), known.Days[3:]...)
	without := known
	without.Days = append([]ForecastDay{}, known.Days...)
	without.Days[2] = ForecastDay{Date: first.AddDays(2), AQILow: 60, AQIHigh: 60, Primary: []string{"pm10"},
		Measured: Measured{PM10: &pm10}}
	for name, c := range map[string]struct {
		f    Forecast
		want ProposalKind
	}{"every day is known": {known, KindDowngrade}, "no value of a day behind it": {hole, ""},
		"no PM2.5 of a day behind it": {without, ""}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			live := do(w, w.engine.DecideDeclare, "duty", declaration(Red))
			do(w, w.engine.DecideApprove, "approver", Approve{live.ID, live.Revision})
			do(w, w.engine.DecideObservation, "feeder", observed("2016-12-16", 160))
			p := do(w, w.engine.DecideForecast, "feeder", c.f).Proposal
			if c.want == "" && p != nil || c.want != "" && (p == nil || p.Kind != c.want || p.Level != Orange) {
				t.Errorf("proposed %s, want %q", p.line(), c.want)
			}
			w.mustMatch()
		})
	}
}

// The officer holds one warning although the air is clean. The next warning, which the city orders into the same clean
// air, is another matter.
func TestADismissalDoesNotCoverAnotherWarning(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	do(w, e.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 100, 100, 100, 100))
	do(w, e.DecideObservation, "feeder", observed("2016-12-16", 100))
	first := do(w, e.DecideDeclare, "duty", declaration(Yellow))
	lift := w.open()
	if len(lift) != 1 || lift[0].Kind != KindLift || lift[0].WarningID != first.ID {
		t.Fatalf("open are %v", lift)
	}
	do(w, e.DecideDismiss, "duty", Dismiss{lift[0].ID, "等市级指令"})
	do(w, e.DecideReevaluate, "system", Reevaluate{})
	if open := w.open(); len(open) != 0 {
		t.Fatalf("raised again for the same warning: %s", open[0].line())
	}
	do(w, e.DecideLift, "duty", Lift{WarningID: first.ID, Revision: first.Revision})
	second := do(w, e.DecideDeclare, "duty", declaration(Yellow))
	if open := w.open(); len(open) != 1 || open[0].Kind != KindLift || open[0].WarningID != second.ID {
		t.Errorf("for %s, which nobody decided about, there is open: %v", second.ID, open)
	}
	w.mustMatch()
}

// The officer decides against a raise to orange and then raises to red: that the forecast asks for orange is news by
// then.
func TestADismissedUpgradeDoesNotCoverADowngradeToTheSameLevel(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	do(w, e.DecideObservation, "feeder", observed("2016-12-16", 160))
	live := do(w, e.DecideDeclare, "duty", declaration(Yellow))
	p := do(w, e.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 210, 220, 100, 100, 100)).Proposal
	if p == nil || p.Kind != KindUpgrade || p.Level != Orange {
		t.Fatalf("proposed %s", p.line())
	}
	do(w, e.DecideDismiss, "duty", Dismiss{p.ID, "会商意见不同"})
	live = do(w, e.DecideAdjust, "duty",
		Adjust{WarningID: live.ID, Revision: live.Revision, Level: Red, Trigger: CityOrder})
	do(w, e.DecideApprove, "approver", Approve{live.ID, live.Revision})
	if open := w.open(); len(open) != 1 || open[0].Kind != KindDowngrade || open[0].Level != Orange {
		t.Errorf("open are %v, want a downgrade to orange", open)
	}
	w.mustMatch()
}

// Up to an index of 50 there is no primary pollutant to be told (HJ 633, 4.4), so that one without it is not bare.
func TestABareIndexIsOneAbove50(t *testing.T) {
	for index, want := range map[int]string{0: "", 49: "", 50: "", 51: whyBareAQI} {
		got := Evaluate(byDay(days("2024-01-01", index)...), National2024(), plain).Days[0]
		if !got.Counted || got.Why != want {
			t.Errorf("AQI %d: counted %v, why %q, want %q", index, got.Counted, got.Why, want)
		}
	}
}

// Of two forecasts that a centre issued in the same minute the one that came later holds, by days and by hours, when it
// comes in and afterwards; one issued earlier never does.
func TestOfTwoForecastsIssuedAtOnceTheLaterReceivedHolds(t *testing.T) {
	byHour := func(issued string, aqi int) Forecast {
		f := Forecast{Source: "tianjin-emc", Region: district, IssuedAt: clockAt(issued), Days: []ForecastDay{}}
		for i := range 36 {
			f.Hours = append(f.Hours, Hour{At: Date("2016-12-17").Start().Add(time.Duration(i) * time.Hour), AQI: ptr(aqi)})
		}
		return f
	}
	byDays := func(issued string, aqi int) Forecast { return forecast(issued, "2016-12-17", aqi) }
	for name, of := range map[string]func(string, int) Forecast{"days": byDays, "hours": byHour} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			for _, c := range []struct {
				issued string
				aqi    int
				want   string // the kinds of the events
			}{
				{"2016-12-16T16:00", 210, "forecast.received proposal.raised"},
				{"2016-12-16T16:00", 90, "forecast.received proposal.withdrawn"},
				{"2016-12-16T15:59", 220, "forecast.received"},
				{"2016-12-16T16:00", 230, "forecast.received proposal.raised"},
			} {
				do(w, w.engine.DecideForecast, "feeder", of(c.issued, c.aqi))
				if got := w.events(); got != c.want {
					t.Errorf("%d of %s: events %q, want %q", c.aqi, c.issued, got, c.want)
				}
				do(w, w.engine.DecideReevaluate, "system", Reevaluate{})
				if got := w.events(); got != "" {
					t.Errorf("%d of %s, as it is stored: events %q", c.aqi, c.issued, got)
				}
			}
			w.mustMatch()
		})
	}
}

// A practice order confirms no real report, a real order none that was practised, and an order of one district none of
// another.
func TestACityOrderConfirmsAReportOfItsOwnKindAndRegionAlone(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	e.OwnDeclaration = OwnReportToCity
	for _, drill := range []bool{false, true} {
		in := declaration(Yellow)
		in.Trigger, in.Drill = OwnForecast, drill
		reported := do(w, e.DecideDeclare, "duty", in)
		if reported.State != Reported {
			t.Fatalf("it is %s", reported.State)
		}
		order := declaration(Orange)
		order.Activates = reported.ID
		other, elsewhere := order, order
		other.Drill = !drill
		elsewhere.Drill, elsewhere.Region = drill, "120112"
		for name, wrong := range map[string]Declare{"of the other kind": other, "of another district": elsewhere} {
			if _, err := try(w, e.DecideDeclare, "duty", wrong); refusal.CodeOf(err) != refusal.NotFound {
				t.Errorf("drill %v: an order %s: %v", drill, name, err)
			}
			if now := w.warning(reported.ID); !sameJSON(now, reported) {
				t.Errorf("drill %v: an order %s changed it to %+v", drill, name, now)
			}
		}
		do(w, e.DecideCancel, "duty", Cancel{reported.ID, reported.Revision, "试毕"})
	}
	w.mustMatch()
}

// Somebody else's order overrides our own forecast with any other level. An own declaration does where it is below what
// the forecast asks for, whether it accepts the proposal or passes it by, and says why; at or above, it is that person's
// judgement.
func TestWhatOverridesAProposal(t *testing.T) {
	for name, c := range map[string]struct {
		trigger  Trigger
		level    Level
		accepted bool
		reason   string
		want     int    // overrides
		rule     string // that it is refused for
	}{
		"the city, less":               {CityOrder, Yellow, false, "", 1, ""},
		"the city, more":               {CityOrder, Red, false, "", 1, ""},
		"the city, the same":           {CityOrder, Orange, false, "", 0, ""},
		"a linkage, less":              {RegionalLinkage, Yellow, false, "", 1, ""},
		"a work requirement, less":     {WorkRequirement, Yellow, false, "", 1, ""},
		"own, less":                    {OwnForecast, Yellow, false, "监测数据好于预报", 1, ""},
		"own, less, without a reason":  {OwnForecast, Yellow, false, "", 0, "warning.reason_below"},
		"own, less, blank":             {OwnForecast, Yellow, false, " \n", 0, "warning.reason_below"},
		"own, accepted and less":       {OwnForecast, Yellow, true, "监测数据好于预报", 1, ""},
		"own, accepted and no reason":  {OwnForecast, Yellow, true, "", 0, "warning.reason_below"},
		"own, advisory":                {OwnForecast, Advisory, false, "", 0, "warning.reason_below"},
		"own, the same":                {OwnForecast, Orange, false, "", 0, ""},
		"own, accepted":                {OwnForecast, Orange, true, "", 0, ""},
		"own, more":                    {OwnForecast, Red, false, "", 0, ""},
		"own, accepted and more":       {OwnForecast, Red, true, "", 0, ""},
		"the city's, accepted as such": {CityOrder, Orange, true, "", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 210, 220))
			open := w.open()
			if len(open) != 1 || open[0].Level != Orange {
				t.Fatalf("open are %v", open)
			}
			in := declaration(c.level)
			in.Trigger, in.Reason = c.trigger, c.reason
			if c.accepted {
				in.ProposalID = open[0].ID
			}
			got, err := try(w, w.engine.DecideDeclare, "duty", in)
			if c.rule != "" {
				if ruleAt(err, "reason") != c.rule {
					t.Errorf("refused for %v, want %s", err, c.rule)
				}
				if still := w.open(); len(still) != 1 {
					t.Errorf("open are %v", still)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			overrides := got.Overrides
			if got.Pending != nil && got.Pending.Overrides != nil {
				overrides = append(overrides, *got.Pending.Overrides)
			}
			want := []Override{{ProposalID: open[0].ID, Kind: KindStart, Level: Orange, Ordered: c.level, Trigger: c.trigger}}
			if !slices.Equal(overrides, want[:c.want]) {
				t.Errorf("overrides %+v, want %+v", overrides, want[:c.want])
			}
			w.mustMatch()
		})
	}
}

// A declaration that was rejected is compared anew when it is entered again.
func TestAnOwnDeclarationAgainBelowAProposal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 320, 320, 320, 320))
	if open := w.open(); len(open) != 1 || open[0].Level == Orange {
		t.Fatalf("open are %v", open)
	}
	in := declaration(Orange)
	in.Trigger, in.Reason = OwnForecast, "监测数据好于预报"
	got := do(w, w.engine.DecideDeclare, "duty", in)
	if got.State != PendingApproval || len(got.Overrides) != 1 {
		t.Fatalf("%s, overrides %+v", got.State, got.Overrides)
	}
	got = do(w, w.engine.DecideReject, "approver", Reject{WarningID: got.ID, Revision: got.Revision, Reason: "依据不足"})
	got = do(w, w.engine.DecideRevise, "duty", Revise{WarningID: got.ID, Revision: got.Revision, Level: Yellow})
	if len(got.Overrides) != 1 || got.Overrides[0].Ordered != Yellow {
		t.Errorf("overrides %+v", got.Overrides)
	}
	w.mustMatch()
}

// An own change to less than what is proposed for the warning says why as well, and is kept beside what was before.
func TestAnOwnChangeBelowAProposal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 210, 220))
	in := declaration(Yellow)
	in.Trigger, in.Reason = OwnForecast, "监测数据好于预报"
	got := do(w, w.engine.DecideDeclare, "duty", in)
	down := Adjust{WarningID: got.ID, Revision: got.Revision, Level: Advisory}
	if _, err := try(w, w.engine.DecideAdjust, "duty", down); ruleAt(err, "reason") != "warning.reason_below" {
		t.Errorf("a change below the proposal: %v", err)
	}
	down.Reason = "扩散条件转好"
	if got = do(w, w.engine.DecideAdjust, "duty", down); len(got.Overrides) != 2 {
		t.Errorf("overrides %+v", got.Overrides)
	}
	up := Adjust{WarningID: got.ID, Revision: got.Revision, Level: Orange}
	if got = do(w, w.engine.DecideAdjust, "duty", up); len(got.Overrides) != 2 {
		t.Errorf("overrides %+v", got.Overrides)
	}
	w.mustMatch()
}

// A telephone call approves within a day of it, and not before it was made but for what clocks differ by.
func TestATelephoneCallApprovesWithinADay(t *testing.T) {
	for name, c := range map[string]struct {
		ago  time.Duration
		want string
	}{
		"last year's":            {365 * 24 * time.Hour, "warning.called_at"},
		"yesterday's, a day ago": {24 * time.Hour, "warning.called_at"},
		"a minute less":          {24*time.Hour - time.Minute, ""}, "just now": {0, ""},
		"a clock that differs": {-clockSkew, ""},
		"a call to come":       {-clockSkew - time.Minute, "warning.called_at"},
	} {
		w := newWorld(t, t.TempDir())
		pending := w.in(phasePending)
		_, err := try(w, w.engine.DecideEmergencyApprove, "duty",
			EmergencyApprove{WarningID: pending.ID, Revision: pending.Revision,
				Authority: "分管副区长", CalledAt: w.now.Add(-c.ago), Reason: "审批人联系不上"})
		if got := ruleAt(err, "called_at"); c.want != "" && got != c.want || c.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && !sameJSON(w.warning(pending.ID), pending) {
			t.Errorf("%s: a refused call changed it", name)
		}
		if err != nil && strings.Contains(err.Error(), "{") {
			t.Errorf("%s: %v", name, err)
		}
		w.close()
	}
}
