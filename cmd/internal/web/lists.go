package web

import (
	"encoding/json"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// visible reports whether who may see what belongs to a recipient: an enterprise its own, a town what lies in it,
// everybody else all. A scope that is empty sees nothing.
func visible(who *access.Principal, recipient, town string) bool {
	switch who.Role {
	case access.Enterprise:
		return who.Recipient != "" && who.Recipient == recipient
	case access.Town:
		return who.Town != "" && who.Town == town
	default:
		return true
	}
}

func scoped(who *access.Principal) bool {
	return who.Role == access.Enterprise || who.Role == access.Town
}

// narrow limits a filter of orders to what who may see; false is nothing.
func narrow(f *notify.Filter, who *access.Principal) bool {
	limit := func(asked *string, own string) bool {
		if own == "" || *asked != "" && *asked != own {
			return false
		}
		*asked = own
		return true
	}
	switch who.Role {
	case access.Enterprise:
		return limit(&f.Recipient, who.Recipient)
	case access.Town:
		return limit(&f.Town, who.Town)
	default:
		return true
	}
}

func (s *Server) orders(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	f := notify.Filter{Warning: q.query.Get("warning"), Recipient: q.query.Get("recipient"), State: q.query.Get("state"),
		Town: q.query.Get("town"), Query: q.query.Get("q")}
	if !narrow(&f, q.who) {
		return service.OrderPage{Items: []json.RawMessage{}}, nil
	}
	return s.svc.Orders(f, cursor, limit)
}

func (s *Server) order(q *request) (any, error) {
	err := s.svc.J.View(func(tx *bbolt.Tx) error {
		o, err := notify.Get(tx, q.id())
		if err == nil && !visible(q.who, o.RecipientID, o.Town) {
			err = refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": q.id()})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	text, err := s.svc.OrderJSON(q.id())
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

// What one page of recipients looks at; it may then be shorter than asked, with a cursor to go on.
const (
	scanRecipients = 5000
	scanChunk      = 500
)

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
		v, found, err := asked.version(tx)
		if err != nil || !found {
			return err
		}
		matches := func(r *reductionlist.Recipient) bool {
			return visible(q.who, r.ID, r.Town) && (town == "" || r.Town == town) &&
				(part == "" || strings.Contains(r.ID, part) || strings.Contains(r.Name, part))
		}
		page.Next, err = scan(tx, v.ID, cursor, limit, func(r *reductionlist.Recipient) int {
			if matches(r) {
				page.Items = append(page.Items, viewOf(r, v.ID))
			}
			return len(page.Items)
		})
		switch {
		case scoped(q.who) || part != "":
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

// scan calls visit for the recipients after the cursor until it has returned limit, or for long enough. It returns
// the cursor to go on from, empty at the end.
func scan(tx *bbolt.Tx, list, cursor string, limit int, visit func(*reductionlist.Recipient) int) (next string, err error) {
	full := false
	for seen := 0; ; {
		chunk, more, err := reductionlist.ScanRecipients(tx, list, cursor, scanChunk)
		if err != nil {
			return "", err
		}
		for _, r := range chunk {
			if full || seen == scanRecipients {
				return cursor, nil
			}
			cursor = r.ID
			seen++
			full = visit(r) >= limit
		}
		if more == "" {
			return "", nil
		}
	}
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
		if r == nil && err == nil || refusal.CodeOf(err) == refusal.NotFound || err == nil && !visible(q.who, r.ID, r.Town) {
			return refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": q.id()})
		}
		view = viewOf(r, v.ID)
		return err
	})
	return view, err
}

// skill compares forecasts with measurements; without a period, of the last 90 days.
func (s *Server) skill(q *request) (any, error) {
	to, from := q.query.Get("to"), q.query.Get("from")
	if to == "" {
		to = string(alerts.DateOf(s.svc.J.Now()))
	}
	if day, ok := alerts.ParseDate(to); ok && from == "" {
		from = string(day.AddDays(-89))
	}
	out := map[string]any{"from": from, "to": to}
	err := s.svc.J.View(func(tx *bbolt.Tx) error {
		items, err := alerts.ForecastSkill(tx, s.svc.Region, alerts.Date(from), alerts.Date(to))
		out["items"] = items
		return err
	})
	return out, err
}

// feeds lists the sources that ever fell silent, and whether they are now.
func (s *Server) feeds(*request) (any, error) {
	var items []alerts.FeedState
	err := s.svc.J.View(func(tx *bbolt.Tx) (err error) { items, err = alerts.Feeds(tx); return err })
	return map[string]any{"items": items, "total": len(items), "next": ""}, err
}
