package orders

import (
	"cmp"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// reporting are the answers that say how an order goes, with figures and files.
var reporting = []notify.Action{notify.Report, notify.Complete}

// answerForm is the form of an answer that a recipient can give.
type answerForm struct {
	Action  string
	Main    bool   // the order's next step: the one prominent button
	Folded  string // words that unfold it, where it is not the usual step
	Lead    string
	Fields  []frame.Field
	Key     string
	Current bool // it comes back with what was typed

	Correction bool // it says anew what was said of the completion

	Files *frame.EvidenceForm // that go with it; nil where none do
}

// answers are the forms of the answers that an order's state allows its recipient: first the next step on its way from
// receipt to completion, then the others.
func answers(q *frame.Request, o *notify.Order, measures []notify.MeasureView, unexplained bool) (out []answerForm,
	err error) {
	add := func(action notify.Action, fields ...frame.Field) *answerForm {
		a := answerForm{Action: string(action), Fields: fields, Key: frame.NewKey()}
		for i := range a.Fields {
			a.Fields[i].Form = a.Action + "-"
		}
		if a.Action == actionOf(q) {
			a.Current = true
			if q.Method == http.MethodPost {
				frame.Set(a.Fields, q.PostForm)
				a.Key = cmp.Or(q.PostForm.Get("key"), a.Key)
			} else {
				frame.Set(a.Fields, q.Kept())
			}
		}
		out = append(out, a)
		return &out[len(out)-1]
	}
	note := func(required bool) frame.Field { return q.Field("note", frame.KindArea, required) }
	figures := func(noteRequired bool) []frame.Field {
		return append(measureFields(q, measures), atField(q), note(noteRequired))
	}
	if o.State == notify.StateOpen {
		switch {
		case o.Answer == notify.AnswerAwaiting || o.Answer == notify.AnswerOverdue:
			add(notify.Acknowledge).Main = true
			object := add(notify.Object, note(true))
			object.Folded, object.Lead = q.T("answer.object"), q.T("answer.object.lead")
		case o.Answer == notify.AnswerObjected:
			if unexplained {
				object := add(notify.Object, note(true))
				object.Main, object.Lead = true, q.T("answer.object.unexplained")
			}
			add(notify.Acknowledge)
		case o.Execution == notify.ExecutionNotStarted:
			add(notify.Start).Main = true
		case o.Execution == notify.ExecutionStarted:
			add(notify.Report, figures(false)...).Main = true
			add(notify.Complete, atField(q), note(false)).Folded = q.T("answer.complete.at_once")
		case o.Execution == notify.ExecutionReported:
			add(notify.Report, figures(false)...).Folded = q.T("answer.report.again")
			add(notify.Complete, atField(q), note(false)).Main = true
		case o.Execution == notify.ExecutionCompleted:
			correct := add(notify.Complete, figures(true)...)
			correct.Folded, correct.Correction = q.T("answer.correct"), true
			correct.Lead = q.T("answer.correct.lead")
		}
	}
	unheard := o.Delivery == notify.DeliveryPending || o.Delivery == notify.DeliverySent
	if o.Unreceived || o.State == notify.StateOpen && unheard {
		next := len(out) > 0 // an answer that confirms the receipt as well
		add(notify.Receive).Main = !next
	}
	return out, withFiles(q, o.ID, out)
}

// withFiles gives the forms of reports what they take along, with the files that were handed in for one already.
func withFiles(q *frame.Request, order string, forms []answerForm) error {
	for i := range forms {
		a := &forms[i]
		if !slices.Contains(reporting, notify.Action(a.Action)) {
			continue
		}
		var evidence []string
		switch {
		case a.Current && q.Method == http.MethodPost:
			evidence = q.PostForm["evidence"]
		case a.Current:
			evidence = q.URL.Query()["evidence"]
		}
		files, err := q.EvidenceForm(frame.OrderPath(order)+"/"+a.Action, a.Action+"-", evidence)
		if err != nil {
			return err
		}
		a.Files = &files
	}
	return nil
}

// actionOf is the answer that a request is about: the one that is posted, or goes on after a file was handed in for it.
func actionOf(q *frame.Request) string {
	if q.Method != http.MethodPost {
		return q.URL.Query().Get("action")
	}
	return path.Base(strings.TrimSuffix(q.URL.Path, "/evidence"))
}

// measureFields ask for a number for each measure that has one.
func measureFields(q *frame.Request, measures []notify.MeasureView) []frame.Field {
	var out []frame.Field
	for _, m := range measures {
		if m.Quantity == nil {
			continue
		}
		f := q.Field("value."+m.ID, frame.KindNumber, false)
		f.Label = q.T("f.value", "text", m.Text, "what", actual(q, m.Quantity), "unit", m.Quantity.Unit)
		out = append(out, f)
	}
	return out
}

// actual says what is asked for beside a quantity: 40 % can be what is left or what is less.
func actual(q *frame.Request, of *notify.QuantityView) string {
	switch {
	case of.Kind == reductionlist.ReduceBy:
		return q.T("actual.less")
	case reductionlist.PlainUnit(of.Unit) == "%":
		return q.T("actual.of_baseline")
	}
	return q.T("actual.is")
}

// atField asks of when an answer speaks; it begins with now.
func atField(q *frame.Request) frame.Field {
	f := q.Field("at", frame.KindMoment, false)
	f.Label, f.Value = q.T("f.as_at"), frame.MomentValue(q.Now)
	return f
}

// answer carries out a recipient's answer to its order.
func (d *desk) answer(q *frame.Request) (to string, err error) {
	id, action := q.ID(), notify.Action(actionOf(q))
	in, err := answerOf(q, id, action)
	if err == nil {
		_, err = d.Svc.AnswerOrder(q.Context(), q.Ask(), in)
	}
	if err == nil && q.Header.Get("HX-Request") == "true" { // the page marks itself as read and stays
		q.W.WriteHeader(http.StatusNoContent)
		return "", nil
	}
	return frame.OrderPath(id) + "?done=" + string(action), err
}

// report carries out an answer that says how the order goes, with the file that was chosen.
func (d *desk) report(q *frame.Request) (to string, err error) {
	if _, err := mine(q); err != nil {
		return "", err
	}
	if err := q.ReadEvidence(); err != nil {
		return "", err
	}
	return d.answer(q)
}

// handIn takes in the file of a report that is not sent yet, and leads back to its form.
func (d *desk) handIn(q *frame.Request) (to string, err error) {
	to, err = q.HandIn(frame.OrderPath(q.ID()), "order.handed_in", func() error {
		_, err := mine(q)
		return err
	})
	if err != nil {
		return "", err
	}
	return to + "&action=" + actionOf(q), nil
}

// mine is the order that a request is about, which its sender answers; any other is not_found.
func mine(q *frame.Request) (o notify.View, err error) {
	if o, err = q.Order(q.ID()); err == nil && o.RecipientID != q.Who.Recipient {
		err = frame.NoOrder(q.ID())
	}
	return o, err
}

// answerOf reads an answer from its form.
func answerOf(q *frame.Request, id string, action notify.Action) (notify.AnswerText, error) {
	in := notify.AnswerText{OrderID: id, Action: action,
		Note: strings.TrimSpace(q.PostForm.Get("note"))}
	if action == notify.Object && in.Note == "" {
		return in, refusal.Input([]refusal.Field{{Path: "note", Rule: "desk.form.note"}})
	}
	order, err := mine(q)
	if err != nil {
		return in, err
	}
	if slices.Contains(reporting, action) {
		in.Evidence = q.PostForm["evidence"]
		in.Correction = q.PostForm.Get("correction") == "true"
		fields := append(measureFields(q, order.Measures), atField(q))
		values, err := frame.Typed(fields, q.PostForm)
		if err != nil {
			return in, err
		}
		if at, ok := values["at"].(time.Time); ok {
			in.At = &at
		}
		for _, m := range order.Measures {
			if n, ok := values["value."+m.ID].(float64); ok {
				in.Measures = append(in.Measures, notify.MeasureText{ID: m.ID, Value: &n, Unit: m.Quantity.Unit})
			}
		}
	}
	return in, valid.Check(in)
}
