package notify

import (
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// SentMessages names orders, or outbox ids of them, whose message went out. The caller keeps a batch within a
// block of the record: some 10,000 ids.
type SentMessages struct {
	IDs []string
}

// PerEntry is how many orders an entry about many at once names: whoever proves that one of them went out hands the whole
// entry on, with what it tells of the others.
const PerEntry = 100

// DecideSent records which of the orders were never sent before, [PerEntry] in an event. Repeats and releases change no
// delivery, and an order it does not know is left out.
func DecideSent(tx *bbolt.Tx, _ string, in SentMessages, _ time.Time) ([]Event, []string, error) {
	var sent []string
	seen := make(map[string]bool, len(in.IDs))
	var o Order
	for _, id := range in.IDs {
		id, _, _ = strings.Cut(id, "/")
		if seen[id] {
			continue
		}
		seen[id] = true
		ok, err := o.load(tx, id)
		if err != nil {
			return nil, nil, err
		}
		if ok && o.Delivery == DeliveryPending {
			sent = append(sent, id)
		}
	}
	var events []Event
	for orders := range slices.Chunk(sent, PerEntry) {
		events = append(events, &Sent{Orders: orders})
	}
	return events, sent, nil
}

func applySent(tx *bbolt.Tx, fx Effects, ev *Sent) error {
	for _, id := range ev.Orders {
		err := change(tx, fx, id, func(o *Order) {
			if o.Delivery == DeliveryPending {
				o.Delivery = DeliverySent
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
