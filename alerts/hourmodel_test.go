package alerts

import (
	"cmp"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts/aqi"
)

// The slow model of hours: every 24-hour window is added up anew by plain loops, and every clause is tried hour by hour.
// It knows nothing of running sums, blocks or spans; of the package it uses only the series, the criteria as they were
// read, and package aqi for the tables of HJ 633 (which has a model of its own).

// Where contract.md §7 leaves room, the model says what a person would: a calendar day with 20 valid hours is known, also
// where those missing lie at its ends; an unknown window does not part two known days that it lies between; and the rest
// of today does not part hours measured until now from the forecast of tomorrow.

// modelMean is a 24-hour mean of the model. Times are hours since the series' first day.
type modelMean struct {
	from, to int
	aqi      int // -1 = unknown
	primary  []string
	cause    Cause
	day      bool
	counted  bool
}

type modelRun struct {
	level    Level
	clause   string
	from, to int
	low      int
	high     int
}

// modelHour is an hour of the list. Amounts are in millionths of the unit, in the order of aqi.Pollutants; -1 = missing.
type modelHour struct {
	reported bool
	valid    bool
	amounts  [7]int64
	index    int // of an hour with an index alone, or -1
	cause    Cause
}

// hourModel is a series laid out by hours.
type hourModel struct {
	zero        time.Time
	hours       []modelHour // from a day before the first hour to a day after the last
	first, last int         // the hours first and last reported; first > last without any
	days        map[int]DayAQI
	means       []modelMean
}

