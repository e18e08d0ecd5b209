package alerts

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts/aqi"
)

// The slow model of hours: every 24-hour window is added up anew by plain loops, and every clause is tried hour by
// hour. It knows nothing of running sums, blocks or spans; of the package it uses only the series, the criteria as they
// were read, and package aqi for the tables of HJ 633 (which has a model of its own).

// Where contract.md §7 leaves room, the model says what a person would: a calendar day with 20 valid hours is known,
// also where those missing lie at its ends; an unknown window does not part two known days that it lies between; and
// the rest of today does not part hours measured until now from the forecast of tomorrow.

// modelMean is a 24-hour mean of the model. Times are hours since the series' first day.
type modelMean struct {
	from, to int
	aqi      int // -1 = unknown
	primary  []string
	cause    Cause
	day      bool
	partial  bool // concentrations without PM2.5
	joins    bool // nothing lies between it and the mean before it, but what has not happened
	counted  bool
	low      int        // of a day: the low end of what was said
	values   aqi.Values // of a day, beside its index; of a window, what makes it
	said     int        // of a window: the mean of what was published of its hours beside PM2.5, or -1
	suspect  bool       // of a window: half of its hours have 500 and no particulates
	told     string     // what the officer is told of it besides
}

type modelRun struct {
	level    Level
	clause   string
	from, to int
	low      int
	high     int
}

// modelHour is an hour of the list. Amounts are in millionths of the unit, in the order of aqi.Pollutants; -1 =
// missing.
type modelHour struct {
	reported bool
	valid    bool
	amounts  [7]int64
	index    int // of an hour with an index alone, or -1
	beside   int // an index that stands beside concentrations, or -1
	cause    Cause
}

// hourModel is a series laid out by hours.
type hourModel struct {
	zero        time.Time
	hours       []modelHour // from a day before the first hour to a day after the last
	first, last int         // the hours first and last reported; first > last without any
	days        map[int]DayAQI
	means       []modelMean
	sources     bool // of hours and days it is known whether they were measured
}

func newHourModel(s Series, counts Counts, opt EvaluateOptions) *hourModel {
	m := &hourModel{days: map[int]DayAQI{}, first: 1}
	switch {
	case len(s.Hours) > 0 && (len(s.Days) == 0 || s.Hours[0].At.Before(s.Days[0].Date.Start())):
		m.zero = DateOf(s.Hours[0].At).Start()
	case len(s.Days) > 0:
		m.zero = s.Days[0].Date.Start()
	default:
		return m
	}
	m.zero = m.zero.Add(-24 * time.Hour)
	if n := len(s.Hours); n > 0 {
		m.first, m.last = m.index(s.Hours[0].At), m.index(s.Hours[n-1].At)
		m.hours = make([]modelHour, m.last+48)
	}
	known := map[aqi.Concentration]int64{}
	for i := range s.Hours {
		m.hours[m.index(s.Hours[i].At)] = layOut(&s.Hours[i], known)
	}
	end := m.last
	for _, d := range s.Days {
		at := m.index(d.Date.Start())
		m.days[at] = d
		end = max(end, at)
	}
	for at := 0; at <= end; at++ {
		w, stands := m.window(at)
		d, given := m.days[at]
		switch {
		case given && (!stands || w.aqi < 0):
			m.means = append(m.means, m.given(at, d))
		case stands:
			m.means = append(m.means, w)
		}
	}
	m.forgetUnknownBetweenDays()
	for i := range m.means {
		m.judge(&m.means[i], counts, opt)
	}
	return m
}

// given is a day as it was given.
func (m *hourModel) given(at int, d DayAQI) modelMean {
	mean := modelMean{from: at, to: at + 24, aqi: -1, primary: d.Primary, cause: d.Cause, day: true, values: d.Values,
		partial: d.Partial}
	if d.AQI != nil {
		mean.aqi, mean.low = *d.AQI, *d.AQI
	}
	if d.Low != nil {
		mean.low = *d.Low
	}
	return mean
}

