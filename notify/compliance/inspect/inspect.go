// Package inspect is what a person found on site: inspections, what enterprises say of them, and by which lot it was drawn
// where somebody goes.
//
// An inspection is one event and is never changed: a correction is another one that names it. It is made on a telephone,
// often without a network, so it comes late, and the world may have moved on: the order ended, the task went to somebody
// else, a second inspector was there. It is recorded all the same, with remarks that say so. What is said of people (who
// signed, where the inspector stood, what was written down) is one text in the vault, and signature and photos are files;
// the record holds their names.
//
// # Buckets, all journaled
//
//	inspection.all            inspection id                   JSON [Inspection]
//	inspection.rows           inspection id                   what lists and sums are made of, see row.go
//	inspection.by_client      account, 0, the client's id     inspection id; with a line end after the account a draw's
//	inspection.by_warning     warning id, 0, inspection id    empty
//	inspection.by_recipient   recipient id, 0, inspection id  empty
//	inspection.by_task        task id, 0, inspection id       empty
//	inspection.by_file        hash, 0, inspection id          empty
//	inspection.draws          draw id                         JSON [Draw]
package inspect

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Event is one fact to be recorded.
type Event = alerts.Event

var (
	allBucket       = []byte("inspection.all")
	rowsBucket      = []byte("inspection.rows")
	clientBucket    = []byte("inspection.by_client")
	warningBucket   = []byte("inspection.by_warning")
	recipientBucket = []byte("inspection.by_recipient")
	taskBucket      = []byte("inspection.by_task")
	fileBucket      = []byte("inspection.by_file")
	drawsBucket     = []byte("inspection.draws")
)

// Buckets are the bbolt buckets of this package; all are journaled.
func Buckets() []string {
	return []string{string(allBucket), string(rowsBucket), string(clientBucket), string(warningBucket),
		string(recipientBucket), string(taskBucket), string(fileBucket), string(drawsBucket)}
}

// ItemResult is what was found of one demand.
type ItemResult string

// The results of an item.
const (
	Pass          ItemResult = "pass"
	Fail          ItemResult = "fail"
	NotApplicable ItemResult = "not_applicable"
	NotSeen       ItemResult = "not_seen"
)

// Disposition is what follows from an inspection (domain.md §3.6: 现场整改, 移交, 立案, 降级).
type Disposition string

// The dispositions.
const (
	NoDisposition Disposition = "none"
	Rectify       Disposition = "rectify"   // 现场整改
	Refer         Disposition = "refer"     // 移交
	OpenCase      Disposition = "case"      // 立案
	Downgrade     Disposition = "downgrade" // 降级
)

// Dispositions lists every disposition.
func Dispositions() []Disposition {
	return []Disposition{NoDisposition, Rectify, Refer, OpenCase, Downgrade}
}

// Result is what an inspection comes to.
type Result string

// The results of an inspection.
const (
	Passed  Result = "passed"
	Failed  Result = "failed"  // at least one item failed
	Unclear Result = "unclear" // none failed, and not all was seen
)

// Item is what was found of one demand of the order, or of something else where Measure is empty. What was written down
// of it is in the vault.
type Item struct {
	Measure  string     `json:"measure_id,omitempty"`
	Monitor  string     `json:"monitor,omitempty"`  // ref and factor of the instrument that was looked at
	Expected string     `json:"expected,omitempty"` // the demand of Measure, as the inspector had it before him
	Result   ItemResult `json:"result"`
	Value    *float64   `json:"value,omitempty"` // what he read off, in Unit
	Unit     string     `json:"unit,omitempty"`
	Evidence []string   `json:"evidence,omitempty"` // hashes of files
}

// Inspection is what one person, or two, found at a recipient. StartedAt and At are of the inspector's telephone; its
// clock was Offset seconds ahead of ours when it sent them.
type Inspection struct {
	ID        string `json:"id"`
	Client    string `json:"client_id,omitempty"` // that the telephone gave it
	Digest    string `json:"digest,omitempty"`    // keyed hash of all that was handed in: the same again is the same
	Task      string `json:"task_id,omitempty"`
	Order     string `json:"order_id,omitempty"`
	Warning   string `json:"warning_id,omitempty"`
	Recipient string `json:"recipient_id"`
	Town      string `json:"town,omitempty"`
	Sector    string `json:"sector,omitempty"`
	With      string `json:"with,omitempty"`     // account of the second inspector
	Corrects  string `json:"corrects,omitempty"` // the inspection in whose place it stands

	StartedAt time.Time `json:"started_at,omitzero"`
	At        time.Time `json:"at"`
	Offset    int64     `json:"clock_offset_s,omitempty"`

	Items       []Item      `json:"items"`
	Evidence    []string    `json:"evidence,omitempty"`    // files that belong to no item, and Signature
	PrivateRef  string      `json:"private_ref,omitempty"` // vault reference of a [Private]
	Signature   string      `json:"signature,omitempty"`   // hash of its image; empty where signing was refused
	Refused     bool        `json:"refused,omitempty"`     // the enterprise's person did not sign, and Private says why
	Disposition Disposition `json:"disposition"`
	Due         *time.Time  `json:"due,omitempty"`
	Reinspect   bool        `json:"reinspect,omitempty"`
	Result      Result      `json:"result"`
	Remarks     []Remark    `json:"remarks,omitempty"`
	FollowUp    string      `json:"follow_up,omitempty"` // the task of going there again
	AnswerBy    time.Time   `json:"answer_by"`

	Inspector   string    `json:"inspector,omitempty"` // account; the actor of the event
	ReceivedAt  time.Time `json:"received_at,omitzero"`
	CorrectedBy string    `json:"corrected_by,omitempty"`
	Answers     []Answer  `json:"answers,omitempty"`
}

