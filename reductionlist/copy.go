package reductionlist

import (
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Bounds of one command, which holds up every other while it is applied.
const (
	maxCopied   = 2000 // recipients
	maxContacts = 2000
)

// CopyRows takes over rows from another version into a draft: those behind the draft's last id and before Before, where
// that is named, without Except. One command takes a bounded number; it is given again until it has no event.
type CopyRows struct {
	Version string
	From    string
	Before  string
	Except  string
}

// DecideCopy carries out a CopyRows. No event means that there is nothing left to take over.
func DecideCopy(tx *bbolt.Tx, _ string, in CopyRows, _ time.Time) ([]Event, Version, error) {
	v, err := GetVersion(tx, in.Version)
	if err != nil {
		return nil, v, err
	}
	from, err := GetVersion(tx, in.From)
	switch {
	case err != nil:
		return nil, v, err
	case v.Errors > 0:
		return nil, v, damaged(v)
	case from.Added != from.Count:
		return nil, v, refusal.New(refusal.Conflict, "list.count", refusal.Args{"given": from.Added, "want": from.Count})
	}
	ev := RowsCopied{Version: v.ID, From: from.ID, Except: in.Except}
	for s := rowsAfter(tx, from.ID, v.LastID); s.ID != "" && (in.Before == "" || s.ID < in.Before) &&
		ev.Count < maxCopied; s.Next() {
		if s.ID != in.Except {
			ev.To, ev.Count = s.ID, ev.Count+1
		}
	}
	switch {
	case ev.Count == 0:
		return nil, v, nil
	case v.State != StateDraft:
		return nil, v, terms.Transition(terms.ListState, "list.rows_closed", v.State, refusal.Args{"version": v.ID})
	case v.Added+ev.Count > v.Count:
		return nil, v, refusal.New(refusal.Conflict, "list.count", refusal.Args{"given": v.Added + ev.Count, "want": v.Count})
	}
	return []Event{ev}, v, nil
}

// ChangeContacts gives recipients of a version other contacts.
type ChangeContacts struct {
	Version  string
	Contacts []ContactChange
}

// DecideContacts carries out a ChangeContacts, whatever the version's state: contacts are no part of what is approved.
// Contacts that are as asked for already are passed over.
func DecideContacts(tx *bbolt.Tx, _ string, in ChangeContacts, _ time.Time) ([]Event, int, error) {
	if _, err := GetVersion(tx, in.Version); err != nil {
		return nil, 0, err
	}
	if len(in.Contacts) > maxContacts {
		return nil, 0, refusal.New(refusal.TooLarge, "input.too_large", refusal.Args{"limit": maxContacts})
	}
	ev := ContactsChanged{Version: in.Version}
	var wrong []refusal.Field
	for i, c := range in.Contacts {
		key := rowKey(in.Version, c.Recipient)
		at := "contacts[" + strconv.Itoa(i) + "]"
		switch {
		case tx.Bucket(bucketRows).Get(key) == nil:
			wrong = append(wrong, refusal.Field{Path: at + ".recipient", Rule: "list.no_recipient",
				Args: refusal.Args{"recipient": c.Recipient}})
		case c.Ref == "":
			wrong = append(wrong, refusal.Field{Path: at + ".ref", Rule: "input.required"})
		default:
			if c.Was = string(tx.Bucket(bucketContacts).Get(key)); c.Was != c.Ref {
				ev.Contacts = append(ev.Contacts, c)
			}
		}
	}
	if err := refusal.Input(wrong); err != nil || len(ev.Contacts) == 0 {
		return nil, 0, err
	}
	return []Event{ev}, len(ev.Contacts), nil
}

// ContactRef is the vault reference of a recipient's contact in a version; empty for none.
func ContactRef(tx *bbolt.Tx, version, recipient string) string {
	return string(tx.Bucket(bucketContacts).Get(rowKey(version, recipient)))
}

// NextActive is the first day of the next active version that begins after a day; empty for none.
func NextActive(tx *bbolt.Tx, day string) string {
	k := effectiveAfter(tx, day)
	if k == nil {
		return ""
	}
	return string(k[:len(time.DateOnly)])
}

// DayOf is a time's day as lists have it.
func DayOf(at time.Time) string { return at.In(alerts.Shanghai()).Format(time.DateOnly) }

// StartOf is the beginning of a day, or the zero time for what is no day.
func StartOf(day string) time.Time { return midnight(day, 0) }

// DayBefore is the day before another.
func DayBefore(day string) string { return midnight(day, -1).Format(time.DateOnly) }
