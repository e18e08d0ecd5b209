package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
)

// readout is everything that somebody has to know before an act.
type readout struct {
	Level   alerts.Level // what is to be in force; None where the level is not the matter
	Before  alerts.Level // what is in force so far
	Rows    []row
	Reason  string
	Notice  string
	Count   int  // recipients with measures at the level
	Counted bool // the count is known
	Listed  int  // recipients of the list in all
	List    string
	Outcome []string // what happens when it is confirmed
	Caution []string
}

// row is a label and a value.
type row struct{ Label, Value string }

// reviewView is the page that reads everything out.
type reviewView struct {
	*form
	Read      readout
	TypeName  string // what has to be typed; empty for nothing
	TypeError string
	Typed     []pair // what the form carries along
	Acting    acting
}

// review is what was wrong with what was typed where everything was read out; empty for nothing.
type review struct{ typed, code string }

// review reads out what an act would do, as the engine has it. Nothing is recorded until it is confirmed.
func (d *desk) review(q *request, a act, s *subject, v url.Values, in any, wrong review) error {
	if a.direct {
		return d.showForm(q, a, s, v, nil)
	}
	read, err := d.readout(q, a, s, in)
	if err != nil {
		return d.showForm(q, a, s, v, err)
	}
	f := &form{chrome: q.chrome("act." + a.name), Act: a.name, Post: q.URL.Path, Warning: s.w, Proposal: s.p, Submit: q.t("act." + a.name + ".confirm"), Step: stepConfirm}
	f.Drill = s.drill
	view := reviewView{form: f, Read: *read, TypeError: wrong.typed, Typed: hidden(v, "key", "revision", "proposal_id", "activates", "drill")}
	for _, one := range a.inputs(q, s, v) {
		if v.Get(one.Name) != "" {
			view.Typed = append(view.Typed, pair{one.Name, v.Get(one.Name)})
		}
	}
	if a.level != nil && !s.drill {
		if l := a.level(s, v); l != alerts.None {
			view.TypeName = terms.ShortLevel(l, q.lang)
		}
	}
	if a.persons != nil && a.persons(s) {
		if view.Acting, err = q.acting("", false); err != nil {
			return err
		}
		if view.Acting.Code != nil {
			view.Acting.Code.Error = wrong.code
		}
	}
	status := http.StatusOK
	if wrong != (review{}) {
		status = http.StatusUnprocessableEntity
	}
	return q.render(status, "review", view)
}

// readout asks what the act would lead to, and words it.
func (d *desk) readout(q *request, a act, s *subject, in any) (*readout, error) {
	r := &readout{Level: alerts.None, Before: alerts.None}
	next, events, err := d.svc.Preview(q.ask(), in)
	if err != nil {
		return nil, err
	}
	if v, err := d.svc.ListVersion(next.ListVersion); err == nil {
		r.List, r.Listed = v.List.Name+" "+v.ID, v.Count
	} else if refusal.CodeOf(err) != refusal.NotFound {
		return nil, err
	}
	r.sideEffects(q, next, events)
	r.terms(q, a, s, next)
	r.outcome(q, a, s, next)
	if r.Level != alerts.None {
		r.Count, r.Counted = d.audience.at(q.Context(), d.svc.J, next.ListVersion, r.Level)
	}
	return r, nil
}

// terms lists level, window, trigger and order.
func (r *readout) terms(q *request, a act, s *subject, next *alerts.Warning) {
	change := alerts.Change{Level: next.Level, EffectiveAt: next.StartsAt, Trigger: next.Trigger, DocumentNo: next.DocumentNo, IssuedBy: next.IssuedBy,
		ReceivedAt: next.ReceivedAt, Reason: next.Reason, EndsAt: next.EndsAt}
	if s.w != nil && a.name != "declare" && s.w.State != alerts.Rejected {
		change.EffectiveAt = next.LevelSince
		change.Reason = next.History[len(next.History)-1].Reason
		if a.name == "approve" || a.name == "emergency-approve" { // it speaks of what waits
			change.Reason = next.Reason
			if s.w.Pending != nil {
				change.Reason = s.w.Pending.Reason
			}
		}
	}
	if p := next.Pending; p != nil {
		change = p.Change
		if p.Moves() {
			change.DocumentNo, change.IssuedBy = cmp.Or(change.DocumentNo, next.DocumentNo), cmp.Or(change.IssuedBy, next.IssuedBy)
			change.ReceivedAt = cmp.Or(change.ReceivedAt, next.ReceivedAt)
		}
		if change.EndsAt == nil && !p.NoEnd {
			change.EndsAt = next.EndsAt
		}
	}
	add := func(key, value string) {
		if value != "" {
			r.Rows = append(r.Rows, row{q.t("f." + key), value})
		}
	}
	if s.w != nil && s.w.State != alerts.Rejected && s.w.State != alerts.PendingApproval {
		r.Before = s.w.LevelAt(q.now)
	}
	switch a.name {
	case "lift", "cancel":
		add("warning", next.ID)
		add("level", alerts.LevelName(s.w.Level, q.lang))
		if a.name == "lift" {
			add("lift_at", until(next.EndsAt))
		}
	default:
		if a.name != "revise" || s.w.State == alerts.Rejected {
			r.Level = change.Level
		}
		from := clock(change.EffectiveAt)
		if change.EffectiveAt.Equal(q.now) {
			from = q.t("at_once", "at", from)
		}
		add("starts_at", from)
		end := until(change.EndsAt)
		if end == "" {
			end = q.t("no_end")
		}
		add("ends_at", end)
		add("trigger", terms.Name(terms.Trigger, change.Trigger, q.lang))
		none := q.t("none_given")
		for _, f := range []row{{"document_no", change.DocumentNo}, {"issued_by", change.IssuedBy}} {
			if f.Value == "" {
				f.Value = none
			}
			add(f.Label, f.Value)
		}
		add("received_at", clock(change.ReceivedAt))
	}
	r.Reason = change.Reason
	if a.name == "declare" || a.name == "revise" || a.name == "approve" {
		r.Notice = next.NoticeText
		if l := otherLevelIn(r.Notice, change.Level); l != alerts.None {
			r.Caution = append(r.Caution, q.t("caution.notice_level", "level", alerts.LevelName(l, q.lang)))
		}
		if day := otherDayIn(r.Notice, change.EffectiveAt); day != "" {
			r.Caution = append(r.Caution, q.t("caution.notice_start", "day", day))
		}
	}
	if r.Level != alerts.None && a.name == "declare" && !s.drill && r.Notice == "" {
		r.Caution = append(r.Caution, q.t("caution.no_notice"))
	}
}

