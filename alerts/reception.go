package alerts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// Reception says what was new in an observation, and how the station has been reporting in the last two days.
type Reception struct {
	New      int      `json:"new"`      // days and hours that say something new
	Repeated int      `json:"repeated"` // that were known as they are
	Gaps     []Period `json:"gaps"`     // hours that are missing between those there are
	Stuck    []Period `json:"stuck"`    // hours with a value that merely repeats others, and does not count
}

// ObservationResult answers an observation. SetAside names what of it is not judged, and Remarks what is to be told of
// values that are.
type ObservationResult struct {
	Proposal *Proposal `json:"proposal"`
	Reception
	SetAside []Named `json:"set_aside"`
	Remarks  []Named `json:"remarks"`
	Notes    []Note  `json:"notes,omitempty"` // what was read otherwise than it stands there
}

// In has the messages in "zh-CN" or "en".
func (r ObservationResult) In(lang string) ObservationResult {
	in := func(all []Named) []Named {
		all = slices.Clone(all)
		for i := range all {
			all[i] = all[i].In(lang)
		}
		return all
	}
	r.SetAside, r.Remarks, r.Notes = in(r.SetAside), in(r.Remarks), NotesIn(r.Notes, lang)
	return r
}

// InBoth has the messages in both languages, as answers over NATS do.
func (r ObservationResult) InBoth() ObservationResult {
	zh, en := r.In(langZH), r.In(langEN)
	for i := range zh.SetAside {
		zh.SetAside[i].Message += " / " + en.SetAside[i].Message
	}
	for i := range zh.Remarks {
		zh.Remarks[i].Message += " / " + en.Remarks[i].Message
	}
	for i := range zh.Notes {
		zh.Notes[i].Message += " / " + en.Notes[i].Message
	}
	return zh
}

const receptionHours = 48

// DecideObservation records the days and hours that say something new and brings the region's proposal in line with
// them. Values that are set aside are recorded as they came and named in the answer. Where there is nothing else,
// nothing is recorded and the refusal names them; but a value of a run, or of a pair of hours, is recorded, for it
// withdraws what was recorded before it.
func (e Engine) DecideObservation(tx *bbolt.Tx, actor string, in Observation, now time.Time) ([]Event,
	ObservationResult, error) {
	if err := refuseFuture(&in, now); err != nil {
		return nil, ObservationResult{}, err
	}
	d, err := e.begin(tx, scope{region: in.Region}, actor, now)
	if err != nil {
		return nil, ObservationResult{}, err
	}
	r := arrival{engine: e, tx: tx, in: &in, now: now}
	result := ObservationResult{Proposal: d.open, SetAside: []Named{}, Remarks: []Named{}}
	if err := r.take(); err != nil {
		return nil, ObservationResult{}, err
	}
	if err := r.name(); err != nil {
		return nil, ObservationResult{}, err
	}
	slices.SortStableFunc(r.aside, func(a, b Named) int { return cmp.Compare(a.place, b.place) })
	if !r.useful {
		fields := make([]refusal.Field, len(r.aside))
		for i, n := range r.aside {
			fields[i] = n.field()
		}
		return nil, ObservationResult{}, refusal.Input(fields)
	}
	result.SetAside, result.Remarks = append(result.SetAside, r.aside...), append(result.Remarks, r.remarks...)
	result.New = len(r.fresh.Days) + len(r.fresh.Hours)
	result.Repeated = in.informative() - result.New
	result.Gaps, result.Stuck = r.reception()
	if result.New == 0 {
		return nil, result, nil
	}
	d.events = append(d.events, ObservationReceived{r.fresh})
	series, err := e.series(tx, d.scope, now, delivery{observed: r.fresh})
	if err != nil {
		return nil, ObservationResult{}, err
	}
	d.proposeFor(series)
	result.Proposal = d.open
	return d.events, result, nil
}

