package live

import (
	"slices"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// Topic is a kind of subject that viewers hear of. Those of this package are told as the kinds say; one of
// [Options.Topics] reaches the viewers that may read the same by a call; a subject that is a recipient's reaches only
// that recipient, its town, and viewers of its order or warning, as orders do. Stations, findings and tasks, which are
// few and seldom change, reach whoever sees all recipients.
type Topic struct {
	Kind Kind   // of the messages, and what the subjects are called by who records them: see journal.Subject
	Act  string // the right, as package access names it
	Each bool   // each event about a subject has a message; else one a block, at the last entry about it
	Read func(tx *bbolt.Tx, s journal.Subject) (View, error)
}

// View is how a subject stands. The zero View is one that is gone, and nothing is told of it.
type View struct {
	Value  any // as JSON, shared by all who get it
	Public any // what those get of it who see what is public alone; nil where that is all

	Warning, Order, Recipient, Town string // whose it is; empty where it is nobody's alone
}

// makeTopics enters the topics that every hub has, and more.
func (h *Hub) makeTopics(more []Topic) {
	own := []Topic{
		{Kind: Warning, Read: readWarning},
		{Kind: Proposal, Read: readProposal},
		{Kind: List, Read: h.readVersion},
		{Kind: Feed, Read: readFeed},
		{Kind: Order, Each: true, Read: readOrder},
		{Kind: Station, Act: calls.ActTelemetryRead, Read: h.readStation},
		{Kind: Finding, Act: calls.ActFindingsRead, Read: h.readFinding},
		{Kind: Task, Act: calls.ActTasksRead, Read: h.readTask},
		{Kind: Inspection, Act: calls.ActInspectionsRead, Read: h.readInspection},
	}
	h.topics = map[Kind]*Topic{}
	for _, t := range slices.Concat(own, more) {
		if h.topics[t.Kind] != nil || t.Kind == Snapshot || t.Kind == Board {
			panic("live: topic twice: " + string(t.Kind))
		}
		h.topics[t.Kind] = &t
	}
}

func readWarning(tx *bbolt.Tx, s journal.Subject) (View, error) {
	w, err := alerts.GetWarning(tx, s.ID)
	if err != nil {
		return View{}, err
	}
	return View{Value: w, Public: w.Public(), Warning: w.ID}, nil
}

func readProposal(tx *bbolt.Tx, s journal.Subject) (View, error) {
	p, err := alerts.GetProposal(tx, s.ID)
	return View{Value: p}, err
}

// readVersion is a version of the list; a draft may have been discarded since.
func (h *Hub) readVersion(tx *bbolt.Tx, s journal.Subject) (View, error) {
	v, err := reductionlist.GetVersion(tx, s.ID)
	if refusal.CodeOf(err) == refusal.NotFound {
		return View{}, nil
	}
	if err != nil {
		return View{}, err
	}
	value, err := h.opt.Version(tx, &v, h.svc.J.Wall())
	return View{Value: value}, err
}

// readStation is a station as everybody who may see it does.
func (h *Hub) readStation(tx *bbolt.Tx, s journal.Subject) (View, error) {
	st, err := telemetry.Get(tx, s.ID)
	if err != nil {
		return View{}, err
	}
	shown, err := h.svc.StationOf(tx, nil, st)
	return View{Value: shown, Recipient: st.Recipient, Town: shown.Town}, err
}

// readFinding is a finding as everybody who may see it does. It is of the order that was judged last.
func (h *Hub) readFinding(tx *bbolt.Tx, s journal.Subject) (View, error) {
	shown, err := h.svc.FoundFor(tx, nil, s.ID)
	if err != nil {
		return View{}, err
	}
	c, err := compliance.GetCase(tx, shown.WarningID, shown.RecipientID)
	return View{Value: shown, Warning: shown.WarningID, Order: c.Order, Recipient: shown.RecipientID, Town: shown.Town}, err
}

// readTask is a task as everybody who may see it does.
func (h *Hub) readTask(tx *bbolt.Tx, s journal.Subject) (View, error) {
	shown, err := h.svc.TaskFor(tx, nil, s.ID)
	return View{Value: shown, Warning: shown.Warning, Order: shown.Order, Recipient: shown.Recipient, Town: shown.Town}, err
}

// readInspection is an inspection as everybody who may see it does.
func (h *Hub) readInspection(tx *bbolt.Tx, s journal.Subject) (View, error) {
	shown, err := h.svc.InspectionFor(tx, nil, s.ID, "zh-CN")
	return View{Value: shown, Warning: shown.WarningID, Order: shown.OrderID, Recipient: shown.RecipientID, Town: shown.Town}, err
}

func readFeed(tx *bbolt.Tx, s journal.Subject) (View, error) {
	feeds, err := alerts.Feeds(tx)
	at := slices.IndexFunc(feeds, func(f alerts.FeedState) bool { return f.Feed == s.ID })
	if err != nil || at < 0 {
		return View{}, err
	}
	return View{Value: feeds[at]}, nil
}

func readOrder(tx *bbolt.Tx, s journal.Subject) (View, error) {
	o, err := notify.Get(tx, s.ID)
	if err != nil {
		return View{}, err
	}
	return View{Value: changeOf(o, s.Change), Warning: o.WarningID, Order: o.ID, Recipient: o.RecipientID,
		Town: o.Town}, nil
}
