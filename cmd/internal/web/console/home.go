package console

import (
	"crypto/sha256"
	"fmt"
	"html/template"
	"net/http"
	"path/filepath"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// root leads who is logged in to the desk, and shows everybody else where the public stands.
func (d *desk) root(q *request) error {
	if q.who != nil {
		return q.redirect("/desk")
	}
	if q.URL.RequestURI() != "/" { // what stands in the address stands in the page
		text, err := d.public(q)
		if err == nil {
			q.send(http.StatusOK, text)
		}
		return err
	}
	key := fmt.Sprint(d.svc.J.Height(), q.now.Unix(), q.d.opt.Watch.Report().Status, q.lang, q.theme)
	text, err := d.publicPages.get(key, func() ([]byte, error) { return d.public(q) })
	if err != nil {
		return err
	}
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(text))
	q.w.Header().Set("ETag", tag)
	q.w.Header().Set("Cache-Control", "private, no-cache")
	if q.Header.Get("If-None-Match") == tag {
		q.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	q.send(http.StatusOK, text)
	return nil
}

// public is the page of where the public stands.
func (d *desk) public(q *request) ([]byte, error) {
	view := struct {
		*chrome
		Warnings []standing
	}{chrome: q.chrome("public")}
	err := q.view(func(tx *bbolt.Tx) error {
		for _, live := range []func(*bbolt.Tx, string) (*alerts.Warning, error){alerts.LiveWarning, alerts.LiveDrill} {
			w, err := live(tx, d.svc.Region)
			if err != nil {
				return err
			}
			if w != nil && (w.State == alerts.Scheduled || w.State == alerts.Active) { // what is not approved is not public
				view.Warnings = append(view.Warnings, q.standing(w.Public()))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return q.text("public", view)
}

// standing is a warning as one sees at a glance where it stands.
type standing struct {
	*alerts.Warning
	Now   alerts.Level // in force now; None before the start
	Since time.Time
	Next  *alerts.Stage // the next that takes effect by itself
	Lead  string        // all of it in one line
	Board *notify.Overview
	Acts  []link
	Who   string // who must act next; empty when nobody must
	Newer *newer // the list has changed since it was declared, and somebody can decide on that
	// Outlook is when it is likely to end, and for how many days it was in force for nothing; for those who see proposals.
	Outlook []string
}

// Shade is the level in whose colour it stands: what is in force or announced. What waits for an approval has none.
func (s standing) Shade() alerts.Level {
	switch s.State {
	case alerts.Active:
		return s.Now
	case alerts.Scheduled:
		return s.Level
	default:
		return alerts.None
	}
}

// standing says which level is in force, since when, and what comes.
func (q *request) standing(w *alerts.Warning) standing {
	s := standing{Warning: w, Now: alerts.None}
	if w.State == alerts.Active || w.State == alerts.Scheduled || w.State == alerts.Lifted {
		s.Now = w.LevelAt(q.now)
	}
	for i := range w.Stages {
		st := &w.Stages[i]
		if !st.From.After(q.now) {
			s.Since = st.From
		} else if s.Next == nil {
			s.Next = st
		}
	}
	if w.EndsAt != nil && s.Next != nil && !s.Next.From.Before(*w.EndsAt) {
		s.Next = nil
	}
	name := func(l alerts.Level) string { return alerts.LevelName(l, q.lang) }
	switch {
	case w.State == alerts.Active && s.Next != nil:
		s.Lead = q.t("lead.stages", "level", name(s.Now), "since", clock(s.Since), "next", name(s.Next.Level), "from", clock(s.Next.From))
	case w.State == alerts.Active:
		s.Lead = q.t("lead.active", "level", name(s.Now), "since", clock(s.Since))
	case w.State == alerts.Scheduled:
		s.Lead = q.t("lead.scheduled", "level", name(w.Level), "from", clock(w.StartsAt))
	default:
		s.Lead = q.t("lead."+string(w.State), "level", name(w.Level), "from", clock(w.StartsAt))
	}
	return s
}

// homeView is the live part of the desk's first page.
type homeView struct {
	Cards    []standing
	Open     []proposalView
	Silent   []alerts.FeedState
	Missing  string // that measured air is high and hours are missing
	Aside    asideView
	Strip    *strip
	First    bool // nothing was ever declared: say how to begin
	Demo     bool
	Role     calls.Role
	Declare  bool // nothing is in the way of a declaration
	Drills   bool
	Propose  bool // may see proposals
	Mine     []orderRow
	Waiting  []link // what waits for this role
	Warnings int
}

// proposalView is an open proposal with what can be done about it.
type proposalView struct {
	*alerts.Proposal
	Lead     string
	Deciding []string // the clauses of its level that are met
	Clock    []string // from when it holds, and when the warning is likely to end
	Words    []string // all of the trace
	Lift     string   // what would end it
	Act      string   // where it is followed
}

func (d *desk) home(q *request) error {
	parts, err := render(d.homeParts(q))
	if err != nil {
		return err
	}
	c := q.chrome("home")
	c.Watch = "/desk/live?page=home"
	c.Flash = q.flash()
	return q.render(http.StatusOK, "home", struct {
		*chrome
		Parts   map[string]template.HTML
		Refused []refusedFeed // no change of the record, so that no part is drawn anew for it
	}{c, parts, d.refusedFeeds(q)})
}

// flash is what was just done, by the query of the page that an act led to.
func (q *request) flash() string {
	if key := "done." + q.URL.Query().Get("done"); refusal.Known("desk." + key) {
		return q.t(key)
	}
	return ""
}

func (d *desk) homeParts(q *request) []shown {
	return []shown{q.piece("home", "", scopeKey(q.who), func() (template.HTML, error) {
		v, err := d.homeView(q)
		if err != nil {
			return "", err
		}
		return part(q.lang, "home-live", v)
	})}
}

func (d *desk) homeView(q *request) (*homeView, error) {
	v := &homeView{Demo: d.opt.Demo, Role: q.who.Role, Declare: q.may(calls.ActWarningsDeclare), Drills: q.may(calls.ActWarningsDeclare), Propose: q.may(calls.ActProposalsList)}
	return v, q.view(func(tx *bbolt.Tx) error {
		all, err := alerts.ListWarnings(tx, "", 1)
		if err != nil {
			return err
		}
		v.Warnings = all.Total
		var live *alerts.Warning
		for _, find := range []func(*bbolt.Tx, string) (*alerts.Warning, error){alerts.LiveWarning, alerts.LiveDrill} {
			w, err := find(tx, d.svc.Region)
			if err != nil {
				return err
			}
			if w == nil {
				continue
			}
			if !w.Drill {
				live, v.Declare = w, false // another one would be refused
			}
			if w.Drill {
				v.Drills = false
			}
			if q.who.Role == calls.Enterprise && w.State != alerts.Scheduled && w.State != alerts.Active {
				continue // it concerns them when it is approved
			}
			card, err := d.card(q, tx, w)
			if err != nil {
				return err
			}
			v.Cards = append(v.Cards, card)
		}
		return d.homeRest(q, tx, v, live)
	})
}

// homeRest adds what stands below the warnings: proposals, air, silent sources, and a recipient's own orders.
func (d *desk) homeRest(q *request, tx *bbolt.Tx, v *homeView, live *alerts.Warning) error {
	open, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 10)
	if err != nil {
		return err
	}
	var leading *alerts.Proposal
	for _, p := range open.Items {
		if p.Region != d.svc.Region {
			continue
		}
		if !p.Drill {
			leading = p
		}
		if v.Propose {
			v.Open = append(v.Open, d.proposalView(q, p))
		}
	}
	if q.who.Role != calls.Enterprise {
		ev, err := d.engine.Judged(tx, d.svc.Region, false, q.now)
		if err != nil {
			return err
		}
		if v.Strip, err = d.strip(q, tx, ev, leading, live); err != nil {
			return err
		}
		if q.may(calls.ActSkillRead) || q.may(calls.ActWarningsApprove) {
			v.Aside = q.asideView(ev.SetAside)
			if ev.HighAndMissing != nil {
				v.Missing = ev.HighAndMissing.Text(q.lang)
			}
		}
	}
	if q.may(calls.ActSkillRead) || q.may(calls.ActWarningsApprove) {
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
	v.First = v.Demo && v.Warnings == 0 && v.Declare
	if q.who.Role == calls.Enterprise && q.who.Recipient != "" {
		v.Mine, _, err = d.orderRows(q, tx, notify.Filter{Recipient: q.who.Recipient}, "", 20)
	}
	return err
}

// refusedFeed is a source that sent what was refused, and nothing since that was taken.
type refusedFeed struct {
	Feed, Source, Document, Why, Place string
	At                                 time.Time
	Kept                               int
}

func (d *desk) refusedFeeds(q *request) (out []refusedFeed) {
	if d.opt.Feeds == nil || !q.may(calls.ActSkillRead) && !q.may(calls.ActWarningsApprove) {
		return nil
	}
	for _, f := range d.opt.Feeds() {
		last := f.Refused.Last
		if f.Refused.Total == 0 || f.TakenAt.After(last.At) {
			continue
		}
		place := f.Refused.Folder
		if last.File != "" {
			place = filepath.Join(place, last.File)
		}
		out = append(out, refusedFeed{f.Feed, f.Source, last.Document, last.Why[q.lang], place, last.At, f.Refused.Kept})
	}
	return out
}

// card is a live warning on the desk with its board and what this role may do to it.
func (d *desk) card(q *request, tx *bbolt.Tx, w *alerts.Warning) (standing, error) {
	s := q.standing(service.WarningFor(q.who, w))
	var err error
	if q.may(calls.ActBoardRead) && q.who.Role != calls.Enterprise {
		if s.Board, err = notify.Board(tx, w.ID); err != nil {
			return s, err
		}
	}
	s.Acts, s.Who = q.actsOn(w), q.whoActs(w)
	if q.may(calls.ActProposalsList) && (w.State == alerts.Active || w.State == alerts.Scheduled) {
		if s.Outlook, err = d.outlook(q, tx, w); err != nil {
			return s, err
		}
	}
	s.Newer, err = d.newer(q, tx, w)
	return s, err
}

// outlook says when a warning without an end is likely to be lifted, and how many days of any ask for nothing.
func (d *desk) outlook(q *request, tx *bbolt.Tx, w *alerts.Warning) ([]string, error) {
	o, err := d.engine.Outlook(tx, w, q.now)
	if err != nil {
		return nil, err
	}
	var lines []string
	if w.EndsAt == nil {
		lines = o.Explain(d.engine.LiftH, d.engine.LiftRule, d.engine.LiftAtMost, q.lang)
	}
	if o.IdleDays > 0 {
		lines = append(lines, refusal.Text("explain.idle", q.lang, refusal.Args{"n": o.IdleDays}))
	}
	return lines, nil
}

// whoActs says whom a warning waits for.
func (q *request) whoActs(w *alerts.Warning) string {
	name := func(l alerts.Level) string { return alerts.LevelName(l, q.lang) }
	switch {
	case w.Pending != nil && w.Pending.Moves():
		return q.t("who.revise", "from", clock(w.Pending.EffectiveAt), "by", w.Pending.By)
	case w.Pending != nil:
		return q.t("who.raise", "level", name(w.Pending.Level), "by", w.Pending.By)
	case w.State == alerts.PendingApproval:
		return q.t("who.approve", "level", name(w.Level), "by", w.DeclaredBy)
	case w.State == alerts.Reported:
		return q.t("who.city")
	case awaitsConfirmation(w):
		return q.t("who.confirm", "by", clock(w.Emergency.ConfirmBy), "authority", w.Emergency.Authority)
	default:
		return ""
	}
}

// actsOn are the acts that a warning's state allows and this role may do. The record
// has the last word.
func (q *request) actsOn(w *alerts.Warning) []link {
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
	case alerts.Scheduled:
		if w.Pending == nil {
			names = append(names, "adjust")
		}
		names = append(names, "revise", "cancel")
	case alerts.Active:
		if w.Pending == nil {
			names = append(names, "adjust")
		}
		names = append(names, "lift", "revise", "cancel")
	}
	var out []link
	for _, n := range names {
		href, allow := warningPath(w.ID)+"/"+n, calls.ActWarningsDeclare
		switch n {
		case "activate":
			href = "/desk/declare?activates=" + w.ID
		default:
			allow = actNamed(n).allow
		}
		if q.may(allow) {
			key := "go." + n
			if n == "approve" && !waits {
				key = "go.confirm"
			}
			out = append(out, link{Href: href, Text: q.t(key), Main: n == "approve" || n == "activate" || n == "revise" && w.State == alerts.Rejected})
		}
	}
	return out
}

// proposalView words a proposal and says what would end what it speaks of.
func (d *desk) proposalView(q *request, p *alerts.Proposal) proposalView {
	v := proposalView{Proposal: p, Words: wordsOf(p, q.lang), Clock: p.Clock(q.lang)}
	if len(v.Words) > 0 {
		v.Lead = v.Words[0]
	}
	for _, c := range p.Trace.Clauses {
		if c.Met && c.Level == p.Level {
			v.Deciding = append(v.Deciding, alerts.ExplainClauses([]alerts.ClauseTrace{c}, q.lang)...)
		}
	}
	set := p.Trace.Settings
	if set.LiftRule == alerts.LiftBelowYellow {
		v.Lift = q.t("lift.below_yellow", "hours", set.LiftH)
	} else {
		v.Lift = q.t("lift.at_most", "hours", set.LiftH, "aqi", set.LiftAtMost)
	}
	switch p.Kind {
	case alerts.KindStart:
		v.Act = "/desk/declare?proposal=" + p.ID
		if p.Drill {
			v.Act += "&drill=true"
		}
	case alerts.KindRevise:
		v.Act = warningPath(p.WarningID) + "/revise?proposal=" + p.ID
	case alerts.KindLift:
		v.Act, v.Lift = warningPath(p.WarningID)+"/lift?proposal="+p.ID, ""
	default:
		v.Act = warningPath(p.WarningID) + "/adjust?proposal=" + p.ID
	}
	return v
}
