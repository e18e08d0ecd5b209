package warnings

import (
	"crypto/sha256"
	"fmt"
	"html/template"
	"net/http"
	"path/filepath"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// publicView is the public page: the warnings that are announced or in force.
type publicView struct {
	*frame.Chrome
	Warnings []warningStatus
	Calm     bool   // none of them is real
	Visits   string // what inspections came to, without names; empty where there were none
}

// root leads a user to the desk, and shows everybody else the public page.
func (d *desk) root(q *frame.Request) (any, error) {
	if q.Who != nil {
		return q.Redirect("/desk")
	}
	if q.URL.RequestURI() != "/" { // the address stands in the page, which is then not the same for all
		return d.publicView(q)
	}
	key := fmt.Sprint(d.Svc.J.Height(), q.Now.Unix(), d.Watch.Report().Status, q.Look())
	text, err := d.public.Get(key, func() ([]byte, error) {
		view, err := d.publicView(q)
		if err != nil {
			return nil, err
		}
		return q.Text(view)
	})
	if err != nil {
		return nil, err
	}
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(text))
	q.W.Header().Set("ETag", tag)
	q.W.Header().Set("Cache-Control", "private, no-cache")
	if q.Header.Get("If-None-Match") == tag {
		q.W.WriteHeader(http.StatusNotModified)
	} else {
		q.Send(http.StatusOK, text)
	}
	return nil, nil
}

func (d *desk) publicView(q *frame.Request) (any, error) {
	view := publicView{Chrome: q.Chrome(), Calm: true}
	return &view, q.View(func(tx *bbolt.Tx) error {
		all, err := d.live(tx)
		for _, w := range all {
			if w.State == alerts.Scheduled || w.State == alerts.Active { // what is not approved is not public
				view.Warnings = append(view.Warnings, statusOf(q, w.Public()))
				view.Calm = view.Calm && w.Drill
			}
			if w.State != alerts.Active || w.Drill {
				continue
			}
			sums, of, err := d.Svc.PublicInspections(tx, w.ID)
			if err != nil {
				return err
			}
			if sums.Total > 0 {
				view.Visits = q.T("public.visits", "n", sums.Total, "of", of, "failed", sums.Failed)
			}
		}
		return err
	})
}

// live are the warning and the drill under way, as far as there are any.
func (d *desk) live(tx *bbolt.Tx) (all []*alerts.Warning, err error) {
	for _, find := range []func(*bbolt.Tx, string) (*alerts.Warning, error){alerts.LiveWarning, alerts.LiveDrill} {
		w, err := find(tx, d.Svc.Region)
		if err != nil {
			return nil, err
		}
		if w != nil {
			all = append(all, w)
		}
	}
	return all, nil
}

// warningStatus is a warning as it is seen at a glance.
type warningStatus struct {
	*alerts.Warning
	Now    alerts.Level // in force now; None before the start
	Since  time.Time
	Next   *alerts.Stage // the next that takes effect by itself
	Lead   string        // all of it in one line
	Board  *notify.Tally
	Town   string // whose numbers Board has; empty for the district's
	Acts   []frame.Link
	Waits  string      // whom it waits for; empty for nobody
	Calls  int         // how many the user has to call, or sees that are to be called
	ToCall *callsBox   // whom to call next, on the first page; nil for nobody
	Newer  *listNotice // nil unless the list has changed since it was declared and somebody can decide on that
	// Outlook says when it is likely to end and how many of its days ask for nothing, to those who see proposals.
	Outlook []string
}

// Shade is the level in whose colour it stands: the one in force or announced. What waits for an approval has none.
func (s warningStatus) Shade() alerts.Level {
	switch s.State {
	case alerts.Active:
		return s.Now
	case alerts.Scheduled:
		return s.Level
	default:
		return alerts.None
	}
}

