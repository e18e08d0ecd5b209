package journal

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/notify/channel"
	"qingkong/notify/ledger"
)

// The journal's own events: who runs side effects, what was sent, which timers ran, what was erased.

var (
	leaseBucket = []byte("journal.lease") // "lease" -> epoch (8), node
	leaseKey    = []byte("lease")
)

// LeaseTaken is recorded when a node begins to run side effects and timers.
type LeaseTaken struct {
	Node  string `json:"node"`
	Epoch uint64 `json:"epoch"`
}

// Kind implements Event.
func (LeaseTaken) Kind() string { return "journal.lease_taken" }

// Sent is recorded, in batches, after messages went out by a channel.
type Sent struct {
	Epoch   uint64      `json:"epoch"`
	Channel string      `json:"channel,omitempty"` // empty is NATS
	Groups  []SentGroup `json:"groups"`
}

// SentGroup is what went out of one topic and goes out again at the same time; zero means never again.
type SentGroup struct {
	Topic string   `json:"topic"`
	Again int64    `json:"again,omitempty"` // ms since 1970
	IDs   []string `json:"ids"`
}

// Kind implements Event.
func (Sent) Kind() string { return "journal.sent" }

// Outcome is recorded of one message that a channel's carrier did not take, or gave an id of its own.
type Outcome struct {
	Epoch     uint64         `json:"epoch"`
	Channel   string         `json:"channel"`
	Topic     string         `json:"topic"`
	ID        string         `json:"id"`
	Result    channel.Result `json:"result"`
	CarrierID string         `json:"carrier_id,omitempty"`
	Why       string         `json:"why,omitempty"`
	Again     int64          `json:"again,omitempty"` // ms since 1970; 0 is never
}

// Kind implements Event.
func (Outcome) Kind() string { return "journal.outcome" }

// TimerFired is recorded with what the timer's command led to, or with why it was refused.
type TimerFired struct {
	ID      string `json:"id"`
	Refused string `json:"refused,omitempty"`
}

// Kind implements Event.
func (TimerFired) Kind() string { return "journal.timer_fired" }

// VaultErased is recorded when a vault entry was erased; its salted hash in older entries proves nothing less.
type VaultErased struct {
	Ref    string `json:"ref"`
	Reason string `json:"reason"`
}

// Kind implements Event.
func (VaultErased) Kind() string { return "journal.vault_erased" }

func ownModule() Module {
	var buckets []string
	for _, name := range [][]byte{metaBucket, blocksBucket, idemBucket, idemAtBucket, outboxBucket, outboxDueBucket,
		timersBucket, timersDueBucket, leaseBucket, blobsBucket, namedBucket} {
		buckets = append(buckets, string(name))
	}
	return Module{Name: "journal", Buckets: append(buckets, ledger.Buckets()...), Decode: decodeOwn, Apply: applyOwn}
}

var ownEvents = map[string]func(data []byte) (Event, error){
	LeaseTaken{}.Kind():     decodeAs[LeaseTaken],
	Sent{}.Kind():           decodeAs[Sent],
	Outcome{}.Kind():        decodeAs[Outcome],
	TimerFired{}.Kind():     decodeAs[TimerFired],
	RecordRestored{}.Kind(): decodeAs[RecordRestored],
	VaultErased{}.Kind():    decodeAs[VaultErased],
}

func decodeOwn(kind string, data []byte) (Event, error) {
	decode := ownEvents[kind]
	if decode == nil {
		return nil, fmt.Errorf("journal: unknown event kind %q", kind)
	}
	return decode(data)
}

func decodeAs[E Event](data []byte) (Event, error) {
	var e E
	err := json.Unmarshal(data, &e)
	return e, err
}

