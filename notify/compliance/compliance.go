// Package compliance is what monitoring concludes of orders: which measured hours they are held against ([Watches]), what
// was found ([Finding]), what an enterprise says of that, and the tasks that follow ([Task]). What an hour shows, and what
// follows from all of them, is package judge.
//
// The node that leads judges, from readings that lie beside the record, and submits what it saw as a [Judge]; deciding on it
// checks that the steps from what was found before are allowed, and that nobody is said to have violated an order who was
// not told and could not explain himself. So the record holds verdicts with the numbers that they rest on, and no readings.
//
// # Buckets, all journaled
//
//	compliance.cases          warning id, 0, recipient id     JSON [Case]
//	compliance.findings       finding id                      JSON [Finding]
//	compliance.by_recipient   recipient id, 0, finding id     empty
//	compliance.open           finding id                      empty: not cleared, and its order goes on or an explanation waits
//	compliance.running        warning id, 0, recipient id     empty: it was judged, and not yet for good; or is to be judged again
//	compliance.tasks          task id                         JSON [Task]
//	compliance.undone         task id                         empty: neither done nor dropped
//	compliance.origins        origin, 0, what it is about     task id: one task for one reason
//	compliance.evidence       hash, 0, who handed it in       JSON [Evidence]
//	compliance.handed         day, 0, account                 4 and 8 bytes: files and bytes that it handed in; of the latest day alone
//	compliance.recused        recipient id, 0, account        JSON [Recusal]
//	compliance.hours          start of the hour, 4 bytes      JSON [HourSum]
//
// A finding's id is "<warning>-<recipient>-F001" and so on, so that a warning's findings lie together in the order of recipients.
package compliance

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify"
)

// Event is one fact to be recorded.
type Event = alerts.Event

// Effects is what applying an event may ask of the world.
type Effects = notify.Effects

var (
	casesBucket    = []byte("compliance.cases")
	findingsBucket = []byte("compliance.findings")
	ofBucket       = []byte("compliance.by_recipient")
	openBucket     = []byte("compliance.open")
	runningBucket  = []byte("compliance.running")
	tasksBucket    = []byte("compliance.tasks")
	undoneBucket   = []byte("compliance.undone")
	originsBucket  = []byte("compliance.origins")
	evidenceBucket = []byte("compliance.evidence")
	handedBucket   = []byte("compliance.handed")
	recusedBucket  = []byte("compliance.recused")
	hoursBucket    = []byte("compliance.hours")
)

// Buckets are the bbolt buckets of this package; all are journaled.
func Buckets() []string {
	return []string{string(casesBucket), string(findingsBucket), string(ofBucket), string(openBucket),
		string(runningBucket), string(tasksBucket), string(undoneBucket), string(originsBucket),
		string(evidenceBucket), string(handedBucket), string(recusedBucket), string(hoursBucket)}
}

// Rules are what a district settles of how it follows findings up.
type Rules struct {
	ExplainWithin time.Duration // for an enterprise to explain what it is suspected of, before it may count as a violation
	Evidence      EvidenceLimits
}

// caseKey is the key of a case.
func caseKey(warning, recipient string) []byte { return []byte(warning + "\x00" + recipient) }

// get reads the JSON row of a key into v, and reports whether there is one.
func get(tx *bbolt.Tx, bucket, key []byte, v any) (bool, error) {
	row := tx.Bucket(bucket).Get(key)
	if row == nil {
		return false, nil
	}
	if err := json.Unmarshal(row, v); err != nil {
		return false, fmt.Errorf("compliance: %s %q: %w", bucket, key, err)
	}
	return true, nil
}

func put(tx *bbolt.Tx, bucket, key []byte, v any) error {
	row, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("compliance: %s %q: %w", bucket, key, err)
	}
	return tx.Bucket(bucket).Put(key, row)
}

// GetCase is what was found of a recipient's orders under a warning; empty where nothing was.
func GetCase(tx *bbolt.Tx, warning, recipient string) (*Case, error) {
	c := &Case{Warning: warning, Recipient: recipient}
	_, err := get(tx, casesBucket, caseKey(warning, recipient), c)
	return c, err
}

// CaseDigest is a hash over the rows of a case and of its findings. It changes with them: with what was found, whom it was
// told, what was said of it and decided.
func CaseDigest(tx *bbolt.Tx, warning, recipient string) (sum [sha256.Size]byte) {
	h := sha256.New()
	row := func(k, v []byte) {
		h.Write(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(k))), uint64(len(v))))
		h.Write(k)
		h.Write(v)
	}
	row(nil, tx.Bucket(casesBucket).Get(caseKey(warning, recipient)))
	prefix := []byte(findingPrefix(warning, recipient))
	c := tx.Bucket(findingsBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		row(k, v)
	}
	h.Sum(sum[:0])
	return sum
}

// GetFinding is a finding, or a not_found refusal.
func GetFinding(tx *bbolt.Tx, id string) (*Finding, error) {
	f := new(Finding)
	switch ok, err := get(tx, findingsBucket, []byte(id), f); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, refusal.New(refusal.NotFound, "finding.not_found", refusal.Args{"id": refusal.Shown(id)})
	}
	return f, nil
}

// findingID names the n-th finding of a case.
func findingID(warning, recipient string, n int) string {
	return fmt.Sprintf("%s%03d", findingPrefix(warning, recipient), n)
}

func findingPrefix(warning, recipient string) string { return warning + "-" + recipient + "-F" }

// ofKey is the key of a finding among those of its recipient.
func ofKey(recipient, id string) []byte { return []byte(recipient + "\x00" + id) }

// Running are the cases that were judged and are not closed yet.
func Running(tx *bbolt.Tx) (all [][2]string) {
	c := tx.Bucket(runningBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		warning, recipient, _ := strings.Cut(string(k), "\x00")
		all = append(all, [2]string{warning, recipient})
	}
	return all
}