// Remark is what whoever reads an inspection has to know: the world had moved on when it came. Rule is one of the
// catalogue, below "inspection.remark.".
type Remark struct {
	Rule string `json:"rule"`
	Of   string `json:"of,omitempty"` // the inspection, order, account or number of seconds that it speaks of
}

// The remarks of a decision.
const (
	OrderEnded     = "order_ended"     // before the inspection came
	OrderReplaced  = "order_replaced"  // by a newer revision
	TaskReassigned = "task_reassigned" // to Of, who still has it
	TaskDropped    = "task_dropped"
	Twice          = "twice"      // Of is of the same task, and both stand
	ClockOff       = "clock_off"  // the telephone's clock, by Of seconds
	Unsigned       = "unsigned"   // nobody signed, and nothing says why
	NotListed      = "not_listed" // the list in force had the recipient Of no more when it came
)

// The remarks of whoever looks.
const (
	FileShared = "file_shared" // a file of it stands in Of, too
	FarAway    = "far_away"    // the telephone was Of km from where the list has the recipient
)

// Private is what an inspection says of people, kept in the vault as JSON.
type Private struct {
	Note     string        `json:"note,omitempty"`
	Items    []PrivateItem `json:"items,omitempty"` // one for each item
	Position *Fix          `json:"position,omitempty"`
	Signer   string        `json:"signer,omitempty"`
	Refusal  string        `json:"refusal,omitempty"` // why nobody signed
}

// PrivateItem is what was written down of an item.
type PrivateItem struct {
	Expected string   `json:"expected,omitempty"` // what was looked at, of an item that is of no measure
	Found    string   `json:"found,omitempty"`
	Note     string   `json:"note,omitempty"`
	Vehicles []string `json:"vehicles,omitempty"` // plates
}

// Fix is where the telephone said it was, in degrees of WGS-84.
type Fix struct {
	Lon      float64   `json:"lon"`
	Lat      float64   `json:"lat"`
	Accuracy float64   `json:"accuracy_m,omitempty"` // metres
	At       time.Time `json:"at,omitzero"`
}

// Answer is what an enterprise says of an inspection.
type Answer struct {
	At       time.Time `json:"at,omitzero"`
	NoteRef  string    `json:"note_ref,omitempty"` // vault reference
	Evidence []string  `json:"evidence,omitempty"`
}

// resultOf is what items come to.
func resultOf(items []Item) Result {
	passed := false
	unclear := false
	for i := range items {
		switch items[i].Result {
		case Fail:
			return Failed
		case Pass:
			passed = true
		case NotSeen:
			unclear = true
		}
	}
	if passed && !unclear {
		return Passed
	}
	return Unclear
}

// Files are the hashes of all files that an inspection names, its signature among them.
func (in *Inspection) Files() (all []string) {
	for i := range in.Items {
		all = append(all, in.Items[i].Evidence...)
	}
	all = append(all, in.Evidence...)
	if in.Signature != "" {
		all = append(all, in.Signature)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// SetRight is a time of the telephone by our clock.
func (in *Inspection) SetRight(t time.Time) time.Time {
	return t.Add(-time.Duration(in.Offset) * time.Second)
}

// Get is an inspection, or a not_found refusal.
func Get(tx *bbolt.Tx, id string) (*Inspection, error) {
	in := new(Inspection)
	switch ok, err := get(tx, allBucket, []byte(id), in); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, refusal.New(refusal.NotFound, "inspection.not_found", refusal.Args{"id": refusal.Shown(id)})
	}
	return in, nil
}

// get reads the JSON row of a key into v, and reports whether there is one.
func get(tx *bbolt.Tx, bucket, key []byte, v any) (bool, error) {
	row := tx.Bucket(bucket).Get(key)
	if row == nil {
		return false, nil
	}
	if err := json.Unmarshal(row, v); err != nil {
		return false, fmt.Errorf("inspect: %s %q: %w", bucket, key, err)
	}
	return true, nil
}

func put(tx *bbolt.Tx, bucket, key []byte, v any) error {
	row, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("inspect: %s %q: %w", bucket, key, err)
	}
	return tx.Bucket(bucket).Put(key, row)
}

// joined is a key of an index.
func joined(of, id string) []byte { return []byte(of + "\x00" + id) }
