package plant

import (
	"strconv"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
)

// Text names a verdict in "zh-CN" or "en".
func (v Verdict) Text(lang string) string { return refusal.Text("plan.mark."+string(v), lang, nil) }

// Text says in "zh-CN" or "en" what keeps a demand from being compared.
func (w Why) Text(lang string) string { return refusal.Text("plan.mark.why."+string(w), lang, nil) }

// Demand says in "zh-CN" or "en" what is demanded.
func (m *DemandMark) Demand(lang string) string {
	if m.Source != FromCriterion {
		return reductionlist.QuantityText(m.Kind, amountText(m.Value), m.Unit, lang)
	}
	c, err := reductionlist.ParseCriterion(m.Criterion)
	if err != nil { // an older list may know other forms
		return m.Criterion
	}
	text := c.Text(lang)
	if name := pollutantOf[m.Factor]; name != "" {
		text = terms.Name(terms.Emission, name, lang) + " " + text
	}
	return text
}

// Does says in "zh-CN" or "en" what the plan does of it where that is farthest from the demand, or why that is not
// known.
func (m *DemandMark) Does(lang string) string {
	switch {
	case m.Verdict == NotCompared:
		return m.Why.Text(lang)
	case m.Verdict == Kept && m.Kind == reductionlist.ReduceBy && (m.Planned == nil || *m.Planned < m.Value):
		return refusal.Text("plan.mark.does.idle", lang, nil)
	case m.Planned == nil || m.At == nil: // nothing is usually done
		return refusal.Text("plan.mark.does.runs", lang, refusal.Args{"broken": m.Broken, "of": m.Of})
	}
	kind, kept, when := "hours", "hours_kept", m.At.In(alerts.Shanghai()).Format("2006-01-02 15:04")
	if len(m.Days) > 0 || m.daily() {
		kind, kept, when = "days", "days_kept", m.At.In(alerts.Shanghai()).Format("2006-01-02")
	}
	if m.Verdict == Kept {
		kind = kept
	}
	value := amountText(*m.Planned)
	switch {
	case m.Kind == reductionlist.ReduceBy && *m.Planned < 0:
		value = refusal.Text("plan.mark.does.more", lang, refusal.Args{"value": amountText(-*m.Planned)})
	case m.Kind == reductionlist.ReduceBy:
		value = refusal.Text("plan.mark.does.less", lang, refusal.Args{"value": value})
	}
	return refusal.Text("plan.mark.does."+kind, lang,
		refusal.Args{"value": value, "unit": m.Unit, "at": when, "broken": m.Broken, "of": m.Of})
}

// daily reports whether a recorded mark, which has no days, is one by the day.
func (m *DemandMark) daily() bool {
	unit := reductionlist.PlainUnit(m.Unit)
	return unit == "%" || len(unit) > 2 && unit[len(unit)-2:] == "/d"
}

func amountText(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
