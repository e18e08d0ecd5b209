package alerts

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/aqi"
)

// The slow model of what is suggested: it goes by the runs of the slow model of hours, hour by hour with plain loops,
// and shares nothing with the engine but the settings and the warning it is asked about.

// modelSuggest is what the model would suggest, in one line; "-" for nothing. Times are hours since the series' first
// day.
func (m *hourModel) suggest(e Engine, c Criteria, live *Warning, at time.Time) string {
	now := m.index(at)
	spells := joined(m.met(c, e.Evaluating()), e.MergeGapH)
	measured, since := m.measured(e, c, now)
	if live == nil {
		for _, s := range spells {
			if course := s.course(now); len(course) > 0 {
				first := course[0]
				level := first.level
				if e.Merge != MergeStages {
					level = course[len(course)-1].level
				}
				if measured.Above(None) && (first.from > now || measured.Above(level)) {
					break
				}
				return m.line("start", level, first.from, s)
			}
		}
		if measured.Above(None) {
			return fmt.Sprintf("start %s %s to further notice, measured from %s", measured, m.clock(now), m.clock(since))
		}
		return "-"
	}
	start := m.index(live.StartsAt)
	own := slices.DeleteFunc(slices.Clone(spells), func(s modelSpell) bool {
		return s.to <= now-e.MergeGapH || s.from >= max(now, start)+e.MergeGapH
	})
	line := m.upgrade(e, own, live, now, start)
	var level, from string
	if f := strings.Fields(line); len(f) > 2 {
		level, from = f[1], f[2]
	}
	if measured.Above(live.held()) && (measured.Above(Level(level)) || from != m.clock(max(now, start))) {
		line = fmt.Sprintf("upgrade %s %s to further notice, measured from %s", measured, m.clock(max(now, start)),
			m.clock(since))
	}
	if line != "" {
		return line
	}
	if line := m.revise(e, c, spells, own, live, now, start); line != "" {
		return line
	}
	if line := m.downgrade(e, c, own, live, now, start); line != "" {
		return line
	}
	if line := m.lift(e, c, spells, live, now, start); line != "" {
		return line
	}
	return "-"
}

// revise looks at every hour of the own spells that is not over and lies in a run: one before the start moves it, one
// behind the set end moves that.
func (m *hourModel) revise(e Engine, c Criteria, spells, own []modelSpell, live *Warning, now, start int) string {
	end, noEnd, set := -1, false, live.EndsAt != nil
	if set {
		end = m.index(*live.EndsAt)
	}
	starts, ends := start, end
	for _, s := range own {
		for h := now; h < s.to; h++ {
			if !slices.ContainsFunc(s.runs, func(r modelRun) bool { return r.to > now && r.from <= h && h < r.to }) {
				continue
			}
			if live.State == Scheduled && live.Pending == nil {
				starts = min(starts, h)
			}
			if set && end > now {
				ends = max(ends, h+1)
			}
		}
	}
	if set && end > now && live.LiftFrom != nil {
		if at, ok := m.clears(e, c, spells, live, now, start); !ok {
			noEnd = true
		} else {
			ends = max(ends, at)
		}
	}
	if starts == start && ends == end && !noEnd {
		return ""
	}
	until := "further notice"
	if set && !noEnd {
		until = m.clock(ends)
	}
	return fmt.Sprintf("revise %s %s to %s, no end %v", live.Level, m.clock(starts), until, noEnd)
}

// lift goes by the first stretch of clean air that is not over, is long enough while the warning is in force, and
// behind which no run begins that the warning has to wait for.
func (m *hourModel) lift(e Engine, c Criteria, spells []modelSpell, live *Warning, now, start int) string {
	if live.State != Active {
		return ""
	}
	at, ok := m.clears(e, c, spells, live, now, start)
	end := max(at, now)
	if !ok || at > now+e.LiftLeadH || live.EndsAt != nil &&
		(m.index(*live.EndsAt) <= end || live.LiftFrom != nil && m.index(*live.LiftFrom) == at) {
		return ""
	}
	return fmt.Sprintf("lift none %s to %s, from %s", m.clock(end), m.clock(end), m.clock(at))
}

