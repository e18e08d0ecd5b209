package web

import (
	"encoding/json"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

func (s *Server) forecast(q *request) (any, error) {
	out, err := s.svc.Forecast(q.Context(), q.who.User, q.key, q.body)
	out.Notes = alerts.NotesIn(out.Notes, languageOf(q.Request))
	return out, err
}

func forecastPath(answer any) []string {
	return []string{"forecasts", answer.(alerts.ForecastResult).ID}
}

func (s *Server) observation(q *request) (any, error) {
	r, err := s.svc.Observation(q.Context(), q.who.User, q.key, q.body)
	return r.In(languageOf(q.Request)), err
}

func (s *Server) proposals(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	var page alerts.Page[*alerts.Proposal]
	err = s.svc.J.View(func(tx *bbolt.Tx) error {
		page, err = alerts.ListProposals(tx, q.query.Get("state"), cursor, limit)
		return err
	})
	return page, err
}

func (s *Server) proposal(q *request) (p any, err error) {
	err = s.svc.J.View(func(tx *bbolt.Tx) error { p, err = alerts.GetProposal(tx, q.id()); return err })
	return p, err
}

func (s *Server) dismiss(q *request) (any, error) {
	return s.svc.Dismiss(q.Context(), q.who.User, q.key, q.id(), q.body)
}

func (s *Server) warnings(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	var page alerts.Page[*alerts.Warning]
	err = s.svc.J.View(func(tx *bbolt.Tx) error { page, err = alerts.ListWarnings(tx, cursor, limit); return err })
	for i, w := range page.Items {
		page.Items[i] = service.WarningFor(q.who, w)
	}
	return page, err
}

func (s *Server) warning(q *request) (any, error) {
	var look service.WarningLook
	err := s.svc.J.View(func(tx *bbolt.Tx) (err error) { look, err = s.svc.LookAt(tx, q.who, q.id()); return err })
	return look, err
}

func (s *Server) board(q *request) (board any, err error) {
	err = s.svc.J.View(func(tx *bbolt.Tx) error {
		if _, err := alerts.GetWarning(tx, q.id()); err != nil {
			return err
		}
		board, err = notify.Board(tx, q.id())
		return err
	})
	return board, err
}

func (s *Server) declare(q *request) (any, error) {
	return s.svc.Declare(q.Context(), q.who.User, q.key, q.body)
}

func warningPath(answer any) []string { return []string{"warnings", answer.(*alerts.Warning).ID} }

func warningAct(act string) func(*Server, *request) (any, error) {
	return func(s *Server, q *request) (any, error) {
		return s.svc.WarningAct(q.Context(), q.who.User, q.key, q.id(), act, q.body)
	}
}

// orderAct is an enterprise's act on an order. Path and token say which order and whose; what the body says of
// them must agree.
func orderAct(act notify.Action) func(*Server, *request) (any, error) {
	return func(s *Server, q *request) (any, error) {
		var in notify.AnswerText
		if err := refusal.Unmarshal(q.orEmpty(), &in); err != nil {
			return nil, err
		}
		if in.OrderID != "" && in.OrderID != q.id() {
			return nil, notAsPath("order_id", q.id(), in.OrderID)
		}
		if in.Action != "" && in.Action != act {
			return nil, notAsPath("action", string(act), string(in.Action))
		}
		in.OrderID, in.Action = q.id(), act
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		if in, err = notify.ParseAnswer(text); err != nil { // which also bounds what it holds
			return nil, err
		}
		order, err := s.svc.AnswerOrder(q.Context(), q.who.Recipient, q.key, in)
		return json.RawMessage(order), err
	}
}

// objectionText is the body of an objection, which says why.
type objectionText notify.AnswerText

// objection is the duty officer's decision on what a recipient objected.
func (s *Server) objection(q *request) (any, error) {
	order, err := s.svc.DecideObjection(q.Context(), q.who.User, q.key, q.id(), q.body)
	s.sawNotes(q, order)
	return json.RawMessage(order), err
}

func notAsPath(field, path, body string) error {
	return refusal.Input([]refusal.Field{{Path: field, Rule: "http.not_as_path", Args: refusal.Args{"path": path, "body": body}}})
}
