package alerts

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

var yearsEvery = flag.Int("years-every", 449,
	"of the years of warnings that there are TestYearsOfWarnings plays one in so many; 1 plays all, for an hour and a half on one core")

// officeYear is a city's year in one office: what is known and declared, played day by day at 17:00.
type officeYear struct {
	city    city
	rules   regulation
	later   *regulation // what holds from 2018-12-01 on where criteria go by date
	engine  Engine
	horizon int
	ends    bool // the officer declares with the end that is proposed
	byMeans bool

	counts, air []int
	fx          *effects
	now         time.Time
	wrong       []string
	due         map[int]int // day -> level that was asked of it while it could be answered
}

func (y *officeYear) fault(day int, format string, args ...any) {
	y.wrong = append(y.wrong, fmt.Sprintf("%s: ", y.city.first.AddDays(day))+fmt.Sprintf(format, args...))
}

// decided decides, and applies what was decided to the same transaction, as a block of the writer does.
func decided[I, R any](y *officeYear, tx *bbolt.Tx, decide func(*bbolt.Tx, string, I, time.Time) ([]Event, R, error),
	actor string, in I) (R, error) {
	events, result, err := decide(tx, actor, in, y.now)
	if err != nil {
		return result, fmt.Errorf("%s: %T: %w", clock(y.now), in, err)
	}
	for _, ev := range events {
		if err := Apply(tx, y.fx, y.now, actor, ev); err != nil {
			return result, err
		}
	}
	return result, nil
}

func (y *officeYear) hour(t time.Time) int { return int(t.Sub(y.city.first.Start()) / time.Hour) }

// fire runs the timers that have come due, each at its time.
func (y *officeYear) fire(tx *bbolt.Tx, until time.Time) error {
	for {
		next := ""
		for id, t := range y.fx.timers {
			if !t.due.After(until) && (next == "" || t.due.Before(y.fx.timers[next].due)) {
				next = id
			}
		}
		if next == "" {
			y.now = until
			return nil
		}
		t := y.fx.timers[next]
		y.now = t.due
		y.fx.CancelTimer(next)
		var ref WarningRef
		if err := json.Unmarshal([]byte(t.payload), &ref); err != nil {
			return err
		}
		decide := y.engine.DecideActivate
		if t.command == CommandExpire {
			decide = y.engine.DecideExpire
		}
		if _, err := decided(y, tx, decide, "timer", ref); err != nil {
			return err
		}
	}
}

// know gives what is measured today and forecast of the next days.
func (y *officeYear) know(tx *bbolt.Tx, day int) error {
	today := y.city.first.AddDays(day)
	if in := observationOf(today, y.city.days[day]); len(in.Days) > 0 {
		if _, err := decided(y, tx, y.engine.DecideObservation, "feeder", in); err != nil {
			return err
		}
	}
	f := Forecast{Source: "tianjin-emc", Region: district, IssuedAt: y.now}
	for i, w := range y.city.days[day+1 : min(day+1+y.horizon, len(y.city.days))] {
		for _, d := range observationOf(today.AddDays(i+1), w).Days {
			f.Days = append(f.Days, ForecastDay{Date: d.Date, AQILow: *d.AQI, AQIHigh: *d.AQI, Primary: d.Primary,
				Cause: d.Cause, Measured: d.Measured})
		}
	}
	if len(f.Days) == 0 {
		_, err := decided(y, tx, y.engine.DecideReevaluate, "timer", Reevaluate{})
		return err
	}
	_, err := decided(y, tx, y.engine.DecideForecast, "feeder", f)
	return err
}

// accept does what each open proposal asks for until none is open.
func (y *officeYear) accept(tx *bbolt.Tx, day int) error {
	for range 10 {
		page, err := ListProposals(tx, string(StateOpen), "", 0)
		if err != nil || len(page.Items) == 0 {
			return err
		}
		if err := y.follow(tx, page.Items[0]); err != nil {
			return err
		}
	}
	y.fault(day, "proposals do not come to an end")
	return nil
}