func refuseFuture(in *Observation, now time.Time) error {
	c := checker{}
	for i, day := range in.Days {
		c.require(day.Date <= DateOf(now), at("days", i)+".date", "observation.in_future",
			refusal.Args{"value": day.Date, "today": DateOf(now)})
	}
	for i, h := range in.Hours {
		c.require(!h.At.Add(time.Hour).After(now.Add(clockSkew)), at("hours", i)+".at", "observation.in_future",
			refusal.Args{"value": clock(h.At), "today": clock(now)})
	}
	return refusal.Input(c.wrong)
}

// arrival is an observation on its way into the record.
type arrival struct {
	engine Engine
	tx     *bbolt.Tx
	in     *Observation
	now    time.Time

	fresh   Observation // what says something new, in order
	aside   []Named
	remarks []Named
	useful  bool   // something of it is judged, or withdraws what was
	hours   []Hour // of the message, as they are taken
	line    *stationLine[Hour]
}

// take sorts out what is known, what is given twice and what is not over.
func (r *arrival) take() error {
	r.fresh = Observation{Station: r.in.Station, Region: r.in.Region, Days: []Day{}}
	twice := doubles(r.in.Hours, func(h Hour) int64 { return h.At.UnixMilli() }, (*Hour).silent, sameHour)
	for i, h := range r.in.Hours {
		switch {
		case twice[i] == doubleSame, h.silent():
			continue
		case twice[i] == doubleOther:
			h.withdraw(AsideDoubled)
		case h.At.Add(time.Hour).After(r.now):
			h.withdraw(AsideRunning)
		}
		for _, n := range h.SetAside {
			r.setAside(i, asideNamed(hourPath(i, n.Name), n.Rule, n.Name, n.Value, false))
		}
		row, _, err := get[observedHour](r.tx, bObservedHour, hourKey(r.in.Region, h.At))
		if err != nil {
			return err
		}
		known, ok := row[r.in.Station]
		if ok && h.empty() && !known.empty() && unsure(h.SetAside) {
			continue
		}
		r.hours = addHour(r.hours, h)
		if !ok || !sameJSON(known, h) {
			r.fresh.Hours = addHour(r.fresh.Hours, h)
		}
	}
	return r.takeDays()
}

func (r *arrival) takeDays() error {
	twice := doubles(r.in.Days, func(d Day) Date { return d.Date }, (*Day).silent,
		func(a, b Day) bool { return sameJSON(a, b) })
	for i, d := range r.in.Days {
		switch {
		case twice[i] == doubleSame, d.silent():
			continue
		case twice[i] == doubleOther:
			d.withdraw(AsideDoubled)
		}
		for _, n := range d.SetAside {
			r.setAside(len(r.in.Hours)+i, asideNamed(dayPath(i, n.Name), n.Rule, n.Name, n.Value, false))
		}
		row, _, err := get[observedDay](r.tx, bObservedDay, r.in.Region+"/"+string(d.Date))
		if err != nil {
			return err
		}
		known, ok := row[r.in.Station]
		if ok && d.empty() && !known.empty() && unsure(d.SetAside) {
			continue
		}
		if !ok || !sameJSON(known, d) {
			r.fresh.Days = addDay(r.fresh.Days, d)
		}
	}
	return nil
}

// unsure reports whether a row was withdrawn for what the message is, and not for what it says: it takes no place of a
// known one.
func unsure(aside []RawValue) bool {
	return slices.ContainsFunc(aside, func(n RawValue) bool { return n.Rule == AsideDoubled || n.Rule == AsideRunning })
}

// name says what of the message is set aside beside all that is known of the station, and what is odd.
func (r *arrival) name() error {
	// Older hours are judged no more, and are looked at only beside the message.
	known, err := ownHours(r.tx, r.in.Region, r.in.Station, r.now.Add(-hoursBack*time.Hour-asideBack),
		r.now.Add(clockSkew))
	if err != nil {
		return err
	}
	for _, h := range r.hours {
		known[h.At.UnixMilli()] = observedHour{r.in.Station: h}
	}
	observed := make(map[time.Time]observedHour, len(known))
	for _, row := range known {
		observed[row[r.in.Station].At] = row
	}
	r.line = &stationLine[Hour]{}
	if _, lines := r.engine.hourLines(observed); len(lines) > 0 {
		r.line = lines[0]
	}
	for i, h := range r.in.Hours {
		k, ok := slices.BinarySearchFunc(r.line.sieve, h.At, func(s sieveRow, at time.Time) int { return s.at.Compare(at) })
		if !ok || !sameHour(r.line.rows[k], h) {
			continue // it is named already
		}
		one := []sieveRow{{at: h.At, values: h.list()}}
		siftEach(one, r.engine.Plausible.Hour, time.Hour)
		r.nameRow(i, &r.line.sieve[k], one[0], h.AQI, func(name string) string { return hourPath(i, name) })
	}
	return r.nameDays()
}

