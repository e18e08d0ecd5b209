package reductionlist

import (
	"strconv"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Text says how much, in "zh-CN" or "en": 不超过 300 t/d.
func (q *Quantity) Text(lang string) string {
	return QuantityText(q.Kind, Shown(q.Value, q.Unit), q.Unit, lang)
}

// QuantityText says how much a value, written out, of a unit is, in "zh-CN" or "en".
func QuantityText(kind QuantityKind, value, unit, lang string) string {
	return terms.Name(terms.Quantity, kind, lang) + " " + value + " " + unit
}

// WithinText says within how long a measure is carried out, in "zh-CN" or "en"; empty where the list does not say.
func (m *Measure) WithinText(lang string) string {
	if m.CompleteWithinH <= 0 {
		return ""
	}
	return refusal.Text("measure.within", lang, refusal.Args{"hours": Shown(m.CompleteWithinH, "h")})
}

// Text says what the data must show, in "zh-CN" or "en"; empty for none.
func (c Criterion) Text(lang string) string {
	if c.IsZero() {
		return ""
	}
	return refusal.Text("criterion."+string(c.Kind), lang,
		refusal.Args{"limit": strconv.FormatFloat(c.Limit, 'f', -1, 64), "unit": c.Unit, "standard": c.Standard})
}
