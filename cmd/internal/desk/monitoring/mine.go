package monitoring

import (
	"cmp"
	"html/template"
	"net/http"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify/compliance/judge"
)

// askedView is what an enterprise is asked about a finding, with the form of its explanation.
type askedView struct {
	foundRow
	Question string
	By       string // until when it may explain, and how long that is
	Form     bool   // there is something to explain
	Fields   []frame.Field
	Key      string
	Files    frame.EvidenceForm // that were handed in for it already, and the input for a further one
	Home     bool               // it stands on the first page
	Reason   string             // why the last explanation was rejected
	Note     string             // that the last explanation said
	Monitor  *monitorView
}

func verdictWord(q *frame.Request, v judge.Verdict) string {
	return terms.Name(terms.OrderState, v.String(), q.Lang)
}

// askedOf is what the enterprise that a finding is about is asked; nil where nothing is to be said of it. evidence are the
// hashes of the files that were handed in for its explanation.
func (d *desk) askedOf(q *frame.Request, f *calls.FindingView, evidence []string) (v *askedView, err error) {
	if f.Cleared || f.Verdict < judge.Suspected {
		return nil, nil
	}
	v = &askedView{foundRow: foundRowOf(q, f), Form: f.Asks, Key: frame.NewKey()}
	unit := "hours"
	if v.Daily {
		unit = "days"
	}
	v.Question = q.T("asked.question."+unit, "what", v.What, "n", f.Failed, "demand", v.Demand, "from",
		frame.Moment(q.Lang, f.From))
	if n := len(f.Explanations); n > 0 {
		v.Note, v.Reason = f.Explanations[n-1].Note, f.Explanations[n-1].Reason
	}
	if f.ExplainBy != nil {
		left := f.ExplainBy.Sub(q.Now)
		switch at := frame.HourMinute(*f.ExplainBy, q.Now); {
		case left <= 0:
			v.By = q.T("asked.late", "at", at)
		default:
			v.By = q.T("asked.by", "at", at, "left", alerts.HoursText(left.Hours(), q.Lang))
		}
	}
	note := q.Field("note", frame.KindArea, false)
	note.Label, note.Hint, note.Form = q.T("asked.note"), q.T("asked.note.hint"), f.ID+"-"
	v.Fields = []frame.Field{note}
	switch posted := q.Method == http.MethodPost && q.ID() == f.ID; {
	case posted:
		frame.Set(v.Fields, q.PostForm)
		v.Key = cmp.Or(q.PostForm.Get("key"), v.Key)
		evidence = q.PostForm["evidence"]
	case q.ID() == f.ID:
		frame.Set(v.Fields, q.Kept())
	}
	v.Files, err = q.EvidenceForm(v.Href, f.ID+"-", evidence)
	return v, err
}

// mostAsked is how many findings stand on an enterprise's first page.
const mostAsked = 20

// asked is what an enterprise is asked, for its first page: what it is suspected of, what it said of that, and what an
// officer said. It is empty for everybody else.
func (d *desk) asked(q *frame.Request) (template.HTML, error) {
	if q.Who.Role != calls.Enterprise || q.Who.Recipient == "" || !q.May(calls.ActFindingsExplain) {
		return "", nil
	}
	page, err := d.Svc.Findings(q.Context(), q.Ask(), calls.FoundQuery{Open: "true", Recipient: q.Who.Recipient,
		Paging: calls.Paging{Limit: mostAsked}})
	if err != nil {
		return "", err
	}
	var all []*askedView
	for i := range page.Items {
		f := &page.Items[i]
		v, err := d.askedOf(q, f, nil)
		if err != nil {
			return "", err
		}
		if v == nil {
			continue
		}
		v.Home = true
		v.Monitor = d.chartOf(q, f, "asked-"+f.ID)
		all = append(all, v)
	}
	if len(all) == 0 {
		return "", nil
	}
	return q.HTML("asked-all", all)
}
