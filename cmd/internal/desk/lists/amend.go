package lists

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// amendView is the form that changes one measure of the list.
type amendView struct {
	*frame.Chrome
	Recipient *reductionlist.Recipient
	Version   reductionlist.Version
	Measures  []measureRow // to choose from, where none is chosen
	Measure   *reductionlist.Measure
	Level     string
	Levels    string
	Fields    []frame.Field
	Filled    []frame.Pair // what was filled in of them, see [frame.Filled]
	Key       string
	Error     string
}

// measureRow is a row of the list with the address of its form.
type measureRow struct {
	frame.MeasureView
	ID     string
	Levels string
	Href   string
}

// amendable is the recipient in the list in force, and the row of the list that is meant; nil where none is named.
func amendable(q *frame.Request, measure, level string) (v reductionlist.Version, r *reductionlist.Recipient,
	m *reductionlist.Measure, err error) {
	err = q.View(func(tx *bbolt.Tx) error {
		var found bool
		if v, found, err = versionAt(tx, "", q.Now); err != nil || !found {
			return refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": q.ID()})
		}
		r, err = reductionlist.GetRecipient(tx, v.ID, q.ID())
		return err
	})
	if err != nil || measure == "" {
		return v, r, nil, err
	}
	for i := range r.Measures {
		if one := &r.Measures[i]; one.ID == measure && (level == "" || slices.Contains(one.Levels, alerts.Level(level))) {
			return v, r, one, nil
		}
	}
	return v, r, nil, noSuchRow(r.ID, measure)
}

func noSuchRow(recipient, measure string) error {
	return refusal.New(refusal.NotFound, "list.no_such_row", refusal.Args{"recipient": recipient, "measure": measure})
}

// chosen names the row of the list that the form is about, by its address or by what was posted.
func chosen(q *frame.Request) (measure, level string) {
	v := q.URL.Query()
	if q.Method == http.MethodPost {
		v = q.PostForm
	}
	return v.Get("measure"), v.Get("level")
}

func (d *desk) amend(q *frame.Request) (any, error) {
	measure, level := chosen(q)
	v, r, m, err := amendable(q, measure, level)
	if err != nil {
		return nil, err
	}
	view := amendView{Chrome: q.Chrome(), Recipient: r, Version: v, Measure: m, Level: level, Key: frame.NewKey()}
	if m == nil {
		for i, row := range q.Measures(r.Measures) {
			one := &r.Measures[i]
			at := url.Values{"measure": {one.ID}}
			if len(one.Levels) > 0 {
				at.Set("level", string(one.Levels[0]))
			}
			view.Measures = append(view.Measures,
				measureRow{row, one.ID, levelNames(q, one.Levels), q.URL.Path + "?" + at.Encode()})
		}
		return view, nil
	}
	view.Levels = levelNames(q, m.Levels)
	view.Fields = amendFields(q, m)
	frame.Set(view.Fields, q.PostForm)
	view.Filled = frame.Filled(q.PostForm)
	view.Error = q.Blame(func(path string) string { return cmp.Or(amendColumns[path], path) }, view.Fields)
	return view, nil
}

func levelNames(q *frame.Request, levels []alerts.Level) string {
	names := make([]string, len(levels))
	for i, l := range levels {
		names[i] = q.Level(l)
	}
	return strings.Join(names, "、")
}

var amendNames = frame.MeasureNames{Text: "text", Hours: "complete_within_h", Quantity: "quantity",
	Member: func(member string) string { return member }}

const evidenceSeparator = "；" // of the materials in the field of the evidence

// amendFields are the fields of the form, filled in with the measure as it is.
func amendFields(q *frame.Request, m *reductionlist.Measure) []frame.Field {
	who := q.Field("responsible", frame.KindText, false)
	who.Value = m.Responsible
	evidence := q.Field("evidence", frame.KindText, false)
	evidence.Value = strings.Join(m.Evidence, evidenceSeparator)
	day := q.Field("effective_from", frame.KindDay, true)
	day.Value = reductionlist.DayOf(q.Now.Add(24 * time.Hour))
	reason := q.Field("reason", frame.KindArea, true)
	reason.Hint = q.T("f.amend_reason.hint")
	return append(slices.Insert(amendNames.Fields(q, m, q.PostForm), 2, who), evidence, day, reason)
}

// amendColumns are the columns of the list whose findings stand beside a field of the form.
var amendColumns = map[string]string{"change.措施内容": "text", "change.完成时限(小时)": "complete_within_h",
	"change.责任人": "responsible", "change.数值": "quantity", "change.单位": "quantity", "change.核查材料": "evidence",
	"change.判定条件": "criterion0"}

// makeAmendment makes the draft and leads to what it changes.
func (d *desk) makeAmendment(q *frame.Request) (to string, err error) {
	measure, level := chosen(q)
	v, _, m, err := amendable(q, measure, level)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "", noSuchRow(q.ID(), measure)
	}
	in, err := amendmentOf(q, m)
	if err != nil {
		return "", err
	}
	in.RecipientID, in.MeasureID, in.Level = q.ID(), m.ID, alerts.Level(level)
	if err := valid.Check(&in); err != nil {
		return "", err
	}
	made, err := d.Svc.AmendList(q.Context(), q.Ask(), in)
	if err != nil {
		return "", err
	}
	return listPath(made.Version.ID) + "/diff?" + url.Values{"done": {"list.amend"}, "against": {v.ID}}.Encode(), nil
}

// amendmentOf is what was typed and differs from the measure.
func amendmentOf(q *frame.Request, m *reductionlist.Measure) (in calls.ListAmendment, err error) {
	remove := q.PostForm.Get("remove") == "yes"
	if !remove {
		if err := amendNames.Follow(m, q.PostForm); err != nil {
			return in, err
		}
	}
	values, err := frame.Typed(amendFields(q, m), q.PostForm)
	if err != nil {
		return in, err
	}
	change, err := amendNames.Change(values, m)
	if err != nil {
		return in, err
	}
	change.Set("responsible", values["responsible"], m.Responsible)
	if text, ok := values["evidence"].(string); ok && text != strings.Join(m.Evidence, evidenceSeparator) {
		change["evidence"] = strings.FieldsFunc(text, func(r rune) bool { return r == '；' || r == ';' })
	}
	in.Reason, _ = values["reason"].(string)
	in.EffectiveFrom, _ = values["effective_from"].(string)
	in.Change = change.JSON()
	if remove {
		in.Change = json.RawMessage("null")
	} else if len(change) == 0 {
		return in, refusal.New(refusal.Invalid, "desk.form.amend_nothing", nil)
	}
	return in, nil
}
