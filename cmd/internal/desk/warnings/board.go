package warnings

import (
	"cmp"
	"html/template"
	"net/url"
	"slices"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// bar draws one axis of the board: shares of the total, in the order of the axis.
type bar struct {
	Axis  string
	Total int
	Parts []barPart
}

type barPart struct {
	Name  string // class and word
	N     int
	X, W  int // in a drawing 1000 wide
	Href  string
	Share string // percent
}

// axes are the board's axes, with their values in order and how many recipients stand at each.
var axes = []axis{
	{"delivery", []string{"read", "delivered", "sent", "pending", "failed"},
		func(t *notify.Tally) map[string]int { return t.Delivery }},
	answered,
	{"execution", []string{"completed", "reported", "started", "not_started"},
		func(t *notify.Tally) map[string]int { return t.Execution }},
}

var (
	answered = axis{"answer", []string{"acknowledged", "objected", "awaiting", "overdue"},
		func(t *notify.Tally) map[string]int { return t.Answer }}
	// judged is what monitoring concludes. Nothing is said of it before something is.
	judged = axis{"verdict", []string{"compliant", "suspected", "violated", "no_data", "none"},
		func(t *notify.Tally) map[string]int { return t.Verdict }}
)

// ended is the axis of those whose order ended: who has received that.
var ended = axis{"release", []string{"release_received", notify.ReleaseWaiting},
	func(t *notify.Tally) map[string]int {
		return map[string]int{"release_received": t.Release.Received, notify.ReleaseWaiting: t.Release.Waiting}
	}}

type axis struct {
	name   string
	values []string
	counts func(*notify.Tally) map[string]int
}

// shares are the parts of an axis in per cent.
func (a axis) shares(t *notify.Tally, total int) []string {
	n, parts := a.counts(t), make([]int, len(a.values))
	for i, v := range a.values {
		parts[i] = n[v]
	}
	return frame.Shares(parts, total)
}

// bar draws an axis of which so many recipients are counted in all.
func (a axis) bar(t *notify.Tally, total int, href func(state string) string) bar {
	b := bar{Axis: a.name, Total: total}
	n, shares := a.counts(t), a.shares(t, total)
	x, sum := 0, 0
	for i, v := range a.values {
		p := barPart{Name: v, N: n[v], X: x, Href: href(v), Share: shares[i]}
		if sum += p.N; total > 0 {
			p.W = sum*1000/total - x
			x += p.W
		}
		b.Parts = append(b.Parts, p)
	}
	return b
}

// group is a row of one of the board's tables.
type group struct {
	Name string
	Href string
	*notify.Tally
	Open int // neither acknowledged nor objected
}

// boardLive is the live part of a board.
type boardLive struct {
	warningStatus
	Bars    []bar
	Towns   []group
	Sectors []group
	Grades  []group
	Round   *notify.Round
	Listing bool // the user may see single orders

	Inspections string // what they came to, of the district; empty where there is none
	Inspected   string // address of their list; empty for who may see none
}

// summary is one line, which a screen reader reads out when it changes.
type summary struct {
	*notify.Tally
	Town  string // whose numbers these are; empty for the district's
	Share string // percent that acknowledged
}

// own are the numbers that concern a user: a town's are its own, with its name.
func own(q *frame.Request, b *notify.Board) (t *notify.Tally, town string) {
	if q.Who.Role == calls.Town && q.Who.Town != "" {
		return b.OfTown(q.Who.Town), q.Who.Town
	}
	return &b.Tally, ""
}

// boardView is the page of a warning's board.
type boardView struct {
	*frame.Chrome
	Warning *alerts.Warning
	Parts   map[string]template.HTML
}

func (d *desk) board(q *frame.Request) (any, error) {
	var w *alerts.Warning
	err := q.View(func(tx *bbolt.Tx) (err error) { w, err = alerts.GetWarning(tx, q.ID()); return err })
	if err != nil {
		return nil, err
	}
	v := q.URL.Query()
	parts, err := frame.Shown(d.boardParts(q, w.ID, v))
	if err != nil {
		return nil, err
	}
	view := boardView{q.Chrome(), w, parts}
	view.Drill = w.Drill
	stream := url.Values{"page": {"board"}, "warning": {w.ID}}
	for _, p := range frame.Hidden(v, "state", "town", "sort", "cursor", frame.BackField) {
		stream.Set(p.Name, p.Value)
	}
	view.Watch = "/desk/live?" + stream.Encode()
	return view, nil
}

// boardParts are a board's live parts. Readers who see the same share them.
func (d *desk) boardParts(q *frame.Request, warning string, v url.Values) []frame.Part {
	part := func(name, about, scope string, make func(boardSource) (any, error)) frame.Part {
		return q.SharedPart(name, about, scope, func() (template.HTML, error) { return boardPart(q, warning, name, make) })
	}
	parts := []frame.Part{
		part("summary", warning, frame.ScopeKey(q.Who), func(s boardSource) (any, error) { return summaryOf(q, s.board), nil }),
		part("board", warning+"|"+sortOf(v), frame.ScopeKey(q.Who),
			func(s boardSource) (any, error) { return d.boardLive(q, s, sortOf(v)) }),
	}
	if q.May(calls.ActOrdersRead) {
		about := url.Values{"w": {warning}, "s": {v.Get("state")}, "t": {v.Get("town")}, "c": {v.Get("cursor")},
			"b": {v.Get(frame.BackField)}}.Encode()
		parts = append(parts, part("waiting", about, frame.ScopeKey(q.Who),
			func(s boardSource) (any, error) { return d.waiting(q, s, v) }))
	}
	return parts
}

// boardSource is what a board's parts are made of.
type boardSource struct {
	tx      *bbolt.Tx
	warning *alerts.Warning
	board   *notify.Board
}

// boardPart renders the template <name>-part with the view that make makes.
func boardPart(q *frame.Request, warning, name string, make func(boardSource) (any, error)) (out template.HTML,
	err error) {
	err = q.View(func(tx *bbolt.Tx) error {
		w, err := alerts.GetWarning(tx, warning)
		if err != nil {
			return err
		}
		b, err := notify.GetBoard(tx, warning)
		if err != nil {
			return err
		}
		v, err := make(boardSource{tx, service.WarningFor(q.Who, w), b})
		if err != nil {
			return err
		}
		out, err = q.HTML(name+"-part", v)
		return err
	})
	return out, err
}

func summaryOf(q *frame.Request, b *notify.Board) summary {
	t, town := own(q, b)
	return summary{t, town, answered.shares(t, t.Total)[0]}
}

func sortOf(v url.Values) string {
	if s := v.Get("sort"); s == "name" || s == "total" {
		return s
	}
	return "open"
}

func (d *desk) boardLive(q *frame.Request, s boardSource, order string) (*boardLive, error) {
	w, b := s.warning, s.board
	v := &boardLive{warningStatus: statusOf(q, w), Listing: q.May(calls.ActOrdersRead)}
	var err error
	if v.Round, err = notify.GetRound(s.tx, w.ID); err != nil {
		return nil, err
	}
	if err := v.inspected(q, d.Svc, s.tx); err != nil {
		return nil, err
	}
	if v.Newer, err = d.listNotice(q, s.tx, w); err != nil {
		return nil, err
	}
	href := func(state string) string {
		if !v.Listing || state == "release_received" {
			return ""
		}
		return "/desk/orders?" + url.Values{"warning": {w.ID}, "state": {state}}.Encode()
	}
	t, town := own(q, b)
	v.Town = town
	for _, a := range axes {
		v.Bars = append(v.Bars, a.bar(t, t.Total, href))
	}
	if t.Verdict["none"] < t.Total {
		v.Bars = append(v.Bars, judged.bar(t, t.Total, func(verdict string) string {
			return cmp.Or(foundPath(q, w, town, verdict), href(verdict))
		}))
	}
	if t.Release.Total > 0 {
		v.Bars = append([]bar{ended.bar(t, t.Release.Total, href)}, v.Bars...)
	}
	for i := range b.ByTown {
		t := &b.ByTown[i]
		g := groupOf(cmp.Or(t.Town, q.T("none_given")), &t.Tally)
		if v.Listing && t.Town != "" && (town == "" || t.Town == town) { // a town sees no orders of another
			g.Href = warningPath(w.ID) + "/board?" + url.Values{"town": {t.Town}}.Encode() + "#waiting"
		}
		v.Towns = append(v.Towns, g)
	}
	for i := range b.BySector {
		v.Sectors = append(v.Sectors, groupOf(b.BySector[i].Sector, &b.BySector[i].Tally))
	}
	for i := range b.ByGrade {
		v.Grades = append(v.Grades, groupOf(cmp.Or(terms.Name(terms.Grade, b.ByGrade[i].Grade, q.Lang), q.T("none_given")),
			&b.ByGrade[i].Tally))
	}
	for _, rows := range [][]group{v.Towns, v.Sectors, v.Grades} {
		sortGroups(rows, order)
	}
	return v, nil
}

// inspected words what the inspections under the warning came to.
func (v *boardLive) inspected(q *frame.Request, svc *service.Service, tx *bbolt.Tx) error {
	sum, of, err := svc.PublicInspections(tx, v.ID)
	if err != nil || sum.Total == 0 {
		return err
	}
	v.Inspections = q.T("inspected.line", "of", of, "n", sum.Total, "failed", sum.Failed, "cases", sum.Cases)
	if q.May(calls.ActInspectionsRead) {
		v.Inspected = "/desk/inspections?" + url.Values{"warning": {v.ID}}.Encode()
	}
	return nil
}

// foundPath is the address of the findings behind a verdict of a warning's orders; empty where it rests on none, or the
// reader may see none. While a warning goes on, orders show what stands; once it has ended, the worst that was found.
func foundPath(q *frame.Request, w *alerts.Warning, town, verdict string) string {
	if !slices.Contains([]string{"suspected", "violated", "no_data"}, verdict) || !q.May(calls.ActFindingsRead) {
		return ""
	}
	query := url.Values{"warning": {w.ID}, "verdict": {verdict}}
	if town != "" {
		query.Set("town", town)
	}
	if w.State != alerts.Lifted && w.State != alerts.Cancelled {
		query.Set("state", "open")
	}
	return "/desk/findings?" + query.Encode()
}

func groupOf(name string, t *notify.Tally) group {
	return group{Name: name, Tally: t, Open: t.Answer["awaiting"] + t.Answer["overdue"]}
}

// sortGroups sorts by name, by total, or else puts those first that have most left to answer.
func sortGroups(rows []group, order string) {
	slices.SortFunc(rows, func(a, b group) int {
		switch order {
		case "name":
			return cmp.Compare(a.Name, b.Name)
		case "total":
			return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Name, b.Name))
		default:
			return cmp.Or(cmp.Compare(b.Answer["overdue"], a.Answer["overdue"]), cmp.Compare(b.Open, a.Open),
				cmp.Compare(b.Answer["objected"], a.Answer["objected"]), cmp.Compare(a.Name, b.Name))
		}
	})
}

