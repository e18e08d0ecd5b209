package service

import (
	"encoding/json"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// DemoSource is the source of a list version that was loaded for a demo.
const DemoSource = "demo"

// ListedRecipient returns a recipient of the list in force at the time, or a not_found refusal with the rule
// recipient.unknown, also where no list is in force.
func ListedRecipient(tx *bbolt.Tx, id string, at time.Time) (*reductionlist.Recipient, error) {
	v, err := reductionlist.Current(tx, at)
	var r *reductionlist.Recipient
	if err == nil {
		r, err = reductionlist.GetRecipient(tx, v.ID, id)
	}
	if refusal.CodeOf(err) == refusal.NotFound {
		err = refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": id})
	}
	return r, err
}

// stations are the MNs that a recipient sends telemetry for.
func stations(r *reductionlist.Recipient) []string {
	mns := r.Stations()
	for _, m := range r.Measures {
		for _, o := range m.Monitors {
			if o.Source == reductionlist.CEMS {
				mns = append(mns, o.Ref)
			}
		}
	}
	slices.Sort(mns)
	return slices.DeleteFunc(slices.Compact(mns), func(mn string) bool { return mn == "" })
}

// OrderPage is a page of orders, each as [Service.OrderFor] gives it, but for its objection. Total is -1 where counting takes too long.
type OrderPage struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
	Total int               `json:"total"`
}

// Orders pages through the orders that the filter finds; see [notify.ListOrders]. A reason that is about one recipient is there for
// that one alone; whoever else may read it does so one order at a time.
func (s *Service) Orders(who *access.Principal, f notify.Filter, cursor string, limit int) (OrderPage, error) {
	page := OrderPage{Items: []json.RawMessage{}}
	err := s.J.View(func(tx *bbolt.Tx) error {
		orders, next, err := notify.ListOrders(tx, f, cursor, limit)
		if cursor != "" && refusal.CodeOf(err) == refusal.NotFound {
			return refusal.Input([]refusal.Field{{Path: "cursor", Rule: "cursor.unknown", Args: refusal.Args{"value": cursor}}})
		}
		if err != nil {
			return err
		}
		vault := s.vault(tx)
		if who.Role != access.Enterprise {
			vault.Note = nil
		}
		for _, o := range orders {
			text, err := notify.BriefJSON(tx, journal.ReadPos, vault, o.ID)
			if err != nil {
				return err
			}
			page.Items = append(page.Items, text)
		}
		page.Next = next
		page.Total, err = notify.CountOrders(tx, f)
		return err
	})
	return page, err
}

// Demo reports whether the list in force is the demo's.
func (s *Service) Demo() (demo bool, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		v, err := reductionlist.Current(tx, time.Now())
		demo = v.Source == DemoSource
		if refusal.CodeOf(err) == refusal.NotFound {
			return nil
		}
		return err
	})
	return demo, err
}
