package alerts

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Restoration is an event after which there may be ids outside that the record does not know, because the end of it was
// lost. Skips is how far numbers go on above what they were, so that none is given twice; Days are the days, YYYYMMDD,
// whose numbers may have been given.
type Restoration interface {
	Event
	Skips() int
	Days() []string
}

// Outside is what the lost end of the record may have given out: ids and messages that somebody may hold and the record
// does not have.
type Outside struct {
	At       time.Time `json:"at"` // when the record went on without its end
	IDs      []Range   `json:"ids"`
	Messages []Range   `json:"messages"` // of a warning or a proposal that is there
}

// Range is numbers under one name, both ends included: of ids "W20161216-03" to "-22", or of the messages of one
// warning.
type Range struct {
	Name string `json:"name"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

// The prefixes of ids that are numbered by day.
var dayPrefixes = []string{"W", "D", "P", "F"}

// Observe lets numbers go on above what a lost end of the record may have given out. The journal calls it for the
// events of every other package.
func Observe(tx *bbolt.Tx, at time.Time, actor string, ev Event) error {
	r, ok := ev.(Restoration)
	if !ok {
		return nil
	}
	out := Outside{At: at}
	for _, day := range r.Days() {
		for _, prefix := range dayPrefixes {
			last := number(tx, prefix+day)
			out.IDs = append(out.IDs, Range{prefix + day, int(last) + 1, int(last) + r.Skips()})
			if err := putNumber(tx, prefix+day, last+uint64(r.Skips())); err != nil {
				return err
			}
		}
	}
	if err := skipMessages(tx, at, actor, r.Skips(), &out); err != nil {
		return err
	}
	b := tx.Bucket(bRestored)
	n, err := b.NextSequence()
	if err != nil {
		return err
	}
	return put(tx, bRestored, string(binary.BigEndian.AppendUint64(nil, n)), out)
}

// skipMessages lets the messages of what goes on, or may come back, go on above.
func skipMessages(tx *bbolt.Tx, at time.Time, actor string, skip int, out *Outside) error {
	warnings, err := Unended(tx)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		out.Messages = append(out.Messages, Range{w.ID, w.Revision + 1, w.Revision + skip})
		w.Revision += skip
		w.History = append(w.History, HistoryEntry{At: at, Actor: actor, Event: "restored", Skipped: skip})
		if err := put(tx, bWarning, w.ID, w); err != nil {
			return err
		}
	}
	scopes, err := rows[scopeRow](tx, bScope)
	if err != nil {
		return err
	}
	for _, row := range scopes {
		if row.Proposal == "" {
			continue
		}
		p, err := GetProposal(tx, row.Proposal)
		if err != nil {
			return err
		}
		out.Messages = append(out.Messages, Range{p.ID, p.Revision + 1, p.Revision + skip})
		p.Revision += skip
		if err := put(tx, bProposal, p.ID, p); err != nil {
			return err
		}
	}
	slices.SortFunc(out.Messages, func(a, b Range) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// Unended are the warnings to which something may still happen: those that are live, and those that were rejected and
// may be declared again under their id.
func Unended(tx *bbolt.Tx) ([]*Warning, error) {
	all, err := rows[*Warning](tx, bWarning)
	return slices.DeleteFunc(all, func(w *Warning) bool { return w.State == Lifted || w.State == Cancelled }), err
}

// OutsideLast is what the latest lost end of the record may have given out; nil where none was ever lost.
func OutsideLast(tx *bbolt.Tx) (*Outside, error) {
	k, _ := tx.Bucket(bRestored).Cursor().Last()
	if k == nil {
		return nil, nil
	}
	out, found, err := get[Outside](tx, bRestored, string(k))
	if err != nil || !found {
		return nil, err
	}
	return &out, nil
}

// String is the range as people write it: "W20161216-03…22".
func (r Range) String() string { return fmt.Sprintf("%s-%02d…%02d", r.Name, r.From, r.To) }

// Since are the entries of the history that came after a revision.
func (w *Warning) Since(revision int) []HistoryEntry {
	at := w.Revision
	for i := len(w.History) - 1; i >= 0; i-- {
		if at <= revision {
			return w.History[i+1:]
		}
		at -= w.History[i].revisions()
	}
	return w.History
}

// Revisions are the revisions that the entries of the history made.
func (w *Warning) Revisions() []int {
	at, all := 0, make([]int, len(w.History))
	for i, h := range w.History {
		at += h.revisions()
		all[i] = at
	}
	return all
}

// revisions is how many revisions the entry made.
func (h HistoryEntry) revisions() int { return max(1, h.Skipped) }
