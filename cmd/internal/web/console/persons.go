package console

import (
	"errors"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// acting is where somebody stands before an act in the two-person rule.
type acting struct {
	Says    string // what the act will say of who does it; empty for nothing
	Code    *field // for a one-time code; nil where none is of use
	Missing bool   // approving takes a second factor, and there is none
}

// acting asks what the record will say. form sets the fields of several forms on a page apart.
func (q *request) acting(form string, approves bool) (acting, error) {
	without, with, factor, err := q.d.svc.Acting(q.who.User)
	if err != nil {
		return acting{}, err
	}
	a, says := acting{Missing: approves && !factor && q.d.svc.FactorRequired}, without
	switch {
	case factor && approves:
		says = with
		a.Code = &field{Name: codeField, Form: form, Label: q.t("otp"), Hint: q.t("otp.hint"), Required: true}
	case factor && without != nil && with == nil:
		a.Code = &field{Name: codeField, Form: form, Label: q.t("otp"), Hint: q.t("otp.ends")}
	}
	if says != nil {
		a.Says = q.t("persons.says", "by", says.By, "at", clock(says.At), "how", howOf(says.How))
	}
	return a, nil
}

// codeField is the name of the input of a one-time code. What is typed there goes to the record's door and nowhere else: no page
// shows it again, and none carries it along.
const codeField = "otp"

// codeError is what was wrong with the code that came with an act; empty for any other error.
func codeError(err error, lang string) string {
	var e *refusal.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Path != codeField {
		return ""
	}
	return e.Fields[0].Message(lang)
}

func howOf(how string) refusal.Worded { return refusal.Words("access.how."+how, nil) }

// secretSeen words what an act says of who did it; empty for nothing, and for who has no part in the office.
func (q *request) secretSeen(actor string, s *alerts.SecretSeen) string {
	if s == nil || q.who == nil {
		return ""
	}
	switch q.who.Role {
	case calls.Enterprise, calls.Town, calls.Feeder, calls.Neighbour:
		return ""
	}
	return refusal.Text("access.seen", q.lang, refusal.Args{"at": clock(s.At), "by": s.By, "actor": actor, "how": howOf(s.How)})
}

// ofDeclaring reports whether revising a warning declares it anew, or may move its start.
func ofDeclaring(s *subject) bool {
	return s.w.State == alerts.Rejected || s.w.State == alerts.Scheduled && s.w.Pending == nil
}

func always(*subject) bool { return true }
