package warnings

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"
	"qingkong/notify"
)

// callsView is the call sheet of a warning: whom to call, and the forms that say what came of it.
type callsView struct {
	*frame.Chrome
	frame.Pager
	Warning *alerts.Warning
	Towns   []string
	Town    string
	Rows    []callLine
	Total   int
	Limit   string // rows of a page, where another number than usual was asked for
	Long    string // address of the sheet in pages of [manyRows]; empty where that makes no difference
	Phones  bool
	Act     bool   // the user may record calls
	Action  string // where its forms go
	Key     string
	Error   string
	Typed   callForm
	Parts   map[string]template.HTML
}

// manyRows is how many rows a longer page has: as many as one form records.
const manyRows = 200

// LongRows is how many rows the page at Long has.
func (callsView) LongRows() int { return manyRows }

// Outcomes are what a call can come to, for the form of several.
func (callsView) Outcomes() []notify.CallOutcome { return notify.CallOutcomes() }

// callLine is a row of the sheet.
type callLine struct {
	calls.CallRow
	Key     string
	Stake   string // what it has at stake a day
	When    string // how long there is until the deadline, or how long that is ago; empty where there is none
	Late    bool
	SoFar   string // the calls that reached nobody
	Checked bool
	Note    string // as it was typed, where the row's form comes back
}

// callForm is what was typed of a call, for a form that comes back.
type callForm struct {
	Orders  []string
	Outcome string
	Note    string
}

// callsPath is the address of a warning's call sheet.
func callsPath(warning string) string { return warningPath(warning) + "/calls" }

// callsAt is the address of the page of the sheet that a query is of, with more in its query.
func callsAt(warning string, query, more url.Values) string {
	at := url.Values{}
	maps.Copy(at, more)
	for _, p := range frame.Hidden(query, "town", "cursor", frame.BackField, "limit") {
		at.Set(p.Name, p.Value)
	}
	if len(at) == 0 {
		return callsPath(warning)
	}
	return callsPath(warning) + "?" + at.Encode()
}

