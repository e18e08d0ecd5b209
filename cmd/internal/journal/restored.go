package journal

import (
	"encoding/json"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// A record that was made to end early, by a restore or a rebuild, begins to go on with an event that says so: ids
// beyond its end may be outside, so the domain lets its numbers go on above them. Entries that the restore erased, and
// that the blocks do not know to be erased, are recorded in the same block. The mark in the folder asks for it until it
// stands in the record.

// numbersSkipped is how far numbers go on above what a restored record knows.
const numbersSkipped = 20

// erasedAtOnce bounds the erasures that share a block with the event; more follow by themselves.
const erasedAtOnce = 2000

// RecordRestored is the first event after the end of the record was lost.
type RecordRestored struct {
	Block     uint64   `json:"block"`               // where the record was made to end
	Confirmed uint64   `json:"confirmed,omitempty"` // how far it had reached; 0 where that is not known
	At        string   `json:"restored_at"`
	Skip      int      `json:"skip"`
	OnDays    []string `json:"days"`
}

// Kind implements Event.
func (RecordRestored) Kind() string { return "journal.restored" }

// Skips is how far numbers go on above what they were.
func (r RecordRestored) Skips() int { return r.Skip }

// Days are the days, YYYYMMDD, whose numbers may have been given out.
func (r RecordRestored) Days() []string { return r.OnDays }

const cmdRestored = "journal.restored"

var restoredKey = []byte("restored")

func decideRestored(tx *bbolt.Tx, _ string, in RestoredMark, now Moment) ([]Event, bool, error) {
	if done, err := restoredIn(tx); err != nil || done != nil && done.Block == in.Block && done.At == in.At {
		return nil, false, err
	}
	const day = "20060102"
	ev := RecordRestored{Block: in.Block, Confirmed: in.Confirmed, At: in.At, Skip: numbersSkipped,
		OnDays: slices.Compact([]string{now.At.In(shanghai).Format(day), now.Wall.In(shanghai).Format(day)})}
	events := []Event{ev}
	for _, ref := range in.Erased {
		events = append(events, VaultErased{Ref: ref, Reason: erasedByRestore})
	}
	return events, true, nil
}

const erasedByRestore = "restored backup: erased after it was made"

func applyRestored(tx *bbolt.Tx, ev RecordRestored) error {
	row, err := json.Marshal(RestoredMark{Block: ev.Block, At: ev.At})
	if err != nil {
		return err
	}
	return tx.Bucket(metaBucket).Put(restoredKey, row)
}

// restoredIn is the latest restore that the record tells of, or nil.
func restoredIn(tx *bbolt.Tx) (*RestoredMark, error) {
	row := tx.Bucket(metaBucket).Get(restoredKey)
	if row == nil {
		return nil, nil
	}
	m := new(RestoredMark)
	return m, json.Unmarshal(row, m)
}

// oweRestored has the writer put the restore that the folder tells of into the record, before anything else.
func (j *Journal) oweRestored() {
	if j.restored == nil {
		return
	}
	mark, rest := *j.restored, []string(nil)
	if len(mark.Erased) > erasedAtOnce {
		mark.Erased, rest = mark.Erased[:erasedAtOnce], mark.Erased[erasedAtOnce:]
	}
	j.owe(Command{Kind: cmdRestored, Actor: "system", Payload: mark})
	for _, ref := range rest {
		j.owe(Command{Kind: cmdErase, Actor: "system", Key: "restored/" + mark.At + "/" + ref,
			Payload: eraseVault{Ref: ref, Reason: erasedByRestore}})
	}
}

func (j *Journal) owe(cmd Command) {
	p := &pending{cmd: cmd, h: j.reg.handlers[cmd.Kind]}
	p.done = func(_ any, err error) {
		if err == nil {
			return
		}
		if refusal.CodeOf(err) != refusal.NotReady {
			j.opt.Log.Error("what the record owes after a restore could not be written; it is tried again", "command", cmd.Kind,
				"err", err)
		}
		j.owed = append(j.owed, p)
	}
	j.owed = append(j.owed, p)
}

// first puts what the record owes before anything else.
func (j *Journal) first(work []*pending) []*pending {
	if len(j.owed) == 0 {
		return work
	}
	work, j.owed = append(j.owed, work...), nil
	return work
}

// RestoredAt is when the record was last made to end early, by a restore or a rebuild; false where it never was.
func RestoredAt(tx *bbolt.Tx) (at time.Time, restored bool, err error) {
	m, err := restoredIn(tx)
	if err != nil || m == nil {
		return at, false, err
	}
	at, err = time.Parse(timeForm, m.At)
	return at, true, err
}
