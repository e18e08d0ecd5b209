package service

import (
	"context"
	"errors"
	"io"
	"sync"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/papers"
	"qingkong/notify"
	"qingkong/reductionlist"
)

const cmdCall = "order.call"

// callsAtOnce is how many calls of one request wait for the record side by side, so that they share blocks.
const callsAtOnce = 20

var _ = bind(calls.RecordCall, (*Service).RecordCall)

// RecordCall records a telephone call to the recipient of an order that who asks may see. The note goes to the vault.
func (s *Service) RecordCall(ctx context.Context, a Ask, in calls.OrderCall) (out calls.CallRecorded, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		_, err := VisibleOrder(tx, a.Who, in.ID)
		return err
	})
	if err != nil {
		return out, err
	}
	cmd := a.command(cmdCall, nil)
	call := notify.Call{OrderID: in.ID, Outcome: in.Outcome}
	if in.Note != "" {
		call.NoteRef, _ = s.seal(in.Note, a.Key, &cmd.Vault)
	}
	cmd.Payload = call
	o, err := journal.Do[*notify.Order](ctx, s.J, cmd)
	if err != nil {
		return out, err
	}
	return calls.CallRecorded{OrderID: o.ID, ToCall: o.ToCall(), Calls: countOf(o)}, nil
}

func countOf(o *notify.Order) calls.CallCount {
	c := calls.CallCount{Unreachable: o.Calls.Unreachable, LastOutcome: o.Calls.Outcome}
	if !o.Calls.Last.IsZero() {
		c.LastAt = new(o.Calls.Last)
	}
	return c
}

var _ = bind(calls.RecordCalls, (*Service).RecordCalls)

// RecordCalls records the same of several orders, each as [Service.RecordCall] does, under a key of its own where the
// request has one: a repeat records what a break-off left.
func (s *Service) RecordCalls(ctx context.Context, a Ask, in calls.OrderCalls) (out calls.CallsRecorded, err error) {
	if twice := repeated(in.Orders); twice != "" {
		return out, refusal.Wrong("orders", "order.called_twice", refusal.Args{"value": twice})
	}
	out.Items = make([]calls.CallResult, len(in.Orders))
	failed := make([]error, len(in.Orders))
	var working sync.WaitGroup
	slots := make(chan struct{}, callsAtOnce)
	for i, id := range in.Orders {
		slots <- struct{}{}
		working.Go(func() {
			defer func() { <-slots }()
			one := a
			if a.Key != "" {
				one.Key += "/" + id
			}
			out.Items[i].CallRecorded, failed[i] = s.RecordCall(ctx, one,
				calls.OrderCall{ByID: calls.ByID{ID: id}, Outcome: in.Outcome, Note: in.Note})
		})
	}
	working.Wait()
	for i, err := range failed {
		var told *refusal.Error
		switch {
		case err == nil:
			out.Recorded++
		case errors.As(err, &told):
			out.Items[i].OrderID = in.Orders[i]
			out.Items[i].Refused = &calls.CallRefused{Code: told.Code, Detail: told.Detail(a.Lang)}
		default:
			return out, err
		}
	}
	return out, nil
}

// repeated is a text that a list has twice; empty for none.
func repeated(list []string) string {
	seen := map[string]bool{}
	for _, one := range list {
		if seen[one] {
			return one
		}
		seen[one] = true
	}
	return ""
}

var _ = bind(calls.WarningCallSheet, (*Service).CallSheet)

// CallSheet is a page of whom to call about a warning. Contacts that it shows count as read.
func (s *Service) CallSheet(_ context.Context, a Ask, in calls.CallSheetQuery) (calls.CallSheet, error) {
	sheet, err := s.CallSheetFor(a.Who, in)
	if err == nil {
		s.Saw(a, Reading{Kind: access.SeenContact, Recipients: Shown(sheet.Items)})
	}
	return sheet, err
}

// Shown are the recipients of a call sheet whose contacts stand in it.
func Shown(rows []calls.CallRow) (recipients []string) {
	for i := range rows {
		if rows[i].Contact != nil {
			recipients = append(recipients, rows[i].RecipientID)
		}
	}
	return recipients
}

// CallSheetFor is [Service.CallSheet] for who shows it to somebody and says so.
func (s *Service) CallSheetFor(who *access.Principal, in calls.CallSheetQuery) (calls.CallSheet, error) {
	return s.callSheet(who, in, func(tx *bbolt.Tx, w *alerts.Warning, o *notify.Order) (calls.CallRow, error) {
		return callRow(tx, who, w.ListVersion, o)
	})
}

// CallSheetBare is [Service.CallSheetFor] with no contact in it, and without reading any.
func (s *Service) CallSheetBare(who *access.Principal, in calls.CallSheetQuery) (calls.CallSheet, error) {
	return s.callSheet(who, in, func(_ *bbolt.Tx, _ *alerts.Warning, o *notify.Order) (calls.CallRow, error) {
		return orderToCall(o), nil
	})
}