// follow does as the proposal says; the approver agrees.
func (y *officeYear) follow(tx *bbolt.Tx, p *Proposal) error {
	e := y.engine
	var w *Warning
	var err error
	if p.Kind != KindStart {
		if w, err = GetWarning(tx, p.WarningID); err != nil {
			return err
		}
	}
	switch p.Kind {
	case KindStart:
		in := declaration(p.Level)
		in.Trigger, in.StartsAt, in.ProposalID = OwnForecast, &p.StartsAt, p.ID
		if y.ends {
			in.EndsAt = p.EndsAt
		}
		w, err = decided(y, tx, e.DecideDeclare, "duty", in)
	case KindLift:
		w, err = decided(y, tx, e.DecideLift, "duty",
			Lift{WarningID: w.ID, Revision: w.Revision, EndsAt: p.EndsAt, ProposalID: p.ID})
	case KindRevise:
		in := Revise{WarningID: w.ID, Revision: w.Revision, EndsAt: p.EndsAt, NoEnd: p.NoEnd, ProposalID: p.ID}
		if w.State == Scheduled {
			in.StartsAt = &p.StartsAt
		}
		w, err = decided(y, tx, e.DecideRevise, "duty", in)
	default:
		in := Adjust{WarningID: w.ID, Revision: w.Revision, Level: p.Level, StartsAt: &p.StartsAt, ProposalID: p.ID}
		if y.ends {
			in.EndsAt = p.EndsAt
		}
		w, err = decided(y, tx, e.DecideAdjust, "duty", in)
	}
	if err == nil && (w.State == PendingApproval || w.Pending != nil) {
		_, err = decided(y, tx, e.DecideApprove, "approver", Approve{w.ID, w.Revision})
	}
	return err
}

// play goes through the year in one transaction and leaves what was wrong.
func (y *officeYear) play(t *testing.T, db *bbolt.DB) {
	t.Helper()
	y.fx, y.due = newEffects(), map[int]int{}
	for _, w := range y.city.days {
		counts, air := y.rules.judge(w)
		y.counts, y.air = append(y.counts, counts), append(y.air, air)
	}
	tx, err := db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for day := range y.city.days {
		at := y.city.first.AddDays(day).Start().Add(17 * time.Hour)
		err := y.fire(tx, at)
		if err == nil {
			err = y.know(tx, day)
		}
		if err == nil {
			err = y.accept(tx, day)
		}
		if err == nil {
			err = y.look(tx, day)
		}
		if err != nil {
			t.Fatalf("%s: %v", y.name(), err)
		}
	}
	if err := y.lookBack(tx); err != nil {
		t.Fatalf("%s: %v", y.name(), err)
	}
}

func (y *officeYear) name() string {
	return fmt.Sprintf("%s, %s, %d days ahead, %s, lift by %s, with ends %v", y.city.name, y.rules.name, y.horizon,
		y.engine.Merge, y.engine.LiftStep, y.ends)
}

// look checks what stands after the acts of a day against all that is known then.
func (y *officeYear) look(tx *bbolt.Tx, day int) error {
	live, err := LiveWarning(tx, district)
	if err != nil {
		return err
	}
	end, rules := min(day+1+y.horizon, len(y.counts)), y.rules
	if y.later != nil && y.city.first.AddDays(day) >= "2018-12-01" {
		rules = *y.later
	}
	spells := rules.met(y.counts[:end])
	ahead := slices.DeleteFunc(slices.Clone(spells), func(s spellOfDays) bool { return s.to <= day })
	for d := day; d < end; d++ {
		level := asked(ahead, d)
		if level == 0 {
			continue
		}
		if d > day {
			y.due[d] = max(y.due[d], level)
		}
		from := max(d*24, day*24+17)
		switch covers := live != nil && y.hour(live.StartsAt) <= from &&
			(live.EndsAt == nil || y.hour(*live.EndsAt) >= d*24+24); {
		case live != nil && d > day && separate(ahead, live, y, d): // the next episode has its turn when this warning is over
		case covers && y.rank(live, from) < level:
			y.fault(day, "%s asks for %s and has %s", y.city.first.AddDays(d), responseLevels[level], live.LevelAt(y.at(from)))
		case covers:
		default:
			y.fault(day, "%s asks for %s and has no response: %s", y.city.first.AddDays(d), responseLevels[level], termsOf(live))
		}
	}
	if live != nil && live.State == Active {
		y.lookAtLift(rules, live, day, end)
	}
	return nil
}

