package reductionlist

import (
	"bytes"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Apply writes what an event means. It depends on nothing but tx and its arguments, so live and replayed
// state are the same bytes.
func Apply(tx *bbolt.Tx, fx Effects, at time.Time, actor string, ev Event) error {
	switch ev := ev.(type) {
	case Begun:
		return putVersion(tx, begunVersion(ev, actor, at))
	case RowsAdded:
		return applyRows(tx, ev)
	case Approved:
		return changeVersion(tx, ev.Version, func(v *Version) { *v = v.approved(actor, ev, at) })
	case Activated:
		return applyActivated(tx, fx, at, actor, ev)
	case RowsCopied:
		return applyCopied(tx, ev)
	case ContactsChanged:
		return applyContacts(tx, ev)
	case CameIntoForce:
		return applyInForce(tx, ev)
	case Discarded:
		return applyDiscarded(tx, ev)
	}
	return fmt.Errorf("reductionlist: cannot apply %T", ev)
}

func applyActivated(tx *bbolt.Tx, fx Effects, at time.Time, actor string, ev Activated) error {
	v, err := GetVersion(tx, ev.Version)
	if err != nil {
		return err
	}
	if ev.Replaces != "" {
		old, err := GetVersion(tx, ev.Replaces)
		if err != nil {
			return err
		}
		if err := tx.Bucket(bucketEffective).Delete(effectiveKey(old)); err != nil {
			return err
		}
		old.Revision, old.State, old.ReplacedBy = old.Revision+1, StateReplaced, v.ID
		old.setTimers(fx, time.Time{}, time.Time{})
		if err := putVersion(tx, old); err != nil {
			return err
		}
	}
	if ev.Previous != "" {
		if err := changeVersion(tx, ev.Previous, func(old *Version) { old.OutAt = at }); err != nil {
			return err
		}
	}
	v = v.activated(actor, ev, at)
	v.setTimers(fx, ev.StartsAt, ev.EndsAt)
	if err := tx.Bucket(bucketEffective).Put(effectiveKey(v), nil); err != nil {
		return err
	}
	return putVersion(tx, v)
}

func begunVersion(ev Begun, actor string, at time.Time) Version {
	return Version{ID: ev.Version, Revision: 1, State: StateDraft, Hash: ev.Hash, Count: ev.Count,
		Source: ev.Source, Workbook: ev.Workbook, Findings: ev.Findings, Errors: ev.Errors, Warnings: ev.Warnings,
		List: ev.List, Amends: ev.Amends,
		BegunAt: at, BegunBy: actor, BegunSeen: ev.SecretSeen, Chain: newChain(&ev.List)}
}

func (v Version) approved(actor string, ev Approved, at time.Time) Version {
	v.Revision, v.State, v.ApprovedAt, v.ApprovedBy, v.ApprovedSeen = v.Revision+1, StateApproved, at, actor, ev.SecretSeen
	return v
}

func (v Version) activated(actor string, ev Activated, at time.Time) Version {
	v.Revision, v.State, v.ActivatedAt, v.ActivatedBy, v.ActivatedSeen = v.Revision+1, StateActive, at, actor,
		ev.SecretSeen
	v.Replaces, v.ReplacedBy = ev.Replaces, ""
	return v
}

func applyRows(tx *bbolt.Tx, ev RowsAdded) error {
	v, err := GetVersion(tx, ev.Version)
	if err != nil {
		return err
	}
	for i := range ev.Recipients {
		r := &ev.Recipients[i]
		if err := v.addRow(tx, r, canonical(r)); err != nil {
			return err
		}
	}
	return putVersion(tx, v)
}

// addRow keeps a row of v and takes it into the running hash and totals.
func (v *Version) addRow(tx *bbolt.Tx, r *Recipient, data []byte) error {
	key := rowKey(v.ID, r.ID)
	if err := tx.Bucket(bucketRows).Put(key, data); err != nil {
		return err
	}
	if r.ContactRef != "" {
		if err := tx.Bucket(bucketContacts).Put(key, []byte(r.ContactRef)); err != nil {
			return err
		}
	}
	v.Chain.add(data)
	v.count(r)
	return nil
}

func applyCopied(tx *bbolt.Tx, ev RowsCopied) error {
	v, err := GetVersion(tx, ev.Version)
	if err != nil {
		return err
	}
	type row struct{ key, data []byte }
	var found []row // read before the first is written, for that moves the cursor
	for s := rowsAfter(tx, ev.From, v.LastID); s.ID != "" && s.ID <= ev.To; s.Next() {
		if s.ID != ev.Except {
			found = append(found, row{s.Key, s.Data})
		}
	}
	if len(found) != ev.Count {
		return fmt.Errorf("reductionlist: %d rows of %s to copy, want %d", len(found), ev.From, ev.Count)
	}
	for _, from := range found {
		r, err := readRow(tx, from.key, from.data)
		if err != nil {
			return err
		}
		if err := v.addRow(tx, r, bytes.Clone(from.data)); err != nil {
			return err
		}
	}
	return putVersion(tx, v)
}

// applyContacts changes a contact in the version that is named and in each other that has the old one.
func applyContacts(tx *bbolt.Tx, ev ContactsChanged) error {
	var versions []string
	if err := tx.Bucket(bucketVersions).ForEach(func(id, _ []byte) error {
		versions = append(versions, string(id))
		return nil
	}); err != nil {
		return err
	}
	contacts := tx.Bucket(bucketContacts)
	for _, c := range ev.Contacts {
		for _, id := range versions {
			key := rowKey(id, c.Recipient)
			if id != ev.Version && (c.Was == "" || string(contacts.Get(key)) != c.Was) {
				continue
			}
			if err := contacts.Put(key, []byte(c.Ref)); err != nil {
				return err
			}
		}
	}
	return nil
}

func applyInForce(tx *bbolt.Tx, ev CameIntoForce) error {
	for id, mark := range map[string]func(*Version){
		ev.Version:  func(v *Version) { v.InForceAt = ev.From },
		ev.Previous: func(v *Version) { v.OutAt = ev.From },
	} {
		if id == "" {
			continue
		}
		if err := changeVersion(tx, id, mark); err != nil {
			return err
		}
	}
	return nil
}

// setTimers has the midnights watched at which v begins and ceases to count; a zero time sets no timer.
func (v *Version) setTimers(fx Effects, starts, ends time.Time) {
	for _, t := range []struct {
		name    string
		old, at time.Time
	}{{"starts", v.StartsAt, starts}, {"ends", v.EndsAt, ends}} {
		id := "list/" + v.ID + "/" + t.name
		switch {
		case !t.at.IsZero():
			fx.WallTimer(id, t.at, CommandInForce, InForceDue{At: t.at})
		case !t.old.IsZero():
			fx.CancelTimer(id)
		}
	}
	v.StartsAt, v.EndsAt = starts, ends
}

// count takes r into the running totals.
func (v *Version) count(r *Recipient) {
	tally := func(m *map[string]int, key string) {
		if key == "" {
			return
		}
		if *m == nil {
			*m = map[string]int{}
		}
		(*m)[key]++
	}
	v.Added, v.LastID = v.Added+1, r.ID
	tally(&v.Towns, r.Town)
	tally(&v.Sectors, r.Sector())
	tally(&v.Grades, string(r.Grade))
}

func changeVersion(tx *bbolt.Tx, id string, change func(*Version)) error {
	v, err := GetVersion(tx, id)
	if err != nil {
		return err
	}
	change(&v)
	return putVersion(tx, v)
}

func putVersion(tx *bbolt.Tx, v Version) error {
	return tx.Bucket(bucketVersions).Put([]byte(v.ID), mustJSON(v))
}
