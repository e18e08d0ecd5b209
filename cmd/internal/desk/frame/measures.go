package frame

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// MeasureView is a measure in words and numbers.
type MeasureView struct {
	*reductionlist.Measure
	Do       string // the action
	Much     string // how much
	Within   string
	Checks   []Check
	Evidence string
	Saves    string // tonnes a day
}

// Check is how a measure is checked, and what is known of it by now.
type Check struct {
	Text string
	Heard
}

// Heard is where the readings of a monitor are shown, and the last of them in words. It is empty where the reader has no
// such page.
type Heard struct{ Href, Last string }

// Watched adds to measures of a recipient where the readings of their monitors are shown, and what came last.
func (q *Request) Watched(recipient string, measures []MeasureView) error {
	of, err := q.frame.MonitorsOf(q, recipient)
	if err != nil || of == nil {
		return err
	}
	for i := range measures {
		for j := range measures[i].Checks {
			measures[i].Checks[j].Heard = of(&measures[i].Monitors[j])
		}
	}
	return nil
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
		if standard := m.Forbidden(); standard != "" {
			v.Much = q.T("no_vehicles", "standard", standard)
		}
		for _, o := range m.Monitors {
			v.Checks = append(v.Checks, Check{Text: strings.TrimSpace(terms.Name(terms.Source, o.Source, q.Lang) + " " +
				o.Criterion.Text(q.Lang))})
		}
		v.Saves = q.amounts(m.Reduction)
		out[i] = v
	}
	return out
}

// kilograms say a daily reduction all of which is below so many tonnes.
const kilograms = 0.1

// amounts is a daily reduction in words; empty for none.
func (q *Request) amounts(a reductionlist.Amounts) string {
	factor, unit := 1000.0, "kilogram"
	for _, p := range a.Parts() {
		if math.Abs(*p.Value) >= kilograms {
			factor, unit = 1, "tonne"
		}
	}
	parts := amountParts(a, factor)
	if len(parts) == 0 {
		return ""
	}
	return q.T("saves", "amounts", strings.Join(parts, "，"), "unit", q.T(unit))
}

// Daily is a sum of daily reductions in tonnes, in words; below [kilograms] in kilograms.
func (q *Request) Daily(tonnes float64) string {
	unit := "tonne"
	if tonnes < kilograms {
		tonnes, unit = tonnes*1000, "kilogram"
	}
	return q.T("daily", "n", reductionlist.Shown(tonnes, "t/d"), "unit", q.T(unit))
}

// saved is a daily reduction beside a label that says what it is, in tonnes: it stands beside another one, and above
// fields in tonnes.
func (q *Request) saved(m *reductionlist.Measure) string {
	parts := amountParts(m.Reduction, 1)
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "，") + " " + q.T("tonne")
}

// amountParts are the amounts that are not zero, each times factor.
func amountParts(a reductionlist.Amounts, factor float64) (parts []string) {
	for i, p := range a.Parts() {
		if *p.Value != 0 {
			amount := math.Round(*p.Value*factor*1e6) / 1e6
			parts = append(parts, [...]string{"SO₂", "NOx", "PM", "VOCs"}[i]+" "+Number(amount))
		}
	}
	return parts
}

// MeasureNames are the names of the fields of a form that ask for a measure's text, hours and quantity; Member names those
// of its criteria and its daily reduction.
type MeasureNames struct {
	Text, Hours, Quantity string
	Member                func(string) string
}

var pollutants = []string{"so2", "nox", "pm", "vocs"} // as [reductionlist.Amounts.Parts] has them

func (n MeasureNames) criterion(monitor int) string {
	return n.Member(fmt.Sprintf("criterion%d", monitor))
}

// Fields are the fields, filled in with the measure as it is; one without a quantity is not asked for any. What typed has
// a tick for, that it stays as it is, can be ticked.
func (n MeasureNames) Fields(q *Request, m *reductionlist.Measure, typed url.Values) []Field {
	text, hours := q.Field(n.Text, KindArea, false), q.Field(n.Hours, KindNumber, false)
	text.Label, text.Value = q.T("f.measure_text"), m.Text
	hours.Label, hours.Value = q.T("f.complete_within_h"), Number(m.CompleteWithinH)
	out := []Field{text, hours}
	add := func(name, kind, label, value string) {
		f := q.Field(name, kind, false)
		f.Label, f.Value = label, value
		out = append(out, f)
	}
	stays := func(member string) {
		if name := stayName(n.Member(member)); typed.Has(name) {
			add(name, KindCheck, q.T("f.stays"), "")
		}
	}
	if m.Quantity != nil {
		add(n.Quantity, KindNumber, q.T("f.quantity", "unit", m.Quantity.Unit), Number(m.Quantity.Value))
	}
	for i, o := range m.Monitors {
		if !o.Criterion.IsZero() {
			add(n.criterion(i), KindText, q.T("f.criterion", "source", terms.Name(terms.Source, o.Source, q.Lang), "ref", o.Ref),
				o.Criterion.String())
			stays(fmt.Sprintf("criterion%d", i))
		}
	}
	out = append(out, n.ReductionFields(q, m)...)
	stays(pollutants[0])
	return out
}

