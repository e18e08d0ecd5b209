package frame

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// Order is an order as far as the user may read it, or a not_found refusal.
func (q *Request) Order(id string) (o notify.View, err error) {
	text, err := q.frame.Svc.OrderFor(q.Who, id)
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	return o, err
}

// OrderRow is an order in a list.
type OrderRow struct {
	*notify.Order
	Contact, Phone string
	Overdue        bool
}

// OrderRows reads a page of orders as a list shows them.
func (q *Request) OrderRows(tx *bbolt.Tx, f notify.Filter, cursor string, limit int) ([]OrderRow, string, error) {
	found, next, err := notify.ListOrders(tx, f, cursor, limit)
	if cursor != "" && refusal.CodeOf(err) == refusal.NotFound {
		err = refusal.Input([]refusal.Field{{Path: "cursor", Rule: "cursor.unknown", Args: refusal.Args{"value": cursor}}})
	}
	if err != nil {
		return nil, "", err
	}
	lists := map[string]string{}
	rows := make([]OrderRow, len(found))
	for i, o := range found {
		rows[i] = OrderRow{Order: o, Overdue: o.Answer == notify.AnswerOverdue}
		if !q.Phones() {
			continue
		}
		list, known := lists[o.WarningID]
		if !known {
			w, err := alerts.GetWarning(tx, o.WarningID)
			if err != nil {
				return nil, "", err
			}
			list = w.ListVersion
			lists[o.WarningID] = list
		}
		r, err := o.Listed(tx, list)
		if err != nil {
			return nil, "", err
		}
		if r != nil {
			rows[i].Contact, rows[i].Phone = q.Phone(tx, r)
		}
	}
	return rows, next, nil
}

// Towns are the towns of a warning's orders or, without a warning, those of the list in force, in order; one that was asked
// for is among them.
func (q *Request) Towns(tx *bbolt.Tx, warning, asked string) ([]string, error) {
	towns := map[string]bool{asked: true}
	if warning != "" {
		b, err := notify.GetBoard(tx, warning)
		if err != nil {
			return nil, err
		}
		for i := range b.ByTown {
			towns[b.ByTown[i].Town] = true
		}
	} else {
		v, err := reductionlist.Current(tx, q.Now)
		if err != nil && refusal.CodeOf(err) != refusal.NotFound {
			return nil, err
		}
		for town := range v.Towns {
			towns[town] = true
		}
	}
	delete(towns, "")
	return slices.Sorted(maps.Keys(towns)), nil
}

// OrderPath is the address of an order's page.
func OrderPath(id string) string { return "/desk/orders/" + url.PathEscape(id) }

// NoOrder refuses an order that does not exist, or not for this user.
func NoOrder(id string) error {
	return refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": id})
}
