package plant

import (
	"strconv"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// Text names a verdict in "zh-CN" or "en".
func (v Verdict) Text(lang string) string { return refusal.Text("plan.mark."+string(v), lang, nil) }

// Text says in "zh-CN" or "en" what keeps a demand from being compared.
func (w Why) Text(lang string) string { return refusal.Text("plan.mark.why."+string(w), lang, nil) }

// Demand says in "zh-CN" or "en" what is demanded.
func (m *DemandMark) Demand(lang string) string {
	if m.Source != FromCriterion {
		return refusal.Text("desk.quantity."+string(m.Kind), lang, refusal.Args{"value": amountText(m.Value), "unit": m.Unit})
	}
	c, err := reductionlist.ParseCriterion(m.Criterion)
	if err != nil { // an older list may know other forms
		return m.Criterion
	}
	text := refusal.Text("desk.criterion."+string(c.Kind), lang, refusal.Args{"limit": amountText(c.Limit), "unit": c.Unit, "standard": c.Standard})
	if name := pollutantOf[m.Factor]; name != "" {
		text = refusal.Text("desk.plan.sum."+name, lang, nil) + " " + text
	}
	return text
}

// Does says in "zh-CN" or "en" what the plan does of it where that is farthest from the demand, or why that is not known.
func (m *DemandMark) Does(lang string) string {
	switch {
	case m.Verdict == NotCompared:
		return m.Why.Text(lang)
	case m.Verdict == Kept && m.Kind == reductionlist.ReduceBy && (m.Planned == nil || *m.Planned < m.Value):
		return refusal.Text("plan.mark.does.idle", lang, nil)
	case m.Planned == nil || m.At == nil: // nothing is usually done
		return refusal.Text("plan.mark.does.runs", lang, refusal.Args{"broken": m.Broken, "of": m.Of})
	}
	kind, when := "plan.mark.does.hours", m.At.In(alerts.Shanghai()).Format("2006-01-02 15:04")
	if len(m.Days) > 0 || m.daily() {
		kind, when = "plan.mark.does.days", m.At.In(alerts.Shanghai()).Format("2006-01-02")
	}
	if m.Verdict == Kept {
		kind += "_kept"
	}
	value := amountText(*m.Planned)
	switch {
	case m.Kind == reductionlist.ReduceBy && *m.Planned < 0:
		value = refusal.Text("plan.mark.does.more", lang, refusal.Args{"value": amountText(-*m.Planned)})
	case m.Kind == reductionlist.ReduceBy:
		value = refusal.Text("plan.mark.does.less", lang, refusal.Args{"value": value})
	}
	return refusal.Text(kind, lang, refusal.Args{"value": value, "unit": m.Unit, "at": when, "broken": m.Broken, "of": m.Of})
}

// daily reports whether a recorded mark, which has no days, is one by the day.
func (m *DemandMark) daily() bool {
	unit := reductionlist.PlainUnit(m.Unit)
	return unit == "%" || len(unit) > 2 && unit[len(unit)-2:] == "/d"
}

func amountText(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
