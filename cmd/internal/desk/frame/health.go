package frame

import (
	"html/template"
	"slices"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/watch"
)

// healthView is what the head of a page says of the system; nil where there is nothing to say.
type healthView struct {
	Status watch.Status
	Lead   string
	Lines  []healthLine // for those who may do something about it
}

// healthLine is one part that is not as it should be.
type healthLine struct {
	Name   string
	State  string
	Since  time.Time
	Detail string
	Failed bool
}

// menders are the roles that may do something about trouble, or see that somebody does.
var menders = []calls.Role{calls.Duty, calls.Approver, calls.Admin, calls.Viewer}

// healthFor is what a reader is told of a report. A role that can mend nothing is told only when acts may not go
// through, and what to do then.
func healthFor(r watch.Report, who *access.Principal, lang string) *healthView {
	v := &healthView{Status: r.Status}
	switch {
	case r.Status == watch.Ready:
		return nil
	case who != nil && slices.Contains(menders, who.Role):
		v.Lead = healthWord(lang, "status."+string(r.Status))
		for _, c := range r.Wrong() {
			v.Lines = append(v.Lines, healthLine{Name: watch.NameOf(lang, c.Name),
				State: healthWord(lang, "state."+string(c.State)),
				Since: c.Since, Detail: c.Detail(lang), Failed: c.State == watch.Failed})
		}
	case r.Status != watch.NotReady:
		return nil
	case who != nil && who.Role == calls.Enterprise:
		v.Lead = Word(lang, "health.enterprise")
	default:
		v.Lead = Word(lang, "health.others")
	}
	return v
}

// health is what the watchman knows, for the reader of this page.
func (q *Request) health() *healthView {
	return healthFor(q.frame.Watch.Report(), q.Who, q.Lang)
}

// healthPart is the head of a page as a live part. It is rendered for each reader, for it is short and mostly empty.
func (q *Request) healthPart() Part {
	return Part{"health", func(bool) (template.HTML, error) { return q.HTML("health", q.health()) }}
}

// healthWord is one of the watchman's own words.
func healthWord(lang, key string) string { return refusal.Text("watch."+key, lang, nil) }
