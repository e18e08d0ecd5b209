package lists

import (
	"strconv"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"go.etcd.io/bbolt"

	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// findingsView is a page of the findings in a version.
type findingsView struct {
	*frame.Chrome
	frame.Pager
	Version  reductionlist.Version
	Rows     []reductionlist.Finding
	Contacts calls.ImportedContacts
	Total    int
	Upload   *uploadForm // for the mended workbook; nil where there was no error, and for who may not send any
}

// findings lists what was found when a version was imported or amended, where it is and what to do about it.
func (d *desk) findings(q *frame.Request) (any, error) {
	in, err := d.Svc.ImportFindings(q.ID())
	if err != nil {
		return nil, err
	}
	view := findingsView{Chrome: q.Chrome(), Version: in.Version, Total: len(in.Findings)}
	view.Contacts.Changed, _ = strconv.Atoi(q.URL.Query().Get("contacts"))
	view.Contacts.Kept, _ = strconv.Atoi(q.URL.Query().Get("kept"))
	begin, end, pager := q.Window(len(in.Findings))
	view.Pager = pager
	for _, f := range in.Findings[begin:end] {
		view.Rows = append(view.Rows, f.In(q.Lang))
	}
	if in.Version.Errors > 0 && q.May(calls.ActListsImport) {
		view.Upload = &uploadForm{Key: frame.NewKey(), Mended: true}
	}
	return view, nil
}

// tasksView is a page of the work that is left on a version, with its score.
type tasksView struct {
	*frame.Chrome
	frame.Pager
	Version reductionlist.Version
	Score   rules.Score
	Rows    []rules.Task
	Total   int
}

func (d *desk) tasks(q *frame.Request) (any, error) {
	v, a, err := d.Svc.ListScore(q.ID())
	if err != nil {
		return nil, err
	}
	begin, end, pager := q.Window(len(a.Tasks))
	view := tasksView{Chrome: q.Chrome(), Pager: pager, Version: v, Score: a.Score, Total: len(a.Tasks)}
	for _, t := range a.Tasks[begin:end] {
		view.Rows = append(view.Rows, t.In(q.Lang))
	}
	return view, nil
}

// diffView is a page of the differences between two versions.
type diffView struct {
	*frame.Chrome
	frame.Pager
	From, To string
	Diff     reductionlist.Comparison
	Head     []string
	Rows     []diffRow
	Effects  []string
	Sectors  []string
	Others   []frame.Option // versions to compare with
}

// diffRow holds all differences in one recipient.
type diffRow struct {
	ID      string
	Changes []string
}

func (d *desk) diff(q *frame.Request) (any, error) {
	v := q.URL.Query()
	view := diffView{Chrome: q.Chrome(), To: q.ID(), From: v.Get("against")}
	var err error
	if view.From == "" {
		if view.From, err = d.Svc.ListBase(view.To); err != nil {
			return nil, err
		}
	}
	c, next, err := d.Svc.ListDiff(view.From, view.To, v.Get("cursor"), frame.RowsPerPage)
	if err != nil {
		return nil, err
	}
	view.Diff, view.Pager = c, q.Pager(next)
	for _, change := range c.Changes {
		last := len(view.Rows) - 1
		switch text := change.In(q.Lang); {
		case change.Recipient == "":
			view.Head = append(view.Head, text)
		case last >= 0 && view.Rows[last].ID == change.Recipient:
			view.Rows[last].Changes = append(view.Rows[last].Changes, text)
		default:
			view.Rows = append(view.Rows, diffRow{change.Recipient, []string{text}})
		}
	}
	for _, e := range c.Effects {
		view.Effects = append(view.Effects, e.In(q.Lang)...)
	}
	for _, e := range c.Sectors {
		view.Sectors = append(view.Sectors, e.In(q.Lang)...)
	}
	return &view, q.View(func(tx *bbolt.Tx) error {
		all, _, err := reductionlist.ListVersions(tx, "", 50)
		for _, o := range all {
			if o.ID != view.To && o.Errors == 0 && o.Added == o.Count {
				view.Others = append(view.Others, frame.Option{Value: o.ID, Label: o.ID + " " + o.List.Name})
			}
		}
		return err
	})
}
