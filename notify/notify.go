// Package notify turns a warning into orders: one recipient's measures under one warning, issued when the
// warning is announced or becomes active, revised when its level changes, released when it ends, and answered by
// the recipient in between.
//
// A change of a warning leaves a round. A round is worked off in chunks of at most [MaxChunk] orders, each a
// command of its own, so that a hundred thousand orders never stand in one block; the last chunk ends the
// round and sets the acknowledge deadline. What was ordered is frozen: the data of an order_issued event is
// the order's body, stays where the record keeps it, and is found again by its [Pos]. A change is a new
// revision that names the one it supersedes.
//
// # Buckets, all journaled
//
//	notify.settings      ""                             JSON Settings
//	notify.plans         warning id                     JSON round
//	notify.orders        order id                       binary row, see row.go
//	notify.by_recipient  recipient id, 0, order id      empty: every order of a recipient
//	notify.pending       recipient id, 0, order id      empty: open, or its release is not yet received
//	notify.counters      warning id, 0, dimension, value  a varint per counter, see board.go
//	notify.figures       recipient id                   JSON plant.FiguresRecord: the latest figures of a plant
//	notify.accepted      warning id, 0, recipient id    JSON OperatingPlan that the recipient's latest order carries
//	notify.restored      warning id                     JSON []int: its floors, see restored.go
//	notify.releases      warning id, 0, number          JSON ReleaseWords: what recipients are told whose orders end
//	notify.objections    order id                       JSON objection: the latest one and its decision
//	notify.reports       order id, 0, number            binary row, see progress.go: what was reported, completed, corrected
//	notify.call_sheet    warning id, 0, town, deadline, order id  grams at stake: whom to call, see callsheet.go
//	notify.relists       warning id, 0, recipient id    JSON listRef: the version that a recipient follows, where that is
//	                                                    not the one the warning is pinned to
//
// An order id is "<warning>-<recipient>-<revision>", so the orders of a warning lie together in the order of
// their recipients. Ids hold no zero byte.
package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// Event is one fact to be recorded.
type Event = alerts.Event

// Effects is what applying an event may ask of the world.
type Effects = interface {
	alerts.Effects
	SendBy(channel, topic, id string, due time.Time)
	Wall() time.Time
	Together(name string, make func() Saver) Saver
}

// Saver is what the events of a block leave together; Save is called once after the last of them.
type Saver = interface{ Save(tx *bbolt.Tx) error }

// Pos is where an event's data lies in the record.
type Pos = struct {
	Block    uint64
	Off, Len uint32
}

// Reader returns the data of the event at pos in the form in which it was recorded: for an order, its frozen body.
type Reader = func(tx *bbolt.Tx, pos Pos) ([]byte, error)

// Contact resolves a vault reference to the duty contact an order names. An erased or empty reference gives
// empty strings.
type Contact = func(ref string) (name, phone string)

// Note resolves a vault reference to a note or a reason, empty for one that was erased. A nil Note belongs to somebody
// who may read none.
type Note func(ref string) string

func (n Note) text(ref string) string {
	if n == nil || ref == "" {
		return ""
	}
	return n(ref)
}

// Vault resolves references to what can be erased.
type Vault struct {
	Contact Contact
	Note    Note
}

// Topic is the outbox topic of orders. A message id is the order id, a slash and what happened:
// "issued", "revised" or "released".
const Topic = "order"

// Commands that timers run.
const (
	CommandRound   = "order.plan"    // payload RoundChunk
	CommandOverdue = "order.overdue" // payload OverdueChunk

	CommandDecisionEnds = "order.decision_ends" // payload DecisionEnds
	CommandNextStage    = "order.next_stage"    // payload NextStage
)

