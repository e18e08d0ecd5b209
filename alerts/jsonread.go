package alerts

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"qingkong/alerts/aqi"
	"qingkong/alerts/forms"
	"qingkong/alerts/refusal"
)

// object is a day or an hour of a body before it is read: its members with their names, in their order.
type object []member

type member struct {
	name  string
	value jsontext.Value
}

// UnmarshalJSONFrom takes an object apart.
func (m *object) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	if in.PeekKind() != '{' {
		if err := in.SkipValue(); err != nil {
			return err
		}
		return refusal.New(refusal.Invalid, "input.wrong_type", refusal.Args{"want": refusal.Words("want.object", nil)})
	}
	if _, err := in.ReadToken(); err != nil {
		return err
	}
	for in.PeekKind() != '}' {
		name, err := in.ReadToken()
		if err != nil {
			return err
		}
		text := name.String()
		value, err := in.ReadValue()
		if err != nil {
			return err
		}
		*m = append(*m, member{text, value.Clone()})
	}
	_, err := in.ReadToken()
	return err
}

// text is a member as a cell would have it; ok is false for what no cell can hold.
func (m member) text() (text string, ok bool) {
	switch m.value.Kind() {
	case 'n':
		return "", true
	case '"':
		raw, err := jsontext.AppendUnquote(nil, m.value)
		return string(raw), err == nil
	case '0':
		return string(m.value), true
	}
	return "", false
}

