package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// listRow is a version of the list as it stands.
type listRow struct {
	reductionlist.Version
	reductionlist.Standing
	Reason string // why it amends another; empty for none
	Score  *rules.Score
}

// listRow reads where a version stands.
func (q *request) listRow(tx *bbolt.Tx, v reductionlist.Version, stands reductionlist.Stands) (listRow, error) {
	st, err := stands.Of(&v)
	row := listRow{Version: v, Standing: st}
	if v.Amends != nil {
		row.Reason = string(journal.ReadVault(tx, v.Amends.ReasonRef))
	}
	return row, err
}

// scored is how many scores of versions a page of them works out that nobody has asked for yet.
const scored = 3

// listsView is a page of versions, and the form for a workbook.
type listsView struct {
	*chrome
	Rows  []listRow
	Next  string
	Key   string
	Error string
}

func (d *desk) lists(q *request) error { return d.showLists(q, nil) }

func (d *desk) showLists(q *request, failed error) error {
	view := listsView{chrome: q.chrome("lists"), Key: newKey()}
	view.Flash = q.flash()
	status := http.StatusOK
	if failed != nil {
		e, code := d.refusalOf(q, failed)
		status, view.Error = code, detailOf(e, q.lang)
	}
	err := q.view(func(tx *bbolt.Tx) error {
		stands, err := reductionlist.StandsAt(tx, q.now)
		if err != nil {
			return err
		}
		found, next, err := reductionlist.ListVersions(tx, q.URL.Query().Get("cursor"), 20)
		for _, v := range found {
			row, err := q.listRow(tx, v, stands)
			if err != nil {
				return err
			}
			view.Rows = append(view.Rows, row)
		}
		view.Next = withCursor(q.URL, next)
		return err
	})
	if err != nil {
		return err
	}
	for i, more := 0, scored; i < len(view.Rows); i++ {
		row := &view.Rows[i]
		known := d.svc.ScoreKnown(&row.Version)
		if row.Status == reductionlist.StatusDraft || !known && more == 0 {
			continue
		}
		if !known {
			more--
		}
		if s, err := d.svc.ScoreOf(&row.Version); err == nil {
			row.Score = &s
		}
	}
	return q.render(status, "lists", view)
}

// detailOf is a refusal in one text.
func detailOf(e *refusal.Error, lang string) string {
	if len(e.Fields) == 0 {
		return e.Detail(lang)
	}
	return e.Fields[0].Message(lang)
}

// portion is a heading of a list with how many recipients stand under it.
type portion struct {
	Name string
	N    int
	Href string
}

// listView is a version with what it comes to, and what may be done with it.
type listView struct {
	*chrome
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
	Own      bool // this person began it, and so cannot approve it
	Activate bool
	Discard  bool

	Approving, Activating acting
	Notices               []string // what the acts on it say of who did them

	Replaces string // the active version of the same day, which it would replace
	Key      string
	Error    string
}

// ratioRow is what a level takes away.
type ratioRow struct {
	Level alerts.Level
	Cells []string // SO2, NOx, PM, VOCs
}

func (d *desk) list(q *request) error { return d.showList(q, nil) }

