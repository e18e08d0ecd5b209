package notify

import (
	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// After the end of the record was lost, orders may be out that it does not know. The orders of each warning that has
// not ended then go on at revisions above those: the floors of a warning are the revisions that may be taken, each the
// highest of its time, and the next order of a recipient lies above the last of them.

// raiseFloors gives every warning that may have orders yet a floor that lies skip above its highest revision.
func raiseFloors(tx *bbolt.Tx, skip int) error {
	warnings, err := alerts.Unended(tx)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		floors, err := floorsOf(tx, w.ID)
		if err != nil {
			return err
		}
		top := topOf(floors)
		err = eachOrder(tx, w.ID, "", func(o *Order) bool { top = max(top, o.Revision); return true })
		if err != nil {
			return err
		}
		if err := putJSON(tx, restoredBucket, []byte(w.ID), append(floors, top+skip)); err != nil {
			return err
		}
	}
	return nil
}

// floorsOf are the revisions up to which orders of a warning may be out that the record does not know, in ascending
// order.
func floorsOf(tx *bbolt.Tx, warning string) ([]int, error) {
	rows, err := getJSON[[]int](tx, restoredBucket, "floors of", warning)
	if rows == nil {
		return nil, err
	}
	return *rows, nil
}

func topOf(floors []int) int {
	if len(floors) == 0 {
		return 0
	}
	return floors[len(floors)-1]
}

// Floor is the highest revision of a warning's orders that may be out without being in the record; 0 for none.
func Floor(tx *bbolt.Tx, warning string) (int, error) {
	floors, err := floorsOf(tx, warning)
	return topOf(floors), err
}

// nextID is the id of the order that takes the place of o, which is its recipient's latest.
func (o *Order) nextID(tx *bbolt.Tx) (string, error) {
	floor, err := Floor(tx, o.WarningID)
	return orderID(o.WarningID, o.RecipientID, max(o.Revision, floor)+1), err
}

// Next is the order that took the place of o, or a not_found refusal.
func (o *Order) Next(tx *bbolt.Tx) (*Order, error) {
	floors, err := floorsOf(tx, o.WarningID)
	if err != nil {
		return nil, err
	}
	after := []int{o.Revision + 1}
	for _, floor := range floors {
		if floor > o.Revision {
			after = append(after, floor+1)
		}
	}
	for _, revision := range after {
		if id := orderID(o.WarningID, o.RecipientID, revision); tx.Bucket(ordersBucket).Get([]byte(id)) != nil {
			return Get(tx, id)
		}
	}
	return Get(tx, orderID(o.WarningID, o.RecipientID, o.Revision+1))
}
