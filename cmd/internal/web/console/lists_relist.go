package console

import (
	"net/http"
	"net/url"
	"strconv"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/valid"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/notify"
)

// relistView is what a newer list would change for the recipients of a live warning.
type relistView struct {
	*chrome
	Warning  *alerts.Warning
	Level    alerts.Level
	Version  string
	Total    int
	Follows  int
	Rows     []relistRow
	Next     string
	First    string
	Act      bool // this person may decide
	Key      string
	Error    string
	Selected map[string]bool // nil: those that are proposed
}

type relistRow struct {
	notify.ListChange
	Texts   []string
	Checked bool
}

// newer says on a warning's card that the list has changed since.
type newer struct {
	Total   int
	Version string
	Href    string
}

// newer counts whom the list in force gives other measures than a live warning's orders; nil where it is nobody, and for who
// may not see lists.
func (d *desk) newer(q *request, tx *bbolt.Tx, w *alerts.Warning) (*newer, error) {
	if !q.may(calls.ActListsRead) || w.State != alerts.Active && w.State != alerts.Scheduled {
		return nil, nil
	}
	n, version, err := d.svc.CountListChanges(tx, w.ID)
	if err != nil || n == 0 {
		return nil, err
	}
	return &newer{n, version, warningPath(w.ID) + "/list-changes"}, nil
}

func (d *desk) listChanges(q *request) error { return d.showRelist(q, nil) }

func (d *desk) showRelist(q *request, failed error) error {
	v := q.URL.Query()
	c, err := d.svc.ListChanges(q.id(), v.Get("cursor"), rowsPerPage)
	if err != nil {
		return err
	}
	view := relistView{chrome: q.chrome("relist"), Warning: c.Warning, Level: c.Level, Version: c.ListVersion, Total: c.Total, Follows: c.Following,
		Next: withCursor(q.URL, c.Next), Act: q.may(calls.ActWarningsRelist), Key: newKey()}
	view.Drill, view.Flash = c.Warning.Drill, q.flash()
	if v.Get("cursor") != "" {
		view.First = withCursor(q.URL, "-")
	}
	typed := map[string]bool{}
	for _, id := range q.PostForm["recipient"] {
		typed[id] = true
	}
	for _, item := range c.Items {
		row := relistRow{ListChange: item, Checked: item.Order == nil || item.Order.State != notify.StateExempted}
		if q.Method == http.MethodPost {
			row.Checked = typed[item.Recipient]
		}
		for _, change := range item.Changes {
			row.Texts = append(row.Texts, change.In(q.lang))
		}
		view.Rows = append(view.Rows, row)
	}
	status := http.StatusOK
	if failed != nil {
		e, code := d.refusalOf(q, failed)
		status, view.Error = code, detailOf(e, q.lang)
	}
	return q.render(status, "relist", view)
}

// relist gives the recipients that were ticked what the newer list says.
func (d *desk) relist(q *request) error {
	if err := access.Require(q.who, calls.ActWarningsRelist); err != nil {
		return err
	}
	if q.PostForm.Get("step") == stepEdit {
		return d.showRelist(q, nil)
	}
	in := calls.Relisting{ByID: calls.ByID{ID: q.id()}, Revision: revisionOf(q.PostForm), ListVersion: q.PostForm.Get("list_version"), Recipients: q.PostForm["recipient"]}
	err := valid.Check(&in)
	if err == nil {
		_, err = d.svc.Relist(q.Context(), q.ask(), in)
	}
	if code := refusal.CodeOf(err); err != nil && (code == "" || code == refusal.NotFound) {
		return err
	}
	if err != nil {
		return d.showRelist(q, err)
	}
	to := url.Values{"done": {"relist"}, "n": {strconv.Itoa(len(q.PostForm["recipient"]))}}
	return q.redirect(warningPath(q.id()) + "/list-changes?" + to.Encode())
}
