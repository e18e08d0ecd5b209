package reductionlist

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Buckets of this package, all journaled. The package comment gives their keys.
var (
	bucketVersions  = []byte("list.versions")
	bucketRows      = []byte("list.rows")
	bucketContacts  = []byte("list.contacts")
	bucketEffective = []byte("list.effective")
)

// Buckets lists the buckets this package owns.
func Buckets() []string {
	return []string{string(bucketVersions), string(bucketRows), string(bucketContacts), string(bucketEffective)}
}

// States of a version. Which of the active ones is in force is a question of date: see [Current]. A replaced one was
// active until another took its place from the same day on; what pinned it keeps it.
const (
	StateDraft    = "draft"
	StateApproved = "approved"
	StateActive   = "active"
	StateReplaced = "replaced"
)

// Version is one version of the list as kept. Rows may be added while it is a draft.
type Version struct {
	ID          string    `json:"id"`
	Revision    int       `json:"revision"`
	State       string    `json:"state"`
	Hash        string    `json:"hash"`
	Count       int       `json:"count"` // recipients in the finished list
	Source      string    `json:"source,omitempty"`
	Workbook    string    `json:"workbook,omitempty"`
	Findings    string    `json:"findings,omitempty"` // as of [Begun]
	Errors      int       `json:"errors,omitempty"`
	Warnings    int       `json:"warnings,omitempty"`
	List        List      `json:"list"` // without recipients
	BegunAt     time.Time `json:"begun_at"`
	BegunBy     string    `json:"begun_by"`
	ApprovedAt  time.Time `json:"approved_at,omitzero"`
	ApprovedBy  string    `json:"approved_by,omitempty"`
	ActivatedAt time.Time `json:"activated_at,omitzero"`
	ActivatedBy string    `json:"activated_by,omitempty"`
	// Whether an administrator had come by the secret of the person who began, approved or activated it, see
	// [alerts.SecretSeen].
	BegunSeen     *alerts.SecretSeen `json:"begun_secret_seen,omitempty"`
	ApprovedSeen  *alerts.SecretSeen `json:"approved_secret_seen,omitempty"`
	ActivatedSeen *alerts.SecretSeen `json:"activated_secret_seen,omitempty"`
	Replaces      string             `json:"replaces,omitempty"`
	ReplacedBy    string             `json:"replaced_by,omitempty"`
	Amends        *Amends            `json:"amends,omitempty"`
	StartsAt      time.Time          `json:"starts_at,omitzero"`   // as of [Activated]
	EndsAt        time.Time          `json:"ends_at,omitzero"`     // as of [Activated]
	InForceAt     time.Time          `json:"in_force_at,omitzero"` // the midnight at which it last came into force
	// when another last took its place without replacing it
	OutAt time.Time `json:"out_of_force,omitzero"`

	Added   int            `json:"added"`             // recipients so far
	LastID  string         `json:"last_id,omitempty"` // the greatest id so far
	Chain   chain          `json:"chain"`             // hash over head and rows so far
	Towns   map[string]int `json:"towns,omitempty"`
	Sectors map[string]int `json:"sectors,omitempty"`
	Grades  map[string]int `json:"grades,omitempty"`
}

// VersionID names a version by its effective date and the beginning of its hash: L20161216-1a2b3c.
func VersionID(effectiveFrom, hash string) string {
	day, err := time.Parse(time.DateOnly, effectiveFrom)
	if err != nil || len(hash) < len("sha256:")+6 {
		return ""
	}
	return "L" + day.Format("20060102") + "-" + hash[len("sha256:"):][:6]
}

// GetVersion returns a version by id, or a not_found refusal.
func GetVersion(tx *bbolt.Tx, id string) (Version, error) {
	var v Version
	data := tx.Bucket(bucketVersions).Get([]byte(id))
	if data == nil {
		return v, refusal.New(refusal.NotFound, "list.no_version", refusal.Args{"version": id})
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("reductionlist: version %s: %w", id, err)
	}
	return v, nil
}

