package console

import (
	"net/http"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// warnings are all that were ever declared, the latest first.
func (d *desk) warnings(q *request) error {
	v := q.URL.Query()
	view := struct {
		*chrome
		Rows  []standing
		Total int
		Next  string
		First string
	}{chrome: q.chrome("warnings")}
	err := q.view(func(tx *bbolt.Tx) error {
		page, err := alerts.ListWarnings(tx, v.Get("cursor"), pageSize(v))
		for _, w := range page.Items {
			view.Rows = append(view.Rows, q.standing(service.WarningFor(q.who, w)))
		}
		view.Total, view.Next = page.Total, withCursor(q.URL, page.Next)
		return err
	})
	if err != nil {
		return err
	}
	if v.Get("cursor") != "" {
		view.First = withCursor(q.URL, "-")
	}
	return q.render(http.StatusOK, "warnings", view)
}

// warningView is a warning with all that became of it.
type warningView struct {
	*chrome
	W       standing
	Rows    []row
	List    string
	ListID  string
	Board   *summary
	Reads   bool // may see the list
	History []historyRow
	Next    string // who must act, said once more after an act
}

// historyRow is one event of a warning.
type historyRow struct {
	At       time.Time
	Revision int
	Actor    string
	Event    string
	Reason   string
	Seen     string // what the act says of who did it
}

func (d *desk) warning(q *request) error {
	view := warningView{chrome: q.chrome("warning"), Reads: q.may(calls.ActListsRead)}
	err := q.view(func(tx *bbolt.Tx) error {
		w, err := alerts.GetWarning(tx, q.id())
		if err != nil {
			return err
		}
		if view.W, err = d.card(q, tx, w); err != nil {
			return err
		}
		b, err := notify.Board(tx, w.ID)
		if err != nil {
			return err
		}
		if sum := summaryOf(b); q.may(calls.ActBoardRead) {
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
		return err
	}
	w := view.W.Warning
	view.Drill, view.Flash = w.Drill, q.flash()
	view.Title = w.ID
	if view.Flash != "" {
		view.Next = view.W.Who
	}
	add := func(key, value string) {
		if value != "" {
			view.Rows = append(view.Rows, row{q.t("f." + key), value})
		}
	}
	add("starts_at", clock(w.StartsAt))
	if w.EndsAt == nil {
		add("ends_at", q.t("no_end"))
	} else {
		add("ends_at", until(w.EndsAt))
	}
	add("trigger", terms.Name(terms.Trigger, w.Trigger, q.lang))
	add("document_no", w.DocumentNo)
	add("issued_by", w.IssuedBy)
	add("received_at", clock(w.ReceivedAt))
	add("declared_by", w.DeclaredBy+" "+clock(w.DeclaredAt))
	add("approved_by", w.ApprovedBy)
	add("reason", w.Reason)
	for i, revision := range w.Revisions() {
		h := w.History[i]
		view.History = append(view.History, historyRow{h.At, revision, h.Actor, h.Event, h.Reason, q.secretSeen(h.Actor, h.SecretSeen)})
	}
	return q.render(http.StatusOK, "warning", view)
}
