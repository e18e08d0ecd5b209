package stations

import (
	"math"
	"net/url"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/notify/telemetry"
)

// numberOr is a number, or a text where there is none.
func numberOr(v *float64, none string) string {
	if v == nil {
		return none
	}
	return series.Number(*v)
}

// units are the keys of the words of units, by the unit as package readings writes it.
var units = map[string]string{"mg/m3": "mg_m3", "µg/m3": "ug_m3", "ng/m3": "ng_m3", "m3/s": "m3_s", "m3/h": "m3_h",
	"m3": "m3", "℃": "celsius", "%": "percent", "kPa": "kpa", "Pa": "pa", "m/s": "m_s", "kW": "kw", "kWh": "kwh", "kg": "kg",
	"t": "tonne", "t/h": "t_h", "kg/h": "kg_h", "h": "hour", "A": "ampere", "V": "volt", "Hz": "hertz", "辆次": "passes"}

// unitWords is a unit in words and as it is written; one that has no words as it is written.
func unitWords(lang, unit string) string {
	key, known := units[unit]
	if !known {
		return series.Sign(unit)
	}
	return frame.Word(lang, "unit."+key)
}

// with is a value with its unit.
func with(v float64, unit string) string {
	return strings.TrimSpace(series.Number(v) + " " + series.Sign(unit))
}

// ago is how long before now something was, in words.
func ago(lang string, at, now time.Time) string {
	d := now.Sub(at)
	switch {
	case d < 10*time.Second:
		return frame.Word(lang, "ago.now")
	case d < 2*time.Minute:
		return frame.Word(lang, "ago.seconds", "n", int(d.Seconds()))
	case d < 2*time.Hour:
		return frame.Word(lang, "ago.minutes", "n", int(d.Minutes()))
	case d < 48*time.Hour:
		return frame.Word(lang, "ago.hours", "n", int(d.Hours()))
	}
	return frame.Word(lang, "ago.days", "n", int(d.Hours()/24))
}

// lasting is a length of time in words, to the second where it is short.
func lasting(lang string, d time.Duration) string {
	d = d.Abs()
	switch {
	case d < 2*time.Minute:
		return frame.Word(lang, "lasting.seconds", "n", int(math.Round(d.Seconds())))
	case d < 2*time.Hour:
		return frame.Word(lang, "lasting.minutes", "n", int(math.Round(d.Minutes())))
	case d < 48*time.Hour:
		return frame.Word(lang, "lasting.hours", "n", int(math.Round(d.Hours())))
	}
	return frame.Word(lang, "lasting.days", "n", int(math.Round(d.Hours()/24)))
}

// clockShift is how far a station's clock is off, in words; off is whether somebody ought to set it.
func clockShift(lang string, seconds *float64) (text string, off bool) {
	if seconds == nil {
		return "", false
	}
	d := time.Duration(*seconds * float64(time.Second))
	switch {
	case d.Abs() < 2*time.Second:
		return frame.Word(lang, "clock_shift.none"), false
	case d > 0:
		text = frame.Word(lang, "clock_shift.slow", "by", lasting(lang, d))
	default:
		text = frame.Word(lang, "clock_shift.fast", "by", lasting(lang, d))
	}
	return text, d.Abs() > clockOff
}

// clockOff is from how much on a clock is shown as off: with it minute values fall into another minute.
const clockOff = 30 * time.Second

// flagWord is a data flag in words with its letter; empty for none and for N.
func flagWord(lang, flag string) string {
	if series.Normal(flag) {
		return ""
	}
	if key := "flag." + flag; refusal.Known("desk." + key) {
		return flag + " " + frame.Word(lang, key)
	}
	return flag
}

// dataWord is a kind of data in words, by its command of HJ 212.
func dataWord(lang, cn string) string {
	if cn == "" {
		return frame.Word(lang, "cn.message")
	}
	if key := "cn." + cn; refusal.Known("desk." + key) {
		return frame.Word(lang, key)
	}
	return cn
}

// freshness is how a station reports, with the class of its dot.
type freshness struct{ Kind, Word string }

func freshOf(lang string, f telemetry.Freshness) freshness {
	return freshness{string(f), frame.Word(lang, "fresh."+string(f))}
}

// latest is the last value of a point in a line: 12.5 mg/m³（小时，3 分钟前）.
type latest struct {
	Name  string
	Href  string
	Value string // with its unit; empty where nothing came
	When  string
	Flag  string // in words; empty for a normal one
}

func latestOf(q *frame.Request, p *calls.PointView, now time.Time) latest {
	l := latest{Name: series.FactorName(q.Lang, p.Factor), Href: series.PointPath(p.Point), Flag: flagWord(q.Lang, p.Flag)}
	if p.At == nil {
		return l
	}
	l.Value, l.When = q.T("point.no_value"), q.T("point.when", "step", q.T("step."+p.Step), "ago", ago(q.Lang, *p.At, now))
	if p.Value != nil {
		l.Value = with(*p.Value, p.Unit)
	}
	return l
}

// exportPath is the address of a point's series as a table.
func exportPath(p telemetry.Point, v url.Values) string {
	return "/api/v1/telemetry/" + url.PathEscape(string(p)) + "/export?" + v.Encode()
}

// stationPath is the address of a station's page.
func stationPath(mn string) string { return "/desk/stations/" + url.PathEscape(mn) }