func (d *desk) showList(q *request, failed error) error {
	view := listView{chrome: q.chrome("list"), Key: newKey()}
	view.Flash = q.flash()
	err := q.view(func(tx *bbolt.Tx) error {
		v, err := reductionlist.GetVersion(tx, q.id())
		if err != nil {
			return err
		}
		stands, err := reductionlist.StandsAt(tx, q.now)
		if err != nil {
			return err
		}
		view.Current = stands.Current.ID
		view.Version, err = q.listRow(tx, v, stands)
		if v.State == reductionlist.StateApproved || v.State == reductionlist.StateDraft {
			view.Replaces = reductionlist.ActiveFrom(tx, v.List.EffectiveFrom)
		}
		return err
	})
	if err != nil {
		return err
	}
	v := view.Version
	view.Own = v.BegunBy == q.who.User
	view.Approve = v.Status == reductionlist.StatusChecked && q.may(calls.ActListsApprove) && !view.Own
	view.Activate = q.may(calls.ActListsApprove) && (v.Status == reductionlist.StatusApproved || v.Status == reductionlist.StatusChecked && q.who.Role == calls.Admin)
	view.Discard = v.State == reductionlist.StateDraft && q.may(calls.ActListsImport)
	if err := q.persons(&view); err != nil {
		return err
	}
	for _, name := range sortedCounts(v.Towns) {
		view.Towns = append(view.Towns, portion{name, v.Towns[name], "/desk/recipients?" + url.Values{"version": {v.ID}, "town": {name}}.Encode()})
	}
	for _, name := range sortedCounts(v.Sectors) {
		view.Sectors = append(view.Sectors, portion{Name: name, N: v.Sectors[name]})
	}
	for _, name := range sortedCounts(v.Grades) {
		view.Grades = append(view.Grades, portion{Name: cmp.Or(terms.Name(terms.Grade, name, q.lang), q.t("none_given")), N: v.Grades[name]})
	}
	if v.Status != reductionlist.StatusDraft { // no rows are added to it any more
		for _, l := range slices.Backward(alerts.Levels()) {
			n, known := d.audience.at(q.Context(), d.svc.J, v.ID, l)
			view.Counted = known
			view.Levels = append(view.Levels, portion{Name: alerts.LevelName(l, q.lang), N: n})
		}
		if err := d.sums(&view); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if failed != nil {
		e, code := d.refusalOf(q, failed)
		status, view.Error = code, detailOf(e, q.lang)
	}
	return q.render(status, "list", view)
}

// sums adds what all rows of a version come to.
func (d *desk) sums(view *listView) error {
	v := &view.Version.Version
	_, a, err := d.svc.ListScore(v.ID)
	if err != nil {
		return err
	}
	view.Version.Score, view.Tasks = &a.Score, len(a.Tasks)
	totals, err := d.svc.ListTotals(v)
	if err != nil {
		return err
	}
	for _, r := range totals.Ratios() {
		row := ratioRow{Level: r.Level}
		for _, c := range []struct{ t, share, of float64 }{{r.Reduction.SO2, r.Share.SO2, v.List.Emission.SO2}, {r.Reduction.NOx, r.Share.NOx, v.List.Emission.NOx},
			{r.Reduction.PM, r.Share.PM, v.List.Emission.PM}, {r.Reduction.VOCs, r.Share.VOCs, v.List.Emission.VOCs}} {
			text := shortNumber(c.t) + " t"
			if c.of > 0 {
				text += " · " + shortNumber(c.share*100) + " %"
			}
			row.Cells = append(row.Cells, text)
		}
		view.Ratios = append(view.Ratios, row)
	}
	for _, s := range rules.ShortfallsOf(&totals, d.svc.List) {
		view.Short = append(view.Short, word(view.Lang, "list.short", "level", alerts.LevelName(s.Level, view.Lang), "pollutant", s.Pollutant,
			"ratio", shortNumber(s.Ratio*100), "want", shortNumber(s.Want*100)))
	}
	return nil
}

// listAct has a version approved or activated.
func (d *desk) listAct(act string) func(*request) error {
	return func(q *request) error {
		if err := access.Require(q.who, calls.ActListsApprove); err != nil {
			return err
		}
		if q.PostForm.Get("step") == stepEdit {
			return d.showList(q, nil)
		}
		f, id, revision := q.PostForm, calls.ByID{ID: q.id()}, revisionOf(q.PostForm)
		var err error
		switch act {
		case "approve":
			_, err = d.svc.ApproveList(q.Context(), q.ask(), calls.ListApproval{ByID: id, Revision: revision, OTP: f.Get(codeField)})
		default:
			_, err = d.svc.ActivateList(q.Context(), q.ask(), calls.ListActivation{ByID: id, Revision: revision, Replaces: f.Get("replaces"), OTP: f.Get(codeField)})
		}
		if code := refusal.CodeOf(err); err != nil && (code == "" || code == refusal.NotFound) {
			return err
		}
		if err != nil {
			return d.showList(q, err)
		}
		return q.redirect("/desk/lists/" + url.PathEscape(q.id()) + "?" + url.Values{"done": {"list." + act}}.Encode())
	}
}

// discardList takes a draft back, once the box is ticked that says so.
func (d *desk) discardList(q *request) error {
	if err := access.Require(q.who, calls.ActListsImport); err != nil {
		return err
	}
	err := error(refusal.New(refusal.Invalid, "desk.list.discard.unsure", nil))
	if q.PostForm.Get("sure") == "yes" {
		_, err = d.svc.DiscardList(q.Context(), q.ask(), calls.DraftAt{ByID: calls.ByID{ID: q.id()}, Revision: revisionOf(q.PostForm)})
	}
	if code := refusal.CodeOf(err); err != nil && (code == "" || code == refusal.NotFound) {
		return err
	}
	if err != nil {
		return d.showList(q, err)
	}
	return q.redirect("/desk/lists?done=list.discard")
}

// persons says of a version who may have been whom, and what the next act on it will say.
func (q *request) persons(view *listView) (err error) {
	v := &view.Version
	for _, act := range []struct {
		actor string
		seen  *alerts.SecretSeen
	}{{v.BegunBy, v.BegunSeen}, {v.ApprovedBy, v.ApprovedSeen}, {v.ActivatedBy, v.ActivatedSeen}} {
		if text := q.secretSeen(act.actor, act.seen); text != "" {
			view.Notices = append(view.Notices, text)
		}
	}
	if view.Approve {
		if view.Approving, err = q.acting("approve-", true); err != nil {
			return err
		}
	}
	if view.Activate {
		view.Activating, err = q.acting("activate-", false)
	}
	return err
}