func newHourModel(s Series, counts Counts) *hourModel {
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
			mean := modelMean{from: at, to: at + 24, aqi: -1, primary: d.Primary, cause: d.Cause, day: true}
			if d.AQI != nil {
				mean.aqi = *d.AQI
			}
			m.means = append(m.means, mean)
		case stands:
			m.means = append(m.means, w)
		}
	}
	m.forgetUnknownBetweenDays()
	for i := range m.means {
		m.means[i].counted = m.counts(&m.means[i], counts)
	}
	return m
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
	out := modelHour{reported: true, valid: !h.Stuck, index: -1, cause: h.Cause}
	if h.AQI != nil && len(h.Values) == 0 {
		out.index = *h.AQI
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

// window is the 24 hours from at, if any window stands there: between the first hour and the last, or as far beyond them
// as a calendar day reaches that is known all the same.
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
	if at < 0 || at+24 > len(m.hours) {
		return w
	}
	named, valid := map[Cause]int{}, 0
	for h := at; h < at+24; h++ {
		if v := &m.hours[h]; v.reported && v.valid {
			valid++
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
	if len(values) > 0 {
		iaqi := aqi.Daily(aqi.StandardOn(m.zero.Add(time.Duration(at)*time.Hour).Format(dateForm)), values).IAQI
		w.aqi, w.primary = highest(iaqi)
		if _, measured := iaqi[aqi.PM25]; !measured && w.aqi <= 100 {
			w.aqi, w.primary = -1, nil // nobody knows how much worse it is
		}
		return w
	}
	// Hours with an index alone: its mean, rounded up.
	sum, n := 0, 0
	for h := at; h < at+24; h++ {
		if v := &m.hours[h]; v.reported && v.valid && v.index >= 0 {
			sum, n = sum+v.index, n+1
		}
	}
	if n >= 20 {
		w.aqi = ceilRat(big.NewRat(int64(sum), int64(n)))
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
			if w.from > last.to && !restOfToday || !w.day && !last.day && w.from > last.from+1 {
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

// evaluate tells everything that is compared: the level, each clause with its windows and longest run, and the episodes.
func (m *hourModel) evaluate(c Criteria, opt EvaluateOptions) string {
	var out strings.Builder
	var met []modelRun
	for _, rule := range c.Levels {
		for _, cl := range rule.AnyOf {
			longest := 0
			name := fmt.Sprintf(">%d %dh", cl.Over, cl.Hours)
			if cl.Within != nil {
				name += fmt.Sprintf(" and >%d %dh", cl.Within.Over, cl.Within.Hours)
			}
			line := fmt.Sprintf("%s %s:", rule.Level, name)
			for _, run := range above(m.means, cl.Over) {
				longest = max(longest, covered(run))
				if covered(run) < cl.Hours || !peaks(run, cl.Within, opt.Over300Consecutive) {
					continue
				}
				r := modelRun{rule.Level, name, run[0].from, run[len(run)-1].to, 500, 0}
				for _, w := range run {
					r.low, r.high = min(r.low, w.aqi), max(r.high, w.aqi)
				}
				met = append(met, r)
				line += m.tell(r)
			}
			fmt.Fprintf(&out, "%s longest %d\n", line, longest)
		}
	}
	byStart := slices.Clone(met)
	slices.SortStableFunc(byStart, func(a, b modelRun) int { return cmp.Compare(a.from, b.from) })
	var spells []modelSpell
	for _, r := range byStart {
		if n := len(spells); n > 0 && (r.from <= spells[n-1].to || r.from-spells[n-1].to < opt.MergeGapH) {
			spells[n-1].to = max(spells[n-1].to, r.to)
		} else {
			spells = append(spells, modelSpell{r.from, r.to})
		}
	}
	whole := None
	var episodes strings.Builder
	for _, s := range spells {
		level := None
		inside := slices.DeleteFunc(slices.Clone(met), func(r modelRun) bool { return r.from < s.from || r.to > s.to })
		for _, r := range inside {
			if r.level.Above(level) {
				level = r.level
			}
		}
		from, to := s.to, s.from
		for _, r := range inside {
			if r.level == level {
				from, to = min(from, r.from), max(to, r.to)
			}
		}
		fmt.Fprintf(&episodes, "episode %s %s..%s\n", level, m.clock(from), m.clock(to))
		for _, r := range inside {
			fmt.Fprintf(&episodes, "  %s %s:%s\n", r.level, r.clause, m.tell(r))
		}
		if level.Above(whole) {
			whole = level
		}
	}
	return fmt.Sprintf("%s\n%s%s", whole, out.String(), episodes.String())
}

// modelSpell is a spell of pollution in hours of the model.
type modelSpell struct{ from, to int }

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
	return out.String()
}

// seedCriteria reads one of the sets that are shipped.
func seedCriteria(t tb, name string) Criteria {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "seeds", "criteria", name+".json"))
	if err != nil {
		t.Fatalf("criteria: %v", err)
	}
	c, err := ParseCriteria(raw)
	if err != nil {
		t.Fatalf("criteria %s: %v", name, err)
	}
	return c
}

func threeSets(t tb) []Criteria {
	return []Criteria{seedCriteria(t, CriteriaNational2024), seedCriteria(t, CriteriaTianjin2018), seedCriteria(t, CriteriaNational2016)}
}

func bothWays() []EvaluateOptions {
	return []EvaluateOptions{{MergeGapH: 36}, {MergeGapH: 36, Over300Consecutive: true}}
}

// allWays are the settings under which series are compared: how long a gap joins two spells, and what a peak is.
func allWays() []EvaluateOptions { return append(bothWays(), EvaluateOptions{MergeGapH: 0}) }

// agree compares the engine with the model.
func agree(t tb, s Series, c Criteria, opt EvaluateOptions) (got string) {
	t.Helper()
	got = told(Evaluate(s, c, opt))
	if want := newHourModel(s, c.Counts).evaluate(c, opt); want != got {
		t.Fatalf("%s consecutive %v\n%s\nengine:\n%s\nmodel:\n%s", c.Name, opt.Over300Consecutive, seriesText(s), got, want)
	}
	return got
}

// seriesText writes a series short enough to be read in a failure.
func seriesText(s Series) string {
	var out strings.Builder
	last := ""
	for _, h := range s.Hours {
		v := ""
		if h.AQI != nil {
			v = fmt.Sprint(*h.AQI)
		}
		for _, p := range aqi.Pollutants() {
			if c, ok := h.Values[p]; ok {
				v += " " + p + "=" + c.String()
			}
		}
		v += " " + string(h.Cause)
		if h.Stuck {
			v = "stuck"
		}
		if v != last {
			fmt.Fprintf(&out, "\n%s %s", h.At.Format("01-02T15"), v)
		} else {
			out.WriteByte('.')
		}
		last = v
	}
	for _, d := range s.Days {
		v := "unknown"
		if d.AQI != nil {
			v = fmt.Sprint(*d.AQI)
		}
		fmt.Fprintf(&out, "\n%s %s %v %s", d.Date, v, d.Primary, d.Cause)
	}
	return out.String()
}

// pick is a choice from 0 to n-1, by a random source or by rapid.
type pick func(n int) int

func oneOf[T any](p pick, values ...T) T { return values[p(len(values))] }

// genSeries makes hours in stretches of one kind and days beside them. Values lie at the edges of the clauses: PM2.5 of
// 115 is an index of 150, 150 is 200 and 250 is 300; a mean of 150.5 rounds to 150 and 151.5 to 152.
func genSeries(p pick) Series {
	var s Series
	start := oneOf(p, Date("2016-12-16"), Date("2024-02-27"), Date("2026-02-27")).Start()
	at := start.Add(time.Duration(oneOf(p, 0, 0, 1, 4, 5, 13, 23)) * time.Hour)
	kind := oneOf(p, "pm25", "pm25", "bare", "mixed", "days")
	if kind == "days" && p(2) == 0 {
		s.Days = genDays(p, DateOf(at), 1+p(7))
		return s
	}
	for range 1 + p(4) {
		n := oneOf(p, 1, 2, 3, 4, 5, 6, 12, 19, 20, 23, 24, 25, 28, 30, 47, 48, 49)
		if len(s.Hours) > 80 {
			break
		}
		at = genStretch(p, &s, at, n, kind)
	}
	if kind == "days" || p(6) == 0 {
		from := DateOf(at).AddDays(-oneOf(p, 0, 0, 1, 2, 4))
		s.Days = genDays(p, from, 1+p(5))
	}
	return s
}

// genStretch adds n hours alike: absent, stuck, or with values.
func genStretch(p pick, s *Series, at time.Time, n int, kind string) time.Time {
	form := p(8)
	switch {
	case form == 0 && n > 1: // a gap of 1 to 6 hours, or a long one
		if n > 12 && p(3) > 0 {
			n = 1 + p(6)
		}
		return at.Add(time.Duration(n) * time.Hour)
	case form == 1:
		n = min(n, 1+p(6))
	}
	h := HourAir{Cause: oneOf(p, "", "", "", "", "", "", Dust, CrossBorder, Ozone), Stuck: form == 1}
	if kind == "bare" || kind == "mixed" && p(4) == 0 {
		h.AQI = ptr(oneOf(p, 0, 149, 150, 151, 151, 200, 201, 201, 300, 301, 301, 499, 500))
	} else {
		h.Values = aqi.Values{}
		if p(10) == 0 {
			h.AQI = ptr(500) // beside concentrations, which go before it
		}
		set := func(pollutant aqi.Pollutant, values ...string) {
			h.Values[pollutant] = mustConcentration(oneOf(p, values...))
		}
		set(aqi.PM25, "0", "35", "115", "115.5", "116", "116", "150", "150.5", "150.500001", "151", "151", "250.5", "251", "251", "500")
		if kind == "mixed" {
			if p(8) == 0 {
				delete(h.Values, aqi.PM25)
			}
			if p(3) == 0 {
				set(aqi.O3H1, "100", "214.5", "216", "265", "266", "400")
			}
			if p(3) == 0 {
				set(aqi.PM10, "50", "250", "251", "351", "421", "600")
			}
			if p(4) == 0 {
				set(aqi.CO, "4.05", "24.05", "24.1", "1.25")
				set(aqi.NO2, "280", "281", "180.5")
			}
			if len(h.Values) == 0 {
				set(aqi.SO2, "800", "801", "20")
			}
		}
	}
	for range n {
		one := h
		one.At = at
		s.Hours = append(s.Hours, one)
		at = at.Add(time.Hour)
	}
	return at
}

func genDays(p pick, from Date, n int) []DayAQI {
	var days []DayAQI
	for i := range n {
		if p(8) == 0 {
			continue // missing
		}
		d := DayAQI{Date: from.AddDays(i), Cause: oneOf(p, "", "", "", "", "", "", Dust, Wildfire)}
		if p(10) > 0 {
			d.AQI = ptr(oneOf(p, 100, 150, 151, 151, 200, 201, 201, 300, 301, 301, 499, 500))
			d.Primary = oneOf(p, nil, []string{"pm25"}, []string{"pm25"}, []string{"pm10", "pm25"}, []string{"pm10"}, []string{"o3_8h"})
		}
		days = append(days, d)
	}
	return days
}

func TestEvaluateAgreesWithSlowModelOfHours(t *testing.T) {
	sets := threeSets(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := genSeries(func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "") })
		for _, c := range sets {
			for _, opt := range allWays() {
				agree(rt, s, c, opt)
			}
		}
	})
}

