package warnings

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
)

// briefing is everything that somebody has to know before an act, as the page reads it out.
type briefing struct {
	Level   alerts.Level // the one to be in force; None where the act is not about the level
	Before  alerts.Level // the one in force so far
	Rows    []frame.Row
	Reason  string
	Notice  string
	Count   int  // recipients with measures at the level
	Counted bool // the count is known
	Listed  int  // recipients of the list in all
	List    string
	From    time.Time // when the act takes effect
	Waits   bool      // it only asks for another person's approval
	Outcome []string  // what happens when it is confirmed
	Caution []string
	Orders  *orderChanges
	digest  string // of what the act leads to
}

// reviewView is the page that reads everything out before an act.
type reviewView struct {
	*formView
	Briefing  briefing
	TypeName  string // word that has to be typed; empty for nothing
	TypeError string
	Reviewed  []frame.Pair // what the form brings back of it
	Edit      string       // address at which the form is changed once more
	Changed   bool         // the act was not done, for it would have led to something else than was read out before
	Signature frame.Signature
}

// review reads out what an act would do, as the engine says, and what was wrong with what was typed there.
func (d *desk) review(q *frame.Request, a act, s *subject, v url.Values, in any, typeError string) (any, error) {
	read, err := d.brief(q, a, s, in)
	if err != nil {
		return d.showForm(q, a, s, v, err)
	}
	view := reviewView{formView: newForm(q, a, s, "act."+a.name+".confirm", frame.StepConfirm), Briefing: *read,
		TypeError: typeError, Reviewed: q.Reviewed(read.digest), Edit: q.EditPath(),
		Changed: q.Refused != nil && q.Changed(q.Refused)}
	view.TypeName = a.wordToType(q, s, v)
	if read.Waits {
		view.Submit = q.T("act.ask_approval")
	}
	if a.signed(s) {
		if view.Signature, err = sign(q, false); err != nil {
			return nil, err
		}
	}
	return q.As("review", view)
}

// brief asks the service what the act would lead to, and words it.
func (d *desk) brief(q *frame.Request, a act, s *subject, in any) (*briefing, error) {
	r := &briefing{Level: alerts.None, Before: alerts.None}
	next, ahead, err := d.Svc.Preview(q.Ask(), in)
	if err != nil {
		return nil, err
	}
	if v, err := d.Svc.ListVersion(next.ListVersion); err == nil {
		r.List, r.Listed = v.List.Name+" "+v.ID, v.Count
	} else if refusal.CodeOf(err) != refusal.NotFound {
		return nil, err
	}
	r.digest = ahead.Digest
	r.sideEffects(q, next, ahead.Events)
	change := r.terms(q, a, s, next)
	r.From = change.EffectiveAt
	more, err := d.cautions(q, a, s, next, change)
	if err != nil {
		return nil, err
	}
	r.Caution = append(r.Caution, more...)
	r.outcome(q, a, s, next)
	if r.Orders, err = d.orderChanges(q, a, next, ahead.Events); err != nil {
		return nil, err
	}
	if r.Level != alerts.None {
		r.Count, r.Counted = d.Audience(q.Context(), next.ListVersion, r.Level)
	}
	return r, nil
}