// texts are a member that is one text or a list of them.
func (m member) texts() ([]string, bool) {
	if m.value.Kind() != '[' {
		text, ok := m.text()
		return []string{text}, ok
	}
	var list []jsontext.Value
	if err := json.Unmarshal(m.value, &list); err != nil {
		return nil, false
	}
	var out []string
	for _, v := range list {
		text, ok := member{value: v}.text()
		if !ok || v.Kind() != '"' {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}

// Forecast reads a forecast. It returns a refusal that names every wrong place: a member that is not known, a date
// twice with other values, a range upside down, an AQI outside 0 to 500, a concentration that is not plausible, a
// region or source of the wrong form. Members and values may have any form that package forms reads; a value that is
// marked as missing is left out, and so is a day that has none. The notes say what was read so and what looks wrong.
func (r Reader) Forecast(data []byte) (Forecast, []Note, error) {
	var in forecastBody[object, object]
	if err := refusal.Unmarshal(data, &in); err != nil {
		return Forecast{}, nil, err
	}
	b := bodyReader{Reader: r, limits: r.plausible()}
	f := Forecast{Source: in.Source, Region: in.Region, Drill: in.Drill}
	b.require(sourceForm.MatchString(in.Source), "source", "source.wrong", refusal.Args{"value": in.Source})
	b.require(regionForm.MatchString(in.Region), "region", "region.wrong", refusal.Args{"value": in.Region})
	if in.IssuedAt == nil {
		b.add("issued_at", "input.required", nil)
	} else {
		f.IssuedAt = moment(*in.IssuedAt)
	}
	b.amount(len(in.Days), len(in.Hours))
	f.Days = bodyDays(&b, in.Days, b.forecastDay, func(d ForecastDay) Date { return d.Date })
	f.Hours = b.hours(in.Hours)
	return f, b.notes, b.end(len(f.Days) + len(f.Hours))
}

// Observation reads what was measured as Forecast reads a forecast; there are no ranges and classes. Numbers that
// cannot be a value are set aside where they stand, so that the rest is taken. Days and hours keep their order and
// number, also where one stands twice or says nothing: what is told of them names their place in the body.
func (r Reader) Observation(data []byte) (Observation, []Note, error) {
	var in observationBody[object, object]
	if err := refusal.Unmarshal(data, &in); err != nil {
		return Observation{}, nil, err
	}
	r.Measured = true
	b := bodyReader{Reader: r}
	o := Observation{Station: in.Station, Region: in.Region}
	b.require(stationForm.MatchString(in.Station), "station", "station.wrong", refusal.Args{"value": in.Station})
	b.require(regionForm.MatchString(in.Region), "region", "region.wrong", refusal.Args{"value": in.Region})
	b.amount(len(in.Days), len(in.Hours))
	o.Days = bodyDays(&b, in.Days, b.measuredDay, func(d Day) Date { return d.Date })
	o.Hours = b.hours(in.Hours)
	return o, b.notes, b.end(o.informative())
}

// bodyReader reads a body and collects what is wrong with it and what is to be told.
type bodyReader struct {
	Reader
	checker
	limits  Plausible
	unknown []refusal.Field // members there are not
	notes   []Note
}

func (b *bodyReader) tell(path, rule string, args refusal.Args) {
	if len(b.notes) < maxNotes {
		b.notes = append(b.notes, note(path, rule, args))
	}
}

// end refuses what was wrong, a member that is not known first, and a body of which nothing is left.
func (b *bodyReader) end(left int) error {
	if len(b.unknown) > 0 {
		return &refusal.Error{Code: refusal.UnknownField, Rule: "input.wrong", Args: refusal.Args{"count": len(b.unknown)},
			Fields: b.unknown}
	}
	b.require(left > 0 || len(b.wrong) > 0, "days", "days.none", nil)
	return refusal.Input(b.wrong)
}

func (b *bodyReader) bad(path string, w *forms.Wrong) { b.add(path, w.Rule, w.Args) }

// placedEntry is a day or an hour, and where its members stand.
type placedEntry struct {
	entry
	path string
	at   map[forms.Column]string // what each is called
	day  string                  // the text of its day
	hour string                  // of its hour
	ok   bool
}

// named is the path of a column: by its name in the body, or by its plain name where it is missing.
func (p *placedEntry) named(c forms.Column, plain string) string {
	if name, ok := p.at[c]; ok {
		plain = name
	}
	return p.path + "." + plain
}

// take reads the members of a day or an hour.
func (b *bodyReader) take(path string, in object, hourly bool) placedEntry {
	p := placedEntry{entry: entry{primary: []string{}}, path: path, at: map[forms.Column]string{}, ok: true}
	for _, m := range in {
		b.readMember(&p, m, hourly)
	}
	return p
}

func (b *bodyReader) readMember(p *placedEntry, m member, hourly bool) {
	path := p.path + "." + m.name
	refuse := func(rule string, args refusal.Args) {
		b.add(path, rule, args)
		p.ok = false
	}
	head, w := forms.ReadHead(m.name)
	if w != nil {
		refuse(w.Rule, w.Args)
		return
	}
	c := head.Column
	pollutant, isPollutant := c.Pollutant(hourly)
	switch {
	case c == forms.Unknown, c == forms.Ignored, c == forms.Place, hourly &&
		(c == forms.AQILow || c == forms.AQIHigh || c == forms.Class || head.Day), !hourly && (c == forms.Hour || head.Hour):
		b.unknown = append(b.unknown, refusal.Field{Path: path, Rule: "input.unknown_field",
			Args: refusal.Args{"name": refusal.Shown(m.name)}})
		return
	case m.value.Kind() == 'n': // as if it were not there
		return
	case hourly && pollutant == aqi.O3H8 && isPollutant:
		refuse("hour.ozone_8h", nil)
		return
	}
	if isPollutant {
		c = forms.Column(pollutant)
	}
	if first, twice := p.at[c]; twice {
		rule := "day.member_twice"
		if c == forms.Column(aqi.O3H8) || c == forms.Column(aqi.O3H1) {
			rule = "hour.ozone_twice"
		}
		refuse(rule, refusal.Args{"value": refusal.Shown(m.name), "first": refusal.Shown(first)})
		return
	}
	p.at[c] = m.name
	b.readValue(p, path, c, head.Unit, m, hourly)
}

// readValue reads the value of a member.
func (b *bodyReader) readValue(p *placedEntry, path string, c forms.Column, unit forms.Unit, m member, hourly bool) {
	if c == forms.Primary {
		b.readPrimary(p, path, m)
		return
	}
	text, ok := m.text()
	if !ok {
		want := "want.number"
		if c == forms.Date || c == forms.Time || c == forms.Cause {
			want = "want.text"
		}
		b.add(path, "input.wrong_type", refusal.Args{"want": refusal.Words(want, nil)})
		p.ok = false
		return
	}
	switch c {
	case forms.Date:
		p.day = text
	case forms.Time:
		p.hour = text
		if !hourly {
			p.day = text
		}
	case forms.Hour:
		p.hour = text
	default:
		if w := p.read(c, unit, text, hourly, b.Measured); w != nil {
			b.bad(path, w)
			p.ok = false
		}
	}
}

func (b *bodyReader) readPrimary(p *placedEntry, path string, m member) {
	texts, ok := m.texts()
	if !ok {
		b.add(path, "input.wrong_type", refusal.Args{"want": refusal.Words("want.list", nil)})
		p.ok = false
	}
	for i, text := range texts {
		list, w := forms.Pollutants(text)
		if w != nil {
			place := path
			if m.value.Kind() == '[' {
				place = at(path, i)
			}
			b.bad(place, w)
			p.ok = false
		}
		for _, pollutant := range list {
			if !slices.Contains(p.entry.primary, pollutant) {
				p.entry.primary = append(p.entry.primary, pollutant)
			}
		}
	}
}

// bodyDays reads days in ascending order. The same day with the same values again counts once; with others it is
// refused. Measured ones stay as they came.
func bodyDays[D any](b *bodyReader, in []object, read func(p *placedEntry, date Date) (D, bool), of func(D) Date) []D {
	out := []D{}
	seen := map[Date]string{}
	known := map[Date]D{}
	for i := range in {
		p := b.take(at("days", i), in[i], false)
		place := p.named(forms.Date, "date")
		if _, ok := p.at[forms.Time]; ok && p.at[forms.Date] == "" {
			place = p.named(forms.Time, "date")
		}
		day, w := forms.Day(p.day)
		if w != nil {
			b.bad(place, w)
			continue
		}
		d, ok := read(&p, Date(day))
		if b.Measured {
			out = append(out, d)
			continue
		}
		if first, twice := seen[Date(day)]; twice {
			if had, kept := known[Date(day)]; kept == ok && reflect.DeepEqual(had, d) {
				b.tell(p.path, "note.day_same", refusal.Args{"first": first})
			} else {
				b.add(place, "day.twice", refusal.Args{"value": day, "first": first})
			}
			continue
		}
		seen[Date(day)] = p.path
		if ok {
			known[Date(day)] = d
			out = append(out, d)
		}
	}
	if !b.Measured {
		slices.SortFunc(out, func(a, b D) int { return cmp.Compare(of(a), of(b)) })
	}
	return out
}

// forecastDay takes a range, one index, concentrations that make one, or a class.
func (b *bodyReader) forecastDay(p *placedEntry, date Date) (ForecastDay, bool) {
	d := ForecastDay{Date: date, Primary: p.entry.primary, Cause: p.cause, Measured: p.Measured}
	if !b.wholeRange(p) || !p.ok || !b.credible(p, false) {
		return d, false
	}
	o := p.resolve(date)
	if o.band == nil {
		rule := "note.no_index"
		if p.empty() {
			rule = "note.day_missing"
		}
		b.tell(p.path, rule, refusal.Args{"value": date})
		return d, false
	}
	d.AQILow, d.AQIHigh, d.Primary = o.band.Low, o.band.High, o.primary
	for _, r := range p.remarks(date, o) {
		b.tell(p.named(r.column, string(r.column)), r.rule, r.args)
	}
	return d, true
}

// wholeRange refuses half a range, one that is upside down, and one beside an index.
func (b *bodyReader) wholeRange(p *placedEntry) bool {
	_, low := p.at[forms.AQILow]
	_, high := p.at[forms.AQIHigh]
	before := len(b.wrong)
	if low || high {
		b.require(p.index == nil, p.named(forms.AQI, "aqi"), "day.aqi_and_range", nil)
		b.require(low, p.named(forms.AQILow, "aqi_low"), "input.required", nil)
		b.require(high, p.named(forms.AQIHigh, "aqi_high"), "input.required", nil)
	}
	switch {
	case !p.ok || len(b.wrong) > before:
	case (p.low == nil) != (p.high == nil):
		b.add(p.named(forms.AQILow, "aqi_low"), "day.half_range", nil)
	case p.low != nil && *p.low > *p.high:
		b.add(p.named(forms.AQIHigh, "aqi_high"), "day.range_upside_down", refusal.Args{"low": *p.low, "high": *p.high})
	}
	return len(b.wrong) == before
}

// credible refuses what a forecast cannot expect.
func (b *bodyReader) credible(p *placedEntry, hourly bool) bool {
	if b.Measured {
		return true
	}
	pollutant, args := b.limits.tooHigh(&p.Measured, hourly)
	if pollutant != "" {
		b.add(p.named(forms.Column(pollutant), pollutant), "day.too_high", args)
	}
	return pollutant == ""
}

// measuredDay takes an index, or concentrations that make one.
func (b *bodyReader) measuredDay(p *placedEntry, date Date) (Day, bool) {
	d := Day{Date: date, Primary: p.entry.primary, Cause: p.cause, Measured: p.Measured, SetAside: p.aside}
	before := len(b.wrong)
	for _, c := range []forms.Column{forms.AQILow, forms.AQIHigh, forms.Class} {
		_, given := p.at[c]
		b.require(!given, p.named(c, string(c)), "day.range_measured", nil)
	}
	b.single(p)
	if !p.ok || len(b.wrong) > before {
		return d, false
	}
	o := p.resolve(date)
	if o.band == nil {
		b.require(p.given && p.empty() || len(p.aside) > 0, p.named(forms.AQI, "aqi"), "input.required", nil)
		return d, false
	}
	d.AQI, d.Primary = &o.band.High, o.primary
	return d, true
}

// single refuses a range and a class where there can be one index alone.
func (b *bodyReader) single(p *placedEntry) {
	if p.index != nil && (p.index.Low != p.index.High || p.index.Class) {
		b.add(p.named(forms.AQI, "aqi"), "day.range_measured", nil)
		p.ok = false
	}
}

// hours reads hours in ascending order: full hours, each with concentrations or an index. One whose values are all
// marked as missing is left out. Measured ones stay as they came.
func (b *bodyReader) hours(in []object) []Hour {
	b.require(len(in) <= maxHours, "hours", "hours.too_many", refusal.Args{"count": len(in), "limit": maxHours})
	seen := map[time.Time]int{}
	var kept []Hour
	var paths []string
	for i := range in {
		p := b.take(at("hours", i), in[i], true)
		when, ok := b.when(&p)
		b.single(&p)
		if !p.ok || !ok || !b.credible(&p, true) {
			continue
		}
		if p.empty() {
			b.require(p.given, p.path, "hour.empty", nil)
			if !b.Measured {
				continue
			}
		}
		h := Hour{At: when, Cause: p.cause, Measured: p.Measured, SetAside: p.aside}
		if p.index != nil {
			h.AQI = &p.index.High
		}
		if b.Measured {
			kept = append(kept, h)
			continue
		}
		if first, twice := seen[when]; twice {
			if reflect.DeepEqual(kept[first], h) {
				b.tell(p.path, "note.day_same", refusal.Args{"first": paths[first]})
			} else {
				b.add(p.named(forms.Time, "at"), "day.twice", refusal.Args{"value": clock(when), "first": paths[first]})
			}
			continue
		}
		if p.aboveItsOwn() {
			b.tell(p.named(forms.Column(aqi.PM25), aqi.PM25), "note.pm25_above_pm10",
				refusal.Args{"pm25": *p.PM25, "pm10": *p.PM10})
		}
		seen[when] = len(kept)
		kept, paths = append(kept, h), append(paths, p.path)
	}
	if !b.Measured {
		slices.SortFunc(kept, func(a, b Hour) int { return a.At.Compare(b.At) })
	}
	return kept
}

// when reads the time of an hour, or its day and hour.
func (b *bodyReader) when(p *placedEntry) (time.Time, bool) {
	place := p.named(forms.Time, "at")
	var at time.Time
	var w *forms.Wrong
	switch {
	case p.day != "" && p.hour != "":
		day, bad := forms.Day(p.day)
		if bad != nil {
			b.bad(p.named(forms.Date, "date"), bad)
			return at, false
		}
		at, w = forms.HourOf(day, p.hour)
	case p.hour == "":
		b.add(place, "input.required", nil)
		return at, false
	default:
		at, w = forms.HourAt(p.hour)
	}
	if w != nil {
		b.bad(place, w)
		return at, false
	}
	return moment(b.begin(at)), true
}