// waitingView lists who has not answered and whose objection waits.
type waitingView struct {
	Warning string
	State   string
	Town    string
	Towns   []string
	Tabs    []tab
	Rows    []frame.OrderRow
	Phones  bool
	Decide  bool // the user may decide objections
	Calls   bool // the user may see the call sheet
	frame.Pager
}

type tab struct {
	State   string
	N       int
	Href    string
	Current bool
}

// waitingRows is how many of them a board names at a time: it is there for its numbers, and the call sheet for calling.
const waitingRows = 10

var waitingStates = []string{"overdue", "awaiting", "objected", "pending", "failed", notify.ReleaseWaiting}

// waiting lists the orders in one state, of the town that was asked for or that the user may see, a page at a time. A
// state in which the board counts nobody is not looked for.
func (d *desk) waiting(q *frame.Request, source boardSource, query url.Values) (*waitingView, error) {
	w, b := source.warning, source.board
	f := notify.Filter{Warning: w.ID, Town: query.Get("town"), State: query.Get("state")}
	v := &waitingView{Warning: w.ID, Phones: q.Phones(), Decide: q.May(calls.ActOrdersObjection),
		Calls: q.May(calls.ActCallSheet)}
	may := service.Narrow(&f, q.Who)
	tally := &b.Tally
	if f.Town != "" {
		tally = b.OfTown(f.Town)
	}
	for i := range b.ByTown {
		if town := b.ByTown[i].Town; town != "" && (q.Who.Role != calls.Town || town == q.Who.Town) {
			v.Towns = append(v.Towns, town)
		}
	}
	if !slices.Contains(waitingStates, f.State) {
		i := slices.IndexFunc(waitingStates, func(s string) bool { return stateCount(tally, s) > 0 })
		f.State = waitingStates[max(i, 0)]
	}
	v.State, v.Town = f.State, f.Town
	address := func(state, cursor, back string) string {
		p := url.Values{"state": {state}}
		for name, value := range map[string]string{"town": query.Get("town"), "cursor": cursor, frame.BackField: back} {
			if value != "" {
				p.Set(name, value)
			}
		}
		return warningPath(w.ID) + "/board?" + p.Encode() + "#waiting"
	}
	for _, s := range waitingStates {
		v.Tabs = append(v.Tabs, tab{s, stateCount(tally, s), address(s, "", ""), s == f.State})
	}
	if !may || q.Who.Role != calls.Enterprise && stateCount(tally, f.State) == 0 {
		return v, nil
	}
	rows, next, err := q.OrderRows(source.tx, f, query.Get("cursor"), waitingRows)
	v.Rows = rows
	v.Pager = frame.PagerAt(query, next, func(cursor, back string) string { return address(f.State, cursor, back) })
	return v, err
}

func stateCount(t *notify.Tally, state string) int {
	for _, a := range []axis{axes[0], axes[1], ended} {
		if slices.Contains(a.values, state) {
			return a.counts(t)[state]
		}
	}
	return 0
}
