package console

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Steps of a form. Only confirm does anything.
const (
	stepReview  = "review"
	stepEdit    = "edit"
	stepConfirm = "confirm"
)

// Kinds of fields.
const (
	kindText   = "text"
	kindArea   = "textarea"
	kindMoment = "datetime-local"
	kindDate   = "date"
	kindNumber = "number"
	kindChoice = "radio"
	kindCheck  = "checkbox"
	momentForm = "2006-01-02T15:04"
)

// field is one input of a form. Name is also its place in the act's JSON, so that a refusal finds it.
type field struct {
	Name     string
	Form     string // sets its id apart from that of the same field of another form on the page
	Kind     string
	Label    string
	Hint     string
	Value    string
	Error    string
	Required bool
	Large    bool
	Max      int
	Options  []option
}

// ID is the input's id in the page.
func (f field) ID() string { return "f-" + f.Form + f.Name }

type option struct{ Value, Label, Class string }

// form is a form as its page shows it.
type form struct {
	*chrome
	Act       string
	Post      string // where it goes
	Back      string // where one goes who thinks better of it
	Lead      string // what it is about, in a sentence
	Warning   *alerts.Warning
	Proposal  *alerts.Proposal
	Words     []string // the proposal's trace
	Fields    []field
	Hidden    []pair
	Error     string // of the whole
	CodeError string // of the one-time code
	Related   string // address of what stands in the way
	Changes   []alerts.HistoryEntry
	Again     bool // it comes back as it was typed; look at it once more
	Submit    string
	Step      string // what its button does
}

// set gives the fields the values that were typed.
func set(fields []field, v url.Values) {
	for i := range fields {
		if v.Has(fields[i].Name) {
			fields[i].Value = v.Get(fields[i].Name)
		}
	}
}

// blame puts each refused place beside its field; what belongs to none of them is returned as one text.
func (f *form) blame(e *refusal.Error, lang string) {
	var rest []string
	for _, wrong := range e.Fields {
		if wrong.Path == codeField {
			f.CodeError = wrong.Message(lang)
			continue
		}
		if at := f.field(wrong.Path); at != nil {
			at.Error = wrong.Message(lang)
			continue
		}
		rest = append(rest, wrong.Path+": "+wrong.Message(lang))
	}
	switch {
	case len(e.Fields) == 0:
		f.Error = e.Detail(lang)
	case len(rest) > 0:
		f.Error = strings.Join(rest, " ")
	default:
		f.Error = word(lang, "form.wrong", "count", len(e.Fields))
	}
}

// field finds an input by the path of a refusal: the path itself, or what it begins or ends with.
func (f *form) field(path string) *field {
	for i := range f.Fields {
		name := f.Fields[i].Name
		if path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[") {
			return &f.Fields[i]
		}
	}
	return nil
}

// typed is what was typed, by the names of the fields: times, numbers, yes and texts. Empty fields are left out; a time is
// Beijing's.
func typed(fields []field, v url.Values) (map[string]any, error) {
	out := map[string]any{}
	var wrong []refusal.Field
	for _, f := range fields {
		text := strings.TrimSpace(strings.ReplaceAll(v.Get(f.Name), "\r\n", "\n"))
		if text == "" {
			if f.Required {
				wrong = append(wrong, refusal.Field{Path: f.Name, Rule: "desk.form.required"})
			}
			continue
		}
		switch f.Kind {
		case kindMoment:
			t, err := parseMoment(text)
			if err != nil {
				wrong = append(wrong, refusal.Field{Path: f.Name, Rule: "desk.form.time", Args: refusal.Args{"value": text}})
				continue
			}
			out[f.Name] = t
		case kindNumber:
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				wrong = append(wrong, refusal.Field{Path: f.Name, Rule: "desk.form.number", Args: refusal.Args{"value": text}})
				continue
			}
			out[f.Name] = n
		case kindCheck:
			out[f.Name] = text == "true"
		default:
			out[f.Name] = text
		}
	}
	return out, refusal.Input(wrong)
}

// parseMoment reads what a browser sends for a date with a time, and what people write where there is no such input.
func parseMoment(s string) (time.Time, error) {
	t, ok := refusal.ReadTime(s)
	t = t.In(alerts.Shanghai())
	if !ok || t.Year() < 1990 || t.Year() >= 2200 {
		return t, errors.New("no time that can be meant")
	}
	return t, nil
}

// input is a time as such an input has it.
func input(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.In(alerts.Shanghai()).Format(momentForm)
}

func (q *request) field(name, kind string, required bool) field {
	f := field{Name: name, Kind: kind, Required: required, Label: q.t("f." + name)}
	if refusal.Known("desk.f." + name + ".hint") {
		f.Hint = q.t("f." + name + ".hint")
	}
	switch {
	case kind == kindArea && name == "notice_text":
		f.Max, f.Large = 20000, true
	case kind == kindArea:
		f.Max = 2000
	case kind == kindText:
		f.Max = 200
	}
	return f
}

// levels is the choice of a level; without is left out.
func (q *request) levels(without alerts.Level) field {
	f := q.field("level", kindChoice, true)
	for _, l := range alerts.Levels() {
		if l != without {
			f.Options = append(f.Options, option{string(l), alerts.LevelName(l, q.lang), "level-" + string(l)})
		}
	}
	return f
}

var triggers = []alerts.Trigger{alerts.OwnForecast, alerts.CityOrder, alerts.RegionalLinkage, alerts.WorkRequirement}

func (q *request) triggers(required bool) field {
	f := q.field("trigger", kindChoice, required)
	for _, t := range triggers {
		f.Options = append(f.Options, option{string(t), q.t("trigger." + string(t)), ""})
	}
	return f
}

// of makes an input of what was typed: a value goes to the member whose JSON has its name, id to the one that names what the
// act is about. What belongs to no member is dropped; a value that does not fit is a fault of the form's page.
func of[T any](values map[string]any) (any, error) {
	var in T
	at := reflect.ValueOf(&in).Elem()
	for _, f := range reflect.VisibleFields(at.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Tag.Get("path") != "" {
			name = f.Tag.Get("path")
		}
		value, given := values[name]
		if !given || f.Anonymous {
			continue
		}
		to, from := at.FieldByIndex(f.Index), reflect.ValueOf(value)
		if to.Kind() == reflect.Pointer {
			to.Set(reflect.New(to.Type().Elem()))
			to = to.Elem()
		}
		if !from.CanConvert(to.Type()) {
			return nil, fmt.Errorf("console: %s of %T is a %T", name, in, value)
		}
		to.Set(from.Convert(to.Type()))
	}
	return in, nil
}

// hidden carries along what a form was begun with.
func hidden(v url.Values, names ...string) []pair {
	var out []pair
	for _, n := range names {
		if v.Get(n) != "" {
			out = append(out, pair{n, v.Get(n)})
		}
	}
	return out
}

// revisionOf is the revision that was seen, 0 for none.
func revisionOf(v url.Values) int {
	n, err := strconv.Atoi(v.Get("revision"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
