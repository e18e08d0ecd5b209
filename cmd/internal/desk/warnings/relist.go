package warnings

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/notify"
)

// relistView is the page of what a newer list would change for the recipients of a live warning.
type relistView struct {
	*frame.Chrome
	frame.Pager
	Warning *alerts.Warning
	Level   alerts.Level
	Version string
	Total   int
	Follows int
	Rows    []relistRow
	Act     bool // the user may decide
	Key     string
	Error   string
}

type relistRow struct {
	notify.ListChange
	Levels  []measureLevels
	Texts   []string
	Checked bool
}

// listNotice says on a warning's card that the list has changed since.
type listNotice struct {
	Total   int
	Version string
	Href    string
}

// listNotice counts the recipients to whom the list in force gives other measures than a live warning's orders; nil
// where there are none, and for users who may not see lists.
func (d *desk) listNotice(q *frame.Request, tx *bbolt.Tx, w *alerts.Warning) (*listNotice, error) {
	if !q.May(calls.ActListsRead) || w.State != alerts.Active && w.State != alerts.Scheduled {
		return nil, nil
	}
	n, version, err := d.Svc.CountListChanges(tx, w.ID)
	if err != nil || n == 0 {
		return nil, err
	}
	return &listNotice{n, version, warningPath(w.ID) + "/list-changes"}, nil
}

func (d *desk) listChanges(q *frame.Request) (any, error) {
	c, err := d.Svc.ListChanges(q.ID(), q.URL.Query().Get("cursor"), frame.RowsPerPage)
	if err != nil {
		return nil, err
	}
	view := relistView{Chrome: q.Chrome(), Pager: q.Pager(c.Next), Warning: c.Warning, Level: c.Level,
		Version: c.ListVersion, Total: c.Total, Follows: c.Following, Act: q.May(calls.ActWarningsRelist),
		Key: frame.NewKey(), Error: q.Why()}
	view.Drill = c.Warning.Drill
	for _, item := range c.Items {
		row := relistRow{ListChange: item, Checked: item.Order == nil || item.Order.State != notify.StateExempted}
		if q.Method == http.MethodPost || q.Kept() != nil {
			step := q.PostForm.Get("step")
			row.Checked = step == stepAll || step != stepNone && slices.Contains(q.PostForm["recipient"], item.Recipient)
		}
		row.Levels = levelsOf(item.Measures, q.Lang)
		for _, change := range item.Changes {
			row.Texts = append(row.Texts, change.In(q.Lang))
		}
		view.Rows = append(view.Rows, row)
	}
	return view, nil
}

// relistPage shows what a newer list would change, or takes the form of a relisting one step on: what would be sent is read
// out before it is.
func (d *desk) relistPage(q *frame.Request) (any, error) {
	step := q.Step()
	if q.Method != http.MethodPost && (q.Kept() == nil || !q.May(calls.ActWarningsRelist)) || q.Edits() ||
		step == stepAll || step == stepNone {
		return d.listChanges(q)
	}
	view, err := d.relist(q)
	if code := refusal.CodeOf(err); err != nil && code != "" && code != refusal.NotFound {
		q.Refuse(err)
		return d.listChanges(q)
	}
	return view, err
}

// The steps that tick every recipient of the page, and none.
const (
	stepAll  = "all"
	stepNone = "none"
)

// relist gives the ticked recipients the measures of the newer list, or reads out what that would be.
func (d *desk) relist(q *frame.Request) (any, error) {
	f := q.PostForm
	in := calls.Relisting{ByID: calls.ByID{ID: q.ID()}, Revision: frame.RevisionOf(f), ListVersion: f.Get("list_version"),
		Recipients: f["recipient"]}
	if err := valid.Check(&in); err != nil {
		return nil, err
	}
	if !q.Confirms() {
		return d.relistReview(q, in)
	}
	if _, err := d.Svc.Relist(q.Context(), q.Ask(), in); q.Changed(err) {
		q.Refuse(err)
		return d.relistReview(q, in)
	} else if err != nil {
		return nil, err
	}
	return q.Redirect(warningPath(in.ID) + "/list-changes?" + url.Values{"done": {"relist"},
		"n": {strconv.Itoa(len(in.Recipients))}}.Encode())
}

// relistReview is the page that reads out what a relisting sends.
type relistReview struct {
	*frame.Chrome
	Warning *alerts.Warning
	Version string
	Count   int // recipients in all
	Rest    int // of those that are not read out here
	Orders  []frame.OrderChange
	Issued  int      // of those
	Ends    int      // and those that get nothing more to do
	Same    []string // recipients that have the same to do

	Error    string
	Reviewed []frame.Pair
	Edit     string
}

func (d *desk) relistReview(q *frame.Request, in calls.Relisting) (any, error) {
	ahead, done, err := d.Svc.PreviewRelist(q.Ask(), in)
	if err != nil {
		return nil, err
	}
	if q.Kept() == nil {
		return q.ToReview(q.PostForm)
	}
	v := relistReview{Chrome: q.Chrome(), Version: in.ListVersion, Count: len(in.Recipients), Rest: len(done.Rest),
		Same: done.Unchanged}
	err = q.View(func(tx *bbolt.Tx) (err error) { v.Warning, err = alerts.GetWarning(tx, in.ID); return err })
	if err != nil {
		return nil, err
	}
	v.Drill = v.Warning.Drill
	if v.Orders, err = q.OrderChanges(ahead.Events); err != nil {
		return nil, err
	}
	for _, o := range v.Orders {
		if o.Ends {
			v.Ends++
		} else {
			v.Issued++
		}
	}
	v.Error, v.Reviewed, v.Edit = q.Why(), q.Reviewed(ahead.Digest), q.EditPath()
	return q.As("relist-review", v)
}
