package compliance

import (
	"math"
	"slices"
	"time"
)

// The slow model: baseline, result of an hour and verdict as the text has them, in the plainest words, with its numbers written out and
// every question answered by looking at the whole history again. It shares nothing with what it is held against but the clock.

// slowUsual is one hour before the warning, by local time.
type slowUsual struct {
	at    time.Time
	value float64
	clean bool // flag N
}

type slowBase struct {
	n                 int // of the bin's values
	median, low, high float64
	p95, residual     float64
	enough            bool
	missing           int // 还需 k 天
}

// slowRank is the value at the nearest rank: the smallest that at least the share p of all does not exceed.
func slowRank(values []float64, p float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	for i, v := range sorted {
		if float64(i+1) >= p*float64(len(sorted))-1e-9 {
			return v
		}
	}
	return math.NaN()
}

// slowMedian is the middle one, or the mean of the two in the middle.
func slowMedian(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	if n := len(sorted); n%2 == 1 {
		return sorted[n/2]
	} else {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
}

func slowDay(t time.Time) string { return t.Format(time.DateOnly) }

// slowBaseline is the bin of the hour of the day and the class of the day of a plant, from the 90 days before the warning.
func slowBaseline(history []slowUsual, warning time.Time, busy map[string]bool, hourOfDay int, rest bool,
	restDay func(time.Time) bool) slowBase {
	var clean []slowUsual
	for _, u := range history {
		if u.clean && !u.at.Before(warning.AddDate(0, 0, -90)) && u.at.Before(warning) {
			clean = append(clean, u)
		}
	}
	slices.SortFunc(clean, func(a, b slowUsual) int { return a.at.Compare(b.at) })
	if len(clean) == 0 {
		return slowBase{missing: 10}
	}
	// The 95th percentile is of all hours of the plant on days without an order.
	var all []float64
	var free []slowUsual
	for _, u := range clean {
		if !busy[slowDay(u.at)] {
			free = append(free, u)
			all = append(all, u.value)
		}
	}
	var b slowBase
	if len(all) > 0 {
		b.p95 = slowRank(all, 0.95)
	}
	// An hour is of a stop when it stands in a row of hours below 10 % of P95 that is 72 h or longer.
	of := map[int64]float64{}
	for _, u := range free {
		of[u.at.Unix()] = u.value
	}
	stopped := func(u slowUsual) bool {
		below := func(at time.Time) bool {
			v, there := of[at.Unix()]
			return there && v < 0.10*b.p95
		}
		if !below(u.at) {
			return false
		}
		hours := 1
		for t := u.at.Add(-time.Hour); below(t); t = t.Add(-time.Hour) {
			hours++
		}
		for t := u.at.Add(time.Hour); below(t); t = t.Add(time.Hour) {
			hours++
		}
		return hours >= 72
	}
	var stops, bin []float64
	for i := len(free) - 1; i >= 0; i-- { // the latest first
		u := free[i]
		if stopped(u) {
			stops = append(stops, u.value)
			continue
		}
		if u.at.Hour() == hourOfDay && restDay(u.at) == rest && len(bin) < 28 {
			bin = append(bin, u.value)
		}
	}
	b.n = len(bin)
	if b.n < 10 {
		b.missing = 10 - b.n
		return b
	}
	b.enough = true
	b.median, b.low, b.high = slowMedian(bin), slowRank(bin, 0.10), slowRank(bin, 0.90)
	b.residual = 0.25 * b.median
	if len(stops) > 0 {
		b.residual = slowRank(stops, 0.10)
	}
	return b
}

// slowKind is what a criterion asks for.
type slowKind int

const (
	slowAtMost    slowKind = iota // mass, concentration
	slowAtLeast                   // at_least
	slowFraction                  // at_most_fraction_of_baseline
	slowStopPower                 // stopped, by power
	slowStopFlow                  // stopped, by flow
)

type slowRule struct {
	kind  slowKind
	limit float64 // or the fraction
}

// slowValue is one value that arrived for an hour, with the minutes that it is made of.
type slowValue struct {
	value   float64
	minutes int  // that it is made of
	flag    byte // N F S D B M C T; M and C are 标记 of 公告2022年第21号
}

// slowHour is all that was said of an hour, in order of arrival.
type slowHour struct {
	at       time.Time
	said     []slowValue
	excused  bool // named by an accepted explanation
	accepted int  // the number from 1 of the value that an officer took for the right one, or 0
}

type slowResult string

const (
	slowNothing slowResult = "pending"
	slowNoData  slowResult = "no_data"
	slowTagged  slowResult = "tagged"
	slowFail    slowResult = "fail"
	slowPass    slowResult = "pass"
)

// slowFails says that a measured value is not what the rule asks for.
func slowFails(rule slowRule, base slowBase, v float64) bool {
	switch rule.kind {
	case slowAtMost:
		return v > rule.limit
	case slowAtLeast:
		return v < rule.limit
	case slowFraction:
		f := rule.limit
		limit := f*base.median + math.Min((base.high-base.median)/2, (1-f)*base.median/2)
		if limit < 1.25*base.residual { // it never fails below
			limit = 1.25 * base.residual
		}
		return v > limit
	case slowStopPower:
		return v > math.Max(1.25*base.residual, 0.02*base.p95)
	default: // a stack that always stood still stands still
		return v >= 0.05*base.p95 && v > 0
	}
}

// needsBase reports whether nothing can be said without knowing what is usual.
func (r slowRule) needsBase() bool { return r.kind != slowAtMost && r.kind != slowAtLeast }

// slowOne is the result of one value. What an instrument says of an hour itself it has judged by its own minutes: with too
// few of them it gives flag D (HJ 212 C.16). minutes is 60 for it.
func slowOne(rule slowRule, base slowBase, s slowValue) slowResult {
	switch {
	case s.flag == 'F' || s.flag == 'S' || s.flag == 'D' || s.flag == 'B':
		return slowNoData
	case s.flag == 'M' || s.flag == 'C':
		return slowTagged
	case s.minutes < 45:
		return slowNoData
	case s.flag == 'T' && rule.kind != slowAtLeast: // over the range, where the most is bounded
		return slowFail
	case s.flag == 'T':
		return slowNoData
	case slowFails(rule, base, s.value):
		return slowFail
	default:
		return slowPass
	}
}

// slowHourly is r(h): of differing values the one worse for the plant; a fail is worse than a pass, and a number than none.
func slowHourly(rule slowRule, base slowBase, h slowHour, now time.Time) slowResult {
	if h.excused {
		return slowTagged
	}
	if rule.needsBase() && !base.enough {
		return slowNoData
	}
	if len(h.said) == 0 {
		if now.Before(h.at.Add(time.Hour + 90*time.Minute)) {
			return slowNothing
		}
		return slowNoData
	}
	said := h.said
	if h.accepted > 0 {
		said = said[h.accepted-1 : h.accepted]
	}
	for _, worst := range []slowResult{slowFail, slowPass, slowTagged, slowNoData} {
		for _, s := range said {
			if slowOne(rule, base, s) == worst {
				return worst
			}
		}
	}
	return slowNoData
}

// slowLimited has what is marked beyond 6 hours of any 24 be without data. Hours that an officer excused are not the
// plant's own marks.
func slowLimited(hours []slowHour, results []slowResult) []slowResult {
	out := slices.Clone(results)
	for i := range out {
		marked := 0
		for j := 0; j <= i; j++ {
			if results[j] == slowTagged && !hours[j].excused && hours[i].at.Sub(hours[j].at) < 24*time.Hour {
				marked++
			}
		}
		if out[i] == slowTagged && !hours[i].excused && marked > 6 {
			out[i] = slowNoData
		}
	}
	return out
}

// slowTold is what an enterprise was told of a suspicion, and what came of it.
type slowTold struct {
	of        time.Time // the hour that it is about
	at        time.Time // when it was told
	explained time.Time // zero for never
	rejected  bool
}

// slowState is what all hours show at a moment.
type slowState struct {
	verdict, worst string
}

// slowVerdict says what the hours show at a moment behind the last of them. Suspicions are found first, each from its first
// fail to the second pass behind it; then each is looked at for whether it is a violation; then what stands at the end.
func slowVerdict(hours []slowHour, results []slowResult, told []slowTold, fraction bool, now time.Time) slowState {
	rank := map[string]int{"none": 0, "compliant": 1, "no_data": 2, "suspected": 3, "violated": 4}
	s := slowState{"none", "none"}
	is := func(verdict string) {
		s.verdict = verdict
		if rank[verdict] > rank[s.worst] {
			s.worst = verdict
		}
	}
	for i := 0; i < len(results); {
		second := slowSecond(results, i, slowFail)
		if second == i { // the second of two fails behind one another: a suspicion begins
			end := i + 1
			for end < len(results) && slowSecond(results, end, slowPass) != end {
				end++
			}
			is("suspected")
			until := now
			if end < len(results) { // it was over with that hour
				until = hours[end].at.Add(time.Hour)
			}
			if slowViolation(hours[:end], results[:end], i, told, fraction, until) {
				is("violated")
			}
			if end < len(results) {
				is("compliant")
			}
			i = end + 1
			continue
		}
		calm := s.verdict == "none" || s.verdict == "compliant"
		switch blind := slowBlind(results[:i+1]); {
		case results[i] == slowPass:
			is("compliant")
		case calm && results[i] == slowNoData && blind >= 3:
			is("no_data")
		}
		i++
	}
	return s
}

// slowSecond is i where results[i] is what, and the judged result before it is so too; else -1.
func slowSecond(results []slowResult, i int, what slowResult) int {
	if results[i] != what {
		return -1
	}
	for j := i - 1; j >= 0; j-- {
		if results[j] == slowPass || results[j] == slowFail {
			if results[j] == what {
				return i
			}
			return -1
		}
	}
	return -1
}

// slowViolation says whether a suspicion that results[at] began, and that goes to the end of results, is a violation.
func slowViolation(hours []slowHour, results []slowResult, at int, told []slowTold, fraction bool, until time.Time) bool {
	first := at - 1
	for results[first] != slowFail {
		first--
	}
	run, most, last := 0, 0, at
	for i := first; i < len(results); i++ {
		switch results[i] {
		case slowFail:
			run++
			most, last = max(most, run), i
		case slowPass:
			run = 0
		}
	}
	if most < 4 {
		return false
	}
	var begin time.Time
	explained, rejected := time.Time{}, false
	for _, t := range told {
		if t.of.Before(hours[first].at) || t.of.After(hours[last].at) {
			continue // of another one
		}
		if begin.IsZero() || t.at.Before(begin) {
			begin = t.at
		}
		if !t.explained.IsZero() && (explained.IsZero() || t.explained.Before(explained)) {
			explained = t.explained
		}
		rejected = rejected || t.rejected
	}
	if begin.IsZero() {
		return false
	}
	late := begin.Add(4 * time.Hour)
	silent := (explained.IsZero() || explained.After(late)) && !until.Before(late)
	return rejected || silent && !fraction
}

// slowBlind counts how many of the last hours were without data; those that may still be told of are not there yet.
func slowBlind(results []slowResult) (n int) {
	for i := len(results) - 1; i >= 0; i-- {
		switch results[i] {
		case slowNoData:
			n++
		case slowNothing:
		default:
			return n
		}
	}
	return n
}
