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

// Measures words measures. The texts of the list stay in Chinese; the words around them are the desk's.
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
	for i, p := range a.Parts() {
		if *p.Value > 0 {
			parts = append(parts, [...]string{"SO₂", "NOx", "PM", "VOCs"}[i]+" "+Number(*p.Value))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return q.T("tonnes", "amounts", strings.Join(parts, "，"))
}

// MeasureNames are the names of the fields of a form that ask for a measure's text, hours and quantity.
type MeasureNames struct{ Text, Hours, Quantity string }

// Fields are the fields, filled in with the measure as it is; one without a quantity is not asked for any.
func (n MeasureNames) Fields(q *Request, m *reductionlist.Measure) []Field {
	text, hours := q.Field(n.Text, KindArea, false), q.Field(n.Hours, KindNumber, false)
	text.Label, text.Value = q.T("f.measure_text"), m.Text
	hours.Label, hours.Value = q.T("f.complete_within_h"), Number(m.CompleteWithinH)
	if m.Quantity == nil {
		return []Field{text, hours}
	}
	much := q.Field(n.Quantity, KindNumber, false)
	much.Label, much.Value = q.T("f.quantity", "unit", m.Quantity.Unit), Number(m.Quantity.Value)
	return []Field{text, hours, much}
}

// Change is what was typed into the fields and differs from the measure.
func (n MeasureNames) Change(typed map[string]any, m *reductionlist.Measure) Change {
	c := Change{}
	c.Set("text", typed[n.Text], strings.TrimSpace(m.Text))
	c.Set("complete_within_h", typed[n.Hours], m.CompleteWithinH)
	if much, ok := typed[n.Quantity].(float64); ok && m.Quantity != nil && much != m.Quantity.Value {
		c["quantity"] = map[string]any{"kind": m.Quantity.Kind, "value": much, "unit": m.Quantity.Unit}
	}
	return c
}

// Change holds new values of a measure's members, as the list takes a change of a row.
type Change map[string]any

// Set adds a value that was typed, nil for none, where it differs from the one in force.
func (c Change) Set(name string, typed, inForce any) {
	if typed != nil && typed != inForce {
		c[name] = typed
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
