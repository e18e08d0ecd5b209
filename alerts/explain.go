package alerts

import (
	"fmt"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Words are the trace told to people, line by line, as the catalogue had it when the proposal was made.
type Words struct {
	ZH []string `json:"zh-CN"`
	EN []string `json:"en"`
}

const (
	langZH = "zh-CN"
	langEN = "en"
)

// explain tells what is proposed, which clauses are met by what and which are not, what does not count, and by which
// settings: enough to work the decision out again by hand.
func (p *Proposal) explain() Words {
	return Words{ZH: p.lines(langZH), EN: p.lines(langEN)}
}

func (p *Proposal) lines(lang string) []string {
	t := &p.Trace
	say := func(rule string, args refusal.Args) string { return refusal.Text("explain."+rule, lang, args) }
	from, to := t.Period.From, t.Period.To
	if t.Episode != nil && p.Kind != KindLift {
		from, to = t.Episode.From, t.Episode.To
	}
	first := string(p.Kind)
	if p.Kind == KindLift && t.Settings.LiftRule == LiftBelowYellow {
		first = "lift_below_yellow"
	}
	end := refusal.Text("explain.further_notice", lang, nil)
	if p.EndsAt != nil {
		end = EndText(*p.EndsAt)
	}
	out := []string{say(first, refusal.Args{"level": LevelName(p.Level, lang), "starts": StartText(p.StartsAt), "ends": end,
		"from": StartText(from), "to": EndText(to),
		"own_from": StartText(t.Period.From), "own_to": EndText(t.Period.To),
		"lead": HoursText(p.LeadH, lang), "hours": t.Settings.LiftH, "at_most": t.Settings.LiftAtMost,
		"step": refusal.Text("explain.step."+t.Settings.LiftStep, lang, nil)})}
	if t.Settings.StartAt == StartEveningBefore && p.StartsAt.Before(from) {
		out = append(out, say("evening_before", refusal.Args{"hour": t.Settings.EveningHour}))
	}
	if p.ShortNotice {
		out = append(out, say("short_notice", refusal.Args{"lead": HoursText(p.LeadH, lang), "want": t.Settings.LeadH}))
	}
	if t.Measured {
		out = append(out, say("measured", refusal.Args{"over": heavyOver, "hours": int(heavySilent.Hours())}))
	}
	out = append(out, p.Clock(lang)...)
	out = append(out, ExplainClauses(t.Clauses, lang)...)
	for _, d := range t.Excluded {
		if d.Reason == whyOld || d.Reason == whyFar {
			continue // explainRemarks tells more of it
		}
		why := refusal.Text("why."+d.Reason, lang, nil)
		for i := range t.Days {
			if t.Days[i].Date == d.Date {
				why = t.Days[i].Reason(lang)
			}
		}
		out = append(out, say("excluded", refusal.Args{"date": d.Date, "why": why}))
	}
	out = append(out, explainAside(t.SetAside, lang)...)
	out = append(out, explainRemarks(t.Days, t.Windows, lang)...)
	s := t.Settings
	rule := "settings"
	if s.LiftRule == LiftBelowYellow {
		rule = "settings_below_yellow"
	}
	merge := ""
	if s.Merge != "" {
		merge = say("merge."+s.Merge, nil)
	}
	out = append(out, say(rule, refusal.Args{"merge": merge, "criteria": s.Criteria, "document": s.Document,
		"range": refusal.Text("range."+s.Range, lang, nil),
		"gap":   s.MergeGapH, "lift": s.LiftH, "at_most": s.LiftAtMost, "lead": s.LeadH}))
	return append(out, say("settings_air",
		refusal.Args{"mismatch": s.AQIMismatch, "dust": refusal.Text("dust_suspect."+s.DustSuspect, lang, nil),
			"age": s.ForecastMaxAgeH, "far": s.ForecastMaxLeadD}))
}

// explainRemarks tells of days that count in another way than one would think: with another index, or though dust is
// suspected, or not since their forecast is not judged; and the same of spells of hours.
func explainRemarks(days []DayVerdict, windows []WindowVerdict, lang string) []string {
	var out []string
	for _, d := range days {
		if len(d.Stations) > 1 {
			out = append(out, refusal.Text("explain.stations", lang,
				refusal.Args{"date": d.Date, "n": len(d.Stations), "stations": stationsText(d.Stations, lang)}))
		}
		switch {
		case d.unjudged() && d.IssuedAt != nil:
			out = append(out, refusal.Text("explain.unjudged", lang,
				refusal.Args{"date": d.Date, "issued": StartText(*d.IssuedAt), "why": refusal.Text("why."+d.Why, lang, nil)}))
		case !d.Counted:
		case d.Why == whyMismatch && d.CountedAQI != nil:
			out = append(out, refusal.Text("explain.mismatch", lang,
				refusal.Args{"date": d.Date, "aqi": *d.AQI, "counted": *d.CountedAQI}))
		case d.Why == whyDustSuspect:
			out = append(out, refusal.Text("explain.dust_suspect", lang, refusal.Args{"date": d.Date, "aqi": *d.AQI}))
		}
	}
	for _, r := range Remarks(windows) {
		out = append(out, refusal.Text("explain.hours_remark", lang,
			refusal.Args{"from": StartText(r.From), "to": EndText(r.To), "why": refusal.Text("why."+r.Reason, lang, nil)}))
	}
	return out
}

// Remark is a spell of hours of whose 24-hour means one and the same thing is to be told. Reason is as in
// WindowVerdict.Why.
type Remark struct {
	From, To time.Time
	Reason   string
}

// Remarks are the spells whose index and concentrations disagree, or whose particulates were withheld at an index of
// 500, in order.
func Remarks(windows []WindowVerdict) []Remark {
	var out []Remark
	last := -2
	for i, w := range windows {
		if w.Why != whyMismatch && w.Why != whyDustSuspect {
			continue
		}
		end := w.From.Add(windowHours * time.Hour)
		if n := len(out); last == i-1 && n > 0 && out[n-1].Reason == w.Why {
			out[n-1].To = end
		} else {
			out = append(out, Remark{w.From, end, w.Why})
		}
		last = i
	}
	return out
}

// Clock tells, in "zh-CN" or "en", from when a proposal holds and why, and when the warning is likely to end. It has
// nothing to say of what earlier programs proposed.
func (p *Proposal) Clock(lang string) (out []string) {
	o, s := p.Trace.Outlook, p.Trace.Settings
	if o == nil {
		return nil
	}
	say := func(rule string, args refusal.Args) { out = append(out, refusal.Text("explain."+rule, lang, args)) }
	if p.Kind == KindStart {
		rule := "clock.start"
		if p.LeadH == 0 {
			rule = "clock.under_way"
		}
		say(rule, refusal.Args{"starts": StartText(p.StartsAt)})
	}
	if p.Kind != KindLift {
		out = append(out, o.Explain(s.LiftH, s.LiftRule, s.LiftAtMost, lang)...)
	}
	if o.IdleDays > 0 {
		say("idle", refusal.Args{"n": o.IdleDays})
	}
	return out
}

// Explain tells, in "zh-CN" or "en", when a lift is to be expected by a rule of the settings, or why nothing can be
// said of it.
func (o *Outlook) Explain(hours int, rule string, atMost int, lang string) (out []string) {
	args := refusal.Args{"hours": hours, "at_most": atMost, "known": EndText(o.KnownUntil)}
	if o.Open {
		out = append(out, refusal.Text("explain.open", lang, args))
	}
	switch {
	case o.From == nil && o.KnownUntil.IsZero():
		return append(out, refusal.Text("explain.nothing_known", lang, args))
	case o.From == nil:
		return append(out, refusal.Text("explain.too_short", lang, args))
	}
	args["from"] = StartText(*o.From)
	if rule == LiftBelowYellow {
		return append(out, refusal.Text("explain.clock.lift_below_yellow", lang, args))
	}
	return append(out, refusal.Text("explain.clock.lift", lang, args))
}

// ExplainClauses tells of each clause whether it is met, and by what, in "zh-CN" or "en".
func ExplainClauses(clauses []ClauseTrace, lang string) []string {
	var out []string
	for _, c := range clauses {
		args := refusal.Args{"level": LevelName(c.Level, lang), "clause": clauseWords(c.Clause, lang), "longest": c.LongestH}
		if !c.Met {
			rule := "explain.unmet"
			switch {
			case c.LongestH == 0 && c.Unknown:
				rule = "explain.unmet_unknown"
			case c.LongestH == 0:
				rule = "explain.unmet_never"
			}
			out = append(out, refusal.Text(rule, lang, args))
			continue
		}
		var windows []string
		for _, w := range c.Windows {
			windows = append(windows, refusal.Text("explain.window", lang,
				refusal.Args{"from": StartText(w.From), "to": EndText(w.To),
					"hours": int(w.To.Sub(w.From) / time.Hour), "min": w.AQIMin, "max": w.AQIMax}))
		}
		args["windows"] = strings.Join(windows, "; ")
		out = append(out, refusal.Text("explain.met", lang, args))
	}
	return out
}

// LevelName is a level as people call it, in "zh-CN" or "en".
func LevelName(l Level, lang string) string { return terms.Name(terms.Level, l, lang) }

// clauseWords reads a clause's name out: ">200 72h and >300 24h".
func clauseWords(name, lang string) string {
	var parts []string
	for i, part := range strings.Split(name, " and ") {
		over, hours, _ := strings.Cut(strings.TrimPrefix(part, ">"), " ")
		rule := "explain.clause"
		if i > 0 {
			rule = "explain.clause_within"
		}
		parts = append(parts, refusal.Text(rule, lang, refusal.Args{"over": over, "hours": strings.TrimSuffix(hours, "h")}))
	}
	return strings.Join(parts, "")
}

// HoursText is a time in hours as people say it, in "zh-CN" or "en": days and hours from two days on, hours from ten hours
// on, and hours and minutes below. What is left over is dropped, for a notice is never longer than it is said to be.
func HoursText(h float64, lang string) string {
	minutes := max(0, int(h*60+1e-6)) // which a rounded number may lack
	hours := minutes / 60
	args := refusal.Args{"days": hours / 24, "hours": hours, "minutes": minutes % 60}
	rule := "hours.hours_minutes"
	switch {
	case hours >= 48 && hours%24 == 0:
		rule = "hours.days"
	case hours >= 48:
		rule, args["hours"] = "hours.days_hours", hours%24
	case hours >= 10, hours > 0 && minutes%60 == 0:
		rule = "hours.hours"
	case hours == 0:
		rule = "hours.minutes"
	}
	return refusal.Text(rule, lang, args)
}

// StartText is a beginning as people read it, in Shanghai: 2016-12-17 00:00.
func StartText(t time.Time) string { return t.In(Shanghai()).Format("2006-01-02 15:04") }

// EndText is an end as people read it, in Shanghai; the end of a day is its 24:00: 2016-12-21 24:00.
func EndText(t time.Time) string {
	if t.Equal(DateOf(t).Start()) {
		return fmt.Sprintf("%s 24:00", DateOf(t.Add(-time.Minute)))
	}
	return StartText(t)
}
