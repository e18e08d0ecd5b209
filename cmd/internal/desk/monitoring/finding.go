package monitoring

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/cmd/internal/valid"
	"qingkong/notify"
	"qingkong/notify/compliance"
)

// findingView is the page of a finding.
type findingView struct {
	*frame.Chrome
	foundRow
	F       calls.FindingView
	Asked   *askedView // of the enterprise that it is about
	Monitor *monitorView
	Hours   []foundHour
	Said    []explanationRow
	Decide  []decideForm
	Steps   []courseStep
	More    bool // the record was not read to its end
	Proofs  bool // entries lead to their proofs
	Station string
	Points  bool // the reader may see stations
	Error   string
	Again   bool
}

// foundHour is an hour that a finding rests on.
type foundHour struct {
	hourRow
	N      int    // values that the baseline has
	Values []said // where several differ
	Key    string // of the form that takes one
	Start  string
	Wrong  string // why the form was refused
}

// said is one of several values of an hour.
type said struct{ Text, Value, Flag string }

// explanationRow is what an enterprise said, and what an officer said of that.
type explanationRow struct {
	calls.ExplanationView
	State    string // in words
	Hours    []string
	Evidence []frame.EvidenceRow
}

// decideForm is one of the two decisions on the explanation that waits.
type decideForm struct {
	Decision string
	Fields   []frame.Field
	Hours    []frame.Option // to choose from, of an accepted one
	Key      string
	Current  bool // it comes back with what was typed
}

// courseStep is a line of a finding's history.
type courseStep struct {
	At    time.Time
	What  string
	Actor string
	Link  string
	Entry int64
}

func (d *desk) finding(q *frame.Request) (any, error) {
	f, err := d.Svc.Finding(q.Context(), q.Ask(), calls.ByID{ID: q.ID()})
	if err != nil {
		return nil, err
	}
	v := &findingView{Chrome: q.Chrome(), foundRow: foundRowOf(q, &f), F: f, Proofs: q.May(calls.ActLedgerRead),
		Points: q.May(calls.ActTelemetryRead), Again: q.Again(), Station: "/desk/stations/" + url.PathEscape(f.Ref)}
	v.Title = cmp.Or(f.RecipientName, f.RecipientID)
	v.Monitor = d.chartOf(q, &f, "finding")
	officer := q.May(calls.ActFindingsDecide)
	for i := range slices.Backward(f.Hours) {
		v.Hours = append(v.Hours, hourOf(q, &f, &f.Hours[i], officer))
	}
	for i := range f.Explanations {
		row, err := d.explanationOf(q, &f.Explanations[i])
		if err != nil {
			return nil, err
		}
		v.Said = append(v.Said, row)
	}
	if officer && f.Waits {
		v.Decide = decisions(q, &f)
	}
	if q.May(calls.ActFindingsExplain) && f.RecipientID == q.Who.Recipient {
		if v.Asked, err = d.askedOf(q, &f, q.URL.Query()["evidence"]); err != nil {
			return nil, err
		}
	}
	if q.Refused != nil {
		lists := [][]frame.Field{}
		if v.Asked != nil {
			lists = append(lists, v.Asked.Fields, v.Asked.Files.File)
		}
		for i := range v.Decide {
			if v.Decide[i].Current {
				lists = append(lists, v.Decide[i].Fields)
			}
		}
		v.Error = q.Blame(nil, lists...)
	}
	v.Steps, v.More, err = d.course(q, &f)
	return v, err
}