// terms lists level, window, trigger and order, and returns what the act leads to.
func (r *briefing) terms(q *frame.Request, a act, s *subject, next *alerts.Warning) alerts.Change {
	change := alerts.Change{Level: next.Level, EffectiveAt: next.StartsAt,
		Grounds: alerts.Grounds{Reason: next.Reason, Trigger: next.Trigger, Document: next.Document, EndsAt: next.EndsAt}}
	if s.w != nil && a.name != "declare" && s.w.State != alerts.Rejected {
		change.EffectiveAt = next.LevelSince
		change.Reason = next.History[len(next.History)-1].Reason
		if a.name == "approve" || a.name == "emergency-approve" { // it is about what waits
			change.Reason = next.Reason
			if s.w.Pending != nil {
				change.Reason = s.w.Pending.Reason
			}
		}
	}
	if p := next.Pending; p != nil {
		change = p.Change
		if p.Moves() {
			change.DocumentNo = cmp.Or(change.DocumentNo, next.DocumentNo)
			change.IssuedBy = cmp.Or(change.IssuedBy, next.IssuedBy)
			change.ReceivedAt = cmp.Or(change.ReceivedAt, next.ReceivedAt)
		}
		if change.EndsAt == nil && !p.NoEnd {
			change.EndsAt = next.EndsAt
		}
	}
	none, was := q.T("none_given"), map[string]string{}
	if w := s.w; w != nil && (a.name == "revise" && w.State != alerts.Rejected || a.name == "adjust") {
		was = map[string]string{"ends_at": cmp.Or(frame.Until(w.EndsAt), q.T("no_end")),
			"trigger":     terms.Name(terms.Trigger, w.Trigger, q.Lang),
			"document_no": cmp.Or(w.DocumentNo, none), "issued_by": cmp.Or(w.IssuedBy, none),
			"received_at": frame.Clock(w.ReceivedAt)}
		if a.name == "revise" {
			was["starts_at"] = frame.Clock(w.StartsAt)
		}
	}
	add := func(key, value string) {
		if old := was[key]; old != "" && old != value && value != "" {
			value = old + " → " + value
		}
		if value != "" {
			r.Rows = append(r.Rows, frame.Row{Label: q.T("f." + key), Value: value})
		}
	}
	if s.w != nil && s.w.State != alerts.Rejected && s.w.State != alerts.PendingApproval {
		r.Before = s.w.LevelAt(q.Now)
	}
	switch a.name {
	case "lift", "cancel":
		add("warning", next.ID)
		add("level", q.Level(s.w.Level))
		if a.name == "lift" {
			add("lift_at", frame.Until(next.EndsAt))
		}
	default:
		if a.name != "revise" || s.w.State == alerts.Rejected {
			r.Level = change.Level
		}
		from := frame.Clock(change.EffectiveAt)
		if change.EffectiveAt.Equal(q.Now) {
			from = q.T("at_once", "at", from)
		}
		add("starts_at", from)
		add("ends_at", cmp.Or(frame.Until(change.EndsAt), q.T("no_end")))
		add("trigger", terms.Name(terms.Trigger, change.Trigger, q.Lang))
		add("document_no", cmp.Or(change.DocumentNo, none))
		add("issued_by", cmp.Or(change.IssuedBy, none))
		add("received_at", frame.Clock(change.ReceivedAt))
	}
	r.Reason = change.Reason
	if a.name == "declare" || a.name == "revise" || a.name == "approve" {
		r.Notice = next.NoticeText
	}
	return change
}

// outcome says what happens next and who has to act.
func (r *briefing) outcome(q *frame.Request, a act, s *subject, next *alerts.Warning) {
	say := func(key string, args ...any) { r.Outcome = append(r.Outcome, q.T("outcome."+key, args...)) }
	waits := func(key string, args ...any) {
		r.Waits = true
		say(key, args...)
		say("who_approves", "user", q.Who.User)
	}
	switch {
	case a.name == "approve" && awaitsConfirmation(s.w):
		say("confirmed")
	case next.Pending != nil && next.Pending.Moves() && s.w.Pending == nil:
		waits("move_pending", "at", frame.Clock(next.StartsAt))
	case next.Pending != nil && a.name != "lift" && a.name != "revise":
		waits("raise_pending", "level", q.Level(next.Level))
	case next.State == alerts.PendingApproval:
		waits("pending")
	case next.State == alerts.Reported:
		say("reported")
	case next.State == alerts.Lifted:
		say("lifted")
	case next.State == alerts.Cancelled:
		say("cancelled")
	case a.name == "lift":
		say("end_set", "at", frame.Until(next.EndsAt))
	case a.name == "revise" && s.w.State != alerts.Rejected:
		say("revised")
	case next.State == alerts.Scheduled:
		say("scheduled", "at", frame.Clock(next.StartsAt))
	case next.LevelSince.After(q.Now):
		say("later", "at", frame.Clock(next.LevelSince), "level", q.Level(next.LevelAt(q.Now)))
	default:
		say("now")
	}
	if a.name == "emergency-approve" {
		say("emergency", "by", frame.Clock(next.Emergency.ConfirmBy))
	}
	if s.drill {
		say("drill")
	}
	if r.Level == alerts.Advisory {
		say("advisory")
	}
}

