package frame

import (
	"encoding/json"
	"net/url"

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
		if q.frame.Phone == nil {
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
		if r, err := reductionlist.GetRecipient(tx, list, o.RecipientID); err == nil && r.ContactRef != "" {
			rows[i].Contact, rows[i].Phone = q.Phone(tx, r.ID, r.ContactRef)
		}
	}
	return rows, next, nil
}

// OrderPath is the address of an order's page.
func OrderPath(id string) string { return "/desk/orders/" + url.PathEscape(id) }

// NoOrder refuses an order that does not exist, or not for this user.
func NoOrder(id string) error {
	return refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": id})
}