func hourOf(q *frame.Request, f *calls.FindingView, h *compliance.FoundHour, officer bool) foundHour {
	out := foundHour{hourRow: hourRow{At: hourText(h.At, compliance.Daily(f.Kind)), Measured: numberOf(h.Measured),
		Limit: numberOf(h.Limit), Result: h.Result, Word: resultText(q.Lang, h.Result, h.Why), Flag: flagOf(h.Result)},
		Start: h.At.Format(time.RFC3339)}
	if u := h.Usual; u != nil && u.N > 0 {
		out.N, out.Usual = u.N, q.T("finding.usual", "median", series.Number(u.Median), "low", series.Number(u.Low), "high",
			series.Number(u.High))
	}
	for _, s := range h.Said {
		one := said{Flag: s.Flag, Text: numberOf(s.Value)}
		if s.Value != nil && officer {
			one.Value = strconv.FormatFloat(*s.Value, 'g', -1, 64)
		}
		out.Values = append(out.Values, one)
	}
	if len(out.Values) > 0 && officer {
		out.Key = frame.NewKey()
		if q.Refused != nil && q.PostForm.Get("at") == out.Start {
			out.Wrong = q.Why()
		}
	}
	return out
}

func (d *desk) explanationOf(q *frame.Request, e *calls.ExplanationView) (row explanationRow, err error) {
	row = explanationRow{ExplanationView: *e, State: q.T("found.explained." + string(orWaits(e.Decision)))}
	for _, h := range e.Hours {
		row.Hours = append(row.Hours, hourText(h, false))
	}
	row.Evidence, err = q.EvidenceRows(e.Evidence)
	return row, err
}

// decisions are the forms of an officer's decision on the explanation that waits.
func decisions(q *frame.Request, f *calls.FindingView) (forms []decideForm) {
	for _, name := range []compliance.Decision{compliance.Accept, compliance.Reject} {
		form := decideForm{Decision: string(name), Key: frame.NewKey()}
		reason := q.Field("reason", frame.KindArea, name == compliance.Reject)
		reason.Hint, reason.Form = q.T("finding.reason.hint"), string(name)+"-"
		form.Fields = []frame.Field{reason}
		if name == compliance.Accept && !compliance.Daily(f.Kind) {
			for i := range f.Hours {
				at := f.Hours[i].At
				form.Hours = append(form.Hours, frame.Option{Value: at.Format(time.RFC3339), Label: hourText(at, false)})
			}
		}
		if q.Method == http.MethodPost && q.PostForm.Get("decision") == form.Decision {
			frame.Set(form.Fields, q.PostForm)
			form.Key, form.Current = cmp.Or(q.PostForm.Get("key"), form.Key), true
			for i := range form.Hours {
				if slices.Contains(q.PostForm["hours"], form.Hours[i].Value) {
					form.Hours[i].Class = "checked"
				}
			}
		}
		forms = append(forms, form)
	}
	return forms
}

// explain carries out what an enterprise says of a finding, with the file that it chose.
func (d *desk) explain(q *frame.Request) (to string, err error) {
	note, evidence, err := q.ReadNote("finding.note")
	if err != nil {
		return "", err
	}
	in := calls.Explanation{ByID: calls.ByID{ID: q.ID()}, Note: note, Evidence: evidence}
	if err := valid.Check(in); err != nil {
		return "", err
	}
	if _, err := d.Svc.ExplainFinding(q.Context(), q.Ask(), in); err != nil {
		return "", err
	}
	if q.PostForm.Get("back") == "home" {
		return "/desk?done=finding.explained", nil
	}
	return findingPath(in.ID) + "?done=finding.explained", nil
}

// handIn takes in the file of an explanation that is not sent yet, and leads back to it.
func (d *desk) handIn(q *frame.Request) (to string, err error) {
	return q.HandIn(findingPath(q.ID()), "finding.handed_in", func() error {
		_, err := d.Svc.Finding(q.Context(), q.Ask(), calls.ByID{ID: q.ID()})
		return err
	})
}

// decide carries out an officer's decision.
func (d *desk) decide(q *frame.Request) (to string, err error) {
	in := calls.ExplanationDecision{ByID: calls.ByID{ID: q.ID()}, Reason: strings.TrimSpace(q.PostForm.Get("reason")),
		Decision: compliance.Decision(q.PostForm.Get("decision"))}
	if in.Decision == compliance.Accept {
		for _, text := range q.PostForm["hours"] {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return "", refusal.New(refusal.Invalid, "desk.error.form", nil)
			}
			in.Hours = append(in.Hours, at)
		}
	}
	if err := valid.Check(in); err != nil {
		return "", err
	}
	_, err = d.Svc.DecideFinding(q.Context(), q.Ask(), in)
	return findingPath(in.ID) + "?done=finding." + string(in.Decision), err
}

