// Package live tells viewers what changes, as server-sent events (WHATWG HTML §9.2): the snapshot first, then every
// change.
//
// One goroutine of a [Hub] follows the journal while anybody listens, and makes a few kinds of messages of what was
// recorded. Each is rendered once and its bytes are shared by all who get it. It is begun with the first viewer and
// ends some time after the last: a record that nobody looks at costs nothing.
//
//	snapshot  {"index", "warnings": [{"warning", "board"}], "proposals", "list", "feeds", "orders"}: where things stand
//	warning   a warning as it stands now
//	proposal  a proposal as it stands now
//	board     the counters of a warning; of many changes at most one message in half a second, and always the last
//	order     {"id", "warning_id", "recipient_id", "revision", "state", "delivery", "answer", "execution", "verdict", "event"}
//	list      a version of the list that was begun, approved or activated, came into force, or ceased to count
//	feed      a source that fell silent, or is heard again
//	station   a station of the register as it stands now; the snapshot has none
//
// Which entries these come from each module says by itself (journal.Module.About); what another one records joins as a
// [Topic]. Who gets what, and what of it the snapshot holds, is a [Filter]; a member of the snapshot that its reader
// may not see is left out. All but order say how something stands, which may be later than the entry they came from,
// never earlier.
//
// # Ids
//
// The id of a message is the index of the last ledger entry it covers, a number that tells it from others of the same
// index, and a word that names the hub: 4711.1.k3f9. The id of a snapshot is the bare index, 4711: all of the record up
// to there, and nothing after it. Whoever read the record by itself may resume from a bare index in the same way.
//
// A viewer that comes back with the last id it saw gets what it missed: all messages after it, but of each board only
// the last. When they are no longer known (the hub keeps those of the last 10,000 entries, and none over a restart;
// another node has other boards) it gets a snapshot in their place, which it takes for everything it knew.
package live

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// Kind is the event's name on the wire.
type Kind string

// The kinds of messages; Value has the type named here.
const (
	Snapshot Kind = "snapshot"                 // *State
	Warning  Kind = alerts.AboutWarning        // *alerts.Warning
	Proposal Kind = alerts.AboutProposal       // *alerts.Proposal
	Board    Kind = "board"                    // *calls.InspectedBoard
	Order    Kind = notify.AboutOrder          // *OrderChange
	List     Kind = reductionlist.AboutVersion // what Options.Version makes of it
	Feed     Kind = alerts.AboutFeed           // alerts.FeedState
	Station  Kind = telemetry.AboutStation     // calls.Station
	Finding  Kind = compliance.AboutFinding    // calls.FindingView, without what was written about people
	Task     Kind = compliance.AboutTask       // calls.TaskView, likewise and without its rank

	Inspection Kind = inspect.AboutInspection // calls.InspectionView, without what it says of people
)

// OrderChange is an order as it stands after an event of it. Event is a change that [notify.About] names; empty in a
// snapshot.
type OrderChange struct {
	ID          string `json:"id"`
	WarningID   string `json:"warning_id"`
	RecipientID string `json:"recipient_id"`
	Revision    int    `json:"revision"`
	State       string `json:"state"`
	Delivery    string `json:"delivery"`
	Answer      string `json:"answer"`
	Execution   string `json:"execution"`
	Verdict     string `json:"verdict"`
	Event       string `json:"event,omitempty"`
}

func changeOf(o *notify.Order, event string) *OrderChange {
	return &OrderChange{ID: o.ID, WarningID: o.WarningID, RecipientID: o.RecipientID, Revision: o.Revision,
		State: o.State.String(), Delivery: o.Delivery.String(), Answer: o.Answer.String(),
		Execution: o.Execution.String(), Verdict: o.Verdict.String(), Event: event}
}

// Message is one change, shared by all who get it: nothing of it may be written.
type Message struct {
	Kind  Kind
	ID    string
	Index int64 // of the last ledger entry that it covers
	Value any

	n       int    // among those of its index
	act     string // the right to hear of it, where it is of another topic than ours
	warning string // whose it is, where it is a warning's
	order   string
	of      string // the recipient
	town    string
	public  *Message // what those get of it who get what is public alone; nil where that is all

	mu     sync.Mutex
	text   []byte
	frames []frame
}

// frame is a message as one face shows it.
type frame struct {
	face *Face
	text []byte
}

// as is what a viewer gets of a message that its filter takes.
func (m *Message) as(f *Filter) *Message {
	if f.Public && m.public != nil {
		return m.public
	}
	return m
}

// JSON is the value as JSON, in one line.
func (m *Message) JSON() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.text == nil {
		var err error
		if m.text, err = json.Marshal(m.Value); err != nil {
			panic(fmt.Sprintf("live: %s %s: %v", m.Kind, m.ID, err)) // these values always encode
		}
	}
	return m.text
}

// place is where a message stands among all: by entry, and within one entry by number.
type place struct {
	index int64
	n     int
}

// whole as a number stands behind all messages of an entry.
const whole = math.MaxInt

func (p place) before(q place) bool {
	return p.index < q.index || p.index == q.index && p.n < q.n
}

func (m *Message) place() place { return place{m.Index, m.n} }

func (p place) id(tag string) string {
	if p.index < 0 {
		return "" // of a record without entries
	}
	text := strconv.FormatInt(p.index, 10)
	if p.n == whole {
		return text
	}
	return text + "." + strconv.Itoa(p.n) + "." + tag
}

// parseID reads an id; tag is empty for a bare index.
func parseID(id string) (p place, tag string, err error) {
	parts := strings.Split(id, ".")
	number := func(text string, bits int) int64 {
		n, wrong := strconv.ParseUint(text, 10, bits)
		if wrong != nil {
			err = refusal.Wrong("last_event_id", "live.want_id", refusal.Args{"value": id})
		}
		return int64(n)
	}
	p = place{number(parts[0], 62), whole}
	switch len(parts) {
	case 1:
	case 3:
		p.n, tag = int(number(parts[1], 31)), parts[2]
	default:
		number("", 0)
	}
	return p, tag, err
}
