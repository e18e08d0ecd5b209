package web

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

func (s *Server) orders(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	f := notify.Filter{Warning: q.query.Get("warning"), Recipient: q.query.Get("recipient"), State: q.query.Get("state"),
		Town: q.query.Get("town"), Query: q.query.Get("q")}
	if !service.Narrow(&f, q.who) {
		return service.OrderPage{Items: []json.RawMessage{}}, nil
	}
	page, err := s.svc.Orders(q.who, f, cursor, limit)
	s.sawOfficer(q, slices.ContainsFunc(page.Items, namesOfficer))
	return page, err
}

func (s *Server) order(q *request) (any, error) {
	err := s.svc.J.View(func(tx *bbolt.Tx) error {
		o, err := notify.Get(tx, q.id())
		if err == nil && !service.Visible(q.who, o.RecipientID, o.Town) {
			err = refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": q.id()})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	text, err := s.svc.OrderFor(q.who, q.id())
	s.sawOfficer(q, namesOfficer(text))
	s.sawNotes(q, text)
	return json.RawMessage(text), err
}

// recipientView is a recipient of the list as others see it: without the reference to its contact.
type recipientView struct {
	*reductionlist.Recipient
	Sector      string `json:"sector"`
	ListVersion string `json:"list_version"`
	ContactRef  string `json:"contact_ref,omitempty"` // hides that of Recipient
}

func viewOf(r *reductionlist.Recipient, list string) recipientView {
	return recipientView{Recipient: r, Sector: r.Sector(), ListVersion: list}
}

// scanRecipients is how many one page of recipients looks at; it may then be shorter than asked, with a cursor to go on.
const scanRecipients = 10_000

// recipients pages through the list in force, or the one asked for, in the order of ids. q is part of an id or name.
func (s *Server) recipients(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	asked, err := s.asked(q)
	if err != nil {
		return nil, err
	}
	part, town := q.query.Get("q"), q.query.Get("town")
	page := alerts.Page[recipientView]{Items: []recipientView{}}
	err = s.svc.J.View(func(tx *bbolt.Tx) error {
		v, have, err := asked.version(tx)
		if err != nil || !have {
			return err
		}
		matches := func(r *reductionlist.Recipient) bool {
			return service.Visible(q.who, r.ID, r.Town) && (town == "" || r.Town == town) &&
				(part == "" || strings.Contains(r.ID, part) || strings.Contains(r.Name, part))
		}
		found, next, err := reductionlist.SearchRecipients(tx, v.ID, cursor, cmp.Or(part, town), limit, scanRecipients, matches)
		if err != nil {
			return err
		}
		page.Next = next
		for _, r := range found {
			page.Items = append(page.Items, viewOf(r, v.ID))
		}
		switch {
		case service.Scoped(q.who) || part != "":
			if page.Total = len(page.Items); cursor != "" || page.Next != "" {
				page.Total = -1
			}
		case town != "":
			page.Total = v.Towns[town]
		default:
			page.Total = v.Added
		}
		return err
	})
	return page, err
}

// recipient is one of the list in force, or the one asked for.
func (s *Server) recipient(q *request) (any, error) {
	asked, err := s.asked(q)
	if err != nil {
		return nil, err
	}
	var view recipientView
	err = s.svc.J.View(func(tx *bbolt.Tx) error {
		v, found, err := asked.version(tx)
		if err != nil {
			return err
		}
		var r *reductionlist.Recipient
		if found {
			r, err = reductionlist.GetRecipient(tx, v.ID, q.id())
		}
		if r == nil && err == nil || refusal.CodeOf(err) == refusal.NotFound || err == nil && !service.Visible(q.who, r.ID, r.Town) {
			return refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": q.id()})
		}
		view = viewOf(r, v.ID)
		return err
	})
	return view, err
}

// skillReport is how well each source forecast in a period.
type skillReport struct {
	From  string         `json:"from"`
	To    string         `json:"to"`
	Items []alerts.Skill `json:"items"`
}

// skill compares forecasts with measurements; without a period, of the last 90 days.
func (s *Server) skill(q *request) (any, error) {
	to, from := q.query.Get("to"), q.query.Get("from")
	if to == "" {
		to = string(alerts.DateOf(s.svc.J.Wall()))
	}
	if day, ok := alerts.ParseDate(to); ok && from == "" {
		from = string(day.AddDays(-89))
	}
	out := skillReport{From: from, To: to}
	err := s.svc.J.View(func(tx *bbolt.Tx) (err error) {
		out.Items, err = s.svc.Air.ForecastSkill(tx, s.svc.Region, alerts.Date(from), alerts.Date(to))
		return err
	})
	return out, err
}