// ownHours are a station's own hours from first to before end, by their time in milliseconds.
func ownHours(tx *bbolt.Tx, region, station string, first, end time.Time) (map[int64]observedHour, error) {
	rows, err := readHours[map[string]json.RawMessage](tx, bObservedHour, region, first, end)
	if err != nil {
		return nil, err
	}
	out := map[int64]observedHour{}
	for at, row := range rows {
		raw, ok := row[station]
		if !ok {
			continue
		}
		var h Hour
		if err := json.Unmarshal(raw, &h); err != nil {
			return nil, fmt.Errorf("alerts: hour %s of %s: %w", clock(at), station, err)
		}
		out[at.UnixMilli()] = observedHour{station: h}
	}
	return out, nil
}

func (r *arrival) setAside(row int, n Named) {
	n.place = row
	r.aside = append(r.aside, n)
}

// nameRow names the values of a row that are set aside. byItself is the row sifted without its neighbours.
func (r *arrival) nameRow(row int, s *sieveRow, byItself sieveRow, index *int, path func(name string) string) {
	for place, v := range s.values {
		why := s.why[place]
		if v == nil {
			continue
		}
		if why == taken {
			r.useful = true
			continue
		}
		if byItself.why[place] == taken {
			r.useful = true // it withdraws others
		}
		r.setAside(row, asideNamed(path(aqiPollutants[place]), why.rule(), aqiPollutants[place], v.String(),
			why == unchanged))
	}
	_, keeps := s.remainder(index, "")
	r.useful = r.useful || keeps
	fine, coarse := s.values[placePM25], s.values[placePM10]
	if fine != nil && coarse != nil && s.why[placePM25] == taken && s.why[placePM10] == taken && fine.Cmp(*coarse) > 0 {
		n := Named{Path: path(aqi.PM25), Rule: "pm25_above_pm10", Say: "note.pm25_above_pm10",
			Args: refusal.Args{"pm25": fine.String(), "pm10": coarse.String()}}
		r.remarks = append(r.remarks, n.In(langZH))
	}
}

func (r *arrival) nameDays() error {
	if len(r.in.Days) == 0 {
		return nil
	}
	first, last := r.in.Days[0].Date, r.in.Days[0].Date
	for _, d := range r.in.Days {
		first, last = min(first, d.Date), max(last, d.Date)
	}
	days, err := readDays[observedDay](r.tx, bObservedDay, r.in.Region, first.AddDays(-1), last.AddDays(1))
	if err != nil {
		return err
	}
	own := map[Date]observedDay{}
	for date, row := range days {
		if d, ok := row[r.in.Station]; ok {
			own[date] = observedDay{r.in.Station: d}
		}
	}
	for _, d := range r.fresh.Days {
		own[d.Date] = observedDay{r.in.Station: d}
	}
	_, lines := r.engine.dayLines(own)
	if len(lines) == 0 {
		return nil // all that was said of days is that they are missing
	}
	for i, d := range r.in.Days {
		one := []sieveRow{{at: d.Date.Start(), values: d.list()}}
		r.engine.siftDays(one)
		for k := range lines[0].rows {
			if sameJSON(lines[0].rows[k], d) {
				r.nameRow(len(r.in.Hours)+i, &lines[0].sieve[k], one[0], d.AQI,
					func(name string) string { return dayPath(i, name) })
			}
		}
	}
	return nil
}

