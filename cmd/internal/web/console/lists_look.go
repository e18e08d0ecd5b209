package console

import (
	"net/http"
	"net/url"
	"strconv"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// shortNumber writes a number with at most three decimals.
func shortNumber(f float64) string {
	return strconv.FormatFloat(float64(int64(f*1000+0.5))/1000, 'f', -1, 64)
}

// findingsView is a page of what was found in a version.
type findingsView struct {
	*chrome
	Version  reductionlist.Version
	Rows     []reductionlist.Finding
	Contacts calls.ImportedContacts
	Total    int
	Next     string
	First    string
}

// findings lists what was found when a version was imported or amended, with where it is and what to do.
func (d *desk) findings(q *request) error {
	view := findingsView{chrome: q.chrome("findings")}
	view.Flash = q.flash()
	in, err := d.svc.ImportFindings(q.id())
	if err != nil {
		return err
	}
	view.Version, view.Total = in.Version, len(in.Findings)
	view.Contacts.Changed, _ = strconv.Atoi(q.URL.Query().Get("contacts"))
	view.Contacts.Kept, _ = strconv.Atoi(q.URL.Query().Get("kept"))
	begin, end, next, first := windowOf(q.URL, len(in.Findings))
	view.Next, view.First = next, first
	for _, f := range in.Findings[begin:end] {
		view.Rows = append(view.Rows, f.In(q.lang))
	}
	return q.render(http.StatusOK, "findings", view)
}

// windowOf is the part of a list of n that a page shows, by the number that its cursor is.
func windowOf(at *url.URL, n int) (begin, end int, next, first string) {
	begin, _ = strconv.Atoi(at.Query().Get("cursor"))
	begin = max(0, min(begin, n))
	end = min(n, begin+rowsPerPage)
	if end < n {
		next = withCursor(at, strconv.Itoa(end))
	}
	if begin > 0 {
		first = withCursor(at, "-")
	}
	return begin, end, next, first
}

// tasksView is a version's score and the work that is left.
type tasksView struct {
	*chrome
	Version reductionlist.Version
	Score   rules.Score
	Rows    []rules.Task
	Total   int
	Next    string
	First   string
}

func (d *desk) tasks(q *request) error {
	view := tasksView{chrome: q.chrome("tasks")}
	v, a, err := d.svc.ListScore(q.id())
	if err != nil {
		return err
	}
	view.Version, view.Score, view.Total = v, a.Score, len(a.Tasks)
	begin, end, next, first := windowOf(q.URL, len(a.Tasks))
	view.Next, view.First = next, first
	for _, t := range a.Tasks[begin:end] {
		view.Rows = append(view.Rows, t.In(q.lang))
	}
	return q.render(http.StatusOK, "tasks", view)
}

// diffView is a page of what is different between two versions.
type diffView struct {
	*chrome
	From, To string
	Diff     reductionlist.Comparison
	Head     []string
	Rows     []diffRow
	Effects  []string
	Sectors  []string
	Others   []option // versions to compare with
	Next     string
	First    string
}

// diffRow is all that is different in one recipient.
type diffRow struct {
	ID      string
	Changes []string
}

func (d *desk) diff(q *request) error {
	v := q.URL.Query()
	view := diffView{chrome: q.chrome("diff"), To: q.id(), From: v.Get("against")}
	view.Flash = q.flash()
	var err error
	if view.From == "" {
		if view.From, err = d.svc.ListBase(view.To); err != nil {
			return err
		}
	}
	cursor := v.Get("cursor")
	c, next, err := d.svc.ListDiff(view.From, view.To, cursor, rowsPerPage)
	if err != nil {
		return err
	}
	view.Diff, view.Next = c, withCursor(q.URL, next)
	if cursor != "" {
		view.First = withCursor(q.URL, "-")
	}
	for _, change := range c.Changes {
		last := len(view.Rows) - 1
		switch text := change.In(q.lang); {
		case change.Recipient == "":
			view.Head = append(view.Head, text)
		case last >= 0 && view.Rows[last].ID == change.Recipient:
			view.Rows[last].Changes = append(view.Rows[last].Changes, text)
		default:
			view.Rows = append(view.Rows, diffRow{change.Recipient, []string{text}})
		}
	}
	for _, e := range c.Effects {
		view.Effects = append(view.Effects, e.In(q.lang)...)
	}
	for _, e := range c.Sectors {
		view.Sectors = append(view.Sectors, e.In(q.lang)...)
	}
	err = q.view(func(tx *bbolt.Tx) error {
		all, _, err := reductionlist.ListVersions(tx, "", 50)
		for _, o := range all {
			if o.ID != view.To && o.Errors == 0 && o.Added == o.Count {
				view.Others = append(view.Others, option{Value: o.ID, Label: o.ID + " " + o.List.Name})
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return q.render(http.StatusOK, "diff", view)
}
