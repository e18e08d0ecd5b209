package frame

import (
	"errors"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Acting is where somebody stands before an act in the two-person rule.
type Acting struct {
	Says    string // what the act will say of who does it; empty for nothing
	Code    *Field // for a one-time code; nil where none is of use
	Missing bool   // approving takes a second factor, and there is none
}

// Acting asks what the record will say. form sets the fields of several forms on a page apart.
func (q *Request) Acting(form string, approves bool) (Acting, error) {
	without, with, factor, err := q.frame.Svc.Acting(q.Who.User)
	if err != nil {
		return Acting{}, err
	}
	a, says := Acting{Missing: approves && !factor && q.frame.Svc.FactorRequired}, without
	switch {
	case factor && approves:
		says = with
		a.Code = &Field{Name: CodeField, Form: form, Label: q.T("otp"), Hint: q.T("otp.hint"), Required: true}
	case factor && without != nil && with == nil:
		a.Code = &Field{Name: CodeField, Form: form, Label: q.T("otp"), Hint: q.T("otp.ends")}
	}
	if says != nil {
		a.Says = q.T("persons.says", "by", says.By, "at", Clock(says.At), "how", howOf(says.How))
	}
	return a, nil
}

// Blame says at the input of the code what was wrong with it.
func (a *Acting) Blame(q *Request) {
	if a.Code != nil && q.Refused != nil {
		a.Code.Error = CodeError(q.Refused, q.Lang)
	}
}

// CodeField is the name of the input of a one-time code. What is typed there goes to the record's door and nowhere
// else: no page shows it again, and none carries it along.
const CodeField = "otp"

// CodeError is what was wrong with the code that came with an act; empty for any other error.
func CodeError(err error, lang string) string {
	var e *refusal.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Path != CodeField {
		return ""
	}
	return e.Fields[0].Message(lang)
}

func howOf(how string) refusal.Worded { return refusal.Words("access.how."+how, nil) }

// SecretSeen words what an act says of who did it; empty for nothing, and for who has no part in the office.
func (q *Request) SecretSeen(actor string, s *alerts.SecretSeen) string {
	if s == nil || q.Who == nil {
		return ""
	}
	switch q.Who.Role {
	case calls.Enterprise, calls.Town, calls.Feeder, calls.Neighbour:
		return ""
	}
	return refusal.Text("access.seen", q.Lang,
		refusal.Args{"at": Clock(s.At), "by": s.By, "actor": actor, "how": howOf(s.How)})
}
