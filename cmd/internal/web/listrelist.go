package web

import (
	"qingkong/alerts"
	"qingkong/notify"
)

// listChanges is a page of the recipients of a live warning that a newer list gives other things to do.
type listChanges struct {
	alerts.Page[listChange]
	WarningID string       `json:"warning_id"`
	Revision  int          `json:"revision"`
	Level     alerts.Level `json:"level"`        // of the orders
	Pinned    string       `json:"pinned"`       // the version that the warning was declared under
	List      string       `json:"list_version"` // the one in force now; the pinned one where there is no other
	Following int          `json:"following"`    // recipients that follow another version than the pinned one already
}

// listChange is one of them, with the order that it has now.
type listChange struct {
	notify.ListChange
	OrderID string   `json:"order_id"` // empty for none
	State   string   `json:"order_state"`
	Answer  string   `json:"answer"`
	Changes []change `json:"changes"`
}

func (s *Server) listChanges(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	c, err := s.svc.ListChanges(q.id(), cursor, limit)
	if err != nil {
		return nil, err
	}
	out := listChanges{alerts.Page[listChange]{Items: []listChange{}, Next: c.Next, Total: c.Total},
		c.Warning.ID, c.Warning.Revision, c.Level, c.Warning.ListVersion, c.ListVersion, c.Following}
	for _, item := range c.Items {
		one := listChange{ListChange: item, Changes: changesIn(languageOf(q.Request), item.Changes)}
		if o := item.Order; o != nil {
			one.OrderID, one.State, one.Answer = o.ID, o.State.String(), o.Answer.String()
		}
		out.Items = append(out.Items, one)
	}
	return out, nil
}

func (s *Server) relist(q *request) (any, error) {
	return s.svc.Relist(q.Context(), q.who.User, q.key, q.id(), q.body)
}
