package service

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// DemoSource is the source of a list version that was loaded for a demo.
const DemoSource = "demo"

func unknownRecipient(id string) error {
	return refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": id})
}

// ListedRecipient returns a recipient of the list in force at the time, or a not_found refusal with the rule
// recipient.unknown, also where no list is in force.
func ListedRecipient(tx *bbolt.Tx, id string, at time.Time) (*reductionlist.Recipient, error) {
	_, r, err := listedRecipient(tx, id, at)
	return r, err
}

// listedRecipient is [ListedRecipient] with the list.
func listedRecipient(tx *bbolt.Tx, id string, at time.Time) (v reductionlist.Version, r *reductionlist.Recipient,
	err error) {
	if v, err = reductionlist.Current(tx, at); err == nil {
		r, err = reductionlist.GetRecipient(tx, v.ID, id)
	}
	if refusal.CodeOf(err) == refusal.NotFound {
		err = unknownRecipient(id)
	}
	return v, r, err
}

// onceListed is a recipient as the latest list had it that was activated to begin by the instant; nil where none had it.
func onceListed(tx *bbolt.Tx, id string, at time.Time) (*reductionlist.Recipient, error) {
	const page = 100
	day := reductionlist.DayOf(at)
	for cursor, more := "", true; more; more = cursor != "" {
		versions, next, err := reductionlist.ListVersions(tx, cursor, page)
		if err != nil {
			return nil, err
		}
		for i := range versions {
			v := &versions[i]
			if v.State != reductionlist.StateActive && v.State != reductionlist.StateReplaced || v.List.EffectiveFrom > day {
				continue
			}
			r, err := reductionlist.GetRecipient(tx, v.ID, id)
			if err == nil || refusal.CodeOf(err) != refusal.NotFound {
				return r, err
			}
		}
		cursor = next
	}
	return nil, nil
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

var _ = bind(calls.Orders, (*Service).Orders)

// Orders pages through the orders that are asked for, each as [Service.Order] gives it but for its objection; see
// [notify.ListOrders]. A reason that is about one recipient is there for that one alone; whoever else may read it does
// so one order at a time.
func (s *Service) Orders(_ context.Context, a Ask, in calls.OrdersQuery) (calls.OrderPage, error) {
	page := calls.OrderPage{Items: []json.RawMessage{}}
	f := notify.Filter{Warning: in.Warning, Recipient: in.Recipient, State: in.State, Town: in.Town, Query: in.Q}
	if !Narrow(&f, a.Who) {
		return page, nil
	}
	err := s.J.View(func(tx *bbolt.Tx) error {
		orders, next, err := notify.ListOrders(tx, f, in.Cursor, in.Most())
		if in.Cursor != "" && refusal.CodeOf(err) == refusal.NotFound {
			return wrongCursor(in.Cursor)
		}
		if err != nil {
			return err
		}
		vault := s.vault(tx)
		if a.Who.Role != calls.Enterprise {
			vault.Note = nil
		}
		items, next, err := fillPage(orders, next, func(o *notify.Order) string { return o.ID },
			func(o *notify.Order) (json.RawMessage, error) {
				text, err := notify.BriefJSON(tx, journal.ReadPos, vault, o.ID)
				return text, err
			})
		if err != nil {
			return err
		}
		page.Items, page.Next = append(page.Items, items...), next
		page.Total, err = notify.CountOrders(tx, f)
		return err
	})
	s.sawOfficer(a, slices.ContainsFunc(page.Items, namesOfficer))
	return page, err
}

func wrongCursor(cursor string) error {
	return refusal.Wrong("cursor", "cursor.unknown", refusal.Args{"value": cursor})
}

// Demo reports whether the list in force is the demo's.
func (s *Service) Demo() (bool, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (bool, error) {
		v, _, err := inForce(tx, time.Now())
		return v.Source == DemoSource, err
	})
}
