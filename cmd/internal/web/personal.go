package web

import (
	"bytes"
	"encoding/json"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// accesses is who read personal data of others, when, and by which call.
func (s *Server) accesses(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	return s.svc.Seen(q.Context(), q.query.Get("recipient"), q.query.Get("user"), cursor, limit)
}

func (s *Server) erase(q *request) (any, error) {
	return s.svc.ErasePersonal(q.Context(), q.who.User, q.orEmpty())
}

// sawAll notes that the caller was shown the contacts of a whole version.
func (s *Server) sawAll(q *request, version string, count int) {
	s.svc.Saw(q.who, service.Sight{Kind: access.SeenContact, Call: q.call(), List: version, Count: count})
}

// sawOfficer notes that the caller was shown the duty officer whom orders name; who asks again and again is noted once an
// hour.
func (s *Server) sawOfficer(q *request, shown bool) {
	if shown {
		s.svc.Saw(q.who, service.Sight{Kind: access.SeenDutyContact, Call: q.call(), Count: 1, Still: true})
	}
}

// sawNotes notes who was shown what stands in an order about its recipient: an objection, why that was decided as it was.
func (s *Server) sawNotes(q *request, order json.RawMessage) {
	var o notify.View
	if len(order) == 0 || json.Unmarshal(order, &o) != nil { // what is no order shows nothing
		return
	}
	objection := o.Objection != nil && o.Objection.Note+o.Objection.Reason != ""
	exemption := o.Release != nil && o.Release.Kind == notify.ReleaseExempted && o.Release.Reason != ""
	if objection || exemption {
		s.svc.Saw(q.who, service.Sight{Kind: access.SeenNote, Call: q.call(), Recipients: []string{o.RecipientID}, Still: true})
	}
}

var userParam = param{"user", anyText, "账号", "an account", false}

// namesOfficer reports whether an order's JSON names a duty officer.
func namesOfficer(order json.RawMessage) bool {
	return len(order) > 0 && !bytes.Contains(order, []byte(`"contact":{"name":"","phone":""}`))
}
