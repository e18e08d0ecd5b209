// Package warnings is the desk's area of warnings: its first page, what is done to a warning, its board and its list.
package warnings

import (
	"cmp"
	"strings"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"go.etcd.io/bbolt"

	"qingkong/alerts/terms"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// desk is the area's state.
type desk struct {
	*frame.Frame
	engine alerts.Engine
	// public keeps the page "/" for everybody without a session: a crowd that looks costs one rendering a second.
	public frame.PageCache
}

// Mount adds the area to the desk.
func Mount(f *frame.Frame) {
	d := &desk{Frame: f, engine: alerts.Engine{Settings: f.Alerts}}
	f.Queue = d.queue
	f.Add(
		frame.Page{Pattern: "GET /{$}", Key: "public", Show: d.root},
		frame.Page{Pattern: "GET /desk", Act: calls.ActWarningsRead, Key: "home", Show: d.home},
		frame.Page{Pattern: "GET /desk/warnings", Act: calls.ActWarningsRead, Key: "warnings", Show: d.warnings},
		frame.Page{Pattern: "GET /desk/warnings/{id}", Act: calls.ActWarningsRead, Key: "warning", Show: d.warning},
		frame.Page{Pattern: "GET /desk/warnings/{id}/board", Act: calls.ActBoardRead, Key: "board", Show: d.board},
		frame.Page{Pattern: "GET /desk/warnings/{id}/calls", Act: calls.ActCallSheet, Key: "calls", Show: d.callsPage},
		frame.Page{Pattern: "POST /desk/warnings/{id}/calls", Act: calls.ActOrdersCall, Key: "calls", Show: d.callsPage},
		frame.Page{Pattern: "GET /desk/warnings/{id}/list-changes", Act: calls.ActListsRead, Key: "relist",
			Show: d.relistPage},
		frame.Page{Pattern: "POST /desk/warnings/{id}/list-changes", Act: calls.ActWarningsRelist, Key: "relist",
			Show: d.relistPage})
	for _, a := range acts {
		pattern := "/desk/warnings/{id}/" + a.name
		switch a.name {
		case "declare":
			pattern = "/desk/declare"
		case "dismiss":
			pattern = "/desk/proposals/{id}/dismiss"
		}
		f.Add(frame.Page{Pattern: pattern, Act: a.allow, Key: "act." + a.name, Template: "form",
			Show: func(q *frame.Request) (any, error) { return d.act(q, a) }})
	}
	f.Stream("home", frame.Stream{Act: calls.ActWarningsRead,
		Parts: func(q *frame.Request) ([]frame.Part, string) { return d.homeParts(q), "" }})
	f.Stream("calls", frame.Stream{Act: calls.ActCallSheet, Parts: func(q *frame.Request) ([]frame.Part, string) {
		v := q.URL.Query()
		return d.callsParts(q, v.Get("warning"), v), v.Get("warning")
	}})
	f.Stream("board", frame.Stream{Act: calls.ActBoardRead, Parts: func(q *frame.Request) ([]frame.Part, string) {
		v := q.URL.Query()
		return d.boardParts(q, v.Get("warning"), v), v.Get("warning")
	}})
}

// warningsView is a page of warnings.
type warningsView struct {
	*frame.Chrome
	frame.Pager
	Rows  []warningStatus
	Total int
}

// warnings lists all that were ever declared, the latest first.
func (d *desk) warnings(q *frame.Request) (any, error) {
	v, view := q.URL.Query(), warningsView{Chrome: q.Chrome()}
	return &view, q.View(func(tx *bbolt.Tx) error {
		page, err := alerts.ListWarnings(tx, v.Get("cursor"), frame.PageSize(v))
		for _, w := range page.Items {
			view.Rows = append(view.Rows, statusOf(q, service.WarningFor(q.Who, w)))
		}
		view.Total, view.Pager = page.Total, q.Pager(page.Next)
		return err
	})
}

// warningView is the page of a warning with all that became of it.
type warningView struct {
	*frame.Chrome
	W       warningStatus
	Rows    []frame.Row
	List    string
	ListID  string
	Board   *summary
	Reads   bool // the user may see the list
	History []historyRow
	Next    string // whom it waits for, said once more after an act
	Waiting *approvalAsked
	Calls   *callsBox
}

// historyRow is one event of a warning.
type historyRow struct {
	*alerts.HistoryEntry
	Revision int
	Seen     string // that its actor's secret had been seen; empty for no
}

func (d *desk) warning(q *frame.Request) (any, error) {
	view := warningView{Chrome: q.Chrome(), Reads: q.May(calls.ActListsRead)}
	err := q.View(func(tx *bbolt.Tx) error {
		w, err := alerts.GetWarning(tx, q.ID())
		if err != nil {
			return err
		}
		if view.W, err = d.card(q, tx, w); err != nil {
			return err
		}
		if view.Waiting, err = d.approvalOf(q, tx, view.W.Warning); err != nil {
			return err
		}
		b, err := notify.GetBoard(tx, w.ID)
		if err != nil {
			return err
		}
		if sum := summaryOf(q, b); q.May(calls.ActBoardRead) {
			view.Board = &sum
		}
		v, err := reductionlist.GetVersion(tx, w.ListVersion)
		if refusal.CodeOf(err) == refusal.NotFound {
			return nil
		}
		view.List, view.ListID = strings.TrimSpace(v.List.Name+" "+v.ID), v.ID
		return err
	})
	if err != nil {
		return nil, err
	}
	w := view.W.Warning
	if view.Calls, err = d.callsOf(q, w); err != nil {
		return nil, err
	}
	view.Drill = w.Drill
	view.Title = w.ID
	if view.Waiting != nil { // which says it
		view.W.Waits = ""
	} else if view.Flash != "" {
		view.Next = view.W.Waits
	}
	add := func(key, value string) {
		if value != "" {
			view.Rows = append(view.Rows, frame.Row{Label: q.T("f." + key), Value: value})
		}
	}
	add("starts_at", frame.Clock(w.StartsAt))
	add("ends_at", cmp.Or(frame.Until(w.EndsAt), q.T("no_end")))
	add("trigger", terms.Name(terms.Trigger, w.Trigger, q.Lang))
	add("document_no", w.DocumentNo)
	add("issued_by", w.IssuedBy)
	add("received_at", frame.Clock(w.ReceivedAt))
	add("declared_by", w.DeclaredBy+" "+frame.Clock(w.DeclaredAt))
	add("approved_by", w.ApprovedBy)
	add("reason", w.Reason)
	for i, revision := range w.Revisions() {
		h := &w.History[i]
		view.History = append(view.History, historyRow{h, revision, q.SecretSeen(h.Actor, h.SecretSeen)})
	}
	return view, nil
}
