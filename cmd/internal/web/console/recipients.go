package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// measureView is a measure in words and numbers.
type measureView struct {
	*reductionlist.Measure
	Do       string // the action
	Much     string // how much
	Within   string
	Checks   []string
	Evidence string
	Saves    string // tonnes a day
}

// measures words measures. What stands in the list stands there in Chinese; the words around it are the desk's.
func (q *request) measures(list []reductionlist.Measure) []measureView {
	out := make([]measureView, len(list))
	for i := range list {
		m := &list[i]
		v := measureView{Measure: m, Do: terms.Name(terms.Action, m.Action, q.lang), Within: m.WithinText(q.lang), Evidence: strings.Join(m.Evidence, "、")}
		if m.Quantity != nil {
			v.Much = m.Quantity.Text(q.lang)
		}
		for _, o := range m.Monitors {
			v.Checks = append(v.Checks, strings.TrimSpace(terms.Name(terms.Source, o.Source, q.lang)+" "+o.Criterion.Text(q.lang)))
		}
		v.Saves = q.amounts(m.Reduction)
		out[i] = v
	}
	return out
}

func (q *request) amounts(a reductionlist.Amounts) string {
	var parts []string
	for _, one := range []struct {
		name string
		t    float64
	}{{"SO₂", a.SO2}, {"NOx", a.NOx}, {"PM", a.PM}, {"VOCs", a.VOCs}} {
		if one.t > 0 {
			parts = append(parts, one.name+" "+number(one.t))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return q.t("tonnes", "amounts", strings.Join(parts, "，"))
}

// recipientsView is a page of a list's recipients.
type recipientsView struct {
	*chrome
	Version reductionlist.Version
	Found   bool
	Query   string
	Town    string
	Towns   []option
	Rows    []*reductionlist.Recipient
	Total   int // -1: not counted
	Next    string
	First   string
	Short   bool // the search stopped before it filled the page
}

// What one page of recipients looks at, and in one transaction; it may then be shorter than asked.
const (
	scanRecipients = 5000
	scanChunk      = 500
)

func (d *desk) recipients(q *request) error {
	v := q.URL.Query()
	view := recipientsView{chrome: q.chrome("recipients"), Query: strings.TrimSpace(v.Get("q")), Town: v.Get("town")}
	cursor, limit := v.Get("cursor"), pageSize(v)
	if err := q.view(func(tx *bbolt.Tx) (err error) {
		view.Version, view.Found, err = q.version(tx, v.Get("version"))
		return err
	}); err != nil {
		return err
	}
	if !view.Found {
		return q.render(http.StatusOK, "recipients", view)
	}
	for _, name := range sortedCounts(view.Version.Towns) {
		view.Towns = append(view.Towns, option{Value: name, Label: name})
	}
	next, err := d.scan(q, &view, cursor, limit)
	if err != nil {
		return err
	}
	view.Next = withCursor(q.URL, next)
	view.Short = next != "" && len(view.Rows) < limit
	if cursor != "" {
		view.First = withCursor(q.URL, "-")
	}
	switch {
	case view.Query != "" && (next != "" || cursor != ""):
		view.Total = -1
	case view.Query != "":
		view.Total = len(view.Rows)
	case view.Town != "":
		view.Total = view.Version.Towns[view.Town]
	default:
		view.Total = view.Version.Added
	}
	return q.render(http.StatusOK, "recipients", view)
}

// scan fills a page with what matches, reading a bounded part of the list. Rows that cannot match are not decoded.
func (d *desk) scan(q *request, view *recipientsView, cursor string, limit int) (next string, err error) {
	match := func(r *reductionlist.Recipient) bool {
		return service.Visible(q.who, r.ID, r.Town) && (view.Town == "" || r.Town == view.Town) &&
			(view.Query == "" || strings.Contains(r.ID, view.Query) || strings.Contains(r.Name, view.Query))
	}
	for seen := 0; seen < scanRecipients; seen += scanChunk {
		var found []*reductionlist.Recipient
		err := q.view(func(tx *bbolt.Tx) (err error) {
			found, cursor, err = reductionlist.SearchRecipients(tx, view.Version.ID, cursor, cmp.Or(view.Query, view.Town), limit-len(view.Rows), scanChunk, match)
			return err
		})
		if err != nil {
			return "", err
		}
		if view.Rows = append(view.Rows, found...); cursor == "" || len(view.Rows) == limit {
			return cursor, nil
		}
	}
	return cursor, nil
}

// version is a version by its id, or without one the list in force; false when there is none.
func (q *request) version(tx *bbolt.Tx, id string) (v reductionlist.Version, found bool, err error) {
	return versionAt(tx, id, q.now)
}

// versionAt is a version by its id, or without one the list in force at a time; false when there is none.
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

func sortedCounts(m map[string]int) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// recipientView is one recipient with what it does at each level.
type recipientView struct {
	*chrome
	Recipient *reductionlist.Recipient
	Version   reductionlist.Version
	Sector    string
	Levels    []levelMeasures
	Orders    []orderRow
	Contact   string
	Phone     string
	AsOf      string // the day that was asked about; empty: now, or a version
}

type levelMeasures struct {
	Level    alerts.Level
	Measures []measureView
}

func (d *desk) recipient(q *request) error {
	view := recipientView{chrome: q.chrome("recipient")}
	at := q.now
	if day := q.URL.Query().Get("as_of"); day != "" {
		if at = reductionlist.StartOf(day); at.IsZero() {
			return refusal.New(refusal.Invalid, "desk.form.day", refusal.Args{"value": day})
		}
		view.AsOf = day
	}
	err := q.view(func(tx *bbolt.Tx) error {
		v, found, err := versionAt(tx, q.URL.Query().Get("version"), at)
		if err != nil {
			return err
		}
		var r *reductionlist.Recipient
		if found {
			r, err = reductionlist.GetRecipient(tx, v.ID, q.id())
		}
		if r == nil && err == nil || refusal.CodeOf(err) == refusal.NotFound || err == nil && !service.Visible(q.who, r.ID, r.Town) {
			return refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": q.id()})
		}
		if err != nil {
			return err
		}
		view.Recipient, view.Version, view.Sector = r, v, r.Sector()
		view.Contact, view.Phone = q.phone(tx, r.ID, r.ContactRef)
		view.Orders, _, err = d.orderRows(q, tx, notify.Filter{Recipient: r.ID}, "", 10)
		return err
	})
	if err != nil {
		return err
	}
	view.Title = view.Recipient.Name
	for _, l := range slices.Backward(alerts.Levels()) {
		if m := reductionlist.MeasuresAt(view.Recipient, l); len(m) > 0 {
			view.Levels = append(view.Levels, levelMeasures{l, q.measures(m)})
		}
	}
	return q.render(http.StatusOK, "recipient", view)
}
