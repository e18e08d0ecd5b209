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

// EvidenceLimits are what an account hands in on a day of Beijing time: what it can take of the disk. The zero value is
// [UsualEvidence].
type EvidenceLimits struct {
	FilesADay uint32
	BytesADay uint64
}

// UsualEvidence is an inspector's long day: some forty plants with a dozen photos each, and a few videos.
var UsualEvidence = EvidenceLimits{FilesADay: 500, BytesADay: 4 << 30}

// usual is the limits, or the usual ones.
func (l EvidenceLimits) usual() EvidenceLimits {
	if l == (EvidenceLimits{}) {
		return UsualEvidence
	}
	return l
}

// Evidence is a file that somebody handed in: a photo, a curve, a log. It is stored under its hash, which is what findings,
// reports and inspections name.
type Evidence struct {
	Hash      string    `json:"hash"`                   // "sha256:" and 64 hexadecimal digits
	Size      int64     `json:"size"`                   // bytes
	Type      string    `json:"type"`                   // media type, by its content
	Recipient string    `json:"recipient_id,omitempty"` // of an enterprise that handed it in; empty of staff
	At        time.Time `json:"at,omitzero"`
	By        string    `json:"by,omitempty"`        // the account
	PhotoRef  string    `json:"photo_ref,omitempty"` // of its [Photo] in the vault; empty where nothing is said
}

// key tells the same file of two enterprises apart: neither may see that the other has it.
func (e *Evidence) key() []byte { return []byte(e.Hash + "\x00" + e.Recipient) }

// MayHandIn refuses (rate_limited) a file of an account that has handed in what a day takes, or would with it, on the day
// of now. A file that is there already, by its hash and recipient, is not refused: it changes nothing.
func MayHandIn(tx *bbolt.Tx, limits EvidenceLimits, account string, in Evidence, now time.Time) error {
	was, err := handedBy(tx, account, now)
	if err != nil {
		return err
	}
	limits = limits.usual()
	rule, limit := "", uint64(0)
	switch {
	case was.files >= limits.FilesADay:
		rule, limit = "evidence.many", uint64(limits.FilesADay)
	case was.bytes+uint64(in.Size) > limits.BytesADay:
		rule, limit = "evidence.much", limits.BytesADay>>20
	}
	if rule == "" || tx.Bucket(evidenceBucket).Get(in.key()) != nil {
		return nil
	}
	left := alerts.DateOf(now).End().Sub(now)
	return refusal.New(refusal.RateLimited, rule, refusal.Args{"limit": limit, "retry_after": int(left/time.Second) + 1})
}

// handed is what an account has handed in on a day.
type handed struct {
	files uint32
	bytes uint64
}

// handedKey is the key of what an account has handed in on a day.
func handedKey(account string, at time.Time) []byte {
	return []byte(string(alerts.DateOf(at)) + "\x00" + account)
}

// handedBy is what an account has handed in on the day of a time.
func handedBy(tx *bbolt.Tx, account string, at time.Time) (h handed, err error) {
	row := tx.Bucket(handedBucket).Get(handedKey(account, at))
	switch len(row) {
	case 0:
		return h, nil
	case 12:
		return handed{binary.BigEndian.Uint32(row), binary.BigEndian.Uint64(row[4:])}, nil
	}
	return h, fmt.Errorf("compliance: the count of files of %s is damaged", account)
}

// countFile counts a file of an account, and forgets the days before: the count of one day is held to the limits.
func countFile(tx *bbolt.Tx, account string, size int64, at time.Time) error {
	h, err := handedBy(tx, account, at)
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
	row := binary.BigEndian.AppendUint32(nil, h.files+1)
	row = binary.BigEndian.AppendUint64(row, h.bytes+uint64(size))
	return tx.Bucket(handedBucket).Put(handedKey(account, at), row)
}

// DecideEvidence records a file. The same of the same enterprise, or of staff, again gives no event; one beyond what a day
// takes is refused (rate_limited).
func DecideEvidence(tx *bbolt.Tx, limits EvidenceLimits, actor string, in Evidence, now time.Time) ([]Event, *Evidence, error) {
	in.At, in.By = now, actor
	var was Evidence
	if ok, err := get(tx, evidenceBucket, in.key(), &was); err != nil || ok {
		return nil, &was, err
	}
	if err := MayHandIn(tx, limits, actor, in, now); err != nil {
		return nil, nil, err
	}
	return []Event{&EvidenceAdded{Hash: in.Hash, Size: in.Size, Type: in.Type, Recipient: in.Recipient, PhotoRef: in.PhotoRef}},
		&in, nil
}

// OwnEvidence refuses (invalid, evidence.not_found, by its place in evidence) the first of these hashes that names no file which
// the recipient itself handed in.
func OwnEvidence(tx *bbolt.Tx, hashes []string, recipient string) error {
	for i, hash := range hashes {
		_, err := GetEvidence(tx, hash, recipient)
		if refusal.CodeOf(err) == refusal.NotFound {
			return refusal.Wrong(fmt.Sprintf("evidence[%d]", i), "evidence.not_found", refusal.Args{"hash": refusal.Shown(hash)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// NotOthersEvidence refuses (invalid, evidence.others, by its place in evidence) the first of these hashes that names a file which
// somebody handed in, and not the recipient. The hash of a file that nobody has handed in stands: it says what the recipient
// holds, and where it answers over NATS there is no other way to hand it in.
func NotOthersEvidence(tx *bbolt.Tx, hashes []string, recipient string) error {
	for i, hash := range hashes {
		_, err := GetEvidence(tx, hash, recipient)
		if refusal.CodeOf(err) == refusal.NotFound {
			if _, err = GetEvidence(tx, hash, ""); err == nil {
				return refusal.Wrong(fmt.Sprintf("evidence[%d]", i), "evidence.others", refusal.Args{"hash": refusal.Shown(hash)})
			}
		}
		if err != nil && refusal.CodeOf(err) != refusal.NotFound {
			return err
		}
	}
	return nil
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
