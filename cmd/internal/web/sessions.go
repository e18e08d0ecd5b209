package web

import (
	"context"
	"encoding/base64"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/web/session"
)

// By what a caller is known.
const (
	byToken   = "token"
	bySession = "session"
)

func personOf(p *access.Principal) calls.Person {
	return calls.Person{User: p.User, Role: p.Role, Name: p.Name, Town: p.Town, Recipient: p.Recipient}
}

var _ = bind(calls.Me, func(_ *Server, q *request, _ calls.None) (any, error) {
	p := personOf(q.who)
	p.By = q.by
	return p, nil
})

// A login begins a session; its cookie goes with the answer.
var _ = bind(calls.Login, func(s *Server, q *request, in calls.LoginInput) (any, error) {
	until := s.svc.J.Now().Add(session.Lifetime)
	who, err := s.sessions.Login(q.w, q.Request, in.User, in.Password)
	if err != nil {
		return nil, err
	}
	p := personOf(who)
	p.ExpiresAt = &until
	return p, nil
})

// A logout ends the session that the request came with; without one there is nothing to end.
var _ = bind(calls.Logout, func(s *Server, q *request, _ calls.None) (any, error) {
	s.sessions.Logout(q.w, q.Request)
	return nil, nil
})

// The key is of the browser that asks: a token alone comes from none.
var _ = bind(calls.OwnDeviceKey, func(s *Server, q *request, _ calls.None) (any, error) {
	id, key, err := s.sessions.DeviceKey(q.Request, q.who.User)
	if err == nil && key == nil {
		err = refusal.New(refusal.NotFound, "device.unknown", nil)
	}
	return calls.DeviceKey{ID: id, Key: base64.StdEncoding.EncodeToString(key)}, err
})

// A password of the caller's own choosing takes the place of the one in force.
var _ = bind(calls.ChangePassword, func(s *Server, q *request, in calls.PasswordChange) (any, error) {
	return nil, s.sessions.ChangePassword(q.w, q.Request, q.who.User,
		func(ctx context.Context) (*access.Principal, error) {
			return s.svc.ChangePassword(ctx, q.who.User, in.Current, in.Password)
		})
})

// The caller's sessions are listed whether it comes with one or with a token.
var _ = bind(calls.OwnSessions, func(s *Server, q *request, _ calls.None) (any, error) {
	all, err := s.sessions.Own(q.Request, q.who.User)
	page := alerts.Page[calls.Session]{Items: []calls.Session{}, Total: len(all)}
	for _, one := range all {
		one.BegunAt, one.SeenAt = one.BegunAt.In(alerts.Shanghai()), one.SeenAt.In(alerts.Shanghai())
		page.Items = append(page.Items, one)
	}
	return page, err
})

var _ = bind(calls.EndSession, func(s *Server, q *request, in calls.ByID) (any, error) {
	found, err := s.sessions.End(q.Request, q.who.User, in.ID)
	if err == nil && !found {
		err = refusal.New(refusal.NotFound, "session.none", nil)
	}
	return nil, err
})

var _ = bind(calls.EndSessions, func(s *Server, q *request, _ calls.None) (any, error) {
	return nil, s.sessions.EndAll(q.w, q.Request, q.who.User)
})

// Wrong passwords of an enrolment count as those of a login do.
var _ = bind(calls.EnrolFactor, func(s *Server, q *request, in calls.Enrolment) (any, error) {
	err := s.sessions.Confirm(q.w, q.Request, q.who.User, func(ctx context.Context) (*access.Principal, error) {
		return s.svc.EnrolFactor(ctx, q.who.User, in)
	})
	if err != nil {
		return nil, err
	}
	return s.svc.Factor(q.Context(), q.ask(), calls.None{})
})