// statusOf says which level is in force, since when, and which comes next.
func statusOf(q *frame.Request, w *alerts.Warning) warningStatus {
	s := warningStatus{Warning: w, Now: alerts.None}
	if w.State == alerts.Active || w.State == alerts.Scheduled || w.State == alerts.Lifted {
		s.Now = w.LevelAt(q.Now)
	}
	for i := range w.Stages {
		st := &w.Stages[i]
		if !st.From.After(q.Now) {
			s.Since = st.From
		} else if s.Next == nil {
			s.Next = st
		}
	}
	if w.EndsAt != nil && s.Next != nil && !s.Next.From.Before(*w.EndsAt) {
		s.Next = nil
	}
	switch {
	case w.State == alerts.Active && s.Next != nil:
		s.Lead = q.T("lead.stages", "level", q.Level(s.Now), "since", frame.Clock(s.Since), "next", q.Level(s.Next.Level),
			"from", frame.Clock(s.Next.From))
	case w.State == alerts.Active:
		s.Lead = q.T("lead.active", "level", q.Level(s.Now), "since", frame.Clock(s.Since))
	default:
		s.Lead = q.T("lead."+string(w.State), "level", q.Level(w.Level), "from", frame.Clock(w.StartsAt))
	}
	return s
}

// homeView is the live part of the desk's first page.
type homeView struct {
	Cards   []warningStatus
	Calm    bool // no warning is under way, whatever is drilled
	Open    []proposalView
	Silent  []alerts.FeedState
	Missing string // that measured air is high and hours are missing
	Aside   asideView
	Strip   *strip
	First   bool // nothing was ever declared: the page says how to begin
	Demo    bool
	Role    calls.Role
	Declare bool // nothing is in the way of a declaration
	Drills  bool
	Propose bool // the user may see proposals
	Mine    mineView
}

// proposalView is an open proposal with the form that follows it.
type proposalView struct {
	*alerts.Proposal
	Lead     string
	Deciding []string // the clauses of its level that are met
	Clock    []string // from when it holds, and when the warning is likely to end
	Words    []string // all of the trace
	Lift     string   // what would end it
	Act      string   // address of the form that follows it
}

// homePage is the desk's first page.
type homePage struct {
	*frame.Chrome
	Parts   map[string]template.HTML
	Asked   template.HTML // of an enterprise; outside the live parts, for it types into it
	Refused []refusedFeed // outside the live parts, for it is no change of the record
}

func (d *desk) home(q *frame.Request) (any, error) {
	parts, err := frame.Shown(d.homeParts(q))
	if err != nil {
		return nil, err
	}
	view := homePage{Chrome: q.Chrome(), Parts: parts, Refused: d.refusedFeeds(q)}
	if view.Asked, err = d.AskedOf(q); err != nil {
		return nil, err
	}
	view.Watch = "/desk/live?page=home"
	if q.Who.Role == calls.Enterprise {
		view.Title = q.T("mine.title")
	}
	return view, nil
}

func (d *desk) homeParts(q *frame.Request) []frame.Part {
	return []frame.Part{q.SharedPart("queue", "", frame.QueueScope(q.Who), func() (template.HTML, error) {
		v, err := d.queue(q)
		if err != nil {
			return "", err
		}
		return q.HTML("queue", queueView{v, q.Now})
	}), q.SharedPart("found", "", frame.ScopeKey(q.Who), func() (template.HTML, error) {
		s, err := d.FoundOf(q)
		if err != nil {
			return "", err
		}
		return q.HTML("found-line", s.Line(q))
	}), q.SharedPart("visits", "", frame.ScopeKey(q.Who)+"/"+q.Who.User, func() (template.HTML, error) {
		return d.VisitsOf(q)
	}), q.SharedPart("home", "", frame.ScopeKey(q.Who), func() (template.HTML, error) {
		v, err := d.homeView(q)
		if err != nil {
			return "", err
		}
		return q.HTML("home-live", v)
	})}
}

func (d *desk) homeView(q *frame.Request) (*homeView, error) {
	v := &homeView{Demo: d.Demo, Role: q.Who.Role, Declare: q.May(calls.ActWarningsDeclare),
		Drills: q.May(calls.ActWarningsDeclare), Propose: q.May(calls.ActProposalsList)}
	err := q.View(func(tx *bbolt.Tx) error {
		all, err := alerts.ListWarnings(tx, "", 1)
		if err != nil {
			return err
		}
		v.First = all.Total == 0
		var warning *alerts.Warning
		live, err := d.live(tx)
		if err != nil {
			return err
		}
		for _, w := range live { // another one would be refused
			if w.Drill {
				v.Drills = false
			} else {
				warning, v.Declare = w, false
			}
			if q.Who.Role == calls.Enterprise && w.State != alerts.Scheduled && w.State != alerts.Active {
				continue // it concerns them when it is approved
			}
			card, err := d.card(q, tx, w)
			if err != nil {
				return err
			}
			v.Cards = append(v.Cards, card)
		}
		v.Calm = warning == nil
		v.First = v.First && v.Demo && v.Declare
		return d.homeRest(q, tx, v, warning)
	})
	for i := range v.Cards { // outside, for a call sheet is read in a transaction of its own
		if c := &v.Cards[i]; err == nil && c.Calls > 0 {
			c.ToCall, err = d.callsOf(q, c.Warning)
		}
	}
	return v, err
}

