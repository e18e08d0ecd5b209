package alerts

import (
	"slices"

	"qingkong/alerts/aqi"
	"qingkong/alerts/forms"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Reader reads forecasts and measurements, as CSV or JSON. The zero value reads a forecast.
type Reader struct {
	Plausible *Plausible // what a forecast may not exceed; nil = DefaultPlausible
	HourEnds  bool       // a time names the end of its hour, not its beginning
	Measured  bool       // CSV: what is read was measured, so that it has no ranges
}

func (r Reader) plausible() Plausible {
	if r.Plausible == nil {
		return DefaultPlausible()
	}
	return *r.Plausible
}

// entry is what is said of one day or hour.
type entry struct {
	index, class *forms.Band // of the index; from its column, and from that of classes
	low, high    *int        // from columns of their own
	primary      []string
	cause        Cause
	Measured
	given bool       // any of the values stands there, be it as a mark of what is missing
	aside []RawValue // of what was measured: numbers that can be no value
}

// read reads the cell of a column. A column of one end of a range holds a single index.
func (e *entry) read(c forms.Column, unit forms.Unit, text string, hourly, measured bool) *forms.Wrong {
	switch c {
	case forms.Primary:
		list, w := forms.Pollutants(text)
		e.primary = list
		return w
	case forms.Cause:
		cause, w := forms.CauseOf(text)
		e.cause = Cause(cause)
		return w
	}
	e.given = true
	if p, ok := c.Pollutant(hourly); ok {
		v, absent, w := forms.Concentration(text, p, unit)
		if absent == forms.Sentinel && measured {
			// A number that an instrument sends for a fault is judged with its other values, where it can be a number at all.
			n, err := aqi.ParseConcentration(refusal.Plainly(text))
			if err != nil {
				e.setAside(p, text)
				return nil
			}
			v, absent = n, forms.Present
		}
		if w != nil && measured && unreadable(p, refusal.Plainly(text)) {
			e.setAside(p, text)
			return nil
		}
		if w == nil && absent == forms.Present {
			e.set(p, v)
		}
		return w
	}
	read := forms.Index
	if c == forms.Class {
		read = forms.ClassBand
	}
	band, absent, w := read(text)
	if c == forms.AQI && measured && (absent == forms.Sentinel || w != nil && unreadable(nameAQI, refusal.Plainly(text))) {
		e.setAside(nameAQI, text)
		return nil
	}
	if w != nil || absent != forms.Present {
		return w
	}
	return e.keep(c, band, text)
}

// setAside keeps a number that can be no value as it came.
func (e *entry) setAside(name, text string) {
	e.aside = append(e.aside, RawValue{name, shortened(refusal.Plainly(text)), AsideImpossible})
}

func (e *entry) keep(c forms.Column, band forms.Band, text string) *forms.Wrong {
	switch c {
	case forms.AQI:
		e.index = &band
		return nil
	case forms.Class:
		e.class = &band
		return nil
	}
	if band.Low != band.High || band.Class {
		return &forms.Wrong{Rule: "day.aqi_wrong", Args: refusal.Args{"value": refusal.Shown(text)}}
	}
	if c == forms.AQILow {
		e.low = &band.Low
	} else {
		e.high = &band.High
	}
	return nil
}

// empty reports whether nothing is known of the air.
func (e *entry) empty() bool {
	return e.index == nil && e.class == nil && e.low == nil && e.high == nil && len(e.Values()) == 0
}

// outcome is what a day comes to: an index or a range of it, or nil for neither, and the primary pollutants.
type outcome struct {
	band    *forms.Band
	primary []string
}

// resolve makes the index of a day: the range that is given, the index or range of its column, the index of the
// concentrations, or the band of its class, whichever comes first.
func (e *entry) resolve(date Date) outcome {
	given := e.index
	if e.low != nil && e.high != nil {
		given = &forms.Band{Low: *e.low, High: *e.high}
	}
	if given == nil || given.Low == given.High && !given.Class {
		var published *int
		if given != nil {
			published = &given.High
		}
		if index, primary := resolve(date, published, e.primary, e.Values()); index != nil {
			return outcome{&forms.Band{Low: *index, High: *index}, primary}
		}
		given = e.class
	}
	primary := e.primary
	// A range that does not contain the index of the concentrations says nothing of the primary pollutant, just as a
	// published index that differs from theirs.
	if made, computed := resolve(date, nil, nil, e.Values()); given != nil && len(primary) == 0 && made != nil &&
		given.Low <= *made && *made <= given.High {
		primary = computed
	}
	return outcome{given, primary}
}

// tooHigh is the first concentration that is above what is plausible.
func (p Plausible) tooHigh(m *Measured, hourly bool) (pollutant aqi.Pollutant, args refusal.Args) {
	limits := p.Day
	if hourly {
		limits = p.Hour
	}
	for i, c := range m.list() {
		if c == nil {
			continue
		}
		if most, ok := limits[aqiPollutants[i]]; ok && c.Cmp(most) > 0 {
			return aqiPollutants[i], refusal.Args{"pollutant": terms.Words(terms.Pollutant, aqiPollutants[i]), "value": *c,
				"unit": aqi.Unit(aqiPollutants[i]), "largest": most}
		}
	}
	return "", nil
}

// remark says what is strange about a day's or an hour's values, as a rule and what fills it.
type remark struct {
	column forms.Column
	rule   string
	args   refusal.Args
}

// remarks are those of a day; o is what it came to.
func (e *entry) remarks(date Date, o outcome) []remark {
	var out []remark
	if e.aboveItsOwn() {
		out = append(out, remark{forms.Column(aqi.PM25), "note.pm25_above_pm10",
			refusal.Args{"pm25": *e.PM25, "pm10": *e.PM10}})
	}
	for _, p := range aqi.Daily(aqi.StandardOn(string(date)), e.Values()).Beyond {
		out = append(out, remark{forms.Column(p), "note.beyond_table",
			refusal.Args{"pollutant": terms.Words(terms.Pollutant, p)}})
	}
	if o.band == nil {
		return out
	}
	if args := PM25Alone(aqi.StandardOn(string(date)), o.band.High, o.primary, e.Values()); args != nil {
		out = append(out, remark{forms.Column(aqi.PM25), "note.pm25_alone", args})
	}
	if e.class != nil && o.band != e.class && !o.band.Agrees(*e.class) {
		out = append(out, remark{forms.Class, "note.class_differs",
			refusal.Args{"value": o.band.High, "class": forms.ClassName(e.class.High)}})
	}
	if o.band.Class && o.band.High > 300 {
		out = append(out, remark{forms.Class, "note.severe_as_301", refusal.Args{"value": forms.ClassName(o.band.High)}})
	}
	return out
}

// aboveItsOwn reports whether there is more of PM2.5 than of PM10, of which it is a part.
func (m *Measured) aboveItsOwn() bool {
	return m.PM25 != nil && m.PM10 != nil && m.PM25.Cmp(*m.PM10) > 0
}

// PM25Alone returns the values of the note that an index is due to other pollutants and that PM2.5 alone makes another
// one, which criteria go by; nil where PM2.5 makes the index, or there is no pollution.
func PM25Alone(std aqi.Standard, index int, primary []string, v aqi.Values) refusal.Args {
	own := ownIndex(std, v)
	if own == nil || *own <= 100 || *own >= index || len(primary) == 0 || slices.Contains(primary, PM25) {
		return nil
	}
	names := refusal.Worded{}
	for i, p := range primary {
		if i > 0 {
			names.ZH, names.EN = names.ZH+"、", names.EN+", "
		}
		name := terms.Words(terms.Pollutant, p)
		names.ZH, names.EN = names.ZH+name.ZH, names.EN+name.EN
	}
	return refusal.Args{"aqi": index, "primary": names, "own": *own}
}

// IndexNotes tell what is strange about concentrations and the index that was made of them.
func IndexNotes(v aqi.Values, r aqi.Result) []Note {
	var out []Note
	pm25, has := v[aqi.PM25]
	pm10, both := v[aqi.PM10]
	if has && both && pm25.Cmp(pm10) > 0 {
		out = append(out, note(aqi.PM25, "note.pm25_above_pm10", refusal.Args{"pm25": pm25, "pm10": pm10}))
	}
	if args := PM25Alone(r.Standard, r.Index, r.Primary, v); r.Known && args != nil {
		out = append(out, note(aqi.PM25, "note.pm25_alone", args))
	}
	for _, p := range r.Beyond {
		out = append(out, note(p, "note.beyond_table", refusal.Args{"pollutant": terms.Words(terms.Pollutant, p)}))
	}
	return out
}

// Note says that something was read otherwise than it is written, or looks wrong; nothing is refused for it.
type Note struct {
	Path    string `json:"path"`
	Rule    string `json:"rule"`
	Message string `json:"message"` // in the language asked for
	args    refusal.Args
}

func note(path, rule string, args refusal.Args) Note {
	return Note{Path: path, Rule: rule, Message: refusal.Text(rule, "zh-CN", args), args: args}
}

// In is the note in "zh-CN" or "en".
func (n Note) In(lang string) Note {
	if n.args != nil {
		n.Message = refusal.Text(n.Rule, lang, n.args)
	}
	return n
}

// NotesIn are notes in a language.
func NotesIn(notes []Note, lang string) []Note {
	out := make([]Note, 0, len(notes))
	for _, n := range notes {
		out = append(out, n.In(lang))
	}
	return out
}

// maxNotes bounds what is told of one file.
const maxNotes = 100
