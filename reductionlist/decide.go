package reductionlist

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist/internal/text"
)

// Begin opens a version of a list. Head returns one for a list.
type Begin struct {
	Hash     string
	Count    int
	Source   string
	Workbook string // "sha256:…" of the stored workbook, when there is one
	Findings string // "sha256:…" of the stored findings, when there are any
	Errors   int    // of the findings
	Warnings int
	List     List // its recipients are not looked at
	Amends   *Amends

	SecretSeen *alerts.SecretSeen `json:"-"` // set when it is decided
}

// Head is the Begin of l; the caller adds Source and Workbook. It sorts l.
func Head(l *List) Begin {
	head := *l
	head.Recipients = nil
	return Begin{Hash: l.Hash(), Count: len(l.Recipients), List: head}
}

// DamagedHead is the Begin of a workbook with errors: it enters the record with what names it and no rows, under the
// workbook's own hash, for what could be read of it may look like another list. Free text stays out: nobody has checked
// it.
func DamagedHead(l *List, workbook string) Begin {
	head := List{Name: MaskPhones(l.Name), Region: MaskPhones(l.Region), EffectiveFrom: l.EffectiveFrom,
		EffectiveTo: l.EffectiveTo,
		CompiledBy:  MaskPhones(l.CompiledBy), Emission: l.Emission}
	return Begin{Hash: workbook, Workbook: workbook, List: head}
}

// AddRows adds recipients to a begun version: in the order of ids, after those already there.
type AddRows struct {
	Version    string
	Recipients []Recipient
}

// Approve is the second person's consent; Revision is the one they saw.
type Approve struct {
	Version  string
	Revision int

	SecretSeen *alerts.SecretSeen `json:"-"` // set when it is decided
}

// DecideBegin opens a version. The same list again is answered with the version there is and no event;
// another list under the same id is a conflict.
func DecideBegin(tx *bbolt.Tx, actor string, in Begin, now time.Time) ([]Event, Version, error) {
	if err := checkHead(in); err != nil {
		return nil, Version{}, err
	}
	id := in.version()
	if data := tx.Bucket(bucketVersions).Get([]byte(id)); data != nil {
		v, err := GetVersion(tx, id)
		if err == nil && v.Hash != in.Hash {
			err = refusal.New(refusal.Conflict, "list.other_hash", refusal.Args{"version": id, "have": v.Hash, "given": in.Hash})
		}
		return nil, v, err
	}
	ev := Begun{Version: id, Hash: in.Hash, Count: in.Count, Source: in.Source, Workbook: in.Workbook,
		Findings: in.Findings, Errors: in.Errors, Warnings: in.Warnings, List: in.List, Amends: in.Amends,
		SecretSeen: in.SecretSeen}
	ev.List.Recipients = nil
	return []Event{ev}, begunVersion(ev, actor, now), nil
}

// version is the id of the version that in begins. A damaged workbook may have no date that can be read.
func (in *Begin) version() string {
	id := VersionID(in.List.EffectiveFrom, in.Hash)
	if id == "" {
		id = "L00000000-" + in.Hash[len("sha256:"):][:6]
	}
	return id
}

var hashForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func checkHead(in Begin) error {
	var wrong []refusal.Field
	field := func(path, rule string, value any) {
		wrong = append(wrong, refusal.Field{Path: path, Rule: rule, Args: refusal.Args{"value": value}})
	}
	if !hashForm.MatchString(in.Hash) {
		field("hash", "list.bad_hash", in.Hash)
	}
	if in.Workbook != "" && !hashForm.MatchString(in.Workbook) {
		field("workbook", "list.bad_hash", in.Workbook)
	}
	if in.Findings != "" && !hashForm.MatchString(in.Findings) {
		field("findings", "list.bad_hash", in.Findings)
	}
	if in.Errors > 0 {
		return refusal.Input(wrong) // what else is wrong is among the errors
	}
	if in.Count <= 0 {
		field("count", "list.empty", in.Count)
	}
	if !text.IsDay(in.List.EffectiveFrom) {
		field("list.effective_from", "list.date", in.List.EffectiveFrom)
	}
	if to := in.List.EffectiveTo; to != "" && !text.IsDay(to) {
		field("list.effective_to", "list.date", to)
	} else if to != "" && to < in.List.EffectiveFrom {
		field("list.effective_to", "list.dates_reversed", to)
	}
	return refusal.Input(wrong)
}

