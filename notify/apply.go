package notify

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

func applyIssued(tx *bbolt.Tx, fx Effects, at time.Time, pos Pos, ev *Issued) error {
	measures := ev.digest
	if measures == (digest{}) {
		measures = digestOf(ev.Measures)
	}
	if ev.Supersedes != nil {
		was, err := supersede(tx, fx, *ev.Supersedes)
		if err != nil {
			return err
		}
		if ev.Cause == CausePlan || ev.Cause == CauseAmended {
			measures = was // what the list has of it, by which the warning's next round finds whether anything changes
		}
	}
	if listed, ok := listedDigest(ev.Plan); ok {
		measures = listed
	}
	if err := keepAccepted(tx, ev); err != nil {
		return err
	}
	grams, err := gramsOf(ev.Measures)
	if err != nil {
		return err
	}
	o := Order{
		ID: ev.ID, WarningID: ev.WarningID, RecipientID: ev.RecipientID, Revision: ev.Revision,
		Body: pos, Drill: ev.Drill, status: status{Unreceived: true},
		IssuedAt: ev.IssuedAt, AcknowledgeBy: ev.AcknowledgeBy,
		RecipientName: ev.RecipientName, Town: ev.Town, Sector: ev.Sector, Grade: ev.Grade,
		measures: measures, grams: grams,
	}
	if err := o.checkKey(); err != nil {
		return err
	}
	if err := o.store(tx); err != nil {
		return err
	}
	o.moveOnSheet(fx, nil)
	key := recipientKey(o.RecipientID, o.ID)
	for _, name := range [...][]byte{byRecipientBucket, pendingBucket} {
		b := tx.Bucket(name)
		b.FillPercent = inOrder
		if err := b.Put(key, nil); err != nil {
			return err
		}
	}
	fx.Send(Topic, o.message(), at)
	if ev.Cause != "" {
		o.setDeadline(fx)
	}
	count(fx, &o, nil)
	return nil
}

// checkKey refuses an order whose row could not be read back: the two ids are found in the key by their lengths.
func (o *Order) checkKey() error {
	if len(o.WarningID) > 255 || len(o.RecipientID) > 255 || o.Revision < 1 ||
		o.ID != orderID(o.WarningID, o.RecipientID, o.Revision) {
		return fmt.Errorf("notify: order id %q does not name warning %q, recipient %q and revision %d",
			o.ID, o.WarningID, o.RecipientID, o.Revision)
	}
	return nil
}

// supersede takes the order out of force in favour of a later one and returns what it had of the list.
func supersede(tx *bbolt.Tx, fx Effects, id string) (measures digest, err error) {
	var key []byte
	err = change(tx, fx, id, func(o *Order) {
		o.confirm(fx)
		o.State, measures, key = StateSuperseded, o.measures, recipientKey(o.RecipientID, o.ID)
	})
	if err != nil {
		return measures, err
	}
	return measures, tx.Bucket(pendingBucket).Delete(key)
}

// message is the outbox id of the order's latest event.
func (o *Order) message() string {
	switch {
	case o.State == StateReleased, o.State == StateExempted:
		return o.ID + "/released"
	case o.Revision > 1:
		return o.ID + "/revised"
	}
	return o.ID + "/issued"
}

// confirm ends the sending of the order's latest event.
func (o *Order) confirm(fx Effects) {
	if o.Unreceived {
		fx.Drop(Topic, o.message())
		o.Unreceived = false
	}
}

// setDeadline sets a timer for this order alone; the orders of a warning's round share one.
func (o *Order) setDeadline(fx Effects) {
	fx.Timer(o.overdueTimer(), o.AcknowledgeBy, CommandOverdue, OverdueChunk{Warning: o.WarningID, N: 1})
}

func (o *Order) overdueTimer() string { return "overdue/" + o.ID }

// end takes the order out of force and sends that to the recipient, in the words of that number.
func (o *Order) end(tx *bbolt.Tx, fx Effects, at time.Time, state State, words int) error {
	was, place := o.status, o.sheetKey()
	o.confirm(fx)
	o.callAnew()
	o.State = state
	o.words = uint32(words) // #nosec G115 -- counted from 1 in steps of 1
	o.released = o.status
	o.Unreceived = true
	fx.Send(Topic, o.message(), at)
	if err := o.store(tx); err != nil {
		return err
	}
	o.moveOnSheet(fx, place)
	// An exemption that was received has left the pending orders; the release of it comes back to them.
	if err := tx.Bucket(pendingBucket).Put(recipientKey(o.RecipientID, o.ID), nil); err != nil {
		return err
	}
	count(fx, o, &was)
	return nil
}

func applyReleased(tx *bbolt.Tx, fx Effects, at time.Time, ev *Released) error {
	var o Order
	if err := o.must(tx, ev.OrderID); err != nil {
		return err
	}
	if !o.binds() {
		return fmt.Errorf("notify: order %s is %s and cannot be released", o.ID, o.State)
	}
	return o.end(tx, fx, at, StateReleased, ev.Words)
}

func recipientKey(recipient, order string) []byte {
	key := make([]byte, 0, len(recipient)+1+len(order))
	key = append(key, recipient...)
	key = append(key, 0)
	return append(key, order...)
}