// clears is when the air clears for a warning.
func (m *hourModel) clears(e Engine, c Criteria, spells []modelSpell, live *Warning, now, start int) (at int, ok bool) {
	until := start + e.MergeGapH
	if live.EndsAt != nil {
		until = max(until, m.index(*live.EndsAt))
	}
	blocked := func(from int) bool {
		for _, s := range spells {
			for _, r := range s.runs {
				if (s.from <= now || s.from < until) && r.to > now && r.from >= from {
					return true
				}
			}
		}
		return false
	}
	for _, s := range m.cleanStretches(e, c) {
		if s.to > now && s.to-max(s.at, start) >= e.LiftH && !blocked(s.from) {
			return s.at, true
		}
	}
	return 0, false
}

// modelStretch is clean air by the hour; a warning may end from at on.
type modelStretch struct{ from, at, to int }

func (m *hourModel) cleanStretches(e Engine, c Criteria) (out []modelStretch) {
	statutory := map[int]bool{} // hours of runs that meet a level above the work requirement
	runs := m.met(c, e.Evaluating())
	for _, r := range runs {
		for h := r.from; r.level.Above(Advisory) && h < r.to; h++ {
			statutory[h] = true
		}
	}
	asked := func(from, to int) bool { // the mean of these hours is part of a run
		return slices.ContainsFunc(runs, func(r modelRun) bool { return r.from <= from && to <= r.to })
	}
	clean := func(value int, partial bool, from, to int) bool {
		if value < 0 || partial {
			return false
		}
		for h := from; e.LiftRule == LiftBelowYellow && h < to; h++ {
			if statutory[h] {
				return false
			}
		}
		return e.LiftRule == LiftBelowYellow || value <= e.LiftAtMost
	}
	if e.LiftStep == LiftMean {
		before := false
		for i, w := range m.means {
			good := clean(w.aqi, w.partial, w.from, w.to) && !asked(w.from, w.to)
			if n := len(out); good && before && !m.parted(i) {
				out[n-1].to = w.to
			} else if good {
				out = append(out, modelStretch{w.from, w.to, w.to})
			}
			before = good
		}
		return out
	}
	days := map[int]modelMean{}
	end := len(m.hours)
	for _, w := range m.means {
		if w.from%24 == 0 && w.aqi >= 0 {
			if have, ok := days[w.from/24]; !ok || have.aqi < 0 {
				days[w.from/24] = w
			}
			end = max(end, w.to)
		}
	}
	byHour := e.LiftStep == LiftHour || e.LiftStep == LiftAuto && m.last >= m.first
	before := false
	for h := 0; h < end; h++ {
		value, partial := -1, false
		if d, ok := days[h/24]; ok {
			value, partial = d.aqi, d.partial
		}
		if v, p, has := m.hourValue(h); byHour && has {
			value, partial = v, p
		}
		day := h / 24 * 24
		good := clean(value, partial, day, day+24) && !asked(day, day+24)
		if byHour {
			mean := day
			if _, _, has := m.hourValue(h); has {
				mean = h
			}
			good = clean(value, partial, h, h+1) && !asked(mean, mean+24)
		}
		if n := len(out); good && before {
			out[n-1].to = h + 1
		} else if good {
			out = append(out, modelStretch{h, h, h + 1})
		}
		before = good
	}
	return out
}

// hourValue is the index of an hour's own concentrations by the daily table, or the index it came with; -1 where they
// say nothing. has is false without a value.
func (m *hourModel) hourValue(at int) (value int, partial, has bool) {
	if !m.reported(at) || !m.hours[at].valid {
		return -1, false, false
	}
	h := &m.hours[at]
	values := aqi.Values{}
	for i, p := range aqi.Pollutants() {
		if h.amounts[i] >= 0 {
			values[p] = mustConcentration(big.NewRat(h.amounts[i], 1_000_000).FloatString(6))
		}
	}
	if len(values) == 0 {
		return h.index, false, h.index >= 0
	}
	iaqi := aqi.Daily(aqi.StandardOn(m.zero.Add(time.Duration(at)*time.Hour).Format(dateForm)), values).IAQI
	value, _ = highest(iaqi)
	if _, measured := iaqi[aqi.PM25]; !measured {
		partial = true
		if value <= 100 {
			value = -1
		}
	}
	return value, partial, true
}

// parted reports whether something unknown lies between a mean and the one before it.
func (m *hourModel) parted(i int) bool {
	w, end := m.means[i], 0
	for _, before := range m.means[:i] {
		end = max(end, before.to)
	}
	before := m.means[i-1]
	restOfToday := !before.day && w.day && w.from-end < 24
	return end < w.from && !restOfToday || !before.day && !w.day && w.from > before.from+1 && !w.joins
}