func (s *Service) callSheet(who *access.Principal, in calls.CallSheetQuery,
	row func(*bbolt.Tx, *alerts.Warning, *notify.Order) (calls.CallRow, error)) (calls.CallSheet, error) {
	sheet := calls.CallSheet{WarningID: in.ID, Items: []calls.CallRow{}}
	if err := sheetTown(who, &in.Town); err != nil {
		return sheet, err
	}
	err := s.J.View(func(tx *bbolt.Tx) error {
		w, err := alerts.GetWarning(tx, in.ID)
		if err != nil {
			return err
		}
		sheet.Drill = w.Drill
		board, err := notify.GetBoard(tx, w.ID)
		if err != nil {
			return err
		}
		var towns []string
		sheet.Total = board.ToCall
		if in.Town != "" {
			towns, sheet.Total = []string{in.Town}, board.OfTown(in.Town).ToCall
		}
		orders, next, err := notify.CallSheet(tx, w.ID, towns, in.Cursor, in.Most())
		sheet.Next = next
		for _, o := range orders {
			if err == nil {
				var one calls.CallRow
				one, err = row(tx, w, o)
				sheet.Items = append(sheet.Items, one)
			}
		}
		return err
	})
	return sheet, err
}

// sheetTown keeps a town's account to its own sheet, and refuses it another one's.
func sheetTown(who *access.Principal, town *string) error {
	if who.Role != calls.Town {
		return nil
	}
	if who.Town == "" || *town != "" && *town != who.Town {
		return refusal.New(refusal.Forbidden, "order.sheet_town", refusal.Args{"town": who.Town})
	}
	*town = who.Town
	return nil
}

func callRow(tx *bbolt.Tx, who *access.Principal, pinned string, o *notify.Order) (calls.CallRow, error) {
	v := orderToCall(o)
	r, err := o.Listed(tx, pinned)
	if err != nil || r == nil || r.ContactRef == "" || !MayReadContact(who, r.ID, o.Town) {
		return v, err
	}
	c, err := vaultContact(tx, r.ContactRef)
	if err == nil && c != (reductionlist.Contact{}) {
		v.Contact = &calls.CallContact{Name: c.Name, Phone: c.Phone, BackupName: c.BackupName,
			BackupPhone: c.BackupPhone}
	}
	return v, err
}

// orderToCall is an order's row without a contact.
func orderToCall(o *notify.Order) calls.CallRow {
	return calls.CallRow{OrderID: o.ID, RecipientID: o.RecipientID, RecipientName: o.RecipientName, Town: o.Town,
		State: o.State.String(), Answer: o.Answer.String(), AcknowledgeBy: o.AcknowledgeBy, AtStake: o.AtStake(),
		Calls: countOf(o)}
}

// CallBook writes the call sheet of a warning by town: all of them, or the one asked for. All contacts in it count as
// read.
func (s *Service) CallBook(w io.Writer, a Ask, in calls.CallBookQuery, format papers.Format) error {
	if err := sheetTown(a.Who, &in.Town); err != nil {
		return err
	}
	var warning *alerts.Warning
	var v reductionlist.Version
	var board *notify.Board
	err := s.J.View(func(tx *bbolt.Tx) (err error) {
		if warning, err = alerts.GetWarning(tx, in.ID); err == nil {
			v, err = reductionlist.GetVersion(tx, warning.ListVersion)
		}
		if err == nil {
			board, err = notify.GetBoard(tx, in.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	roll, count := s.roll(a, &v), 0
	roll.Contacts = calls.Allowed(a.Who.Role, calls.ActContactsRead)
	var groups []papers.Group
	for _, t := range board.ByTown {
		if in.Town != "" && t.Town != in.Town || in.Town == "" && t.ToCall == 0 {
			continue
		}
		count += t.ToCall
		groups = append(groups, papers.Group{Town: t.Town, Rows: func(row func(papers.Row) error) error {
			return s.eachCall(a.Who, warning, t.Town, row)
		}})
	}
	if roll.Contacts {
		s.Saw(a, Reading{Kind: access.SeenContact, List: v.ID, Count: count})
	}
	title := papers.CallTitle{Warning: in.ID, Drill: warning.Drill}
	if format == papers.XLSX {
		return roll.CallWorkbook(w, title, groups)
	}
	return roll.CallHTML(w, title, groups)
}

// eachCall hands over a town's call sheet, with no transaction open meanwhile.
func (s *Service) eachCall(who *access.Principal, w *alerts.Warning, town string, row func(papers.Row) error) error {
	for cursor, more := "", true; more; more = cursor != "" {
		var rows []papers.Row
		err := s.J.View(func(tx *bbolt.Tx) error {
			orders, next, err := notify.CallSheet(tx, w.ID, []string{town}, cursor, chunk)
			cursor = next
			for _, o := range orders {
				if err != nil {
					break
				}
				one := papers.Row{Call: new(orderToCall(o)),
					Recipient: &reductionlist.Recipient{ID: o.RecipientID, Name: o.RecipientName, Town: o.Town}}
				var r *reductionlist.Recipient
				if r, err = o.Listed(tx, w.ListVersion); err == nil && r != nil {
					one.Contact, err = paperContact(tx, r, MayReadContact(who, r.ID, o.Town))
				}
				rows = append(rows, one)
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := row(r); err != nil {
				return err
			}
		}
	}
	return nil
}
