package reductionlist

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Apply writes what an event means. It depends on nothing but tx and its arguments, so live and replayed
// state are the same bytes.
func Apply(tx *bbolt.Tx, _ Effects, at time.Time, actor string, ev Event) error {
	switch ev := ev.(type) {
	case Begun:
		return putVersion(tx, begunVersion(ev, actor, at))
	case RowsAdded:
		return applyRows(tx, ev)
	case Approved:
		v, err := GetVersion(tx, ev.Version)
		if err != nil {
			return err
		}
		return putVersion(tx, v.approved(actor, at))
	case Activated:
		return applyActivated(tx, at, actor, ev)
	}
	return fmt.Errorf("reductionlist: cannot apply %T", ev)
}

func applyActivated(tx *bbolt.Tx, at time.Time, actor string, ev Activated) error {
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
		if err := putVersion(tx, old); err != nil {
			return err
		}
	}
	v = v.activated(actor, ev.Replaces, at)
	if err := tx.Bucket(bucketEffective).Put(effectiveKey(v), nil); err != nil {
		return err
	}
	return putVersion(tx, v)
}

func begunVersion(ev Begun, actor string, at time.Time) Version {
	return Version{ID: ev.Version, Revision: 1, State: StateDraft, Hash: ev.Hash, Count: ev.Count,
		Source: ev.Source, Workbook: ev.Workbook, Findings: ev.Findings, Errors: ev.Errors, Warnings: ev.Warnings, List: ev.List, BegunAt: at, BegunBy: actor, Chain: newChain(&ev.List)}
}

func (v Version) approved(actor string, at time.Time) Version {
	v.Revision, v.State, v.ApprovedAt, v.ApprovedBy = v.Revision+1, StateApproved, at, actor
	return v
}

func (v Version) activated(actor, replaces string, at time.Time) Version {
	v.Revision, v.State, v.ActivatedAt, v.ActivatedBy = v.Revision+1, StateActive, at, actor
	v.Replaces, v.ReplacedBy = replaces, ""
	return v
}

func applyRows(tx *bbolt.Tx, ev RowsAdded) error {
	v, err := GetVersion(tx, ev.Version)
	if err != nil {
		return err
	}
	rows, contacts := tx.Bucket(bucketRows), tx.Bucket(bucketContacts)
	for i := range ev.Recipients {
		r := &ev.Recipients[i]
		key, data := rowKey(v.ID, r.ID), canonical(r)
		if err := rows.Put(key, data); err != nil {
			return err
		}
		if r.ContactRef != "" {
			if err := contacts.Put(key, []byte(r.ContactRef)); err != nil {
				return err
			}
		}
		v.Chain.add(data)
		v.count(r)
	}
	return putVersion(tx, v)
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

func putVersion(tx *bbolt.Tx, v Version) error {
	return tx.Bucket(bucketVersions).Put([]byte(v.ID), mustJSON(v))
}