// measured is the level that the measured windows alone meet by runs that end with the newest of them, when that is not
// older than 3 h and above 200, and no hour of the next 12 is forecast at 200 or less; and from when these runs are.
func (m *hourModel) measured(e Engine, c Criteria, now int) (level Level, since int) {
	level, since = None, now
	if !m.sources {
		return level, since
	}
	var over []modelMean
	for _, w := range m.means {
		if !w.day && w.to <= now {
			over = append(over, w)
		}
	}
	if len(over) == 0 {
		return level, since
	}
	newest := over[len(over)-1]
	if newest.aqi <= 200 || !newest.counted || newest.to < now-3 {
		return level, since
	}
	for h := now; h < now+12; h++ {
		value, _, has := m.hourValue(h)
		if d, given := m.days[h/24*24]; !has && given && h/24 >= now/24 && d.AQI != nil {
			value = *d.AQI
		}
		if value >= 0 && value <= 200 {
			return level, since
		}
	}
	for _, rule := range c.Levels {
		for _, cl := range rule.AnyOf {
			for _, run := range above(over, cl.Over) {
				if run[len(run)-1].to == newest.to && covered(run) >= cl.Hours && peaks(run, cl.Within, e.Over300Consecutive) {
					if rule.Level.Above(level) {
						level = rule.Level
					}
					since = min(since, run[0].from)
				}
			}
		}
	}
	return level, since
}

// forgetUnforecast takes away the windows that are not over and of which nothing is forecast: they have not happened. A
// day's own entry stands where its window was.
func (m *hourModel) forgetUnforecast(now int, counts Counts) {
	happened := func(w modelMean) bool {
		if w.day || w.to <= now {
			return true
		}
		for h := w.from; h < w.to; h++ {
			if m.reported(h) && m.hours[h].valid && h >= now {
				return true
			}
		}
		return !slices.ContainsFunc(m.hours[w.from:w.to], func(h modelHour) bool { return h.reported && h.valid })
	}
	var kept []modelMean
	for i, w := range m.means {
		if !happened(w) {
			if d, given := m.days[w.from]; given {
				kept = append(kept, m.given(w.from, d))
				kept[len(kept)-1].counted = m.counts(&kept[len(kept)-1], counts)
			}
			continue
		}
		w.joins = i > 0 && !happened(m.means[i-1]) && w.from == m.means[i-1].from+1
		kept = append(kept, w)
	}
	m.means = kept
}

// modelStage is a level and the hour from which it is asked for.
type modelStage struct {
	level Level
	from  int
}

// course is what the runs of a spell that are not over ask for, hour by hour: the highest that has begun, never
// lowered.
func (s modelSpell) course(now int) (course []modelStage) {
	reached := None
	for h := now; h < s.to; h++ {
		for _, r := range s.runs {
			if r.to > now && r.from <= h && r.level.Above(reached) {
				reached = r.level
				if n := len(course); n > 0 && course[n-1].from == h {
					course = course[:n-1]
				}
				course = append(course, modelStage{reached, h})
			}
		}
	}
	return course
}

func (m *hourModel) upgrade(e Engine, own []modelSpell, live *Warning, now, start int) string {
	held := live.Level
	if live.Pending != nil && live.Pending.Level != "" {
		held = live.Pending.Level
	}
	for _, s := range own {
		course := s.course(now)
		if len(course) == 0 {
			continue
		}
		if e.Merge == MergeStages {
			for _, stage := range course {
				has := None // in effect when the stage begins
				for _, s := range live.Stages {
					if m.index(s.From) <= max(stage.from, start) {
						has = s.Level
					}
				}
				if p := live.Pending; p != nil && p.Level.Above(has) &&
					(p.EffectiveAt.IsZero() || m.index(p.EffectiveAt) <= stage.from) {
					has = p.Level
				}
				if stage.level.Above(has) {
					return m.line("upgrade", stage.level, max(stage.from, start), s)
				}
			}
			continue
		}
		if top := course[len(course)-1].level; top.Above(held) {
			return m.line("upgrade", top, max(now, start), s)
		}
	}
	return ""
}

