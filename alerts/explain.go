package alerts

import (
	"fmt"
	"strings"
	"time"

	"qingkong/alerts/refusal"
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
	out := []string{say(string(p.Kind), refusal.Args{"level": LevelName(p.Level, lang), "from": minute(t.Period.From), "to": untilMinute(t.Period.To),
		"lead": p.LeadH, "hours": t.Settings.LiftH, "at_most": t.Settings.LiftAtMost})}
	if p.StartsAt.Before(t.Period.From) {
		out = append(out, say("evening_before", refusal.Args{"hour": t.Settings.EveningHour}))
	}
	if p.ShortNotice {
		out = append(out, say("short_notice", refusal.Args{"lead": p.LeadH, "want": t.Settings.LeadH}))
	}
	out = append(out, ExplainClauses(t.Clauses, lang)...)
	for _, d := range t.Excluded {
		out = append(out, say("excluded", refusal.Args{"date": d.Date, "why": refusal.Text("why."+d.Reason, lang, nil)}))
	}
	s := t.Settings
	rule := "settings"
	if s.LiftRule == LiftBelowYellow {
		rule = "settings_below_yellow"
	}
	return append(out, say(rule, refusal.Args{"criteria": s.Criteria, "document": s.Document, "range": refusal.Text("range."+s.Range, lang, nil),
		"gap": s.MergeGapH, "lift": s.LiftH, "at_most": s.LiftAtMost, "lead": s.LeadH}))
}

// ExplainClauses tells of each clause whether it is met, and by what, in "zh-CN" or "en".
func ExplainClauses(clauses []ClauseTrace, lang string) []string {
	var out []string
	for _, c := range clauses {
		args := refusal.Args{"level": LevelName(c.Level, lang), "clause": clauseWords(c.Clause, lang), "longest": c.LongestH}
		if !c.Met {
			rule := "explain.unmet"
			if c.LongestH == 0 {
				rule = "explain.unmet_never"
			}
			out = append(out, refusal.Text(rule, lang, args))
			continue
		}
		var windows []string
		for _, w := range c.Windows {
			windows = append(windows, refusal.Text("explain.window", lang, refusal.Args{"from": minute(w.From), "to": untilMinute(w.To),
				"hours": int(w.To.Sub(w.From) / time.Hour), "min": w.AQIMin, "max": w.AQIMax}))
		}
		args["windows"] = strings.Join(windows, "; ")
		out = append(out, refusal.Text("explain.met", lang, args))
	}
	return out
}

// LevelName is a level as people call it, in "zh-CN" or "en".
func LevelName(l Level, lang string) string { return refusal.Text("level.name."+string(l), lang, nil) }

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

// minute is a time as a notice gives it.
func minute(t time.Time) string { return t.In(Shanghai()).Format("2006-01-02 15:04") }

// StartText is a beginning as people read it, in Shanghai: 2016-12-17 00:00.
func StartText(t time.Time) string { return minute(t) }

// EndText is an end as people read it, in Shanghai; the end of a day is its 24:00: 2016-12-21 24:00.
func EndText(t time.Time) string { return untilMinute(t) }

// untilMinute is the end of a period; the end of a day is 24:00.
func untilMinute(t time.Time) string {
	if t.Equal(DateOf(t).Start()) {
		return fmt.Sprintf("%s 24:00", DateOf(t.Add(-time.Minute)))
	}
	return minute(t)
}