// ListVersions pages through the versions, latest effective date first. next is the cursor of the following
// page, empty at the end.
func ListVersions(tx *bbolt.Tx, cursor string, limit int) (versions []Version, next string, err error) {
	c := tx.Bucket(bucketVersions).Cursor()
	var k []byte
	if cursor == "" {
		k, _ = c.Last()
	} else {
		k = SeekBefore(c, []byte(cursor))
	}
	for ; k != nil; k, _ = c.Prev() {
		if len(versions) == limit {
			return versions, versions[limit-1].ID, nil
		}
		v, err := GetVersion(tx, string(k))
		if err != nil {
			return nil, "", err
		}
		versions = append(versions, v)
	}
	return versions, "", nil
}

// EachVersion calls f with every version, in the order of ids.
func EachVersion(tx *bbolt.Tx, f func(*Version) error) error {
	return tx.Bucket(bucketVersions).ForEach(func(id, _ []byte) error {
		v, err := GetVersion(tx, string(id))
		if err != nil {
			return err
		}
		return f(&v)
	})
}

// SeekBefore moves c to the greatest key below key.
func SeekBefore(c *bbolt.Cursor, key []byte) []byte {
	k, _ := c.Seek(key)
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	return k
}

// Current returns the version in force at the instant: of the activated ones whose dates contain its day in
// Asia/Shanghai, that with the latest effective date and, of several, the one activated last.
func Current(tx *bbolt.Tx, at time.Time) (Version, error) {
	day := DayOf(at)
	c := tx.Bucket(bucketEffective).Cursor()
	for k := SeekBefore(c, []byte(day+"\xff")); k != nil; k, _ = c.Prev() {
		v, err := GetVersion(tx, versionAt(k))
		if err != nil {
			return Version{}, err
		}
		if v.List.EffectiveTo == "" || day <= v.List.EffectiveTo {
			return v, nil
		}
	}
	return Version{}, refusal.New(refusal.NotFound, "list.none_in_force", refusal.Args{"date": day})
}

// effectiveAfter is the key of the next active version that begins after a day; nil for none.
func effectiveAfter(tx *bbolt.Tx, day string) []byte {
	k, _ := tx.Bucket(bucketEffective).Cursor().Seek([]byte(day + "\xff"))
	return k
}

// GetRecipient returns one recipient of a version, or a not_found refusal.
func GetRecipient(tx *bbolt.Tx, version, id string) (*Recipient, error) {
	key := rowKey(version, id)
	data := tx.Bucket(bucketRows).Get(key)
	if data == nil {
		return nil, refusal.New(refusal.NotFound, "list.no_recipient", refusal.Args{"recipient": id})
	}
	return readRow(tx, key, data)
}

// ScanRecipients pages through a version in the order of ids, beginning after afterID. next is the last id of
// the page, empty when there are no more.
func ScanRecipients(tx *bbolt.Tx, version, afterID string, limit int) (page []*Recipient, next string, err error) {
	for s := rowsAfter(tx, version, afterID); s.ID != ""; s.Next() {
		if len(page) == limit {
			return page, page[limit-1].ID, nil
		}
		r, err := readRow(tx, s.Key, s.Data)
		if err != nil {
			return nil, "", err
		}
		page = append(page, r)
	}
	return page, "", nil
}

// Load reads a whole version, for export, comparison and amendment; never to answer a page.
func Load(tx *bbolt.Tx, version string) (*List, error) {
	v, err := GetVersion(tx, version)
	if err != nil {
		return nil, err
	}
	l := v.List
	l.Recipients, _, err = ScanRecipients(tx, version, "", -1)
	return &l, err
}

func readRow(tx *bbolt.Tx, key, data []byte) (*Recipient, error) {
	var r Recipient
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("reductionlist: row %q: %w", key, err)
	}
	r.ContactRef = string(tx.Bucket(bucketContacts).Get(key))
	return &r, nil
}

func rowKey(version, id string) []byte {
	return slices.Concat([]byte(version), []byte{0}, []byte(id))
}

// versionAt is the version that a key of effectiveKey is of.
func versionAt(key []byte) string { return string(key[len(time.DateOnly)+8:]) }

func effectiveKey(v Version) []byte {
	key := binary.BigEndian.AppendUint64([]byte(v.List.EffectiveFrom), uint64(v.ActivatedAt.UnixMilli()))
	return append(key, v.ID...)
}
