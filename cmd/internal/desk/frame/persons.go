package frame

import (
	"errors"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Signature is how somebody signs an act of the two-person rule.
type Signature struct {
	Says    string // what the record will say of the actor; empty for nothing
	Code    *Field // for a one-time code; nil where none is of use
	Missing bool   // approving takes a second factor, and there is none
}

// Signature asks what the record will say of the user, who approves or does another act. form sets the fields of
// several forms on a page apart.
func (q *Request) Signature(form string, approves bool) (Signature, error) {
	without, with, factor, err := q.frame.Svc.Acting(q.Who.User)
	if err != nil {
		return Signature{}, err
	}
	a, says := Signature{Missing: approves && !factor && q.frame.Svc.FactorRequired}, without
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

// Blame puts what was wrong with the code beside its input.
func (a *Signature) Blame(q *Request) {
	if a.Code != nil && q.Refused != nil {
		a.Code.Error = CodeError(q.Refused, q.Lang)
	}
}

// CodeField is the name of the input of a one-time code. The code goes to the service and nowhere else: no page shows
// it again, and none carries it along.
const CodeField = "otp"

// CodeError words what was wrong with the code that came with an act; empty for any other error.
func CodeError(err error, lang string) string {
	var e *refusal.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Path != CodeField {
		return ""
	}
	return e.Fields[0].Message(lang)
}

func howOf(how string) refusal.Worded { return refusal.Words("access.how."+how, nil) }

// SecretSeen words that an administrator had come by the secret of an act's actor; empty where none had, and for
// readers outside the office.
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
