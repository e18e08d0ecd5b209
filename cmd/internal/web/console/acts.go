package console

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
)

// act is what the desk does to a warning or a proposal, from the form to the record.
type act struct {
	name   string // of the path and of the words
	allow  string
	in     func(values map[string]any) (any, error) // what the service takes, of what was typed
	direct bool                                     // no read-out of its own stands between the form and the act
	fields func(q *request, s *subject) []field
	fill   func(q *request, s *subject) url.Values
	// level is what has to be typed before a live act; nil where there is nothing to type.
	level func(s *subject, v url.Values) alerts.Level
	// persons reports whether it is one of the two-person rule, so that it may say something of who does it; nil: never.
	persons func(s *subject) bool
}

var acts = []act{
	{name: "declare", allow: calls.ActWarningsDeclare, in: of[calls.Declaration], fields: declareFields, fill: fillDeclare, level: levelTyped, persons: always},
	{name: "approve", allow: calls.ActWarningsApprove, in: of[calls.Approval], direct: true, persons: always},
	{name: "reject", allow: calls.ActWarningsReject, in: of[calls.Reject], direct: true, fields: reasonField(true)},
	{name: "revise", allow: calls.ActWarningsRevise, in: of[calls.Revision], fields: reviseFields, fill: fillRevise, level: levelRevised, persons: ofDeclaring},
	{name: "adjust", allow: calls.ActWarningsAdjust, in: of[calls.Adjustment], fields: adjustFields, fill: fillAdjust, level: levelTyped, persons: always},
	{name: "lift", allow: calls.ActWarningsLift, in: of[calls.Lift], fields: liftFields, fill: fillLift},
	{name: "cancel", allow: calls.ActWarningsCancel, in: of[calls.Cancel], fields: reasonField(false)},
	{name: "emergency-approve", allow: calls.ActWarningsEmergencyApprove, in: of[calls.EmergencyApproval], fields: emergencyFields, level: levelWaiting, persons: always},
	{name: "dismiss", allow: calls.ActProposalsDismiss, in: of[calls.Dismissal], direct: true, fields: reasonField(true)},
}

// subject is what an act is about.
type subject struct {
	w     *alerts.Warning  // nil for a declaration
	p     *alerts.Proposal // the one it follows; nil for none
	drill bool
}

// subject reads what the form in the path and in v is about.
func (d *desk) subject(q *request, a act, v url.Values) (*subject, error) {
	s := &subject{}
	return s, q.view(func(tx *bbolt.Tx) (err error) {
		warning, proposal := q.id(), cmp.Or(v.Get("proposal"), v.Get("proposal_id"))
		switch a.name {
		case "declare":
			warning = v.Get("activates")
			s.drill = v.Get("drill") == "true"
		case "dismiss":
			warning, proposal = "", q.id()
		}
		if warning != "" {
			if s.w, err = alerts.GetWarning(tx, warning); err != nil {
				return err
			}
			s.drill = s.w.Drill
		}
		if proposal != "" {
			if s.p, err = alerts.GetProposal(tx, proposal); err != nil {
				return err
			}
			s.drill = s.p.Drill
		}
		return nil
	})
}

// actForm shows the form, filled in with what is known already.
func (d *desk) actForm(a act) func(*request) error {
	return func(q *request) error {
		s, err := d.subject(q, a, q.URL.Query())
		if err != nil {
			return err
		}
		v := url.Values{}
		if a.fill != nil {
			v = a.fill(q, s)
		}
		v.Set("key", newKey())
		if s.w != nil && a.name != "declare" {
			v.Set("revision", strconv.Itoa(s.w.Revision))
		}
		if s.p != nil {
			v.Set("proposal_id", s.p.ID)
		}
		if s.drill {
			v.Set("drill", "true")
		}
		return d.showForm(q, a, s, v, nil)
	}
}

// actPost takes a form one step on.
func (d *desk) actPost(a act) func(*request) error {
	return func(q *request) error {
		v := q.PostForm
		s, err := d.subject(q, a, v)
		if err != nil {
			return err
		}
		if v.Get("step") == stepEdit {
			return d.showForm(q, a, s, v, nil)
		}
		content, err := d.content(q, a, s, v)
		if err != nil {
			return d.showForm(q, a, s, v, err)
		}
		if v.Get("step") == stepConfirm {
			return d.carryOut(q, a, s, v, content)
		}
		return d.review(q, a, s, v, content, review{})
	}
}

// content is what the service takes.
func (d *desk) content(q *request, a act, s *subject, v url.Values) (any, error) {
	content, err := typed(a.inputs(q, s, v), v)
	if err != nil {
		return nil, err
	}
	if s.w != nil && a.name != "declare" {
		content["id"], content["revision"] = s.w.ID, revisionOf(v)
	}
	if content["no_end"] == true { // the end that stands beside it is the one to be taken away
		delete(content, "ends_at")
	}
	switch {
	case s.p != nil && a.name == "dismiss":
		content["id"] = s.p.ID
	case s.p != nil:
		content["proposal_id"] = s.p.ID
	}
	if a.name == "declare" {
		content["drill"] = s.drill
		if s.w != nil {
			content["activates"] = s.w.ID
		}
	}
	if a.persons != nil && a.persons(s) {
		content[codeField] = v.Get(codeField)
	}
	return a.in(content)
}

