package warnings

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

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
		if q.Method == http.MethodPost {
			row.Checked = slices.Contains(q.PostForm["recipient"], item.Recipient)
		}
		for _, change := range item.Changes {
			row.Texts = append(row.Texts, change.In(q.Lang))
		}
		view.Rows = append(view.Rows, row)
	}
	return view, nil
}

// relist gives the ticked recipients the measures of the newer list.
func (d *desk) relist(q *frame.Request) (to string, err error) {
	f := q.PostForm
	in := calls.Relisting{ByID: calls.ByID{ID: q.ID()}, Revision: frame.RevisionOf(f), ListVersion: f.Get("list_version"),
		Recipients: f["recipient"]}
	if err = valid.Check(&in); err == nil {
		_, err = d.Svc.Relist(q.Context(), q.Ask(), in)
	}
	return warningPath(in.ID) + "/list-changes?" + url.Values{"done": {"relist"},
		"n": {strconv.Itoa(len(in.Recipients))}}.Encode(), err
}
