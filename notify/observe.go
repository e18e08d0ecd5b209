package notify

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// Observe turns what happened to a warning into a plan for its orders. The journal calls it after alerts has applied
// the event, so the warning is read as it stands after it.
func Observe(tx *bbolt.Tx, fx Effects, at time.Time, _ string, ev Event) error {
	switch ev := ev.(type) {
	case alerts.WarningActivated:
		return planFor(tx, fx, at, ev.ID, "")
	case alerts.LevelChanged:
		return planFor(tx, fx, at, ev.ID, "")
	case alerts.WarningLifted:
		return planFor(tx, fx, at, ev.ID, "lifted")
	case alerts.WarningCancelled:
		return planFor(tx, fx, at, ev.ID, "cancelled")
	}
	return nil
}

// planFor starts the plan that brings the orders of a warning to its present level, or releases them.
func planFor(tx *bbolt.Tx, fx Effects, at time.Time, id, release string) error {
	if release != "" {
		// A warning cancelled before it was active has no orders.
		if old, err := GetPlan(tx, id); err != nil || old == nil {
			return err
		}
	}
	w, err := alerts.GetWarning(tx, id)
	if err != nil {
		return fmt.Errorf("notify: plan for warning %s: %w", id, err)
	}
	if release == "" && w.State != alerts.Active {
		return nil // its level was changed before its start; it is planned when that comes
	}
	s, err := CurrentSettings(tx)
	if err != nil {
		return err
	}
	p := &Plan{
		Warning: id, Release: release, At: at, AcknowledgeBy: at.Add(s.acknowledgeWithin()), ContactRef: s.ContactRef,
		Level: w.Level, ListVersion: w.ListVersion, ListHash: w.ListHash,
		StartsAt: w.LevelSince, EndsAt: w.EndsAt, DocumentNo: w.DocumentNo, Drill: w.Drill,
	}
	return p.start(tx, fx, at)
}
