package console

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
)

// act is what the desk does to a warning or a proposal, from the form to the record.
type act struct {
	name   string // of the path, of the words, and as the service calls it
	allow  string
	direct bool // no read-out of its own stands between the form and the act
	fields func(q *request, s *subject) []field
	fill   func(q *request, s *subject) url.Values
	// level is what has to be typed before a live act; nil where there is nothing to type.
	level func(s *subject, v url.Values) alerts.Level
	try   attempt
	// persons reports whether it is one of the two-person rule, so that it may say something of who does it; nil: never.
	persons func(s *subject) bool
}

var acts = []act{
	{name: "declare", allow: access.ActWarningsDeclare, fields: declareFields, fill: fillDeclare, level: levelTyped, try: tryDeclare, persons: always},
	{name: "approve", allow: access.ActWarningsApprove, direct: true, try: trying(alerts.Engine.DecideApprove), persons: always},
	{name: "reject", allow: access.ActWarningsReject, direct: true, fields: reasonField(true), try: trying(alerts.Engine.DecideReject)},
	{name: "revise", allow: access.ActWarningsRevise, fields: reviseFields, fill: fillRevise, level: levelRevised, try: tryRevise, persons: ofDeclaring},
	{name: "adjust", allow: access.ActWarningsAdjust, fields: adjustFields, fill: fillAdjust, level: levelTyped, try: trying(alerts.Engine.DecideAdjust), persons: always},
	{name: "lift", allow: access.ActWarningsLift, fields: liftFields, fill: fillLift, try: trying(alerts.Engine.DecideLift)},
	{name: "cancel", allow: access.ActWarningsCancel, fields: reasonField(false), try: trying(alerts.Engine.DecideCancel)},
	{name: "emergency-approve", allow: access.ActWarningsEmergencyApprove, fields: emergencyFields, level: levelWaiting, try: trying(alerts.Engine.DecideEmergencyApprove), persons: always},
	{name: "dismiss", allow: access.ActProposalsDismiss, direct: true, fields: reasonField(true)},
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

// content is the act's JSON.
func (d *desk) content(q *request, a act, s *subject, v url.Values) (map[string]any, error) {
	content, err := body(a.inputs(q, s, v), v)
	if err != nil {
		return nil, err
	}
	if s.w != nil && a.name != "declare" {
		content["revision"] = revisionOf(v)
	}
	if content["no_end"] == true { // the end that stands beside it is the one to be taken away
		delete(content, "ends_at")
	}
	if s.p != nil && a.name != "dismiss" {
		content["proposal_id"] = s.p.ID
	}
	if a.name == "declare" {
		content["drill"] = s.drill
		if s.w != nil {
			content["activates"] = s.w.ID
		}
	}
	return content, nil
}

// carryOut does it, and shows what came of it under an address of its own.
func (d *desk) carryOut(q *request, a act, s *subject, v url.Values, content map[string]any) error {
	if err := access.Require(q.who, a.allow); err != nil {
		return err
	}
	if a.level != nil && !s.drill {
		if l := a.level(s, v); l != alerts.None && !isNameOf(v.Get("typed"), l) {
			return d.review(q, a, s, v, content, review{typed: q.t("form.typed_wrong", "name", terms.ShortLevel(l, q.lang))})
		}
	}
	to, content := "/desk?done="+a.name, maps.Clone(content)
	if otp := v.Get(codeField); otp != "" && a.persons != nil && a.persons(s) {
		content[codeField] = otp
	}
	var err error
	switch a.name {
	case "dismiss":
		_, err = d.svc.Dismiss(q.Context(), q.who.User, q.key(), s.p.ID, encode(content))
	case "declare":
		var w *alerts.Warning
		if w, err = d.svc.Declare(q.Context(), q.who.User, q.key(), encode(content)); err == nil {
			to = warningPath(w.ID) + "?done=declare"
		}
	default:
		_, err = d.svc.WarningAct(q.Context(), q.who.User, q.key(), s.w.ID, a.name, encode(content))
		to = warningPath(s.w.ID) + "?done=" + a.name
	}
	if err == nil {
		return q.redirect(to)
	}
	if refusal.CodeOf(err) == "" {
		return err
	}
	delete(content, codeField)
	if text := codeError(err, q.lang); text != "" && !a.direct {
		return d.review(q, a, s, v, content, review{code: text})
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