func (m *hourModel) index(at time.Time) int { return int(at.Sub(m.zero) / time.Hour) }

// forgetUnknownBetweenDays takes away the unknown windows of which every hour lies in a known day.
func (m *hourModel) forgetUnknownBetweenDays() {
	inDay := func(h int) bool {
		return slices.ContainsFunc(m.means, func(d modelMean) bool { return d.day && d.aqi >= 0 && d.from <= h && h < d.to })
	}
	m.means = slices.DeleteFunc(slices.Clone(m.means), func(w modelMean) bool {
		if w.day || w.aqi >= 0 {
			return false
		}
		for h := w.from; h < w.to; h++ {
			if !inDay(h) {
				return false
			}
		}
		return true
	})
}

// layOut reads an hour: its decimals, and whether it counts as valid. known keeps what was read before.
func layOut(h *HourAir, known map[aqi.Concentration]int64) modelHour {
	out := modelHour{reported: true, valid: !h.Aside, index: -1, beside: -1, cause: h.Cause}
	if h.AQI != nil && len(h.Values) == 0 {
		out.index = *h.AQI
	} else if h.AQI != nil {
		out.beside = *h.AQI
	}
	for i, p := range aqi.Pollutants() {
		out.amounts[i] = -1
		if c, ok := h.Values[p]; ok {
			if _, have := known[c]; !have {
				known[c] = millionths(c)
			}
			out.amounts[i] = known[c]
		}
	}
	return out
}

// millionths reads a concentration from its decimal.
func millionths(c aqi.Concentration) int64 {
	whole, frac, _ := strings.Cut(c.String(), ".")
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 6-len(frac)), 10, 64)
	if err != nil {
		panic("not a decimal: " + c.String())
	}
	return n
}

// mean is that of one pollutant from an hour up to before another, or nil with fewer than atLeast values.
func (m *hourModel) mean(pollutant, from, to, atLeast int) *big.Rat {
	sum, n := int64(0), int64(0)
	for at := from; at < to; at++ {
		if h := &m.hours[at]; h.reported && h.valid && h.amounts[pollutant] >= 0 {
			sum += h.amounts[pollutant]
			n++
		}
	}
	if n < int64(atLeast) {
		return nil
	}
	return big.NewRat(sum, 1_000_000*n)
}

// ceilRat is the smallest whole number that is not less than r, which is not negative.
func ceilRat(r *big.Rat) int {
	n := new(big.Int).Add(r.Num(), r.Denom())
	n.Sub(n, big.NewInt(1))
	return int(n.Quo(n, r.Denom()).Int64())
}

// decimalOf writes r with some places, half to even (GB/T 8170).
func decimalOf(r *big.Rat, places int) string {
	unit := int64(1)
	for range places {
		unit *= 10
	}
	scaled := new(big.Rat).Mul(r, big.NewRat(unit, 1))
	floor := new(big.Int).Quo(scaled.Num(), scaled.Denom()).Int64()
	rest := new(big.Rat).Sub(scaled, big.NewRat(floor, 1))
	half := rest.Cmp(big.NewRat(1, 2))
	if half > 0 || half == 0 && floor%2 == 1 {
		floor++
	}
	return big.NewRat(floor, unit).FloatString(places)
}

func mustConcentration(s string) aqi.Concentration {
	c, err := aqi.ParseConcentration(s)
	if err != nil {
		panic(err)
	}
	return c
}

// reported tells whether an hour was; outside the list none is.
func (m *hourModel) reported(h int) bool { return h >= 0 && h < len(m.hours) && m.hours[h].reported }

// around finds the hours first and last reported without a silence of more than 4 hours between them, of those that the
// window from at touches; ok is false when it touches none, or such a silence lies in it.
func (m *hourModel) around(at int) (first, last int, ok bool) {
	for h := at; h < at+24 && !ok; h++ {
		first, last, ok = h, h, m.reported(h)
	}
	grow := func(h, step int) int {
		for quiet := 0; quiet <= 4; quiet++ {
			if h += step; m.reported(h) {
				return h
			}
		}
		return -1
	}
	for h := first; ok && h >= 0; h = grow(h, -1) {
		first = h
	}
	for h := last; ok && h >= 0; h = grow(h, 1) {
		last = h
	}
	for h := last + 1; h < at+24; h++ {
		ok = ok && !m.reported(h)
	}
	return first, last, ok
}

