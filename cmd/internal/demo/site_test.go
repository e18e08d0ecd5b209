package demo

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/simulate"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/reductionlist"
	"qingkong/seeds"
)

// listed is a recipient of the embedded list.
func listed(t *testing.T, id string) *reductionlist.Recipient {
	t.Helper()
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func siteFor(t *testing.T, id string) *site {
	t.Helper()
	s, err := siteOf(listed(t, id))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every MN that the list has of the twelve is simulated with the factors that are expected of it, and no other: what an
// instrument is named for is told by its name.
func TestTheListsStationsAreSimulated(t *testing.T) {
	n := 0
	for _, id := range siteIDs() {
		r, s := listed(t, id), siteFor(t, id)
		var mns []string
		for _, st := range s.stations {
			n++
			mns = append(mns, st.MN())
			reg := st.Registered()
			if reg.Name != marked(reg.Outlets[0].Name) || reg.Recipient != id || !telemetry.ValidMN(reg.MN) {
				t.Errorf("%+v", reg)
			}
			for _, e := range reductionlist.ExpectedOf(r) {
				if f, _ := reg.Factor(e.Factor); e.Ref == reg.MN && f == nil {
					t.Errorf("%s has no %s, by which %s is watched", e.Ref, e.Factor, e.Measure)
				}
			}
		}
		if !slices.Equal(mns, r.Stations()) {
			t.Errorf("%s: %v, the list has %v", id, mns, r.Stations())
		}
	}
	if n < 12 {
		t.Errorf("%d stations", n)
	}
}

// at is what a station of a site says of a factor: hours, or five minutes of a furnace, from a time on and before
// another.
func (s *site) at(t *testing.T, mn, factor string, step telemetry.Step, from, to time.Time) (out []telemetry.Reading) {
	t.Helper()
	i := slices.IndexFunc(s.stations, func(st *simulate.Station) bool { return st.MN() == mn })
	for sent, err := range s.stations[i].Backfill(from, to.Add(time.Minute), step) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range sent.Readings {
			if r.Point == telemetry.PointOf(mn, factor) && (step != telemetry.Minute || r.Span == 5) {
				out = append(out, r)
			}
		}
	}
	return out
}

// kept says whether a criterion is kept from a time on and for a day, and what comes nearest to its limit.
func (s *site) kept(t *testing.T, e reductionlist.Expected, from time.Time) (yes bool, worst float64) {
	to := from.Add(24 * time.Hour)
	switch e.Criterion.Kind {
	case reductionlist.HourMassAtMost, reductionlist.HourConcentrationAtMost:
		kind := telemetry.Total
		if e.Criterion.Kind == reductionlist.HourConcentrationAtMost {
			kind = telemetry.ZsAvg
		}
		for _, r := range s.at(t, e.Ref, e.Factor, telemetry.Hour, from, to) {
			v, _ := r.Values.Get(kind)
			worst = max(worst, v)
		}
		return worst > 0 && worst <= e.Criterion.Limit, worst
	case reductionlist.DayTotalAtMost:
		for _, r := range s.at(t, e.Ref, e.Factor, telemetry.Hour, from, to) {
			v, _ := r.Values.Get(telemetry.Avg)
			worst += v
		}
		return worst > 0 && worst <= e.Criterion.Limit, worst
	case reductionlist.FiveMinuteMeanAtLeast:
		worst = math.Inf(1)
		for _, r := range s.at(t, e.Ref, e.Factor, telemetry.Minute, from, to) {
			v, _ := r.Values.Get(telemetry.Avg)
			worst = min(worst, v)
		}
		return worst >= e.Criterion.Limit, worst
	}
	t.Fatalf("%+v", e)
	return false, 0
}

// The plants pass what a warning limits as long as nobody orders it, but keep their furnaces hot and their gas within
// its concentration; under an order they keep each criterion of their stations.
func TestPlantsKeepCriteriaUnderAnOrder(t *testing.T) {
	ordered := time.Date(2026, 3, 4, 8, 0, 0, 0, hj212.Beijing)
	for _, id := range []string{"E0001", "E0002"} {
		r := listed(t, id)
		for _, level := range []alerts.Level{alerts.Advisory, alerts.Red} {
			t.Run(fmt.Sprint(id, " ", level), func(t *testing.T) {
				s := siteFor(t, id)
				o := order{ID: "O1", State: "open", EffectiveFrom: ordered}
				for _, m := range r.Measures {
					if slices.Contains(m.Levels, level) {
						o.Measures = append(o.Measures, m)
					}
				}
				if err := s.follow([]order{o}, ordered); err != nil {
					t.Fatal(err)
				}
				for _, e := range reductionlist.ExpectedOf(r) {
					if !slices.Contains(e.Levels, level) || !slices.Contains(r.Stations(), e.Ref) {
						continue
					}
					before, was := s.kept(t, e, ordered.Add(-24*time.Hour))
					after, is := s.kept(t, e, ordered.Add(16*time.Hour))
					limits := e.Criterion.Kind == reductionlist.HourMassAtMost || e.Criterion.Kind == reductionlist.DayTotalAtMost
					if !after || before == limits {
						t.Errorf("%s.%s %s: %.2f before the order, %.2f under it", e.Ref, e.Factor, e.Criterion, was, is)
					}
				}
			})
		}
	}
}

// meterKept says whether a criterion is kept at a meter from a time on and for a day, and what comes nearest to its
// limit. What is usual is the same day of the week before.
func (s *site) meterKept(t *testing.T, e reductionlist.Expected, from time.Time) (yes bool, worst float64) {
	t.Helper()
	i := slices.IndexFunc(s.meters, func(m *simulate.Meter) bool { return m.Ref == e.Ref && m.Factor == e.Factor })
	if i < 0 {
		t.Fatalf("%s is not simulated", e.Ref)
	}
	m := s.meters[i]
	day, _ := m.Message(from, from.Add(24*time.Hour))
	sum := func(msg simulate.Message) (sum, least, most float64) {
		least = math.Inf(1)
		for _, r := range msg.Readings {
			sum, least, most = sum+r.Value, min(least, r.Value), max(most, r.Value)
		}
		return sum, least, most
	}
	total, least, most := sum(day)
	switch c := e.Criterion; c.Kind {
	case reductionlist.AtLeastRate:
		return least >= c.Limit, least
	case reductionlist.Stopped:
		return most <= idleShare*m.Plant.Power, most
	case reductionlist.DayTotalAtMost:
		return total > 0 && total <= c.Limit, total
	case reductionlist.FractionOfBaseline:
		usual, _ := m.Message(from.AddDate(0, 0, -7), from.AddDate(0, 0, -6))
		base, _, _ := sum(usual)
		return total <= c.Limit*base, total / base
	case reductionlist.NoVehicleBelow:
		for _, pass := range day.Passes {
			if slices.Index(reductionlist.VehicleStandards, pass.Standard) < slices.Index(reductionlist.VehicleStandards, c.Standard) {
				worst++
			}
		}
		return worst == 0 && len(day.Passes) > 0, worst
	}
	t.Fatalf("%+v", e)
	return false, 0
}

// Each instrument that the list names of the twelve and that is no station is simulated; what it says keeps its criterion
// under an order and not before, but for the enterprise that does half.
func TestMetersKeepCriteriaUnderAnOrder(t *testing.T) {
	ordered := time.Date(2026, 3, 3, 8, 0, 0, 0, hj212.Beijing)
	for _, id := range siteIDs() {
		r := listed(t, id)
		for _, level := range []alerts.Level{alerts.Yellow, alerts.Red} {
			s := siteFor(t, id)
			o := order{ID: "O1", State: "open", EffectiveFrom: ordered}
			for _, m := range r.Measures {
				if slices.Contains(m.Levels, level) {
					o.Measures = append(o.Measures, m)
				}
			}
			if err := s.follow([]order{o}, ordered); err != nil {
				t.Fatal(err)
			}
			for _, e := range reductionlist.ExpectedOf(r) {
				if !slices.Contains(e.Levels, level) || slices.Contains(r.Stations(), e.Ref) {
					continue
				}
				before, was := s.meterKept(t, e, ordered.Add(-24*time.Hour))
				after, is := s.meterKept(t, e, ordered.Add(16*time.Hour))
				usually := e.Ref == "CZ-E0002-2" // it takes away less than it may
				if after == (id == halfSite) || before != usually {
					t.Errorf("%s at %s, %s %s: %.2f before the order, %.2f under it", id, level, e.Ref, e.Criterion, was, is)
				}
			}
		}
	}
}

// A load is followed for as long as an order is open, and once: half of it by the one that does half.
func TestOrdersAreFollowedUntilTheyEnd(t *testing.T) {
	from := time.Date(2026, 3, 4, 8, 0, 0, 0, hj212.Beijing)
	m := reductionlist.Measure{ID: "M1", CompleteWithinH: 4, Monitors: []reductionlist.Monitor{{Source: reductionlist.Power,
		Criterion: reductionlist.Criterion{Kind: reductionlist.FractionOfBaseline, Limit: 0.56}}}}
	for id, want := range map[string]float64{"E0005": 0.5, halfSite: 0.75} {
		s := siteFor(t, id)
		m.Monitors[0].Ref = "XQ-" + id + "-1"
		w := s.behind[m.Monitors[0].Ref]
		if w == nil {
			t.Fatalf("nothing stands behind the meter of %s", id)
		}
		share := func(after time.Duration) float64 { return w.Load(from.Add(after)) / w.Usual(from.Add(after)) }
		open := []order{{ID: "O1", State: "open", EffectiveFrom: from, Measures: []reductionlist.Measure{m}}}
		for range 2 {
			if err := s.follow(open, from.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if got := share(5 * time.Hour); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s runs at %.3f of its load, not %.3f", id, got, want)
		}
		open[0].State = "released"
		if err := s.follow(open, from.Add(6*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := share(9 * time.Hour); got != 1 {
			t.Errorf("%s runs at %.3f of its load once nothing is ordered", id, got)
		}
	}
}
