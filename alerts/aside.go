package alerts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// RawValue is a value of an hour or a day that is kept as it came, beside what is known of it: no concentration can be
// so, or the message itself shows that it is none.
type RawValue struct {
	Name  string `json:"name"` // a pollutant, or aqi
	Value string `json:"value"`
	Rule  string `json:"rule"`
}

// Aside is values that a station measured and that are not judged: N values of a pollutant, or of its index, between
// two times. Value is the first of them.
type Aside struct {
	Station   string    `json:"station"`
	Name      string    `json:"name"` // a pollutant, or aqi
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	N         int       `json:"n"`
	Value     string    `json:"value"`
	Rule      string    `json:"rule"`                // impossible, stuck, ambiguous, doubled or running_hour
	Unchanged bool      `json:"unchanged,omitempty"` // of what is stuck: for so long that the instrument never changes
}

// aside lists the values of a station that are set aside and end after a time, pollutant by pollutant; unit is how long
// a row is. Values that follow one another for the same reason make one entry.
func (line *stationLine[T]) aside(unit time.Duration, from time.Time, notTaken func(T) []RawValue) (out []Aside) {
	open := map[string]int{} // name → its last entry in out
	add := func(i int, name, value, rule string, never bool) {
		at := line.sieve[i].at
		if k, ok := open[name]; ok && out[k].Rule == rule && out[k].Unchanged == never &&
			(rule != AsideStuck || out[k].Value == value) {
			out[k].To, out[k].N = at.Add(unit), out[k].N+1
			return
		}
		open[name] = len(out)
		out = append(out, Aside{line.station, name, at, at.Add(unit), 1, value, rule, never})
	}
	for i := range line.sieve {
		s := &line.sieve[i]
		for place, v := range s.values {
			switch why := s.why[place]; {
			case v == nil:
			case why == taken:
				delete(open, aqiPollutants[place])
			default:
				add(i, aqiPollutants[place], v.String(), why.rule(), why == unchanged)
			}
		}
		for _, n := range notTaken(line.rows[i]) {
			add(i, n.Name, n.Value, n.Rule, false)
		}
	}
	return slices.DeleteFunc(out, func(a Aside) bool { return !a.To.After(from) })
}

// Words tell, in "zh-CN" or "en", why a value is set aside.
func (a *Aside) Words(lang string) string {
	rule, args := asideSay(a.Rule, a.Name, a.Value, a.Unchanged)
	return refusal.Text(rule, lang, args)
}

// asideSay is the catalogue's rule for a value that is set aside, and what it names.
func asideSay(rule, name, value string, never bool) (say string, args refusal.Args) {
	say = rule
	switch {
	case never:
		say = "unchanged"
	case rule != AsideImpossible:
	case strings.HasPrefix(value, "-") ||
		slices.ContainsFunc(neverValues, func(v aqi.Concentration) bool { return v.String() == value }):
		say = "mark"
	case name == aqi.CO:
		say = "impossible_co"
	case name == aqi.PM10:
		say = "impossible_pm10"
	case name == nameAQI:
		say = "impossible_aqi"
	}
	return "set_aside." + say, refusal.Args{"name": terms.Words(terms.Pollutant, name), "value": value,
		"unchanged": neverChanged}
}

// nameAQI names an index among the values of an hour or a day.
const nameAQI = "aqi"

// Line tells of a value that is set aside where and when it was, and why, in "zh-CN" or "en".
func (a *Aside) Line(lang string) string {
	rule := "set_aside.line"
	if a.N > 1 {
		rule = "set_aside.lines"
	}
	return refusal.Text(rule, lang, refusal.Args{"station": a.Station, "name": terms.Words(terms.Pollutant, a.Name),
		"value": a.Value, "from": StartText(a.From),
		"to": EndText(a.To), "n": a.N, "why": a.Words(lang)})
}

// How much of what is set aside a trace holds and tells of.
const (
	asideMost  = 200
	asideLines = 12
)

// explainAside tells of what is set aside, the same of many stations in one line.
func explainAside(all []Aside, lang string) []string {
	type kind struct{ name, rule string }
	var kinds []kind
	by := map[kind][]*Aside{}
	for i := range all {
		k := kind{all[i].Name, all[i].Rule}
		if by[k] == nil {
			kinds = append(kinds, k)
		}
		by[k] = append(by[k], &all[i])
	}
	var out []string
	for i, k := range kinds {
		if i == asideLines {
			return append(out, refusal.Text("explain.set_aside_more", lang, refusal.Args{"n": len(kinds) - i}))
		}
		of := by[k]
		if len(of) == 1 {
			out = append(out, of[0].Line(lang))
			continue
		}
		var stations []string
		values, from, to := 0, of[0].From, of[0].To
		for _, a := range of {
			if !slices.Contains(stations, a.Station) {
				stations = append(stations, a.Station)
			}
			values, from, to = values+a.N, earliest(from, a.From), latest(to, a.To)
		}
		out = append(out, refusal.Text("explain.set_aside", lang,
			refusal.Args{"name": terms.Words(terms.Pollutant, k.name), "n": values, "from": StartText(from), "to": EndText(to),
				"stations": stationsText(stations, lang), "why": refusal.Text("set_aside.short."+k.rule, lang, nil)}))
	}
	return out
}

// stationsText lists stations, of many the first.
func stationsText(stations []string, lang string) string {
	const most = 12
	if len(stations) <= most {
		return strings.Join(stations, refusal.Text("explain.stations.and", lang, nil))
	}
	return refusal.Text("explain.stations.more", lang, refusal.Args{"first": strings.Join(stations[:most],
		refusal.Text("explain.stations.and", lang, nil)), "n": len(stations)})
}

// asideNear are those that touch a period, as many as a trace holds.
func asideNear(all []Aside, from, to time.Time) (out []Aside) {
	for _, a := range all {
		if a.To.After(from) && a.From.Before(to) && len(out) < asideMost {
			out = append(out, a)
		}
	}
	return out
}

// Named is a place in what came in and what is to be said of it. Message is Chinese; [Named.In] has the other language.
type Named struct {
	Path    string       `json:"path"` // hours[3].pm25
	Rule    string       `json:"rule"`
	Message string       `json:"message"`
	Say     string       `json:"say"` // the message's place in the catalogue
	Args    refusal.Args `json:"args,omitempty"`

	place int // by which those of a message are in order
}

// In is the same in "zh-CN" or "en".
func (n Named) In(lang string) Named {
	n.Message = refusal.Text(n.Say, lang, n.Args)
	return n
}

func asideNamed(path, rule, name, value string, never bool) Named {
	say, args := asideSay(rule, name, value, never)
	return Named{Path: path, Rule: rule, Say: say, Args: args}.In(langZH)
}

// field is the same as a wrong place of an input.
func (n Named) field() refusal.Field {
	return refusal.Field{Path: n.Path, Rule: n.Rule, Args: refusal.Args{"why": refusal.Words(n.Say, n.Args)}}
}

func hourPath(i int, name string) string { return fmt.Sprintf("hours[%d].%s", i, name) }
func dayPath(i int, name string) string  { return fmt.Sprintf("days[%d].%s", i, name) }
