package reductionlist

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// EachDifferent calls f with the recipients whose rows differ between two versions, in the order of ids and behind
// afterID, until f says false; nil is "not there". Rows that are the same are not decoded, which is nearly all of two
// editions.
func EachDifferent(tx *bbolt.Tx, from, to, afterID string,
	f func(id string, old, cur *Recipient) (more bool, err error)) error {
	a, b := scanFrom(tx, from, afterID), scanFrom(tx, to, afterID)
	for a.id != "" || b.id != "" {
		id := a.id
		if id == "" || b.id != "" && b.id < id {
			id = b.id
		}
		if a.id == b.id && bytes.Equal(a.data, b.data) {
			a.next()
			b.next()
			continue
		}
		var rows [2]*Recipient
		for i, s := range []*scan{a, b} {
			if s.id != id {
				continue
			}
			var err error
			if rows[i], err = s.row(tx); err != nil {
				return err
			}
			s.next()
		}
		if more, err := f(id, rows[0], rows[1]); err != nil || !more {
			return err
		}
	}
	return nil
}

// DiffRecipients lists what is different between two rows of one recipient; nil is "not there".
func DiffRecipients(from, to *Recipient) []Change {
	if from == nil && to == nil {
		return nil
	}
	return diffRecipient(from, to)
}
