package frame

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Steps of a form. Only confirm changes anything.
const (
	StepReview  = "review"
	StepEdit    = "edit"
	StepConfirm = "confirm"
)

// Kinds of fields: the types of HTML inputs.
const (
	KindText   = "text"
	KindArea   = "textarea"
	KindMoment = "moment" // a date with a time, written: the browser's own field speaks its language and knows no 24:00
	KindDay    = "day"
	KindNumber = "number"
	KindChoice = "radio"
	KindCheck  = "checkbox"
)

// Field is one input of a form. Its name is also its place in the act's JSON, so that a refusal finds it.
type Field struct {
	Name     string
	Form     string // prefix of its id, for a field that stands in several forms on the page
	Kind     string
	Label    string
	Hint     string
	Value    string
	Error    string
	Required bool
	Large    bool
	Max      int
	Options  []Option
	Suggest  []Option // what a browser offers to choose while one types
}

// ID is the input's id in the page.
func (f Field) ID() string { return "f-" + f.Form + f.Name }

// Option is one choice of a field.
type Option struct{ Value, Label, Class string }

// Set gives the fields the values that were typed.
func Set(fields []Field, v url.Values) {
	for i := range fields {
		if v.Has(fields[i].Name) {
			fields[i].Value = v.Get(fields[i].Name)
		}
	}
}

// Blame puts each refused place beside its field and returns what to say of the whole form; empty where nothing was
// refused. own, unless nil, turns the path of a refusal into the name of the field that asks for it.
func (q *Request) Blame(own func(path string) string, lists ...[]Field) string {
	e := q.Refused
	switch {
	case e == nil:
		return ""
	case len(e.Fields) == 0:
		return e.Detail(q.Lang)
	}
	var rest []string
	for _, wrong := range e.Fields {
		if own != nil {
			wrong.Path = own(wrong.Path)
		}
		if at := fieldAt(wrong.Path, lists); at != nil {
			at.Error = wrong.Message(q.Lang)
		} else if wrong.Path != CodeField { // its own input says it
			rest = append(rest, wrong.Path+": "+wrong.Message(q.Lang))
		}
	}
	if len(rest) > 0 {
		return strings.Join(rest, " ")
	}
	return q.T("form.wrong", "count", len(e.Fields))
}

// fieldAt finds the field whose name is the path of a refusal, or begins it; nil for none.
func fieldAt(path string, lists [][]Field) *Field {
	for _, fields := range lists {
		for i := range fields {
			name := fields[i].Name
			if path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[") {
				return &fields[i]
			}
		}
	}
	return nil
}

// Typed is what was typed, by the names of the fields: times, numbers, bools and texts. Empty fields are left out;
// times are in Beijing time.
func Typed(fields []Field, v url.Values) (map[string]any, error) {
	out := map[string]any{}
	var wrong []refusal.Field
	for _, f := range fields {
		text := strings.TrimSpace(strings.ReplaceAll(v.Get(f.Name), "\r\n", "\n"))
		var value any = text
		ok, rule := true, ""
		switch {
		case text == "" && f.Required:
			wrong = append(wrong, refusal.Field{Path: f.Name, Rule: "desk.form.required"})
			continue
		case text == "":
			continue
		case f.Kind == KindMoment:
			value, ok = parseMoment(text)
			rule = "desk.form.time"
		case f.Kind == KindDay:
			value, ok = Day(text)
			rule = "desk.form.day"
		case f.Kind == KindNumber:
			n, err := strconv.ParseFloat(text, 64)
			value, ok, rule = n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0), "desk.form.number"
		case f.Kind == KindCheck:
			value = text == "true"
		}
		if ok {
			out[f.Name] = value
		} else {
			wrong = append(wrong, refusal.Field{Path: f.Name, Rule: rule, Args: refusal.Args{"value": text}})
		}
	}
	return out, refusal.Input(wrong)
}

// parseMoment reads a date with a time as browsers send it and as people write it; years 1990 to 2199 are taken.
func parseMoment(s string) (t time.Time, ok bool) {
	t, ok = refusal.ReadTime(s)
	t = t.In(alerts.Shanghai())
	return t, ok && t.Year() >= 1990 && t.Year() < 2200
}

// Day reads a day as people write it, 2016/12/16 or 2016年12月16日; it gives it as 2016-12-16.
func Day(s string) (day string, ok bool) {
	w, ok := refusal.ReadWritten(strings.TrimSpace(s))
	return w.Time().Format(time.DateOnly), ok && !w.Timed
}

// MomentValue is a time, or a pointer to one, as the value of a field of [KindMoment]; empty for none.
func MomentValue(v any) string {
	t := moment(v)
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04")
}

// Field is a field with its words from the catalogue.
func (q *Request) Field(name, kind string, required bool) Field {
	f := Field{Name: name, Kind: kind, Required: required, Label: q.T("f." + name)}
	if refusal.Known("desk.f." + name + ".hint") {
		f.Hint = q.T("f." + name + ".hint")
	}
	switch {
	case kind == KindMoment:
		f.Hint, f.Max = strings.TrimSpace(f.Hint+" "+q.T("form.moment.hint")), 40
	case kind == KindDay:
		f.Hint, f.Max = strings.TrimSpace(f.Hint+" "+q.T("form.day.hint")), 40
	case kind == KindArea && name == "notice_text":
		f.Max, f.Large = 20000, true
	case kind == KindArea:
		f.Max = 2000
	case kind == KindText:
		f.Max = 200
	}
	return f
}

// Hidden are the values of the names that have one, for hidden fields that carry them along.
func Hidden(v url.Values, names ...string) []Pair {
	var out []Pair
	for _, n := range names {
		if v.Get(n) != "" {
			out = append(out, Pair{n, v.Get(n)})
		}
	}
	return out
}

// RevisionOf is the revision that the form was rendered with, 0 for none.
func RevisionOf(v url.Values) int {
	n, err := strconv.Atoi(v.Get("revision"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