// homeRest adds what stands below the warnings: proposals, air, silent sources and a recipient's own orders.
func (d *desk) homeRest(q *frame.Request, tx *bbolt.Tx, v *homeView, live *alerts.Warning) error {
	open, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 10)
	if err != nil {
		return err
	}
	var leading *alerts.Proposal
	for _, p := range open.Items {
		if p.Region != d.Svc.Region {
			continue
		}
		if !p.Drill {
			leading = p
		}
		if v.Propose {
			v.Open = append(v.Open, d.proposalView(q, p))
		}
	}
	if q.Who.Role != calls.Enterprise {
		ev, err := d.engine.EvaluateNow(tx, d.Svc.Region, false, q.Now)
		if err != nil {
			return err
		}
		if v.Strip, err = d.strip(q, tx, ev, leading, live); err != nil {
			return err
		}
		if watchesSources(q) {
			v.Aside = asideOf(q, ev.SetAside)
			if ev.HighAndMissing != nil {
				v.Missing = ev.HighAndMissing.Text(q.Lang)
			}
		}
	}
	if watchesSources(q) {
		feeds, err := alerts.Feeds(tx)
		if err != nil {
			return err
		}
		for _, f := range feeds {
			if f.Silent {
				v.Silent = append(v.Silent, f)
			}
		}
	}
	if q.Who.Role == calls.Enterprise && q.Who.Recipient != "" {
		v.Mine, err = d.mine(q, tx)
	}
	return err
}

// watchesSources reports whether the user is told of trouble with forecasts and measurements.
func watchesSources(q *frame.Request) bool {
	return q.May(calls.ActSkillRead) || q.May(calls.ActWarningsApprove)
}

// refusedFeed is a source whose last document was refused.
type refusedFeed struct {
	Feed, Source, Document, Why, Place string
	At                                 time.Time
	Kept                               int
}

func (d *desk) refusedFeeds(q *frame.Request) (out []refusedFeed) {
	if d.Feeds == nil || !watchesSources(q) {
		return nil
	}
	for _, f := range d.Feeds() {
		last := f.Refused.Last
		if f.Refused.Total == 0 || f.TakenAt.After(last.At) {
			continue
		}
		place := f.Refused.Folder
		if last.File != "" {
			place = filepath.Join(place, last.File)
		}
		out = append(out, refusedFeed{f.Feed, f.Source, last.Document, last.Why[q.Lang], place, last.At, f.Refused.Kept})
	}
	return out
}

// card is a warning on the desk with its board and what the user may do to it.
func (d *desk) card(q *frame.Request, tx *bbolt.Tx, w *alerts.Warning) (warningStatus, error) {
	s := statusOf(q, service.WarningFor(q.Who, w))
	var err error
	if q.May(calls.ActBoardRead) && q.Who.Role != calls.Enterprise {
		b, err := notify.GetBoard(tx, w.ID)
		if err != nil {
			return s, err
		}
		s.Board, s.Town = own(q, b)
	}
	s.Acts, s.Waits = actsOn(q, w), waitsFor(q, w)
	if q.May(calls.ActProposalsList) && (w.State == alerts.Active || w.State == alerts.Scheduled) {
		if s.Outlook, err = d.outlook(q, tx, w); err != nil {
			return s, err
		}
	}
	if s.Board != nil && q.May(calls.ActCallSheet) {
		s.Calls = s.Board.ToCall
	}
	s.Newer, err = d.listNotice(q, tx, w)
	return s, err
}