func (m *hourModel) downgrade(e Engine, c Criteria, own []modelSpell, live *Warning, now, start int) string {
	level, ahead, first := None, false, 0
	for _, s := range own {
		if top, _, _ := s.highest(); top.Above(level) {
			level = top
		}
		if s.to > now && !ahead {
			ahead, first = true, s.course(now)[0].from
		}
	}
	if !ahead || !live.Level.Above(level) || live.Pending != nil {
		return ""
	}
	for _, s := range own {
		if top, _, _ := s.highest(); top != level {
			continue
		}
		from, to := own[0].from-e.MergeGapH, own[len(own)-1].to+e.MergeGapH
		if !m.allKnown(from, to) || m.openRun(c, from, to) {
			return ""
		}
		return fmt.Sprintf("downgrade %s %s to %s, episode %s..%s", level, m.clock(max(first, start)),
			m.clock(own[len(own)-1].to), m.clock(s.from), m.clock(s.to))
	}
	return ""
}

// unknown are the hours of which nothing, or not enough, is known, and those behind the last mean. Nothing is asked
// of what lies before the first; and the rest of today parts nothing.
func (m *hourModel) unknown() map[int]bool {
	out := map[int]bool{}
	mark := func(from, to int) {
		for h := from; h < to; h++ {
			out[h] = true
		}
	}
	end := 0
	for i, w := range m.means {
		if w.aqi < 0 || w.partial {
			mark(w.from, w.to)
		}
		if i > 0 {
			before := m.means[i-1]
			switch restOfToday := !before.day && w.day && w.from-end < 24; {
			case end < w.from && !restOfToday:
				mark(end, w.from)
			case !before.day && !w.day && w.from > before.from+1 && !w.joins:
				mark(before.from+1, before.from+25)
			}
		}
		end = max(end, w.to)
	}
	mark(end, end+24*30)
	return out
}

// allKnown reports whether none of the hours is unknown.
func (m *hourModel) allKnown(from, to int) bool {
	unknown := m.unknown()
	for h := from; h < to; h++ {
		if unknown[h] {
			return false
		}
	}
	return true
}

// openRun reports whether a run of any clause reaches into these hours and goes on into what is not known.
func (m *hourModel) openRun(c Criteria, from, to int) bool {
	for _, rule := range c.Levels {
		for _, cl := range rule.AnyOf {
			for i, w := range m.means {
				if !w.counted || w.aqi <= cl.Over {
					continue
				}
				last := i + 1
				for last < len(m.means) && m.means[last].counted && m.means[last].aqi > cl.Over && !m.parted(last) {
					last++
				}
				first := i
				for first > 0 && m.means[first-1].counted && m.means[first-1].aqi > cl.Over && !m.parted(first) {
					first--
				}
				if m.means[first].from >= to || m.means[last-1].to <= from {
					continue
				}
				dark := func(k int) bool { return m.means[k].aqi < 0 || m.means[k].partial }
				if last == len(m.means) || m.parted(last) || dark(last) || first > 0 && (m.parted(first) || dark(first-1)) {
					return true
				}
			}
		}
	}
	return false
}

func (m *hourModel) line(kind string, level Level, from int, s modelSpell) string {
	return fmt.Sprintf("%s %s %s to %s, episode %s..%s", kind, level, m.clock(from), m.clock(s.to), m.clock(s.from),
		m.clock(s.to))
}

// suggestedLine is the engine's suggestion in the model's words.
func suggestedLine(p *Proposal) string {
	if p == nil {
		return "-"
	}
	clock := func(t time.Time) string { return t.In(Shanghai()).Format("01-02T15") }
	if p.Trace.Measured {
		return fmt.Sprintf("%s, measured from %s", p.line(), clock(p.Trace.Episode.From))
	}
	if p.Kind == KindRevise {
		return fmt.Sprintf("%s, no end %v", p.line(), p.NoEnd)
	}
	if p.Kind == KindLift {
		return fmt.Sprintf("%s, from %s", p.line(), clock(p.Trace.Period.From))
	}
	return fmt.Sprintf("%s, episode %s..%s", p.line(), clock(p.Trace.Episode.From), clock(p.Trace.Episode.To))
}

