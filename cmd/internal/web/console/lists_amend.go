package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/valid"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/reductionlist"
)

// amendView is the form that changes one measure of the list.
type amendView struct {
	*chrome
	Recipient *reductionlist.Recipient
	Version   reductionlist.Version
	Measures  []measureRow // to choose from, where none is chosen
	Measure   *reductionlist.Measure
	Level     string
	Levels    string
	Fields    []field
	Key       string
	Error     string
}

// measureRow is a row of the list with the address of its form.
type measureRow struct {
	measureView
	ID     string
	Levels string
	Href   string
}

func (d *desk) amend(q *request) error {
	return d.showAmend(q, q.URL.Query().Get("measure"), q.URL.Query().Get("level"), nil, nil)
}

// amendable is the recipient in the version that counts from the next day on, and the row that is meant; nil for none.
func (q *request) amendable(measure, level string) (v reductionlist.Version, r *reductionlist.Recipient, m *reductionlist.Measure, err error) {
	err = q.view(func(tx *bbolt.Tx) error {
		var found bool
		if v, found, err = q.version(tx, ""); err != nil || !found {
			return refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": q.id()})
		}
		r, err = reductionlist.GetRecipient(tx, v.ID, q.id())
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
	return v, r, nil, refusal.New(refusal.NotFound, "list.no_such_row", refusal.Args{"recipient": r.ID, "measure": measure})
}

func (d *desk) showAmend(q *request, measure, level string, typed url.Values, failed error) error {
	v, r, m, err := q.amendable(measure, level)
	if err != nil {
		return err
	}
	view := amendView{chrome: q.chrome("amend"), Recipient: r, Version: v, Measure: m, Level: level, Key: newKey()}
	if m == nil {
		for i, row := range q.measures(r.Measures) {
			one := &r.Measures[i]
			at := url.Values{"measure": {one.ID}}
			if len(one.Levels) > 0 {
				at.Set("level", string(one.Levels[0]))
			}
			view.Measures = append(view.Measures, measureRow{row, one.ID, q.levelNames(one.Levels), q.URL.Path + "?" + at.Encode()})
		}
		return q.render(http.StatusOK, "amend", view)
	}
	view.Levels = q.levelNames(m.Levels)
	view.Fields = q.amendFields(m)
	set(view.Fields, typed)
	status := http.StatusOK
	if failed != nil {
		e, code := d.refusalOf(q, failed)
		status = code
		view.Key = newKey()
		f := form{Fields: view.Fields}
		f.blame(amendRefusal(e), q.lang)
		view.Error = f.Error
	}
	return q.render(status, "amend", view)
}

func (q *request) levelNames(levels []alerts.Level) string {
	names := make([]string, len(levels))
	for i, l := range levels {
		names[i] = alerts.LevelName(l, q.lang)
	}
	return strings.Join(names, "、")
}

// amendFields are those of a measure, as it is.
func (q *request) amendFields(m *reductionlist.Measure) []field {
	text := q.field("text", kindArea, false)
	text.Label, text.Value = q.t("f.measure_text"), m.Text
	hours := q.field("complete_within_h", kindNumber, false)
	hours.Value = number(m.CompleteWithinH)
	who := q.field("responsible", kindText, false)
	who.Label, who.Value = q.t("f.responsible"), m.Responsible
	fields := []field{text, hours, who}
	if m.Quantity != nil {
		n := q.field("quantity", kindNumber, false)
		n.Label, n.Value = q.t("f.quantity", "unit", m.Quantity.Unit), number(m.Quantity.Value)
		fields = append(fields, n)
	}
	evidence := q.field("evidence", kindText, false)
	evidence.Label, evidence.Value = q.t("f.evidence"), strings.Join(m.Evidence, "；")
	day := q.field("effective_from", "date", true)
	day.Label, day.Value = q.t("f.effective_from"), reductionlist.DayOf(q.now.Add(24*time.Hour))
	reason := q.field("reason", kindArea, true)
	reason.Hint = q.t("f.amend_reason.hint")
	return append(fields, evidence, day, reason)
}

// columns of a measure whose findings belong beside a field of the form.
var amendColumns = map[string]string{"change.措施内容": "text", "change.完成时限(小时)": "complete_within_h", "change.责任人": "responsible",
	"change.数值": "quantity", "change.单位": "quantity", "change.核查材料": "evidence"}

// amendRefusal names the fields of the form in the place of the list's columns.
func amendRefusal(e *refusal.Error) *refusal.Error {
	inner := *e
	inner.Fields = slices.Clone(e.Fields)
	for i := range inner.Fields {
		if name := amendColumns[inner.Fields[i].Path]; name != "" {
			inner.Fields[i].Path = name
		}
	}
	return &inner
}

// amendPost makes the draft and leads to what it changes.
func (d *desk) amendPost(q *request) error {
	if err := access.Require(q.who, calls.ActListsImport); err != nil {
		return err
	}
	measure, level := q.PostForm.Get("measure"), q.PostForm.Get("level")
	if q.PostForm.Get("step") == stepEdit {
		return d.showAmend(q, measure, level, q.PostForm, nil)
	}
	v, _, m, err := q.amendable(measure, level)
	if err != nil || m == nil {
		return err
	}
	content, err := q.amendment(m)
	if err == nil {
		content.RecipientID, content.MeasureID, content.Level = q.id(), m.ID, alerts.Level(level)
		made, failed := d.svc.AmendList(q.Context(), q.ask(), content)
		if err = failed; err == nil {
			to := url.Values{"done": {"list.amend"}, "against": {v.ID}}
			return q.redirect("/desk/lists/" + url.PathEscape(made.Version.ID) + "/diff?" + to.Encode())
		}
	}
	if refusal.CodeOf(err) == "" {
		return err
	}
	return d.showAmend(q, measure, level, q.PostForm, err)
}

// amendment is what was typed and differs from the measure.
func (q *request) amendment(m *reductionlist.Measure) (in calls.ListAmendment, err error) {
	values, err := typed(q.amendFields(m), q.PostForm)
	if err != nil {
		return in, err
	}
	change := map[string]any{}
	if text, ok := values["text"].(string); ok && text != strings.TrimSpace(m.Text) {
		change["text"] = text
	}
	if who, ok := values["responsible"].(string); ok && who != m.Responsible {
		change["responsible"] = who
	}
	if h, ok := values["complete_within_h"].(float64); ok && h != m.CompleteWithinH {
		change["complete_within_h"] = h
	}
	if n, ok := values["quantity"].(float64); ok && m.Quantity != nil && n != m.Quantity.Value {
		change["quantity"] = map[string]any{"kind": m.Quantity.Kind, "value": n, "unit": m.Quantity.Unit}
	}
	if text, ok := values["evidence"].(string); ok && text != strings.Join(m.Evidence, "；") {
		change["evidence"] = strings.FieldsFunc(text, func(r rune) bool { return r == '；' || r == ';' })
	}
	in.Reason, _ = values["reason"].(string)
	in.EffectiveFrom, _ = values["effective_from"].(string)
	in.Change = raw(change)
	if q.PostForm.Get("remove") == "yes" {
		in.Change = json.RawMessage("null")
	} else if len(change) == 0 {
		return in, refusal.New(refusal.Invalid, "desk.form.amend_nothing", nil)
	}
	return in, valid.Check(&in)
}
