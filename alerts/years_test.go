package alerts

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// winter is a made-up season of daily indexes: spells of bad air of every length, gaps of a day or two, edges of the
// clauses.
func winter(seed uint64, days int) (aqi []int) {
	rnd := rand.New(rand.NewPCG(seed, 16))
	for len(aqi) < days {
		for range 1 + rnd.IntN(6) {
			aqi = append(aqi, oneOf(rnd.IntN, 151, 160, 200, 201, 210, 250, 301, 320, 500))
		}
		for range 1 + rnd.IntN(4) {
			aqi = append(aqi, oneOf(rnd.IntN, 60, 90, 120, 150, 151, 180))
		}
	}
	return aqi[:days]
}

// season is a series of days that is played day by day at 17:00, with the next days as its forecast.
type season struct {
	*world
	first   Date
	aqi     []int
	horizon int
	whole   []modelSpell // of all of it, in hours since the day before the first
	changed []change
}

// change is a level that was given up or taken, and when.
type change struct {
	at   time.Time
	down bool
	line string
}

// play accepts what is proposed and checks after each day what has to hold then.
func (s *season) play(t *testing.T) {
	all := newHourModel(byDay(days(s.first, s.aqi...)...), s.engine.Criteria.Counts, s.engine.Evaluating())
	s.whole = joined(all.met(s.engine.Criteria, s.engine.Evaluating()), s.engine.MergeGapH)
	for i := range s.aqi {
		today := s.first.AddDays(i)
		s.at(string(today) + "T17:00").fire()
		do(s.world, s.engine.DecideObservation, "feeder", observed(today, s.aqi[i]))
		next := s.aqi[i+1 : min(i+1+s.horizon, len(s.aqi))]
		if len(next) > 0 {
			s.ahead(next...)
		}
		for _, line := range s.acceptAll() {
			kind, _, _ := strings.Cut(line, " ")
			s.changed = append(s.changed, change{s.now, kind == "downgrade" || kind == "lift", line})
		}
		s.answered(t, i, next)
		s.liftedInTime(t, i, next)
	}
	s.neverDownAndUp(t, all)
}

func (s *season) liveNow() (w *Warning) {
	s.view(func(tx *bbolt.Tx) (err error) { w, err = LiveWarning(tx, district); return err })
	return w
}

// answered: tomorrow has a response where what is known today says that it meets a clause.
func (s *season) answered(t *testing.T, i int, next []int) {
	t.Helper()
	from := max(0, i-20)
	known := byDay(days(s.first.AddDays(from), append(slices.Clone(s.aqi[from:i+1]), next...)...)...)
	m := newHourModel(known, s.engine.Criteria.Counts, s.engine.Evaluating())
	tomorrow := s.first.AddDays(i + 1)
	w := s.liveNow()
	for _, r := range m.met(s.engine.Criteria, s.engine.Evaluating()) {
		if at := m.index(tomorrow.Start()); at < r.from || at >= r.to {
			continue
		}
		if w == nil || w.StartsAt.After(tomorrow.Start()) || w.EndsAt != nil && w.EndsAt.Before(tomorrow.End()) {
			t.Fatalf("%s 17:00, forecast %v: %s meets %s %s and has no response: %+v", s.first.AddDays(i), next, tomorrow,
				r.level, r.clause, w)
		}
	}
}

// liftedInTime: what may end within a day by the rule has its end set, and nothing has one before that.
func (s *season) liftedInTime(t *testing.T, i int, next []int) {
	t.Helper()
	w := s.liveNow()
	if w == nil || w.State != Active {
		return
	}
	clean := func(day int) bool { return day <= i+len(next) && day < len(s.aqi) && s.aqi[day] <= 150 }
	for day := range i + 2 {
		if s.first.AddDays(day).Start().Before(w.StartsAt) || !clean(day) || !clean(day+1) {
			continue
		}
		if at := s.first.AddDays(day).Start(); w.EndsAt == nil || w.EndsAt.After(latest(at, s.now)) {
			t.Fatalf("%s 17:00, forecast %v: it may end at %s, its end is %v", s.first.AddDays(i), next, at, w.EndsAt)
		}
		return
	}
	if w.EndsAt != nil {
		t.Fatalf("%s 17:00, forecast %v: it ends at %s ahead of time", s.first.AddDays(i), next, w.EndsAt)
	}
}

// neverDownAndUp: nothing is lowered or lifted and then raised within one episode.
func (s *season) neverDownAndUp(t *testing.T, all *hourModel) {
	t.Helper()
	for n, down := range s.changed {
		for _, up := range s.changed[n+1:] {
			if !down.down || up.down {
				continue
			}
			for _, ep := range s.whole {
				if at := all.index(down.at); at >= ep.from && all.index(up.at) < ep.to {
					t.Errorf("within the episode %s..%s: %s at %s, then %s at %s", all.clock(ep.from), all.clock(ep.to), down.line,
						down.at.Format("01-02T15"), up.line, up.at.Format("01-02T15"))
				}
			}
		}
	}
}

// Measured years and made-up winters, under every set, seen 3 to 10 days ahead: no day that meets a clause of its
// forecast is without a response, no warning is lifted late or ahead of time, and no level is lowered and raised within
// an episode.
func TestSeasonsLeaveNoQualifyingDayWithoutAResponse(t *testing.T) {
	years := map[string][]int{"winter 1": winter(1, 120), "winter 2": winter(2, 120), "winter 3": winter(3, 120)}
	for _, year := range []string{"2016", "2018"} {
		text, ok := sharedYear(t, year)
		if !ok {
			continue
		}
		for _, d := range readAir(t, text).Series().Days {
			v := 100
			if d.AQI != nil {
				v = *d.AQI
			}
			years[year] = append(years[year], v)
		}
	}
	i, starts := 0, 0
	for _, name := range slices.Sorted(maps.Keys(years)) {
		for _, set := range threeSets(t) {
			horizon, merge := []int{3, 5, 7, 10}[i%4], []string{MergeStrict, MergeStages}[i/4%2]
			i++
			t.Run(fmt.Sprint(name, set.Name, horizon, merge), func(t *testing.T) {
				w := newWorld(t, t.TempDir())
				defer w.close()
				w.engine.Criteria, w.engine.Merge = set, merge
				(&season{world: w, first: "2016-01-01", aqi: years[name], horizon: horizon}).play(t)
				starts += strings.Count(strings.Join(w.kinds, " "), "warning.declared")
				w.mustMatch()
			})
		}
	}
	if starts < 20*len(years) {
		t.Errorf("only %d warnings were declared", starts)
	}
}