// calls shows the call sheet, and a form of it that comes back.
func (d *desk) calls(q *frame.Request) (any, error) {
	at := q.URL.Query()
	sheet, err := d.Svc.CallSheetFor(q.Who, sheetQuery(q.ID(), at))
	if err == nil && len(sheet.Items) == 0 && sheet.Total > 0 && at.Get("cursor") != "" {
		// all that stood behind the cursor have left the sheet, others before it have not
		at.Del("cursor")
		at.Del(frame.BackField)
		if q.Method != http.MethodPost {
			return q.Redirect(callsAt(q.ID(), at, doneOf(at)))
		}
		sheet, err = d.Svc.CallSheetFor(q.Who, sheetQuery(q.ID(), at)) // with what is said of the form
	}
	if err != nil {
		return nil, err
	}
	v := callsView{Chrome: q.Chrome(), Town: at.Get("town"), Total: sheet.Total, Limit: at.Get("limit"), Phones: q.Phones(),
		Act: q.May(calls.ActOrdersCall), Action: callsAt(q.ID(), at, nil), Key: frame.NewKey(), Error: q.Why()}
	v.Pager = frame.PagerAt(at, sheet.Next, func(cursor, back string) string {
		page := url.Values{"town": at["town"], "limit": at["limit"], "cursor": {cursor}, frame.BackField: {back}}
		return callsAt(q.ID(), page, nil)
	})
	if (v.First != "" || v.Next != "") && frame.PageSize(at) < manyRows {
		v.Long = callsAt(q.ID(), url.Values{"town": at["town"], "limit": {strconv.Itoa(manyRows)}}, nil)
	}
	err = q.View(func(tx *bbolt.Tx) (err error) {
		if v.Warning, err = alerts.GetWarning(tx, q.ID()); err == nil && q.Who.Role != calls.Town {
			v.Towns, err = q.Towns(tx, q.ID(), v.Town)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	v.Drill = v.Warning.Drill
	v.Rows = d.callLines(q, sheet.Items)
	v.again(q)
	stream := url.Values{"page": {"calls"}, "warning": {v.Warning.ID}, "drawn": {drawn(sheet)}}
	for _, p := range frame.Hidden(at, "town", "cursor", "limit", frame.BackField) {
		stream.Set(p.Name, p.Value)
	}
	v.Watch = "/desk/live?" + stream.Encode()
	v.Parts, err = frame.Shown(d.callsParts(q, v.Warning.ID, stream))
	return v, err
}

// sheetQuery asks for the page of a warning's sheet that a query is of.
func sheetQuery(warning string, at url.Values) calls.CallSheetQuery {
	return calls.CallSheetQuery{ByID: calls.ByID{ID: warning}, Town: at.Get("town"),
		Paging: calls.Paging{Cursor: at.Get("cursor"), Limit: frame.PageSize(at)}}
}

// doneOf is what a query says was just done.
func doneOf(at url.Values) url.Values {
	if !at.Has("done") {
		return nil
	}
	return url.Values{"done": {at.Get("done")}}
}

// again puts what was typed back into the form that comes back, that of a row or that of several.
func (v *callsView) again(q *frame.Request) {
	if q.Method != http.MethodPost {
		return
	}
	typed, one := callForm{q.PostForm["order"], q.PostForm.Get("outcome"), q.PostForm.Get("note")}, q.PostForm.Has("one")
	for i := range v.Rows {
		r := &v.Rows[i]
		if one && slices.Contains(typed.Orders, r.OrderID) {
			r.Note = typed.Note
		}
		r.Checked = !one && typed.ticks(q.Step(), r.OrderID)
	}
	if !one {
		v.Typed = typed
	}
}

// ticks reports whether a row is ticked: as it was, or all of them or none by the buttons for that.
func (f callForm) ticks(step, order string) bool {
	return step == stepAll || step != stepNone && slices.Contains(f.Orders, order)
}

// callLines are the rows as a page shows them, which it thereby shows.
func (d *desk) callLines(q *frame.Request, rows []calls.CallRow) []callLine {
	lines := make([]callLine, len(rows))
	for i, r := range rows {
		l := callLine{CallRow: r, Key: frame.NewKey(), Stake: q.Daily(r.AtStake)}
		if r.Waits() != notify.ReleaseWaiting { // an end has no deadline
			l.When, l.Late = untilDeadline(q, r.AcknowledgeBy)
		}
		if c := r.Calls; c.Unreachable > 0 && c.LastAt != nil {
			l.SoFar = q.T("calls.unreachable", "n", c.Unreachable, "at", frame.HourMinute(*c.LastAt, q.Now))
		}
		if r.Contact != nil {
			q.SawContacts(r.RecipientID)
		}
		lines[i] = l
	}
	return lines
}

// untilDeadline is how long there is until a deadline, or how long that is ago.
func untilDeadline(q *frame.Request, by time.Time) (text string, late bool) {
	left := by.Sub(q.Now).Hours()
	if left < 0 {
		return q.T("calls.ago", "for", alerts.HoursText(-left, q.Lang)), true
	}
	return q.T("calls.left", "for", alerts.HoursText(left, q.Lang)), false
}

// drawn stands for a page of the sheet: another one has other rows, or other calls.
func drawn(s calls.CallSheet) string {
	sum := sha256.New()
	for _, r := range s.Items {
		_, _ = fmt.Fprintln(sum, r.OrderID, r.State, r.AcknowledgeBy.Unix(), r.Calls.Unreachable) // a hash takes all
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// callsParts is the sheet's live part. It says that the sheet has changed and leaves the rows alone: somebody may be
// writing in one of them, with the telephone in the other hand. All who have a page open share what is read of it: how
// many are to be called, and what it would look like. Whether that is what somebody has is each one's own.
func (d *desk) callsParts(q *frame.Request, warning string, v url.Values) []frame.Part {
	about := url.Values{"w": {warning}, "t": {v.Get("town")}, "c": {v.Get("cursor")},
		"l": {strconv.Itoa(frame.PageSize(v))}}.Encode()
	shared := q.SharedPart("calls-head", about, frame.ScopeKey(q.Who), func() (template.HTML, error) {
		s, err := d.Svc.CallSheetBare(q.Who, sheetQuery(warning, v))
		return template.HTML(fmt.Sprint(s.Total, " ", drawn(s))), err // #nosec G203 -- a number and a hash
	})
	return []frame.Part{shared.Shaped(func(said template.HTML) (template.HTML, error) {
		total, stands, _ := strings.Cut(string(said), " ")
		return q.HTML("calls-head", struct {
			Total   string
			Changed bool
			Href    string
		}{total, stands != v.Get("drawn"), callsAt(warning, v, nil)})
	})}
}

// recordCalls records what came of a call to one recipient, or the same of all that are ticked. Where that is refused of
// some, the form that comes back is of them alone: whoever sends it again does not record the others twice.
func (d *desk) recordCalls(q *frame.Request) (to string, err error) {
	f := q.PostForm
	in := calls.OrderCalls{Orders: f["order"], Outcome: notify.CallOutcome(f.Get("outcome")),
		Note: strings.TrimSpace(f.Get("note"))}
	if len(in.Orders) == 0 {
		return "", refusal.New(refusal.Invalid, "desk.calls.none_ticked", nil)
	}
	if in.Outcome == "" {
		return "", refusal.New(refusal.Invalid, "desk.calls.no_outcome", nil)
	}
	if err := valid.Check(&in); err != nil {
		return "", err
	}
	done, err := d.Svc.RecordCalls(q.Context(), q.Ask(), in)
	if err != nil {
		return "", err
	}
	var left, not []string
	for _, r := range done.Items {
		if r.Refused != nil {
			left, not = append(left, r.OrderID), append(not, r.Refused.Detail)
		}
	}
	if len(not) > 0 {
		f["order"] = left
		return "", refusal.New(refusal.Conflict, "desk.calls.partly",
			refusal.Args{"done": done.Recorded, "not": len(not), "why": strings.Join(not[:min(len(not), 5)], " ")})
	}
	return callsAt(q.ID(), q.URL.Query(), url.Values{"done": {"call." + string(in.Outcome)}}), nil
}

// callsPage shows the sheet, or records what one of its forms says. The buttons that tick all rows, or none, only tick.
func (d *desk) callsPage(q *frame.Request) (any, error) {
	if step := q.Step(); q.Method != http.MethodPost || q.Edits() || step == stepAll || step == stepNone {
		return d.calls(q)
	}
	to, err := d.recordCalls(q)
	if code := refusal.CodeOf(err); err != nil && code != "" && code != refusal.NotFound {
		q.Refuse(err)
		return d.calls(q)
	} else if err != nil {
		return nil, err
	}
	return q.Redirect(to)
}

// callsBox is whom to call next, on the page of a warning and on the first page.
type callsBox struct {
	Warning string
	Drill   bool
	Total   int
	Rows    []callLine
	Phones  bool
}

// callsShort is how many are named there.
const callsShort = 5

// callsOf is the box for a warning; nil where nobody is to be called, or the user has no call sheet.
func (d *desk) callsOf(q *frame.Request, w *alerts.Warning) (*callsBox, error) {
	if !q.May(calls.ActCallSheet) || q.Who.Role == calls.Town && q.Who.Town == "" {
		return nil, nil
	}
	s, err := d.Svc.CallSheetFor(q.Who,
		calls.CallSheetQuery{ByID: calls.ByID{ID: w.ID}, Paging: calls.Paging{Limit: callsShort}})
	if err != nil || s.Total == 0 {
		return nil, err
	}
	return &callsBox{w.ID, w.Drill, s.Total, d.callLines(q, s.Items), q.Phones()}, nil
}