// choose takes one of several values of an hour.
func (d *desk) choose(q *frame.Request) (to string, err error) {
	value, err := strconv.ParseFloat(q.PostForm.Get("value"), 64)
	at, wrong := time.Parse(time.RFC3339, q.PostForm.Get("at"))
	switch reason := strings.TrimSpace(q.PostForm.Get("reason")); {
	case err != nil || wrong != nil:
		return "", refusal.Input([]refusal.Field{{Path: "value", Rule: "desk.form.required"}})
	case reason == "":
		return "", refusal.Input([]refusal.Field{{Path: "value_reason", Rule: "desk.form.required"}})
	default:
		in := calls.ValueChoice{ByID: calls.ByID{ID: q.ID()}, At: at, Value: &value, Reason: reason}
		if err := valid.Check(in); err != nil {
			return "", err
		}
		_, err = d.Svc.ChooseValue(q.Context(), q.Ask(), in)
		return findingPath(in.ID) + "?done=finding.value", err
	}
}

// course is what the record says of a finding.
func (d *desk) course(q *frame.Request, f *calls.FindingView) (steps []courseStep, more bool, err error) {
	var first uint64
	err = q.View(func(tx *bbolt.Tx) error {
		o, err := notify.Get(tx, f.OrderID)
		if err == nil {
			first = o.Body.Block
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	events, more, err := d.courses.Read(q, f.ID, first)
	if err != nil {
		return nil, false, err
	}
	last := ""
	for _, e := range events {
		ev, err := d.Svc.J.Registry().Decode(e.Kind, e.Data)
		if err != nil {
			return nil, false, err
		}
		step, ok := stepOf(q, f.ID, ev)
		if ok && step.What != last {
			step.At, step.Entry = e.At, e.Index
			if step.Actor = e.Actor; e.Actor == "system" || q.Who.Role == calls.Enterprise && e.Actor != q.Who.User {
				step.Actor = ""
			}
			steps = append(steps, step)
		}
		if ok {
			last = step.What
		}
	}
	return steps, more, nil
}

// stepOf words one event; ok is false for one that says nothing of the finding.
func stepOf(q *frame.Request, id string, ev alerts.Event) (s courseStep, ok bool) {
	switch ev := ev.(type) {
	case *compliance.Judged:
		i := slices.IndexFunc(ev.Findings, func(f compliance.Finding) bool { return f.ID == id })
		if i < 0 {
			return s, false
		}
		f := &ev.Findings[i]
		if f.Cleared {
			s.What = q.T("finding.step.cleared")
			break
		}
		key := "finding.step.hours"
		if compliance.Daily(f.Kind) {
			key = "finding.step.days"
		}
		s.What = q.T(key, "verdict", verdictWord(q, f.Verdict), "n", f.Failed)
	case *compliance.Explained:
		if s.What = q.T("finding.step.explained"); ev.Finding != id {
			return s, false
		}
	case *compliance.Decided:
		if s.What = q.T("finding.step." + string(ev.Decision)); ev.Finding != id {
			return s, false
		}
	case *compliance.ValueAccepted:
		if ev.Finding != id {
			return s, false
		}
		s.What = q.T("finding.step.value", "at", hourText(ev.Value.At, false), "value", series.Number(ev.Value.Value))
	case *compliance.TaskOpened:
		if ev.Task.Finding != id || !q.May(calls.ActTasksRead) {
			return s, false
		}
		s.What, s.Link = q.T("finding.step.task", "id", ev.Task.ID), taskPath(ev.Task.ID)
	default:
		return s, false
	}
	return s, true
}