// reception looks at the station's hours of the last two days.
func (r *arrival) reception() (gaps, stuckHours []Period) {
	gaps, stuckHours = []Period{}, []Period{}
	var last time.Time
	for i := range r.line.sieve {
		s := &r.line.sieve[i]
		if s.at.Before(r.now.Add(-receptionHours*time.Hour)) || !s.at.Before(r.now.Add(clockSkew)) {
			continue
		}
		if !last.IsZero() && s.at.Sub(last) > time.Hour {
			gaps = append(gaps, Period{last.Add(time.Hour), s.at})
		}
		last = s.at
		if !slices.ContainsFunc(s.why[:], func(why whyAside) bool { return why >= stuck }) {
			continue
		}
		if n := len(stuckHours); n > 0 && stuckHours[n-1].To.Equal(s.at) {
			stuckHours[n-1].To = s.at.Add(time.Hour)
		} else {
			stuckHours = append(stuckHours, Period{s.at, s.at.Add(time.Hour)})
		}
	}
	return gaps, stuckHours
}

// How a row of a message relates to the rows before and after it of the same time.
const (
	doubleNone  = iota
	doubleSame  // an earlier row says the same
	doubleOther // another row says something else
)

func doubles[T any, K comparable](rows []T, key func(T) K, silent func(*T) bool, same func(a, b T) bool) []int {
	out := make([]int, len(rows))
	first := map[K]int{}
	for i, row := range rows {
		if silent(&rows[i]) {
			continue
		}
		k, seen := first[key(row)]
		switch {
		case !seen:
			first[key(row)] = i
		case same(rows[k], row) && out[k] != doubleOther:
			out[i] = doubleSame
		default:
			out[k], out[i] = doubleOther, doubleOther
		}
	}
	return out
}

// withdraw has nothing of the hour taken, for one rule.
func (h *Hour) withdraw(rule string) {
	h.SetAside = append(slices.Clone(h.SetAside), allOf(&h.Measured, h.AQI, rule)...)
	h.Measured, h.AQI, h.Cause = Measured{}, nil, ""
}

func (d *Day) withdraw(rule string) {
	d.SetAside = append(slices.Clone(d.SetAside), allOf(&d.Measured, d.AQI, rule)...)
	d.Measured, d.AQI, d.Primary, d.Cause = Measured{}, nil, []string{}, ""
}

func allOf(m *Measured, index *int, rule string) (out []RawValue) {
	for i, v := range m.list() {
		if v != nil {
			out = append(out, RawValue{aqiPollutants[i], v.String(), rule})
		}
	}
	if index != nil {
		out = append(out, RawValue{nameAQI, aqi.Whole(*index).String(), rule})
	}
	return out
}

func (h *Hour) empty() bool { return h.AQI == nil && h.Measured == Measured{} }
func (d *Day) empty() bool  { return d.AQI == nil && d.Measured == Measured{} }

// silent reports whether nothing was said of an hour or a day but that it is missing.
func (h *Hour) silent() bool { return h.empty() && len(h.SetAside) == 0 }
func (d *Day) silent() bool  { return d.empty() && len(d.SetAside) == 0 }

// informative is how many days and hours say more than that they are missing.
func (o *Observation) informative() (n int) {
	for i := range o.Days {
		if !o.Days[i].silent() {
			n++
		}
	}
	for i := range o.Hours {
		if !o.Hours[i].silent() {
			n++
		}
	}
	return n
}

func sameHour(a, b Hour) bool {
	b.At = b.At.In(a.At.Location())
	return sameJSON(a, b)
}

// addHour keeps hours in order; of one that is given twice all that was said stands in one row.
func addHour(hours []Hour, h Hour) []Hour {
	i, found := slices.BinarySearchFunc(hours, h, func(a, b Hour) int { return a.At.Compare(b.At) })
	if found {
		hours[i].SetAside = slices.Concat(hours[i].SetAside, h.SetAside)
		return hours
	}
	return slices.Insert(hours, i, h)
}

func addDay(days []Day, d Day) []Day {
	i, found := slices.BinarySearchFunc(days, d, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	if found {
		days[i].SetAside = slices.Concat(days[i].SetAside, d.SetAside)
		return days
	}
	return slices.Insert(days, i, d)
}