// Many small series, always the same ones: each under one of the three sets and one of the settings in turn. The
// counts say that the generator reaches every level.
func TestManySeriesAgreeWithSlowModelOfHours(t *testing.T) {
	const many = 20_004
	sets, options := threeSets(t), allWays()
	rnd := rand.New(rand.NewPCG(2016, 12))
	levels := map[Level]int{}
	for i := range many {
		s := genSeries(rnd.IntN)
		level, _, _ := strings.Cut(agree(t, s, sets[i%3], options[i/3%3]), "\n")
		levels[Level(level)]++
	}
	t.Logf("%d series: %v", many, levels)
	for _, l := range append(Levels(), None) {
		if levels[l] < many/100 {
			t.Errorf("only %d series of level %s", levels[l], l)
		}
	}
}

// Peaks in pieces that overlap count each hour once. PM2.5 is 250 for a day, then 274 and 226 in turn: every second mean
// is (23*250+274)/24 = 251, an index of 301, and those between are 250, which is 300. The twelve means that begin in
// hours 1, 3, ... 23 cover 1 to 47, which is 46 h and no red (>300 48 h), though twelve times 24 h would be plenty. With
// 298 in hour 48 the mean from 25 on is (6000-274+298)/24 = 251 as well: 1 to 49 are 48 h.
func TestPeaksThatOverlapCountOnce(t *testing.T) {
	c := seedCriteria(t, CriteriaNational2016)
	for _, tc := range []struct {
		hour48 string
		want   Level
	}{{"160", Orange}, {"298", Red}} {
		var s Series
		for i := range 24 * 5 {
			v := "160"
			switch {
			case i < 24:
				v = "250"
			case i < 48 && i%2 == 0:
				v = "274"
			case i < 48:
				v = "226"
			case i == 48:
				v = tc.hour48
			}
			s.Hours = append(s.Hours, HourAir{At: clockAt("2016-12-16T00:00").Add(time.Duration(i) * time.Hour),
				Values: aqi.Values{aqi.PM25: mustConcentration(v)}})
		}
		if ev := Evaluate(s, c, plain); ev.Level != tc.want {
			t.Errorf("hour 48 of %s: %s, want %s", tc.hour48, ev.Level, tc.want)
		}
		agree(t, s, c, plain)
	}
}