// DecideRows adds recipients to a draft. Rows that are all there already with the same content are answered
// with no event, so a caller may repeat a chunk whose answer was lost.
func DecideRows(tx *bbolt.Tx, _ string, in AddRows, _ time.Time) ([]Event, Version, error) {
	v, err := GetVersion(tx, in.Version)
	if err != nil {
		return nil, v, err
	}
	if v.Errors > 0 {
		return nil, v, damaged(v)
	}
	if err := checkRows(in.Recipients); err != nil || len(in.Recipients) == 0 {
		return nil, v, err
	}
	if v.LastID != "" && in.Recipients[0].ID <= v.LastID {
		if sameRows(tx, in) {
			return nil, v, nil
		}
		if v.State == StateDraft {
			return nil, v, refusal.New(refusal.Conflict, "list.rows_order",
				refusal.Args{"first": in.Recipients[0].ID, "last": v.LastID})
		}
	}
	if v.State != StateDraft {
		return nil, v, terms.Transition(terms.ListState, "list.rows_closed", v.State, refusal.Args{"version": v.ID})
	}
	if v.Added+len(in.Recipients) > v.Count {
		return nil, v, refusal.New(refusal.Conflict, "list.count",
			refusal.Args{"given": v.Added + len(in.Recipients), "want": v.Count})
	}
	return []Event{RowsAdded(in)}, v, nil
}

// ValidID reports whether an id has the form that it must have to stand in a subject and in an order's id.
func ValidID(id string) bool { return idForm.MatchString(id) }

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// reservedIDs are nobody's, in whatever case: the actors of the record that are no account, and the names by which
// roles are known and their accounts mostly go. An act of such a recipient would read as somebody else's.
var reservedIDs = map[string]bool{
	"system": true, "public": true, "anonymous": true, "nobody": true, "init": true, "timer": true,
	"duty": true, "approver": true, "inspector": true, "enterprise": true, "town": true, "viewer": true, "feeder": true,
	"admin": true, "neighbour": true,
}

// ReservedID reports whether an id may not be a recipient's because it means somebody else.
func ReservedID(id string) bool { return reservedIDs[strings.ToLower(id)] }

func checkRows(rs []Recipient) error {
	var wrong []refusal.Field
	for i := range rs {
		wrongID := func(rule string) {
			wrong = append(wrong, refusal.Field{Path: "recipients[" + strconv.Itoa(i) + "].id", Rule: rule,
				Args: refusal.Args{"value": rs[i].ID}})
		}
		switch {
		case !ValidID(rs[i].ID):
			wrongID("list.id_form")
		case ReservedID(rs[i].ID):
			wrongID("list.id_reserved")
		case i > 0 && rs[i].ID <= rs[i-1].ID:
			wrongID("list.not_ascending")
		}
	}
	return refusal.Input(wrong)
}

func sameRows(tx *bbolt.Tx, in AddRows) bool {
	rows := tx.Bucket(bucketRows)
	for i := range in.Recipients {
		r := &in.Recipients[i]
		if !bytes.Equal(rows.Get(rowKey(in.Version, r.ID)), canonical(r)) {
			return false
		}
	}
	return true
}

// DecideApprove records the consent of a second person to a complete draft.
func DecideApprove(tx *bbolt.Tx, actor string, in Approve, now time.Time) ([]Event, Version, error) {
	v, err := GetVersion(tx, in.Version)
	switch {
	case err != nil:
		return nil, v, err
	case v.State != StateDraft && v.ApprovedBy == actor:
		return nil, v, nil
	case v.State != StateDraft:
		return nil, v, terms.Transition(terms.ListState, "list.not_draft", v.State, refusal.Args{"version": v.ID})
	case v.Errors > 0:
		return nil, v, damaged(v)
	case in.Revision != v.Revision:
		return nil, v, stale(v, in.Revision)
	case v.BegunBy == actor:
		return nil, v, refusal.New(refusal.SamePerson, "list.same_person", refusal.Args{"actor": actor})
	}
	if err := complete(v); err != nil {
		return nil, v, err
	}
	ev := Approved{Version: v.ID, SecretSeen: in.SecretSeen}
	return []Event{ev}, v.approved(actor, ev, now), nil
}

// damaged refuses what cannot be done with a workbook that has errors.
func damaged(v Version) error {
	return terms.Transition(terms.ListState, "list.has_errors", v.State, refusal.Args{"version": v.ID, "errors": v.Errors})
}

func stale(v Version, given int) error {
	return refusal.New(refusal.StaleRevision, "list.stale_revision", refusal.Args{"given": given, "want": v.Revision})
}

// complete refuses a version whose rows do not add up to what was begun.
func complete(v Version) error {
	if v.Added != v.Count {
		return refusal.New(refusal.Conflict, "list.count", refusal.Args{"given": v.Added, "want": v.Count})
	}
	if have := v.Chain.String(); have != v.Hash {
		return refusal.New(refusal.Conflict, "list.rows_hash", refusal.Args{"version": v.ID, "have": have, "want": v.Hash})
	}
	return nil
}