// someWarning is a warning that may be live at a time, or nil.
func someWarning(p pick, now time.Time) *Warning {
	if p(3) == 0 {
		return nil
	}
	w := &Warning{ID: "W1", Level: oneOf(p, Levels()...), State: oneOf(p, Active, Active, Scheduled)}
	w.StartsAt = now.Add(-time.Duration(oneOf(p, 0, 5, 24, 72)) * time.Hour)
	if w.State == Scheduled {
		w.StartsAt = now.Add(time.Duration(oneOf(p, 1, 7, 31, 72)) * time.Hour)
	}
	if p(3) == 0 {
		w.EndsAt = ptr(latest(now, w.StartsAt).Add(time.Duration(oneOf(p, 6, 24, 72)) * time.Hour))
		if w.State == Active && p(2) == 0 {
			w.LiftFrom = ptr(DateOf(*w.EndsAt).Start().Add(time.Duration(oneOf(p, 0, 24)) * time.Hour))
		}
	}
	if p(8) == 0 {
		w.Pending = &Pending{Kind: pendingRaise, Change: Change{Level: Red}}
	}
	w.LevelSince, w.Stages = w.StartsAt, []Stage{{w.Level, w.StartsAt}}
	if p(4) == 0 { // a raise is announced
		raised := Stage{oneOf(p, Orange, Red), latest(now, w.StartsAt).Add(time.Duration(oneOf(p, 7, 31, 72)) * time.Hour)}
		if raised.Level.Above(w.Level) {
			w.Level, w.LevelSince, w.Stages = raised.Level, raised.From, append(w.Stages, raised)
		}
	}
	return w
}

// Many series, moments and warnings, always the same ones: what the engine suggests is what the model does.
func TestSuggestionsAgreeWithSlowModel(t *testing.T) {
	const many = 12_000
	sets, tier := threeSets(t), &seedCriteria(t, CriteriaWorkRequirement).Levels[0]
	rnd := rand.New(rand.NewPCG(16, 1))
	kinds := map[string]int{}
	for i := range many {
		s := genSeries(rnd.IntN)
		if len(s.Days)+len(s.Hours) == 0 {
			continue
		}
		e := Engine{Settings: DefaultSettings()}
		e.Criteria, e.Merge = sets[i%3], oneOf(rnd.IntN, MergeStrict, MergeStages)
		if rnd.IntN(4) == 0 {
			e.Criteria = e.Criteria.withTier(tier)
		}
		e.MergeGapH = oneOf(rnd.IntN, 36, 36, 0, 72)
		e.LiftStep, e.LiftH = oneOf(rnd.IntN, LiftAuto, LiftAuto, LiftHour, LiftMean, LiftDay), oneOf(rnd.IntN, 36, 36, 12)
		e.LiftRule = oneOf(rnd.IntN, LiftAtMostRule, LiftAtMostRule, LiftBelowYellow)
		m := newHourModel(s, e.Criteria.Counts, e.Evaluating())
		now := m.zero.Add(time.Duration(24+rnd.IntN(24*6)) * time.Hour)
		if n := len(s.Hours); n > 0 && i%12 == 4 { // the series ends now: nothing is forecast by the hour
			now = s.Hours[n-1].At.Add(time.Hour)
		}
		if m.sources = i%3 == 1; m.sources { // what is over was measured, the rest is forecast
			for k := range s.Hours {
				s.Hours[k].Source = map[bool]string{true: SourceForecast,
					false: SourceObservation}[s.Hours[k].At.Add(time.Hour).After(now)]
			}
			for k := range s.Days {
				s.Days[k].Source = map[bool]string{true: SourceForecast, false: SourceObservation}[s.Days[k].Date >= DateOf(now)]
			}
			m.forgetUnforecast(m.index(now), e.Criteria.Counts)
		}
		live := someWarning(rnd.IntN, now)
		got, want := suggestedLine(e.suggest(s, live, now, func(*Proposal) bool { return false })),
			m.suggest(e, e.Criteria, live, now)
		if got != want {
			t.Fatalf("series %d at %s, %s, %s, gap %d, lift by %s %s for %d h, live %+v\n%s\nengine: %s\nmodel:  %s", i,
				now.Format("01-02T15"), e.Criteria.Name, e.Merge, e.MergeGapH,
				e.LiftStep, e.LiftRule, e.LiftH, live,
				seriesText(s), got, want)
		}
		kind, _, _ := strings.Cut(got, " ")
		if strings.Contains(got, "measured") {
			kind = "measured"
		}
		kinds[kind]++
	}
	t.Logf("%v", kinds)
	for _, kind := range []string{"-", "start", "upgrade", "revise", "downgrade", "lift", "measured"} {
		if kinds[kind] < many/400 {
			t.Errorf("only %d of %s", kinds[kind], kind)
		}
	}
}