// window is the 24 hours from at, if any window stands there: between the first hour and the last, or as far beyond
// them as a calendar day reaches that is known all the same.
func (m *hourModel) window(at int) (modelMean, bool) {
	first, last, ok := m.around(at)
	if !ok {
		return modelMean{}, false
	}
	begin, end := first, last+1
	for h := first - 4; h < first; h++ {
		if h >= 0 && h%24 == 0 && m.mean24(h).aqi >= 0 {
			begin = min(begin, h)
		}
	}
	for h := last + 2; h <= last+5; h++ {
		if h%24 == 0 && m.mean24(h-24).aqi >= 0 {
			end = max(end, h)
		}
	}
	if at < begin || at+24 > end {
		return modelMean{}, false
	}
	return m.mean24(at), true
}

// mean24 is the mean of the 24 hours from at.
func (m *hourModel) mean24(at int) modelMean {
	w := modelMean{from: at, to: at + 24, aqi: -1}
	w.said = -1
	if at < 0 || at+24 > len(m.hours) {
		return w
	}
	named, valid := map[Cause]int{}, 0
	suspects, beside, sum := 0, 0, 0
	for h := at; h < at+24; h++ {
		if v := &m.hours[h]; v.reported && v.valid {
			valid++
			if v.beside >= 0 && v.amounts[0] >= 0 { // PM2.5 and PM10 lead the list
				beside, sum = beside+1, sum+v.beside
			}
			if v.beside == 500 && v.amounts[0] < 0 && v.amounts[1] < 0 {
				suspects++
			}
			if v.cause != "" {
				named[v.cause]++
			}
		}
	}
	for _, c := range []Cause{Dust, LocalDust, Wildfire, CrossBorder, Ozone} {
		if named[c] > 0 && 2*named[c] >= valid {
			w.cause = c
		}
	}
	w.suspect = suspects > 0 && 2*suspects >= valid
	if beside >= 20 {
		w.said = ceilRat(big.NewRat(int64(sum), int64(beside)))
	}
	values := aqi.Values{}
	for i, p := range aqi.Pollutants() {
		places := 0
		switch p {
		case aqi.O3H1, aqi.O3H8:
			continue
		case aqi.CO:
			places = 1
		}
		if r := m.mean(i, at, at+24, 20); r != nil {
			values[p] = mustConcentration(decimalOf(r, places))
		}
	}
	hourly := slices.Index(aqi.Pollutants(), aqi.O3H1)
	var ozone []*big.Rat
	for h := at; h+8 <= at+24; h++ {
		if r := m.mean(hourly, h, h+8, 6); r != nil {
			ozone = append(ozone, r)
		}
	}
	if len(ozone) >= 14 {
		largest := slices.MaxFunc(ozone, func(a, b *big.Rat) int { return a.Cmp(b) })
		values[aqi.O3H8] = mustConcentration(decimalOf(largest, 0))
	}
	w.values = values
	if len(values) > 0 {
		iaqi := aqi.Daily(aqi.StandardOn(m.zero.Add(time.Duration(at)*time.Hour).Format(dateForm)), values).IAQI
		w.aqi, w.primary = highest(iaqi)
		_, measured := iaqi[aqi.PM25]
		w.partial = !measured
		if !measured && w.aqi <= 100 {
			w.aqi, w.primary = -1, nil // nobody knows how much worse it is
		}
		return w
	}
	// Hours with an index alone: its mean, rounded up.
	alone, n := 0, 0
	for h := at; h < at+24; h++ {
		if v := &m.hours[h]; v.reported && v.valid && v.index >= 0 {
			alone, n = alone+v.index, n+1
		}
	}
	if n >= 20 {
		w.aqi = ceilRat(big.NewRat(int64(alone), int64(n)))
	}
	return w
}

