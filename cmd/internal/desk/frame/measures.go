package frame

import (
	"encoding/json"
	"strings"

	"qingkong/alerts/terms"
	"qingkong/reductionlist"
)

// MeasureView is a measure in words and numbers.
type MeasureView struct {
	*reductionlist.Measure
	Do       string // the action
	Much     string // how much
	Within   string
	Checks   []string
	Evidence string
	Saves    string // tonnes a day
}

// Measures words measures. What stands in the list stands there in Chinese; the words around it are the desk's.
func (q *Request) Measures(list []reductionlist.Measure) []MeasureView {
	out := make([]MeasureView, len(list))
	for i := range list {
		m := &list[i]
		v := MeasureView{Measure: m, Do: terms.Name(terms.Action, m.Action, q.Lang), Within: m.WithinText(q.Lang),
			Evidence: strings.Join(m.Evidence, "、")}
		if m.Quantity != nil {
			v.Much = m.Quantity.Text(q.Lang)
		}
		for _, o := range m.Monitors {
			v.Checks = append(v.Checks, strings.TrimSpace(terms.Name(terms.Source, o.Source, q.Lang)+" "+
				o.Criterion.Text(q.Lang)))
		}
		v.Saves = q.amounts(m.Reduction)
		out[i] = v
	}
	return out
}

func (q *Request) amounts(a reductionlist.Amounts) string {
	var parts []string
	for _, one := range []struct {
		name string
		t    float64
	}{{"SO₂", a.SO2}, {"NOx", a.NOx}, {"PM", a.PM}, {"VOCs", a.VOCs}} {
		if one.t > 0 {
			parts = append(parts, one.name+" "+Number(one.t))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return q.T("tonnes", "amounts", strings.Join(parts, "，"))
}

// Change is what was typed of a measure and differs from it, as the list takes a change of a row.
type Change map[string]any

// Text is a text that was typed, beside what stands there.
func (c Change) Text(name string, typed any, stands string) {
	if text, ok := typed.(string); ok && text != stands {
		c[name] = text
	}
}

// Number is Text for a number.
func (c Change) Number(name string, typed any, stands float64) {
	if n, ok := typed.(float64); ok && n != stands {
		c[name] = n
	}
}

// Quantity is Number for how much; a measure without a quantity has none to change.
func (c Change) Quantity(typed any, stands *reductionlist.Quantity) {
	if n, ok := typed.(float64); ok && stands != nil && n != stands.Value {
		c["quantity"] = map[string]any{"kind": stands.Kind, "value": n, "unit": stands.Unit}
	}
}

// JSON is the change as it is recorded.
func (c Change) JSON() json.RawMessage {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings, numbers and lists of them always encode
	}
	return text
}