var (
	settingsBucket    = []byte("notify.settings")
	roundsBucket      = []byte("notify.plans")
	ordersBucket      = []byte("notify.orders")
	byRecipientBucket = []byte("notify.by_recipient")
	pendingBucket     = []byte("notify.pending")
	countersBucket    = []byte("notify.counters")
	figuresBucket     = []byte("notify.figures")
	acceptedBucket    = []byte("notify.accepted")
	restoredBucket    = []byte("notify.restored")
	relistsBucket     = []byte("notify.relists")
	releasesBucket    = []byte("notify.releases")
	objectionsBucket  = []byte("notify.objections")
	reportsBucket     = []byte("notify.reports")
	sheetBucket       = []byte("notify.call_sheet")
)

// Buckets are the bbolt buckets of this package; all are journaled.
func Buckets() []string {
	return []string{
		string(settingsBucket), string(roundsBucket), string(ordersBucket),
		string(byRecipientBucket), string(pendingBucket), string(countersBucket), string(relistsBucket),
		string(figuresBucket), string(acceptedBucket), string(restoredBucket),
		string(releasesBucket), string(objectionsBucket), string(reportsBucket), string(sheetBucket),
	}
}

// decoders read the events of this package, which are pointers, back by their kinds.
var decoders = map[string]func([]byte) (Event, error){
	kindIssued:        decode[Issued],
	kindReleaseWorded: decode[ReleaseWorded],
	kindReleased:      decode[Released],
	kindChunkDone:     decode[ChunkDone],
	kindAnswered:      decode[Answered],
	kindSent:          decode[Sent],
	kindOverdue:       decode[Overdue],
	kindDecided:       decode[Decided],
	kindJudged:        decode[Judged],
	kindStaged:        decode[Staged],
	kindRelisted:      decode[Relisted],
	kindSettings:      decode[SettingsChanged],
	kindFigures:       decode[FiguresGiven],
	kindReason:        decode[PlanReason],
	kindCalled:        decode[Called],
}

func decode[T any, P interface {
	*T
	Event
}](data []byte) (Event, error) {
	ev := P(new(T))
	if err := json.Unmarshal(data, ev); err != nil {
		return nil, fmt.Errorf("notify: %s: %w", ev.Kind(), err)
	}
	return ev, nil
}

// Decode gives back the event that was recorded under kind.
func Decode(kind string, data []byte) (Event, error) {
	if read := decoders[kind]; read != nil {
		return read(data)
	}
	return nil, fmt.Errorf("notify: unknown event kind %q", kind)
}

// Apply writes what ev says. pos is where the event's data lies in the record. The result depends on nothing
// but the state, at, pos and ev.
func Apply(tx *bbolt.Tx, fx Effects, at time.Time, actor string, pos Pos, ev Event) error {
	switch ev := ev.(type) {
	case *Issued:
		return applyIssued(tx, fx, at, pos, ev)
	case *Answered:
		return applyAnswered(tx, fx, at, pos, ev)
	case *Sent:
		return applySent(tx, fx, ev)
	case *ReleaseWorded:
		return applyReleaseWorded(tx, ev)
	case *Released:
		return applyReleased(tx, fx, at, ev)
	case *ChunkDone:
		return applyChunkDone(tx, fx, at, ev)
	case *Overdue:
		return applyOverdue(tx, fx, at, ev)
	case *Decided:
		return applyDecided(tx, fx, at, ev)
	case *Judged:
		return applyJudged(tx, fx, ev)
	case *Called:
		return applyCalled(tx, fx, at, ev)
	case *Staged:
		return applyStaged(tx, fx, at, ev)
	case *Relisted:
		return applyRelisted(tx, ev)
	case *SettingsChanged:
		return applySettings(tx, ev)
	case *FiguresGiven:
		return applyFigures(tx, at, actor, ev)
	case *PlanReason:
		return nil // it is read from the record, in the order's history
	}
	return fmt.Errorf("notify: cannot apply %T", ev)
}

// fromMilli is the inverse of Time.UnixMilli in Shanghai time; 0 is the zero time.
func fromMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).In(alerts.Shanghai())
}

func toMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
