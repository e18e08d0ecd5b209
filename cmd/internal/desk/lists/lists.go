// Package lists is the desk's area of reduction lists: their versions from the upload to force, and their recipients.
package lists

import (
	"cmp"
	"maps"
	"net/url"
	"slices"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// desk is the area's state.
type desk struct{ *frame.Frame }

// Mount adds the area to the desk.
func Mount(f *frame.Frame) {
	d := &desk{f}
	f.Add(
		frame.Page{Pattern: "GET /desk/lists", Act: calls.ActListsRead, Key: "lists", Show: d.lists},
		frame.Page{Pattern: "POST /desk/lists", Act: calls.ActListsImport, Key: "lists",
			Show: d.lists, Do: d.importList, Upload: true, Secret: true, Grows: true},
		frame.Page{Pattern: "GET /desk/lists/{id}", Act: calls.ActListsRead, Key: "list", Show: d.list},
		frame.Page{Pattern: "GET /desk/lists/{id}/findings", Act: calls.ActListsRead, Key: "findings",
			Show: d.findings},
		frame.Page{Pattern: "GET /desk/lists/{id}/diff", Act: calls.ActListsRead, Key: "diff", Show: d.diff},
		frame.Page{Pattern: "GET /desk/lists/{id}/tasks", Act: calls.ActListsRead, Key: "tasks", Show: d.tasks},
		frame.Page{Pattern: "POST /desk/lists/{id}/approve", Act: calls.ActListsApprove, Key: "list",
			Show: d.list, Do: d.approve, Grows: true},
		frame.Page{Pattern: "POST /desk/lists/{id}/activate", Act: calls.ActListsApprove, Key: "list",
			Show: d.list, Do: d.activate, Grows: true},
		frame.Page{Pattern: "POST /desk/lists/{id}/discard", Act: calls.ActListsImport, Key: "list",
			Show: d.list, Do: d.discard, Grows: true},
		frame.Page{Pattern: "GET /desk/recipients", Act: calls.ActRecipientsRead, Key: "recipients",
			Show: d.recipients},
		frame.Page{Pattern: "GET /desk/recipients/{id}", Act: calls.ActRecipientsRead, Key: "recipient",
			Show: d.recipient},
		frame.Page{Pattern: "/desk/recipients/{id}/amend", Act: calls.ActListsImport, Key: "amend",
			Show: d.amend, Do: d.makeAmendment, Grows: true})
}

// listRow is a version of the list as it stands.
type listRow struct {
	reductionlist.Version
	reductionlist.Standing
	Reason string // why it amends another; empty for none
	Score  *rules.Score
}

// rowOf reads the row of a version.
func rowOf(tx *bbolt.Tx, v reductionlist.Version, stands reductionlist.Standings) (listRow, error) {
	st, err := stands.Of(&v)
	row := listRow{Version: v, Standing: st}
	if v.Amends != nil {
		row.Reason = string(journal.ReadVault(tx, v.Amends.ReasonRef))
	}
	return row, err
}

// newScores is how many scores of versions a page works out that are not known yet.
const newScores = 3

// listsView is a page of versions, and the form for a workbook.
type listsView struct {
	*frame.Chrome
	frame.Pager
	Rows   []listRow
	Upload uploadForm
	Error  string
}

func (d *desk) lists(q *frame.Request) (any, error) {
	view := listsView{Chrome: q.Chrome(), Error: q.Why(),
		Upload: uploadForm{Key: frame.NewKey()}}
	err := q.View(func(tx *bbolt.Tx) error {
		stands, err := reductionlist.StandingsAt(tx, q.Now)
		if err != nil {
			return err
		}
		found, next, err := reductionlist.ListVersions(tx, q.URL.Query().Get("cursor"), 20)
		for _, v := range found {
			row, err := rowOf(tx, v, stands)
			if err != nil {
				return err
			}
			view.Rows = append(view.Rows, row)
		}
		view.Pager = q.Pager(next)
		return err
	})
	if err != nil {
		return nil, err
	}
	left := newScores
	for i := range view.Rows {
		row := &view.Rows[i]
		if row.Status == reductionlist.StatusDraft {
			continue
		}
		if !d.Svc.ScoreKnown(&row.Version) {
			if left == 0 {
				continue
			}
			left--
		}
		if s, err := d.Svc.ScoreOf(&row.Version); err == nil {
			row.Score = &s
		}
	}
	return view, nil
}

// portion is the number of a list's recipients that share a town, a sector, a grade or a level.
type portion struct {
	Name string
	N    int
	Href string
}

// listView is the page of a version: its numbers, and what the user may do with it.
type listView struct {
	*frame.Chrome
	Version  listRow
	Current  string // the version in force; empty for none
	Towns    []portion
	Sectors  []portion
	Grades   []portion
	Levels   []portion // recipients with measures, by level
	Counted  bool
	Ratios   []ratioRow
	Short    []string
	Tasks    int
	Approve  bool
	Own      bool // the user began it, and so cannot approve it
	Activate bool
	Discard  bool

	Approving, Activating frame.Signature
	Notices               []string // of acts whose two persons may be one

	Live     []liveWarning // whose orders are by another version
	Replaces string        // the active version of the same day, which it would replace
	Key      string
	Error    string
}

// liveWarning is a warning or drill whose orders the version does not change. Relist is the page where that is decided,
// empty while it cannot be.
type liveWarning struct {
	calls.LiveWarning
	Href, Relist string
}

func (d *desk) liveBeside(q *frame.Request, tx *bbolt.Tx, version string) (all []liveWarning, err error) {
	live, err := d.Svc.LiveBeside(tx, version)
	for _, w := range live {
		one := liveWarning{LiveWarning: w, Href: "/desk/warnings/" + url.PathEscape(w.ID)}
		if w.State == alerts.Active || w.State == alerts.Scheduled {
			one.Relist = one.Href + "/list-changes"
		}
		all = append(all, one)
	}
	return all, err
}

// ratioRow is the reduction at a level.
type ratioRow struct {
	Level alerts.Level
	Cells []string // SO2, NOx, PM, VOCs
}

func (d *desk) list(q *frame.Request) (any, error) {
	view := listView{Chrome: q.Chrome(), Key: frame.NewKey(), Error: q.Why()}
	err := q.View(func(tx *bbolt.Tx) error {
		v, err := reductionlist.GetVersion(tx, q.ID())
		if err != nil {
			return err
		}
		stands, err := reductionlist.StandingsAt(tx, q.Now)
		if err != nil {
			return err
		}
		view.Current = stands.Current.ID
		view.Version, err = rowOf(tx, v, stands)
		if v.State == reductionlist.StateApproved || v.State == reductionlist.StateDraft {
			view.Replaces = reductionlist.ActiveFrom(tx, v.List.EffectiveFrom)
		}
		if err == nil && q.May(calls.ActWarningsRead) {
			view.Live, err = d.liveBeside(q, tx, v.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	v := view.Version
	view.Own = v.BegunBy == q.Who.User
	view.Approve = v.Status == reductionlist.StatusChecked && q.May(calls.ActListsApprove) && !view.Own
	view.Activate = q.May(calls.ActListsApprove) &&
		(v.Status == reductionlist.StatusApproved || v.Status == reductionlist.StatusChecked && q.Who.Role == calls.Admin)
	view.Discard = v.State == reductionlist.StateDraft && q.May(calls.ActListsImport)
	if err := persons(q, &view); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(v.Towns)) {
		view.Towns = append(view.Towns,
			portion{name, v.Towns[name], "/desk/recipients?" + url.Values{"version": {v.ID}, "town": {name}}.Encode()})
	}
	for _, name := range slices.Sorted(maps.Keys(v.Sectors)) {
		view.Sectors = append(view.Sectors, portion{Name: name, N: v.Sectors[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(v.Grades)) {
		view.Grades = append(view.Grades,
			portion{Name: cmp.Or(terms.Name(terms.Grade, name, q.Lang), q.T("none_given")), N: v.Grades[name]})
	}
	if v.Status != reductionlist.StatusDraft { // no rows are added to it any more
		for _, l := range slices.Backward(alerts.Levels()) {
			n, known := d.Audience(q.Context(), v.ID, l)
			view.Counted = known
			view.Levels = append(view.Levels, portion{Name: q.Level(l), N: n})
		}
		if err := d.sums(&view); err != nil {
			return nil, err
		}
	}
	return view, nil
}

// sums adds what all rows of a version come to: score, tasks, reductions and shortfalls.
func (d *desk) sums(view *listView) error {
	v := &view.Version.Version
	_, a, err := d.Svc.ListScore(v.ID)
	if err != nil {
		return err
	}
	view.Version.Score, view.Tasks = &a.Score, len(a.Tasks)
	totals, err := d.Svc.ListTotals(v)
	if err != nil {
		return err
	}
	for _, r := range totals.Ratios() {
		row := ratioRow{Level: r.Level}
		shares, emission := r.Share.Parts(), v.List.Emission.Parts()
		for i, p := range r.Reduction.Parts() {
			text := frame.ShortNumber(*p.Value) + " t"
			if *emission[i].Value > 0 {
				text += " · " + frame.ShortNumber(*shares[i].Value*100) + " %"
			}
			row.Cells = append(row.Cells, text)
		}
		view.Ratios = append(view.Ratios, row)
	}
	for _, s := range rules.ShortfallsOf(&totals, d.Svc.List) {
		view.Short = append(view.Short,
			frame.Word(view.Lang, "list.short", "level", alerts.LevelName(s.Level, view.Lang), "pollutant", s.Pollutant,
				"ratio", frame.ShortNumber(s.Ratio*100), "want", frame.ShortNumber(s.Want*100)))
	}
	return nil
}

// approve approves a version.
func (d *desk) approve(q *frame.Request) (to string, err error) {
	f := q.PostForm
	_, err = d.Svc.ApproveList(q.Context(), q.Ask(),
		calls.ListApproval{ByID: calls.ByID{ID: q.ID()}, Revision: frame.RevisionOf(f), OTP: f.Get(frame.CodeField)})
	return listPath(q.ID()) + "?done=list.approve", err
}

// activate lets a version come into force.
func (d *desk) activate(q *frame.Request) (to string, err error) {
	f := q.PostForm
	_, err = d.Svc.ActivateList(q.Context(), q.Ask(),
		calls.ListActivation{ByID: calls.ByID{ID: q.ID()}, Revision: frame.RevisionOf(f),
			Replaces: f.Get("replaces"), OTP: f.Get(frame.CodeField)})
	return listPath(q.ID()) + "?done=list.activate", err
}

// discard discards a draft, once the box is ticked that confirms it.
func (d *desk) discard(q *frame.Request) (to string, err error) {
	if q.PostForm.Get("sure") != "yes" {
		return "", refusal.New(refusal.Invalid, "desk.list.discard.unsure", nil)
	}
	_, err = d.Svc.DiscardList(q.Context(), q.Ask(),
		calls.DraftAt{ByID: calls.ByID{ID: q.ID()}, Revision: frame.RevisionOf(q.PostForm)})
	return "/desk/lists?done=list.discard", err
}

func listPath(id string) string { return "/desk/lists/" + url.PathEscape(id) }

// persons says which acts on a version two persons may not have done, and what the next act on it will say.
func persons(q *frame.Request, view *listView) (err error) {
	v := &view.Version
	for _, act := range []struct {
		actor string
		seen  *alerts.SecretSeen
	}{{v.BegunBy, v.BegunSeen}, {v.ApprovedBy, v.ApprovedSeen}, {v.ActivatedBy, v.ActivatedSeen}} {
		if text := q.SecretSeen(act.actor, act.seen); text != "" {
			view.Notices = append(view.Notices, text)
		}
	}
	if view.Approve {
		if view.Approving, err = q.Signature("approve-", true); err != nil {
			return err
		}
	}
	if view.Activate {
		view.Activating, err = q.Signature("activate-", false)
	}
	return err
}