// ReductionFields ask for the parts of a measure's daily reduction, in the order of [reductionlist.Amounts.Parts].
func (n MeasureNames) ReductionFields(q *Request, m *reductionlist.Measure) (fields []Field) {
	for i, p := range m.Reduction.Parts() {
		f := q.Field(n.Member(pollutants[i]), KindNumber, false)
		f.Label, f.Value = q.T("f.reduction", "pollutant", p.Name), Number(*p.Value)
		fields = append(fields, f)
	}
	return fields
}

// stayName is the name of the tick that says that a field stays as it is.
func stayName(field string) string { return "stays." + field }

// filledName is the name of the hidden field that says what was filled into a field, so that it follows again when the
// quantity changes once more.
func filledName(field string) string { return filledPrefix + field }

const filledPrefix = "filled."

// Filled are the hidden fields that a form with measures carries along: what was filled in as it was typed before.
func Filled(typed url.Values) (out []Pair) {
	for _, name := range slices.Sorted(maps.Keys(typed)) {
		if strings.HasPrefix(name, filledPrefix) {
			out = append(out, Pair{Name: name, Value: typed.Get(name)})
		}
	}
	return out
}

// Follow fills in what follows from another quantity that was typed, in the fields that nobody has rewritten, and refuses
// what only a person can say until it is rewritten or ticked to stay.
func (n MeasureNames) Follow(m *reductionlist.Measure, typed url.Values) error {
	value, err := strconv.ParseFloat(strings.TrimSpace(typed.Get(n.Quantity)), 64)
	if m.Quantity == nil || err != nil {
		return nil // what is no number is refused as such
	}
	to := *m.Quantity
	to.Value = value
	f, err := rules.Follow(m, &to)
	var e *refusal.Error
	if errors.As(err, &e) {
		for i := range e.Fields {
			e.Fields[i].Path = n.Quantity
		}
	}
	if err != nil {
		return err
	}
	var asked []refusal.Field
	ask := func(member, name string) {
		if slices.Contains(f.Asked, member) && typed.Get(stayName(name)) != "true" {
			typed.Set(stayName(name), "")
			asked = append(asked, refusal.Field{Path: name, Rule: "desk.form.follow_asked"})
		}
	}
	rewritten := func(name, was string) bool {
		text := strings.TrimSpace(typed.Get(name))
		return text != was && text != typed.Get(filledName(name))
	}
	fill := func(name, value string) {
		typed.Set(name, value)
		typed.Set(filledName(name), value)
	}
	for i, o := range m.Monitors {
		if name := n.criterion(i); !o.Criterion.IsZero() && !rewritten(name, o.Criterion.String()) {
			fill(name, f.Monitors[i].Criterion.String())
			ask(rules.AskedCriterion(i), name)
		}
	}
	was, is := m.Reduction, f.Reduction
	untouched := !slices.ContainsFunc(pollutants, func(p string) bool {
		i := slices.Index(pollutants, p)
		return rewritten(n.Member(p), Number(*was.Parts()[i].Value))
	})
	if untouched {
		for i, p := range is.Parts() {
			fill(n.Member(pollutants[i]), Number(*p.Value))
		}
		ask(rules.AskedReduction, n.Member(pollutants[0]))
	}
	return refusal.Input(asked)
}

// Change is what was typed into the fields and differs from the measure.
func (n MeasureNames) Change(typed map[string]any, m *reductionlist.Measure) (Change, error) {
	c := Change{}
	c.Set("text", typed[n.Text], strings.TrimSpace(m.Text))
	c.Set("complete_within_h", typed[n.Hours], m.CompleteWithinH)
	if much, ok := typed[n.Quantity].(float64); ok && m.Quantity != nil && much != m.Quantity.Value {
		c["quantity"] = map[string]any{"kind": m.Quantity.Kind, "value": much, "unit": m.Quantity.Unit}
	}
	monitors, others := slices.Clone(m.Monitors), false
	for i := range monitors {
		text, ok := typed[n.criterion(i)].(string)
		if !ok || text == monitors[i].Criterion.String() {
			continue
		}
		parsed, err := reductionlist.ParseCriterion(text)
		if err != nil {
			return nil, refusal.Input([]refusal.Field{{Path: n.criterion(i), Rule: "list.criterion",
				Args: refusal.Args{"value": text}}})
		}
		monitors[i].Criterion, others = parsed, true
	}
	if others {
		c["monitor"] = monitors
	}
	reduction := m.Reduction
	for i, p := range reduction.Parts() {
		if v, ok := typed[n.Member(pollutants[i])].(float64); ok && Number(v) != Number(*p.Value) {
			*p.Value = v
		}
	}
	if reduction != m.Reduction {
		c["reduction_t_per_day"] = reduction
	}
	return c, nil
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
