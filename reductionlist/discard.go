package reductionlist

import (
	"bytes"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Discard takes a draft back; Revision is the one that the caller saw.
type Discard struct {
	Version  string `json:"version"`
	Revision int    `json:"revision"`
}

// Discarded says that a draft was taken back. Nothing is left of it except what the record says, so that the same
// workbook begins anew.
type Discarded struct {
	Version string `json:"version"`
	Hash    string `json:"hash"` // that it had
}

// Kind names the event in the record.
func (Discarded) Kind() string { return "list.discarded" }

// DecideDiscard takes a draft back and returns it as it was. A version that is approved, or counts or counted, is no
// draft and stays (transition_refused), and so does the base of another draft (conflict); another revision is stale.
func DecideDiscard(tx *bbolt.Tx, _ string, in Discard, _ time.Time) ([]Event, Version, error) {
	v, err := GetVersion(tx, in.Version)
	switch {
	case err != nil:
		return nil, v, err
	case v.State != StateDraft:
		return nil, v, terms.Transition(terms.ListState, "list.discard_draft", v.State, refusal.Args{"version": v.ID})
	case in.Revision != v.Revision:
		return nil, v, stale(v, in.Revision)
	}
	err = EachVersion(tx, func(other *Version) error {
		if other.Amends != nil && other.Amends.Base == v.ID {
			return refusal.New(refusal.Conflict, "list.discard_base", refusal.Args{"version": v.ID, "other": other.ID})
		}
		return nil
	})
	if err != nil {
		return nil, v, err
	}
	return []Event{Discarded{Version: v.ID, Hash: v.Hash}}, v, nil
}

func applyDiscarded(tx *bbolt.Tx, ev Discarded) error {
	for _, name := range [][]byte{bucketRows, bucketContacts} {
		if err := deleteRows(tx.Bucket(name), rowKey(ev.Version, "")); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketVersions).Delete([]byte(ev.Version))
}

// deleteRows deletes what has a prefix. It gathers keys first, for deleting moves a cursor.
func deleteRows(b *bbolt.Bucket, prefix []byte) error {
	const atOnce = 1000
	for {
		var keys [][]byte
		c := b.Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(keys) < atOnce; k, _ = c.Next() {
			keys = append(keys, bytes.Clone(k))
		}
		if len(keys) == 0 {
			return nil
		}
		for _, k := range keys {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
	}
}
