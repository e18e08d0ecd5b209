package compliance

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// MostFilesADay is how many files an account hands in on a day of Beijing time: with the size of one, what it can take of
// the disk.
const MostFilesADay = 200

// Evidence is a file that somebody handed in: a photo, a curve, a log. It is stored under its hash, which is what findings,
// reports and inspections name.
type Evidence struct {
	Hash      string    `json:"hash"`                   // "sha256:" and 64 hexadecimal digits
	Size      int64     `json:"size"`                   // bytes
	Type      string    `json:"type"`                   // media type, by its content
	Recipient string    `json:"recipient_id,omitempty"` // of an enterprise that handed it in; empty of staff
	At        time.Time `json:"at,omitzero"`
	By        string    `json:"by,omitempty"` // the account
}

// key tells the same file of two enterprises apart: neither may see that the other has it.
func (e *Evidence) key() []byte { return []byte(e.Hash + "\x00" + e.Recipient) }

// MayHandIn refuses (rate_limited) a file of an account that has handed in [MostFilesADay] on the day of now. A file that
// is there already, by its hash and recipient, is not refused: it changes nothing.
func MayHandIn(tx *bbolt.Tx, account string, in Evidence, now time.Time) error {
	n, err := filesOf(tx, account, now)
	if err != nil || n < MostFilesADay || tx.Bucket(evidenceBucket).Get(in.key()) != nil {
		return err
	}
	left := alerts.DateOf(now).End().Sub(now)
	return refusal.New(refusal.RateLimited, "evidence.many", refusal.Args{"limit": MostFilesADay,
		"retry_after": int(left/time.Second) + 1})
}

// handedKey is the key of how many files an account has handed in on a day.
func handedKey(account string, at time.Time) []byte {
	return []byte(string(alerts.DateOf(at)) + "\x00" + account)
}

// filesOf is how many files an account has handed in on the day of a time.
func filesOf(tx *bbolt.Tx, account string, at time.Time) (uint32, error) {
	row := tx.Bucket(handedBucket).Get(handedKey(account, at))
	switch len(row) {
	case 0:
		return 0, nil
	case 4:
		return binary.BigEndian.Uint32(row), nil
	}
	return 0, fmt.Errorf("compliance: the count of files of %s is damaged", account)
}

// countFile counts a file of an account, and forgets the days before: the count of one day is held to the limit.
func countFile(tx *bbolt.Tx, account string, at time.Time) error {
	n, err := filesOf(tx, account, at)
	if err != nil {
		return err
	}
	today := []byte(string(alerts.DateOf(at)))
	c := tx.Bucket(handedBucket).Cursor()
	for k, _ := c.First(); k != nil && bytes.Compare(k, today) < 0; k, _ = c.First() {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return tx.Bucket(handedBucket).Put(handedKey(account, at), binary.BigEndian.AppendUint32(nil, n+1))
}

// DecideEvidence records a file. The same of the same enterprise, or of staff, again gives no event; one beyond
// [MostFilesADay] is refused (rate_limited).
func DecideEvidence(tx *bbolt.Tx, actor string, in Evidence, now time.Time) ([]Event, *Evidence, error) {
	in.At, in.By = now, actor
	var was Evidence
	if ok, err := get(tx, evidenceBucket, in.key(), &was); err != nil || ok {
		return nil, &was, err
	}
	if err := MayHandIn(tx, actor, in, now); err != nil {
		return nil, nil, err
	}
	return []Event{&EvidenceAdded{Hash: in.Hash, Size: in.Size, Type: in.Type, Recipient: in.Recipient}}, &in, nil
}

// GetEvidence is a file by its hash as the first who handed it in has it, or a not_found refusal; of recipient alone unless
// that is empty.
func GetEvidence(tx *bbolt.Tx, hash, recipient string) (*Evidence, error) {
	prefix := []byte(hash + "\x00" + recipient)
	k, row := tx.Bucket(evidenceBucket).Cursor().Seek(prefix)
	if !bytes.HasPrefix(k, prefix) || recipient != "" && len(k) != len(prefix) {
		return nil, refusal.New(refusal.NotFound, "evidence.not_found", refusal.Args{"hash": refusal.Shown(hash)})
	}
	e := new(Evidence)
	if err := json.Unmarshal(row, e); err != nil {
		return nil, fmt.Errorf("compliance: evidence %s: %w", hash, err)
	}
	return e, nil
}