// carryOut does it, and shows what came of it under an address of its own.
func (d *desk) carryOut(q *request, a act, s *subject, v url.Values, in any) error {
	if err := access.Require(q.who, a.allow); err != nil {
		return err
	}
	if a.level != nil && !s.drill {
		if l := a.level(s, v); l != alerts.None && !isNameOf(v.Get("typed"), l) {
			return d.review(q, a, s, v, in, review{typed: q.t("form.typed_wrong", "name", terms.ShortLevel(l, q.lang))})
		}
	}
	to := "/desk?done=" + a.name
	var err error
	if in, ok := in.(calls.Dismissal); ok {
		_, err = d.svc.Dismiss(q.Context(), q.ask(), in)
	} else {
		var w *alerts.Warning
		if w, err = d.svc.ActOnWarning(q.Context(), q.ask(), in); err == nil {
			to = warningPath(w.ID) + "?done=" + a.name
		}
	}
	if err == nil {
		return q.redirect(to)
	}
	if refusal.CodeOf(err) == "" {
		return err
	}
	if text := codeError(err, q.lang); text != "" && !a.direct {
		return d.review(q, a, s, v, in, review{code: text})
	}
	if s, serr := d.subject(q, a, v); serr == nil { // as it stands after whatever came between
		return d.showForm(q, a, s, v, err)
	}
	return err
}

// isNameOf reports whether somebody wrote a level's name, in either language.
func isNameOf(typed string, l alerts.Level) bool {
	typed = strings.ToLower(strings.TrimSpace(typed))
	for _, lang := range []string{zh, en} {
		if typed == strings.ToLower(terms.ShortLevel(l, lang)) {
			return true
		}
	}
	return false
}

// showForm shows the form with what was typed, and what is wrong with it.
func (d *desk) showForm(q *request, a act, s *subject, v url.Values, err error) error {
	f := &form{chrome: q.chrome("act." + a.name), Act: a.name, Post: q.URL.Path, Back: "/desk", Warning: s.w, Proposal: s.p,
		Submit: q.t("act." + a.name + ".submit"), Step: stepReview, Again: q.Method == http.MethodPost && err == nil}
	f.Drill = s.drill
	status := http.StatusOK
	if s.w != nil {
		f.Back = warningPath(s.w.ID)
	}
	if s.p != nil {
		f.Words = wordsOf(s.p, q.lang)
	}
	if a.direct {
		f.Step = stepConfirm
	}
	if confirmWanted(err) { // the field is there from now on, empty or not
		v = clone(v)
		v.Set(confirmField, v.Get(confirmField))
	}
	f.Fields = a.inputs(q, s, v)
	set(f.Fields, v)
	if seen := revisionOf(v); s.w != nil && seen > 0 && seen != s.w.Revision {
		f.Changes = s.w.Since(seen)
		v = clone(v)
		v.Set("revision", strconv.Itoa(s.w.Revision))
		v.Set("key", newKey()) // it is another decision now
	}
	f.Hidden = hidden(v, "key", "revision", "proposal_id", "activates", "drill")
	if err != nil {
		e, code := d.refusalOf(q, err)
		status = code
		f.blame(e, q.lang)
		if err := d.explain(q, f, e); err != nil {
			return err
		}
	}
	if a.name == "approve" {
		return d.showApproval(q, s, f, status)
	}
	return q.render(status, "form", f)
}

// explain words what stood in an act's way as people see it, where the record's own words speak of states and revisions.
func (d *desk) explain(q *request, f *form, e *refusal.Error) error {
	if e.Code == refusal.StaleRevision && len(f.Changes) > 0 {
		f.Error = "" // the changes say it, and to load the page anew, as the refusal asks, would lose what was typed
	}
	id, ok := e.Args["id"].(string)
	if e.Rule != "warning.conflict" || !ok {
		return nil
	}
	return q.view(func(tx *bbolt.Tx) error {
		w, err := alerts.GetWarning(tx, id)
		if err != nil {
			return err
		}
		f.Related = warningPath(id)
		f.Error = q.t("form.occupied", "by", w.DeclaredBy, "at", clock(w.DeclaredAt), "id", id, "lead", q.standing(w).Lead)
		return nil
	})
}

func clone(v url.Values) url.Values {
	out := url.Values{}
	for name, values := range v {
		out[name] = append([]string(nil), values...)
	}
	return out
}

func warningPath(id string) string { return "/desk/warnings/" + url.PathEscape(id) }

// wordsOf is a proposal's trace in words.
func wordsOf(p *alerts.Proposal, lang string) []string {
	if lang == en {
		return p.Trace.Words.EN
	}
	return p.Trace.Words.ZH
}
