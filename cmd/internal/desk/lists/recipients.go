package lists

import (
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// recipientsView is a page of a list's recipients.
type recipientsView struct {
	*frame.Chrome
	frame.Pager
	Version reductionlist.Version
	Found   bool
	Query   string
	Town    string
	Towns   []string
	Rows    []calls.RecipientView
	Total   int  // -1: not counted
	Short   bool // the search stopped before it filled the page
}

func (d *desk) recipients(q *frame.Request) (any, error) {
	v := q.URL.Query()
	view := recipientsView{Chrome: q.Chrome(), Query: strings.TrimSpace(v.Get("q")), Town: v.Get("town")}
	err := q.View(func(tx *bbolt.Tx) (err error) {
		view.Version, view.Found, err = versionAt(tx, v.Get("version"), q.Now)
		return err
	})
	if err != nil || !view.Found {
		return view, err
	}
	view.Towns = slices.Sorted(maps.Keys(view.Version.Towns))
	limit := frame.PageSize(v)
	page, err := d.Svc.Recipients(q.Context(), q.Ask(), calls.RecipientsQuery{Q: view.Query, Town: view.Town,
		ListRef: calls.ListRef{Version: view.Version.ID}, Paging: calls.Paging{Cursor: v.Get("cursor"), Limit: limit}})
	view.Rows, view.Total, view.Pager = page.Items, page.Total, q.Pager(page.Next)
	view.Short = page.Next != "" && len(page.Items) < limit
	return view, err
}

// versionAt is a version by its id, or for an empty id the list in force at a time; found is false when there is none.
func versionAt(tx *bbolt.Tx, id string, at time.Time) (v reductionlist.Version, found bool, err error) {
	if id != "" {
		v, err = reductionlist.GetVersion(tx, id)
		return v, err == nil, err
	}
	v, err = reductionlist.Current(tx, at)
	if refusal.CodeOf(err) == refusal.NotFound {
		return v, false, nil
	}
	return v, err == nil, err
}

// recipientView is the page of a recipient with its measures at each level.
type recipientView struct {
	*frame.Chrome
	Recipient *reductionlist.Recipient
	Version   string
	Sector    string
	Levels    []levelMeasures
	Orders    []frame.OrderRow
	Contact   string
	Phone     string
	AsOf      string // the day that was asked about; empty for now or for a version
}

type levelMeasures struct {
	Level    alerts.Level
	Measures []frame.MeasureView
}

func (d *desk) recipient(q *frame.Request) (any, error) {
	v := q.URL.Query()
	view := recipientView{Chrome: q.Chrome(), AsOf: v.Get("as_of")}
	if view.AsOf != "" {
		day, ok := frame.Day(view.AsOf)
		if !ok {
			return nil, refusal.New(refusal.Invalid, "desk.form.day", refusal.Args{"value": view.AsOf})
		}
		view.AsOf = day
	}
	found, err := d.Svc.Recipient(q.Context(), q.Ask(), calls.RecipientQuery{ByID: calls.ByID{ID: q.ID()},
		ListRef: calls.ListRef{Version: v.Get("version"), ListTime: calls.ListTime{AsOf: view.AsOf}}})
	if err != nil {
		return nil, err
	}
	r := found.Recipient
	view.Recipient, view.Version, view.Sector, view.Title = r, found.ListVersion, found.Sector, r.Name
	for _, l := range slices.Backward(alerts.Levels()) {
		if m := reductionlist.MeasuresAt(r, l); len(m) > 0 {
			view.Levels = append(view.Levels, levelMeasures{l, q.Measures(m)})
		}
	}
	return &view, q.View(func(tx *bbolt.Tx) (err error) {
		view.Contact, view.Phone = q.Phone(tx, r)
		view.Orders, _, err = q.OrderRows(tx, notify.Filter{Recipient: r.ID}, "", 10)
		return err
	})
}