func (y *officeYear) at(hour int) time.Time {
	return y.city.first.Start().Add(time.Duration(hour) * time.Hour)
}

func (y *officeYear) rank(w *Warning, hour int) int {
	return slices.Index(responseLevels, w.LevelAt(y.at(hour)))
}

// separate reports whether a day lies in an episode that is none of the warning's own: 36 h or more from now and from
// its start.
func separate(ahead []spellOfDays, live *Warning, y *officeYear, day int) bool {
	for _, ep := range episodesOf(ahead) {
		if ep.from <= day && day < ep.to {
			return ep.from*24 >= max(y.hour(y.now), y.hour(live.StartsAt))+36
		}
	}
	return false
}

func termsOf(w *Warning) string {
	if w == nil {
		return "none"
	}
	end := "further notice"
	if w.EndsAt != nil {
		end = StartText(*w.EndsAt)
	}
	return fmt.Sprintf("%s %s %s, %s to %s", w.ID, w.State, w.Level, StartText(w.StartsAt), end)
}

// lookAtLift: what may end within a day has an end by then, and what an officer ended by a lift was not ended before it
// might.
func (y *officeYear) lookAtLift(rules regulation, live *Warning, day, end int) {
	now := day*24 + 17
	at, ok := rules.clears(y.counts[:end], y.air[:end], y.hour(live.StartsAt)/24, y.byMeans)
	switch {
	case ok && at <= now+24 && (live.EndsAt == nil || y.hour(*live.EndsAt) > max(at, now)):
		y.fault(day, "it may end at %s: %s", StartText(y.at(at)), termsOf(live))
	case live.EndsAt == nil || live.LiftFrom == nil:
	case !ok:
		y.fault(day, "nothing says that it may end: %s", termsOf(live))
	case y.hour(*live.EndsAt) < at:
		y.fault(day, "it may end at %s and ends before: %s", StartText(y.at(at)), termsOf(live))
	}
}