// highest is the largest sub-index, and whose it is when it is above 50.
func highest(iaqi map[aqi.Pollutant]int) (index int, primary []string) {
	index = -1
	for _, i := range iaqi {
		index = max(index, i)
	}
	for p, i := range iaqi {
		if i == index && index > 50 {
			primary = append(primary, p)
		}
	}
	slices.Sort(primary)
	return index, primary
}

// counts is contract.md §7: by the primary pollutant where one is asked for, and by the cause.
func (m *hourModel) counts(w *modelMean, c Counts) bool {
	if w.aqi < 0 || w.cause != "" && slices.Contains(c.ExceptCauses, w.cause) {
		return false
	}
	if len(w.primary) == 0 {
		return true
	}
	onlyOzone := true
	for _, p := range w.primary {
		if p == c.Primary {
			return true
		}
		onlyOzone = onlyOzone && strings.HasPrefix(p, "o3")
	}
	return c.Primary == "" && !(onlyOzone && slices.Contains(c.ExceptCauses, Ozone))
}

// above lists the longest runs of consecutive counting means above a value, by position.
func above(means []modelMean, over int) (runs [][]modelMean) {
	var run []modelMean
	for _, w := range means {
		if len(run) > 0 {
			last := run[len(run)-1]
			restOfToday := w.day && !last.day && w.from-last.to < 24
			if w.from > last.to && !restOfToday || !w.day && !last.day && w.from > last.from+1 && !w.joins {
				runs, run = append(runs, run), nil
			}
		}
		if w.counted && w.aqi > over {
			run = append(run, w)
		} else if len(run) > 0 {
			runs, run = append(runs, run), nil
		}
	}
	if len(run) > 0 {
		runs = append(runs, run)
	}
	return runs
}

func covered(run []modelMean) int { return run[len(run)-1].to - run[0].from }

// peaks tells whether a run holds the worse part: in one piece, or every hour that any of its means covers.
func peaks(run []modelMean, p *Peak, consecutive bool) bool {
	if p == nil {
		return true
	}
	hours := map[int]bool{}
	for _, worse := range above(run, p.Over) {
		if covered(worse) >= p.Hours {
			return true
		}
		for _, w := range worse {
			for h := w.from; h < w.to; h++ {
				hours[h] = true
			}
		}
	}
	return !consecutive && len(hours) >= p.Hours
}

// met are the runs that meet a clause, in the order of the criteria.
func (m *hourModel) met(c Criteria, opt EvaluateOptions) (met []modelRun) {
	for _, rule := range c.Levels {
		for _, cl := range rule.AnyOf {
			for _, run := range above(m.means, cl.Over) {
				if covered(run) < cl.Hours || !peaks(run, cl.Within, opt.Over300Consecutive) {
					continue
				}
				r := modelRun{rule.Level, modelClause(cl), run[0].from, run[len(run)-1].to, 500, 0}
				for _, w := range run {
					r.low, r.high = min(r.low, w.aqi), max(r.high, w.aqi)
				}
				met = append(met, r)
			}
		}
	}
	return met
}

func modelClause(cl Clause) string {
	name := fmt.Sprintf(">%d %dh", cl.Over, cl.Hours)
	if cl.Within != nil {
		name += fmt.Sprintf(" and >%d %dh", cl.Within.Over, cl.Within.Hours)
	}
	return name
}

// joined are the spells that runs make: what overlaps, touches, or lies less than gap hours apart.
func joined(met []modelRun, gap int) (spells []modelSpell) {
	byStart := slices.Clone(met)
	slices.SortStableFunc(byStart, func(a, b modelRun) int { return cmp.Compare(a.from, b.from) })
	for _, r := range byStart {
		n := len(spells)
		if n == 0 || r.from > spells[n-1].to && r.from-spells[n-1].to >= gap {
			spells = append(spells, modelSpell{r.from, r.to, nil})
			n++
		}
		spells[n-1].to = max(spells[n-1].to, r.to)
	}
	for i := range spells {
		s := &spells[i]
		s.runs = slices.DeleteFunc(slices.Clone(met), func(r modelRun) bool { return r.from < s.from || r.to > s.to })
	}
	return spells
}