// outcome says what happens next, and who has to act.
func (r *readout) outcome(q *request, a act, s *subject, next *alerts.Warning) {
	say := func(key string, args ...any) { r.Outcome = append(r.Outcome, q.t("outcome."+key, args...)) }
	switch {
	case a.name == "approve" && awaitsConfirmation(s.w):
		say("confirmed")
	case next.Pending != nil && next.Pending.Moves() && s.w.Pending == nil:
		say("move_pending", "at", clock(next.StartsAt))
		say("who_approves", "user", q.who.User)
	case next.Pending != nil && a.name != "lift" && a.name != "revise":
		say("raise_pending", "level", alerts.LevelName(next.Level, q.lang))
		say("who_approves", "user", q.who.User)
	case next.State == alerts.PendingApproval:
		say("pending")
		say("who_approves", "user", q.who.User)
	case next.State == alerts.Reported:
		say("reported")
	case next.State == alerts.Lifted:
		say("lifted")
	case next.State == alerts.Cancelled:
		say("cancelled")
	case a.name == "lift":
		say("end_set", "at", until(next.EndsAt))
	case a.name == "revise" && s.w.State != alerts.Rejected:
		say("revised")
	case next.State == alerts.Scheduled:
		say("scheduled", "at", clock(next.StartsAt))
	case next.LevelSince.After(q.now):
		say("later", "at", clock(next.LevelSince), "level", alerts.LevelName(next.LevelAt(q.now), q.lang))
	default:
		say("now")
	}
	if a.name == "emergency-approve" {
		say("emergency", "by", clock(next.Emergency.ConfirmBy))
	}
	if s.drill {
		say("drill")
	}
	if r.Level == alerts.Advisory {
		say("advisory")
	}
}

// sideEffects says what else an act would change.
func (r *readout) sideEffects(q *request, w *alerts.Warning, events []alerts.Event) {
	for _, ev := range events {
		switch ev := ev.(type) {
		case alerts.WarningLifted:
			if ev.ID != w.ID {
				r.Caution = append(r.Caution, q.t("caution.drill_ends", "id", ev.ID))
			}
		case alerts.WarningCancelled:
			if ev.ID != w.ID {
				r.Caution = append(r.Caution, q.t("caution.drill_ends", "id", ev.ID))
			}
		case alerts.WarningDeclared:
			r.override(q, ev.Overrides)
		case alerts.LevelChanged:
			r.override(q, ev.Overrides)
		case alerts.RaiseAsked:
			r.override(q, ev.Overrides)
		}
	}
	if w.EndsAt == nil && w.State != alerts.Lifted && w.State != alerts.Cancelled && !slices.Contains(r.Caution, q.t("caution.no_end")) {
		r.Caution = append(r.Caution, q.t("caution.no_end"))
	}
}

func (r *readout) override(q *request, o *alerts.Override) {
	if o != nil {
		r.Caution = append(r.Caution, q.t("caution.override", "proposal", o.ProposalID, "level", alerts.LevelName(o.Level, q.lang),
			"ordered", alerts.LevelName(o.Ordered, q.lang)))
	}
}

// approval is the page of an approval: everything is read out, and one tap agrees.
type approval struct {
	*form
	Read    readout
	Confirm bool // an emergency approval is confirmed after the fact
	Own     bool // whoever entered it cannot approve it
	Nothing bool // nothing waits for an approval
	Acting  acting
}

func (d *desk) showApproval(q *request, s *subject, f *form, status int) error {
	w := s.w
	view := approval{form: f, Confirm: awaitsConfirmation(w)}
	read, err := d.readout(q, actNamed("approve"), s, calls.Approval{ByID: calls.ByID{ID: w.ID}, Approve: alerts.Approve{Revision: w.Revision}})
	switch refusal.CodeOf(err) {
	case "":
		if err != nil {
			return err
		}
		view.Read = *read
		for _, h := range w.History {
			if text := q.secretSeen(h.Actor, h.SecretSeen); text != "" {
				view.Read.Caution = append(view.Read.Caution, text)
			}
		}
		if view.Acting, err = q.acting("", true); err != nil {
			return err
		}
		if view.Acting.Code != nil {
			view.Acting.Code.Error = f.CodeError
		}
	case refusal.SamePerson:
		view.Own = true
	case refusal.TransitionRefused:
		view.Nothing = true
	default:
		return err
	}
	return q.render(status, "approve", view)
}

// awaitsConfirmation reports whether a warning that was approved on somebody's word waits for an approver's.
func awaitsConfirmation(w *alerts.Warning) bool {
	return w.Pending == nil && w.State != alerts.PendingApproval && w.Emergency != nil && w.Emergency.ConfirmedAt == nil
}

func actNamed(name string) act {
	return acts[slices.IndexFunc(acts, func(a act) bool { return a.name == name })]
}