// lookBack checks the whole record: what was asked of a day was in effect on it from 00:00 to 24:00, nothing stood
// without reason, and within an episode of the whole year no level went down and up again.
func (y *officeYear) lookBack(tx *bbolt.Tx) error {
	effect := make([]int, 24*len(y.counts)) // by the hour
	for cursor := ""; ; {
		page, err := ListWarnings(tx, cursor, 100)
		if err != nil {
			return err
		}
		for _, w := range page.Items {
			for h := range effect {
				if h >= y.hour(w.StartsAt) && (w.EndsAt == nil || h < y.hour(*w.EndsAt)) {
					effect[h] = max(effect[h], y.rank(w, h))
				}
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for day, level := range y.due {
		for h := day * 24; h < day*24+24; h++ {
			if effect[h] < level {
				y.fault(day, "%s was asked for, at %d:00 it was %s", responseLevels[level], h%24, responseLevels[effect[h]])
				break
			}
		}
	}
	whole := y.rules.met(y.counts)
	for _, ep := range episodesOf(whole) {
		if y.later != nil && y.city.first.AddDays(ep.to) >= "2018-12-01" {
			break // the criteria change
		}
		fell := false
		for h := ep.from*24 + 1; h < ep.to*24; h++ {
			fell = fell || effect[h] < effect[h-1]
			if fell && effect[h] > effect[h-1] {
				y.fault(h/24, "a level was lowered and raised in the episode from %s on", y.city.first.AddDays(ep.from))
				break
			}
		}
	}
	return nil
}

// observationOf is a day as a station sends it; a day of which nothing is known is none.
func observationOf(date Date, w weather) Observation {
	o := Observation{Station: "1015A", Region: district}
	if w.aqi < 0 && len(w.means) == 0 {
		return o
	}
	row := "date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h,cause\n" + string(date) + ","
	if w.aqi >= 0 {
		row += fmt.Sprint(w.aqi)
	}
	row += ","
	for _, p := range []string{"pm25", "pm10", "so2", "no2", "co", "o3_8h"} {
		row += ","
		if v, ok := w.means[p]; ok {
			row += fmt.Sprint(v)
		}
	}
	air, err := ReadCSV(strings.NewReader(row + "," + string(w.cause) + "\n"))
	if err != nil {
		panic(err)
	}
	for _, d := range air.Days {
		if d.AQI != nil {
			o.Days = append(o.Days, d)
		}
	}
	return o
}

func yearRecord(t *testing.T) *bbolt.DB {
	t.Helper()
	db := openTestDB(t, filepath.Join(t.TempDir(), "year.db"))
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// criteriaOf are the program's criteria that a regulation stands for.
func (r regulation) criteria(t *testing.T) Criteria {
	name, tier, _ := strings.Cut(r.name, " and ")
	c := seedCriteria(t, name)
	if tier != "" {
		c = c.withTier(&seedCriteria(t, CriteriaWorkRequirement).Levels[0])
	}
	return c
}

// allOfficeYears are the cities under all sets and settings, and the measured year in which the criteria changed by
// date.
func allOfficeYears(t *testing.T, cities []city) (out []*officeYear) {
	add := func(c city, r regulation, later *regulation, set func(*Settings)) {
		for _, horizon := range []int{3, 5, 7, 10} {
			for _, merge := range []string{MergeStrict, MergeStages} {
				for _, step := range []string{LiftAuto, LiftHour, LiftMean} {
					for _, ends := range []bool{false, true} {
						y := &officeYear{city: c, rules: r, later: later, horizon: horizon, ends: ends, byMeans: step == LiftMean,
							engine: Engine{Settings: DefaultSettings()}}
						y.engine.Merge, y.engine.LiftStep = merge, step
						set(&y.engine.Settings)
						out = append(out, y)
					}
				}
			}
		}
	}
	for _, c := range cities {
		for _, r := range regulations() {
			add(c, r, nil, func(s *Settings) { s.Criteria = r.criteria(t) })
		}
		if all := regulations(); c.first == "2018-01-01" {
			add(c, all[0], &all[1], func(s *Settings) { s.Sets = threeSets(t) })
		}
	}
	return out
}

// Measured years and made-up ones under every set, 3 to 10 days ahead, by both ways to merge and to lift: no day that
// meets a clause of what is forecast then is without a response of its level, none ends late or ahead of time, and no
// level goes down and up within an episode. A run plays some of them; with -years-every 1 it plays all.
func TestYearsOfWarnings(t *testing.T) {
	var cities []city
	for _, year := range []string{"2016", "2018"} {
		if c, ok := measuredCity(t, year); ok {
			cities = append(cities, c)
		}
	}
	for seed := range uint64(4) {
		cities = append(cities, simulatedCity(seed, 1+float64(seed)/4), nastyCity(seed))
	}
	years, days, turn := 0, 0, 0
	for _, y := range allOfficeYears(t, cities) {
		if turn++; turn%*yearsEvery != 0 {
			continue
		}
		y.play(t, yearRecord(t))
		years, days = years+1, days+len(y.city.days)
		for _, what := range y.wrong[:min(5, len(y.wrong))] {
			t.Errorf("%s: %s", y.name(), what)
		}
	}
	t.Logf("%d years of warnings, %d days", years, days)
}