func applyOwn(tx *bbolt.Tx, fx Effects, at time.Time, _ string, _ Pos, ev Event) error {
	out := fx.(*effects) // the journal hands its own
	switch e := ev.(type) {
	case LeaseTaken:
		row := append(binary.BigEndian.AppendUint64(nil, e.Epoch), e.Node...)
		return tx.Bucket(leaseBucket).Put(leaseKey, row)
	case Sent:
		for _, g := range e.Groups {
			for _, id := range g.IDs {
				out.went(cmp.Or(e.Channel, channel.NATS), g.Topic, id, channel.Sent, g.Again)
			}
		}
	case Outcome:
		out.went(e.Channel, e.Topic, e.ID, e.Result, e.Again)
	case TimerFired:
		out.CancelTimer(e.ID)
	case RecordRestored:
		return applyRestored(tx, e)
	case VaultErased:
		out.owes = true
		return eraseEntry(tx, e.Ref)
	default:
		return fmt.Errorf("journal: unknown event %T", ev)
	}
	return nil
}

// Lease reads who runs side effects by the record.
func Lease(tx *bbolt.Tx) (node string, epoch uint64) {
	row := tx.Bucket(leaseBucket).Get(leaseKey)
	if len(row) < 8 {
		return "", 0
	}
	return string(row[8:]), binary.BigEndian.Uint64(row)
}

// CheckEpoch refuses what an earlier holder of the lease still wants to record.
func CheckEpoch(tx *bbolt.Tx, epoch uint64) error {
	if _, now := Lease(tx); epoch != now {
		return refusal.New(refusal.Conflict, "journal.old_epoch", refusal.Args{"epoch": epoch, "now": now})
	}
	return nil
}

// takeLease is the command of a node that holds the lease in the key-value bucket.
type takeLease struct {
	Node string `json:"node"`
}

type fireTimer struct {
	Epoch uint64 `json:"epoch"`
	ID    string `json:"id"`
}

type eraseVault struct {
	Ref    string `json:"ref"`
	Reason string `json:"reason"`
}

const (
	cmdTakeLease     = "journal.take_lease"
	CommandFireTimer = "journal.fire_timer"
	cmdErase         = "journal.erase"
)

func registerOwn(r *Registry) {
	Handle(r, cmdTakeLease, func(tx *bbolt.Tx, _ string, in takeLease, _ time.Time) ([]Event, uint64, error) {
		_, epoch := Lease(tx)
		return []Event{LeaseTaken{Node: in.Node, Epoch: epoch + 1}}, epoch + 1, nil
	})
	HandleMoment(r, CommandFireTimer, r.decideFire)
	Handle(r, cmdErase, func(_ *bbolt.Tx, _ string, in eraseVault, _ time.Time) ([]Event, bool, error) {
		if in.Ref == "" || in.Reason == "" {
			return nil, false, refusal.Input([]refusal.Field{{Path: "reason", Rule: "input.required"}})
		}
		return []Event{VaultErased(in)}, true, nil
	})
	HandleMoment(r, cmdRestored, decideRestored)
	r.Vital(cmdTakeLease, CommandFireTimer)
}

// decideFire runs a due timer's command. A refusal is recorded and the timer is done: its command was decided
// on the state of its time, and asking again would not change that.
func (r *Registry) decideFire(tx *bbolt.Tx, actor string, in fireTimer, now Moment) ([]Event, bool, error) {
	if err := CheckEpoch(tx, in.Epoch); err != nil {
		return nil, false, err
	}
	row, err := readTimer(tx.Bucket(timersBucket), in.ID)
	if err != nil || row == nil || time.UnixMilli(row.Due).After(row.clock(now)) {
		return nil, false, err // gone or moved on
	}
	h := r.handlers[row.Command]
	if h == nil {
		return nil, false, fmt.Errorf("timer %s: no handler for command %q", in.ID, row.Command)
	}
	payload, err := h.payload(row.Payload)
	if err != nil {
		return nil, false, fmt.Errorf("timer %s: %w", in.ID, err)
	}
	events, _, err := h.decide(tx, actor, payload, Proof{}, now)
	if code := refusal.CodeOf(err); code != "" {
		return []Event{TimerFired{ID: in.ID, Refused: err.Error()}}, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	return append([]Event{TimerFired{ID: in.ID}}, events...), true, nil
}

// FireTimer runs a due timer's command under the lease's epoch. One that is gone or not yet due is no error.
func (j *Journal) FireTimer(ctx context.Context, epoch uint64, id string) error {
	_, err := j.Submit(ctx, Command{Kind: CommandFireTimer, Actor: "system", Payload: fireTimer{Epoch: epoch, ID: id}})
	return err
}