// evaluate tells everything that is compared: the level, each clause with its windows and longest run, and the
// episodes.
func (m *hourModel) evaluate(c Criteria, opt EvaluateOptions) string {
	var out strings.Builder
	met := m.met(c, opt)
	for _, rule := range c.Levels {
		for _, cl := range rule.AnyOf {
			longest := 0
			for _, run := range above(m.means, cl.Over) {
				longest = max(longest, covered(run))
			}
			line := fmt.Sprintf("%s %s:", rule.Level, modelClause(cl))
			for _, r := range met {
				if r.level == rule.Level && r.clause == modelClause(cl) {
					line += m.tell(r)
				}
			}
			fmt.Fprintf(&out, "%s longest %d\n", line, longest)
		}
	}
	whole := None
	var episodes strings.Builder
	for _, s := range joined(met, opt.MergeGapH) {
		level, from, to := s.highest()
		fmt.Fprintf(&episodes, "episode %s %s..%s\n", level, m.clock(from), m.clock(to))
		for _, r := range s.runs {
			fmt.Fprintf(&episodes, "  %s %s:%s\n", r.level, r.clause, m.tell(r))
		}
		if level.Above(whole) {
			whole = level
		}
	}
	for _, w := range m.means {
		if w.told != "" {
			fmt.Fprintf(&episodes, "%s at %s %d counts %v\n", w.told, m.clock(w.from), w.aqi, w.counted)
		}
	}
	return fmt.Sprintf("%s\n%s%s", whole, out.String(), episodes.String())
}

// modelSpell is a spell of pollution in hours of the model, with the runs that lie in it.
type modelSpell struct {
	from, to int
	runs     []modelRun
}

// highest is the highest level of a spell, and the extent of the runs that meet it.
func (s modelSpell) highest() (level Level, from, to int) {
	level, from, to = None, s.to, s.from
	for _, r := range s.runs {
		if r.level.Above(level) {
			level = r.level
		}
	}
	for _, r := range s.runs {
		if r.level == level {
			from, to = min(from, r.from), max(to, r.to)
		}
	}
	return level, from, to
}

func (m *hourModel) clock(h int) string {
	return m.zero.Add(time.Duration(h) * time.Hour).Format("01-02T15")
}

func (m *hourModel) tell(r modelRun) string {
	return fmt.Sprintf(" %s..%s %d-%d", m.clock(r.from), m.clock(r.to), r.low, r.high)
}

// told is the engine's evaluation in the model's words.
func told(ev Evaluation) string {
	var out strings.Builder
	clock := func(t time.Time) string { return t.In(Shanghai()).Format("01-02T15") }
	tell := func(w Window) string {
		return fmt.Sprintf(" %s..%s %d-%d", clock(w.From), clock(w.To), w.AQIMin, w.AQIMax)
	}
	fmt.Fprintln(&out, ev.Level)
	for _, c := range ev.Clauses {
		fmt.Fprintf(&out, "%s %s:", c.Level, c.Clause)
		for _, w := range c.Windows {
			out.WriteString(tell(w))
		}
		if c.Met != (len(c.Windows) > 0) {
			fmt.Fprintf(&out, " but met is %v", c.Met)
		}
		fmt.Fprintf(&out, " longest %d\n", c.LongestH)
	}
	for _, ep := range ev.Episodes {
		fmt.Fprintf(&out, "episode %s %s..%s\n", ep.Level, clock(ep.From), clock(ep.To))
		for _, c := range ep.Clauses {
			for _, w := range c.Windows {
				fmt.Fprintf(&out, "  %s %s:%s\n", c.Level, c.Clause, tell(w))
			}
		}
	}
	for _, v := range toldMeans(ev) {
		fmt.Fprintf(&out, "%s at %s %d counts %v\n", v.Why, clock(v.From), *v.AQI, v.Counted)
	}
	return out.String()
}