// sideEffects says what else an act would change.
func (r *briefing) sideEffects(q *frame.Request, w *alerts.Warning, events []alerts.Event) {
	for _, ev := range events {
		switch ev := ev.(type) {
		case alerts.WarningLifted:
			r.endedDrill(q, w, ev.ID)
		case alerts.WarningCancelled:
			r.endedDrill(q, w, ev.ID)
		case alerts.WarningDeclared:
			r.override(q, ev.Overrides)
		case alerts.LevelChanged:
			r.override(q, ev.Overrides)
		case alerts.RaiseAsked:
			r.override(q, ev.Overrides)
		}
	}
	if w.EndsAt == nil && w.State != alerts.Lifted && w.State != alerts.Cancelled {
		r.Caution = append(r.Caution, q.T("caution.no_end"))
	}
}

// endedDrill warns that the act also ends a drill.
func (r *briefing) endedDrill(q *frame.Request, w *alerts.Warning, id string) {
	if id != w.ID {
		r.Caution = append(r.Caution, q.T("caution.drill_ends", "id", id))
	}
}

func (r *briefing) override(q *frame.Request, o *alerts.Override) {
	if o != nil {
		rule := "caution.override"
		if o.Trigger == alerts.OwnForecast {
			rule = "caution.below"
		}
		r.Caution = append(r.Caution, q.T(rule, "proposal", o.ProposalID, "level",
			q.Level(o.Level), "ordered", q.Level(o.Ordered)))
	}
}

// approvalView is the page of an approval: everything is read out, and one tap agrees.
type approvalView struct {
	*formView
	Briefing  briefing
	What      string // is decided
	Confirm   bool   // an emergency approval is confirmed after the fact
	Own       bool   // the user entered it, and so cannot approve it
	Nothing   bool   // nothing waits for an approval
	Signature frame.Signature
}

func (d *desk) showApproval(q *frame.Request, s *subject, f *formView) (any, error) {
	w := s.w
	view := approvalView{formView: f, Confirm: awaitsConfirmation(w)}
	read, err := d.brief(q, actNamed("approve"), s,
		calls.Approval{ByID: calls.ByID{ID: w.ID}, Approve: alerts.Approve{Revision: w.Revision}})
	switch refusal.CodeOf(err) {
	case "":
		if err != nil {
			return nil, err
		}
		view.Briefing, view.What = *read, whatWaits(q, w)
		view.Hidden = append(view.Hidden, frame.Seen(read.digest))
		view.Submit = q.T("act.approve.now")
		if read.From.After(q.Now) {
			view.Submit = q.T("act.approve.from", "at", frame.Moment(q.Lang, read.From))
		}
		for _, h := range w.History {
			if text := q.SecretSeen(h.Actor, h.SecretSeen); text != "" {
				view.Briefing.Caution = append(view.Briefing.Caution, text)
			}
		}
		if view.Signature, err = sign(q, true); err != nil {
			return nil, err
		}
	case refusal.SamePerson:
		view.Own = true
	case refusal.TransitionRefused:
		view.Nothing = true
	default:
		return nil, err
	}
	return q.As("approve", view)
}

// whatWaits says in a few words what an approval is about.
func whatWaits(q *frame.Request, w *alerts.Warning) string {
	switch p := w.Pending; {
	case p == nil && w.State == alerts.PendingApproval:
		return q.T("approve.what.declare", "level", q.Level(w.Level))
	case p == nil:
		return ""
	case p.Moves():
		return q.T("approve.what.move", "from", frame.Clock(w.StartsAt), "to", frame.Clock(p.EffectiveAt))
	default:
		return q.T("approve.what.raise", "from", q.Level(w.LevelAt(q.Now)), "to", q.Level(p.Level))
	}
}

// sign is the signature of an act, with what was wrong with its code.
func sign(q *frame.Request, approves bool) (frame.Signature, error) {
	s, err := q.Signature("", approves)
	s.Blame(q)
	return s, err
}

// awaitsConfirmation reports whether a warning that was approved by telephone waits for an approver to confirm that.
func awaitsConfirmation(w *alerts.Warning) bool {
	return w.Pending == nil && w.State != alerts.PendingApproval && w.Emergency != nil && w.Emergency.ConfirmedAt == nil
}

func actNamed(name string) act {
	return acts[slices.IndexFunc(acts, func(a act) bool { return a.name == name })]
}
