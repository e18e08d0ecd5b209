package notify

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// The reports of a recipient on an order, its completion and the corrections of that are kept in their order, numbered
// from 1: when the record had each, the digest of its content, and where in the record it stands.

const (
	// maxReports is how many an order takes; its completion comes on top.
	maxReports = 500
	reportRow  = 8 + 8 + 16
	// clocksApart is by how much the clock of a recipient's machine may be ahead of ours.
	clocksApart = 2 * time.Minute
	// reportedBack is how long before the order a report may speak of: an order that is revised goes on from the one before.
	reportedBack = 30 * 24 * time.Hour
)

// checkProgress says what is wrong with the members of an answer that only progress has.
func checkProgress(action Action, at *time.Time, correction, noted bool) (wrong []refusal.Field) {
	if correction && (action != Complete || !noted) {
		wrong = append(wrong, refusal.Field{Path: "correction", Rule: "order.correct_alone"})
	}
	if at != nil && action != Report && action != Complete {
		wrong = append(wrong, refusal.Field{Path: "at", Rule: "order.at_alone"})
	}
	return wrong
}

// checkAt refuses a time that is still to come, and one long before the order.
func (in *Answer) checkAt(o *Order, now time.Time) []refusal.Field {
	switch at := in.At; {
	case at == nil:
	case at.After(now.Add(clocksApart)):
		return []refusal.Field{{Path: "at", Rule: "order.at_ahead",
			Args: refusal.Args{"value": clock(*at), "now": clock(now)}}}
	case at.Before(o.IssuedAt.Add(-reportedBack)):
		return []refusal.Field{{Path: "at", Rule: "order.at_before",
			Args: refusal.Args{"value": clock(*at), "issued": clock(o.IssuedAt)}}}
	}
	return nil
}

// progress reports whether the act says how far the recipient is.
func (ev *Answered) progress() bool {
	return ev.Action == string(Report) || ev.Action == string(Complete)
}

func reportKey(order string, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(order), 0), n)
}

// reports calls visit for what an order has, the first of them first, until it gives false.
func reports(tx *bbolt.Tx, order string, visit func(n uint32, row []byte) bool) error {
	prefix := append([]byte(order), 0)
	c := tx.Bucket(reportsBucket).Cursor()
	for k, row := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, row = c.Next() {
		if len(k) != len(prefix)+4 || len(row) != reportRow {
			return fmt.Errorf("notify: order %s: damaged report", order)
		}
		if !visit(binary.BigEndian.Uint32(k[len(prefix):]), row) {
			return nil
		}
	}
	return nil
}

// lastReport is the number of the latest that an order has; 0 for none.
func lastReport(tx *bbolt.Tx, order string) uint32 { return lastNumber(tx, reportsBucket, order) }

// said reports whether the order has a report of this content.
func (o *Order) said(tx *bbolt.Tx, d digest) (said bool, err error) {
	err = reports(tx, o.ID, func(_ uint32, row []byte) bool {
		said = digest(row[8:16]) == d
		return !said
	})
	return said, err
}

// keepReport keeps what the order's latest act says, which the record has at pos.
func (o *Order) keepReport(tx *bbolt.Tx, at time.Time, action Action, pos Pos) error {
	be := binary.BigEndian
	row := be.AppendUint64(make([]byte, 0, reportRow), uint64(toMilli(at))) // #nosec G115 -- a time of this age
	row = append(row, o.acts[acts[action].content][:]...)
	row = be.AppendUint64(row, pos.Block)
	row = be.AppendUint32(be.AppendUint32(row, pos.Off), pos.Len)
	b := tx.Bucket(reportsBucket)
	return b.Put(reportKey(o.ID, lastReport(tx, o.ID)+1), row)
}

// reportOf is what the record has of a report, by its row.
func reportOf(tx *bbolt.Tx, read Reader, row []byte) (ev Answered, err error) {
	be := binary.BigEndian
	body, err := read(tx, Pos{Block: be.Uint64(row[16:]), Off: be.Uint32(row[24:]), Len: be.Uint32(row[28:])})
	if err == nil {
		err = json.Unmarshal(body, &ev)
	}
	return ev, err
}

// HoldEvidence adds to held the files that something names which goes on: reports on orders that are open, and on those whose
// place they took.
func HoldEvidence(tx *bbolt.Tx, read Reader, held map[string]bool) error {
	var o Order
	c := tx.Bucket(pendingBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		recipient, id, _ := bytes.Cut(k, []byte{0})
		if err := o.must(tx, string(id)); err != nil {
			return err
		}
		if o.State != StateOpen {
			continue // its end is not received yet
		}
		prefix := []byte(string(recipient) + "\x00" + o.WarningID + "-" + o.RecipientID + "-")
		all := tx.Bucket(byRecipientBucket).Cursor()
		for k, _ := all.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = all.Next() {
			if err := holdReported(tx, read, string(k[len(recipient)+1:]), held); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdReported adds to held the files that the reports on one order name.
func holdReported(tx *bbolt.Tx, read Reader, order string, held map[string]bool) (failed error) {
	err := reports(tx, order, func(n uint32, row []byte) bool {
		ev, err := reportOf(tx, read, row)
		if err != nil {
			failed = fmt.Errorf("notify: report %d of order %s: %w", n, order, err)
			return false
		}
		for _, hash := range ev.Evidence {
			held[hash] = true
		}
		return true
	})
	return cmp.Or(err, failed)
}

// ProgressView is one report of a recipient as others read it, its completion, or a correction of that. At is when it
// was so, which is when the record had it where nothing else was said; in Shanghai. Notes are empty for whoever may not
// read them.
type ProgressView struct {
	At         time.Time         `json:"at"`
	Action     Action            `json:"action"`
	Note       string            `json:"note"`
	Measures   []MeasureProgress `json:"measures"`
	Correction bool              `json:"correction"`
}

// MeasureProgress is what a report says of one measure; Value nil is not given.
type MeasureProgress struct {
	ID    string   `json:"id"`
	Value *float64 `json:"value"`
	Unit  string   `json:"unit"`
	Note  string   `json:"note"`
}

// progress is everything that was reported of an order, the first first.
func (o *Order) progress(tx *bbolt.Tx, read Reader, vault Vault) ([]ProgressView, error) {
	all := []ProgressView{}
	var failed error
	err := reports(tx, o.ID, func(n uint32, row []byte) bool {
		ev, err := reportOf(tx, read, row)
		if err != nil {
			failed = fmt.Errorf("notify: report %d of order %s: %w", n, o.ID, err)
			return false
		}
		// #nosec G115 -- a time that was written above
		at := fromMilli(int64(binary.BigEndian.Uint64(row)))
		if ev.At != nil {
			at = ev.At.In(alerts.Shanghai())
		}
		v := ProgressView{At: at, Action: Action(ev.Action), Note: vault.Note.text(ev.NoteRef),
			Measures: make([]MeasureProgress, len(ev.Measures)), Correction: ev.Correction}
		for i, m := range ev.Measures {
			v.Measures[i] = MeasureProgress{ID: m.ID, Value: m.Value, Unit: m.Unit, Note: vault.Note.text(m.NoteRef)}
		}
		all = append(all, v)
		return true
	})
	if err == nil {
		err = failed
	}
	return all, err
}