// outlook says when a warning without an end is likely to be lifted, and how many days of a warning ask for nothing.
func (d *desk) outlook(q *frame.Request, tx *bbolt.Tx, w *alerts.Warning) ([]string, error) {
	o, err := d.engine.Outlook(tx, w, q.Now)
	if err != nil {
		return nil, err
	}
	var lines []string
	if w.EndsAt == nil {
		lines = o.Explain(d.engine.LiftH, d.engine.LiftRule, d.engine.LiftAtMost, q.Lang)
	}
	if o.IdleDays > 0 {
		lines = append(lines, refusal.Text("explain.idle", q.Lang, refusal.Args{"n": o.IdleDays}))
	}
	return lines, nil
}

// waitsFor says whom a warning waits for; empty for nobody.
func waitsFor(q *frame.Request, w *alerts.Warning) string {
	switch {
	case w.Pending != nil && w.Pending.Moves():
		return q.T("who.revise", "from", frame.Clock(w.Pending.EffectiveAt), "by", w.Pending.By)
	case w.Pending != nil:
		return q.T("who.raise", "level", q.Level(w.Pending.Level), "by", w.Pending.By)
	case w.State == alerts.PendingApproval:
		return q.T("who.approve", "level", q.Level(w.Level), "by", w.DeclaredBy)
	case w.State == alerts.Reported:
		return q.T("who.city")
	case awaitsConfirmation(w):
		return q.T("who.confirm", "by", frame.Clock(w.Emergency.ConfirmBy), "authority", w.Emergency.Authority)
	default:
		return ""
	}
}

// actsOn links the acts that a warning's state allows and the user may do. The record has the last word.
func actsOn(q *frame.Request, w *alerts.Warning) []frame.Link {
	var names []string
	waits := w.Pending != nil || w.State == alerts.PendingApproval
	if waits {
		names = append(names, "approve", "reject", "emergency-approve")
	} else if awaitsConfirmation(w) {
		names = append(names, "approve")
	}
	switch w.State {
	case alerts.PendingApproval:
		names = append(names, "cancel")
	case alerts.Rejected:
		names = append(names, "revise")
	case alerts.Reported:
		names = append(names, "activate", "cancel")
	case alerts.Scheduled, alerts.Active:
		if w.Pending == nil {
			names = append(names, "adjust")
		}
		if w.State == alerts.Active {
			names = append(names, "lift")
		}
		names = append(names, "revise", "cancel")
	}
	var out []frame.Link
	for _, n := range names {
		href, name, key := warningPath(w.ID)+"/"+n, n, "go."+n
		switch {
		case n == "activate":
			href, name = "/desk/declare?activates="+w.ID, "declare"
		case n == "approve" && !waits:
			key = "go.confirm"
		case n == "cancel" && w.Drill:
			key = "go.cancel.drill"
		}
		if q.May(actNamed(name).allow) {
			out = append(out, frame.Link{Href: href, Text: q.T(key),
				Main:  n == "approve" || n == "activate" || n == "revise" && w.State == alerts.Rejected,
				Apart: n == "cancel"})
		}
	}
	return out
}

// proposalView words a proposal and says what would end what it speaks of.
func (d *desk) proposalView(q *frame.Request, p *alerts.Proposal) proposalView {
	v := proposalView{Proposal: p, Words: wordsOf(p, q.Lang), Clock: p.Clock(q.Lang)}
	if len(v.Words) > 0 {
		v.Lead = v.Words[0]
	}
	for _, c := range p.Trace.Clauses {
		if c.Met && c.Level == p.Level {
			v.Deciding = append(v.Deciding, alerts.ExplainClauses([]alerts.ClauseTrace{c}, q.Lang)...)
		}
	}
	set := p.Trace.Settings
	if set.LiftRule == alerts.LiftBelowYellow {
		v.Lift = q.T("lift.below_yellow", "hours", set.LiftH)
	} else {
		v.Lift = q.T("lift.at_most", "hours", set.LiftH, "aqi", set.LiftAtMost)
	}
	act := warningPath(p.WarningID) + "/adjust"
	switch p.Kind {
	case alerts.KindStart:
		act = "/desk/declare"
	case alerts.KindRevise:
		act = warningPath(p.WarningID) + "/revise"
	case alerts.KindLift:
		act, v.Lift = warningPath(p.WarningID)+"/lift", ""
	}
	v.Act = act + "?proposal=" + p.ID
	if p.Kind == alerts.KindStart && p.Drill {
		v.Act += "&drill=true"
	}
	return v
}
